//! Sets of fields as `managedFields` has them (structured-merge-diff 6, `FieldsV1`).

use serde_json::{Map, Value};

type Set = Map<String, Value>;

/// Adds the fields of `more` to those of `set`.
pub(super) fn add(set: &mut Value, more: &Value) {
    let Some(more) = more.as_object() else { return };
    if !set.is_object() {
        *set = Value::Object(Set::new());
    }
    let Some(set) = set.as_object_mut() else {
        return;
    };
    for (name, below) in more {
        add(set.entry(name).or_insert(Value::Null), below);
    }
}

/// Removes from `value` what is in `taken` and in none of the sets in `kept`.
pub(crate) fn without(value: &mut Value, taken: &Set, kept: &[&Set]) {
    for (name, below) in taken {
        let Some(below) = below.as_object() else {
            continue;
        };
        let keepers: Vec<&Set> = kept
            .iter()
            .filter_map(|set| set.get(name)?.as_object())
            .collect();
        // Who has a field and nothing below it has all of it.
        if keepers.iter().any(|keeper| keeper.is_empty()) {
            continue;
        }
        let is_whole = below.is_empty() || below.contains_key(".");
        let Some(member) = member(value, name) else {
            continue;
        };
        if !(keepers.is_empty() && is_whole) {
            without(member, below, &keepers);
        }
        let is_hollow = !below.is_empty() && is_hollow(member);
        if keepers.is_empty() && (is_whole || is_hollow) {
            remove(value, name);
        }
    }
}

/// Whether nothing is left of a container.
fn is_hollow(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn member<'v>(value: &'v mut Value, name: &str) -> Option<&'v mut Value> {
    match value {
        Value::Object(fields) => fields.get_mut(name.strip_prefix("f:")?),
        Value::Array(items) => {
            let at = position(items, name)?;
            items.get_mut(at)
        }
        _ => None,
    }
}

fn remove(value: &mut Value, name: &str) {
    match value {
        Value::Object(fields) => {
            let key = name.strip_prefix("f:");
            key.and_then(|key| fields.remove(key));
        }
        Value::Array(items) => {
            if let Some(at) = position(items, name) {
                items.remove(at);
            }
        }
        _ => {}
    }
}

/// Returns where the element of a list is that `name` means: `k:{"name":"app"}` by its keys, `v:"text"` by its value.
/// Positions, `i:0`, do not stay while elements are removed, and no built-in list has them.
pub(crate) fn position(items: &[Value], name: &str) -> Option<usize> {
    if let Some(keys) = name.strip_prefix("k:") {
        let keys: Set = serde_json::from_str(keys).ok()?;
        let has = |item: &Value| keys.iter().all(|(key, value)| item.get(key) == Some(value));
        return items.iter().position(has);
    }
    let wanted: Value = serde_json::from_str(name.strip_prefix("v:")?).ok()?;
    items.iter().position(|item| *item == wanted)
}
