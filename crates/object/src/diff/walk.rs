//! Walks two values side by side.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::mask::{Cover, cover};
use super::{FieldChange, FieldPath, FieldValue, Mask, PathSegment};

/// What the API server keeps at the top and in `metadata` without anybody asking for it.
const TOP_NOISE: [&str; 3] = ["apiVersion", "kind", "status"];
const METADATA_NOISE: [&str; 7] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// The keys that identify an element of a list, tried in this order. The last ones are those of ports.
const MERGE_KEYS: [Keys; 8] = [
    &["name"],
    &["containerPort", "protocol"],
    &["port", "protocol"],
    &["mountPath"],
    &["devicePath"],
    &["topologyKey", "whenUnsatisfiable"],
    &["ip"],
    &["uid"],
];

struct Walk<'m> {
    mask: &'m Mask<'m>,
    rules: Vec<Vec<String>>,
    changes: Vec<FieldChange>,
}

pub(super) fn objects(before: &Value, after: &Value, mask: &Mask<'_>) -> Vec<FieldChange> {
    let is_secret = [before, after]
        .iter()
        .any(|value| value.get("kind").and_then(Value::as_str) == Some("Secret"));
    let mut walk = Walk {
        mask,
        rules: mask.rules(is_secret),
        changes: Vec::new(),
    };
    walk.value(
        &FieldPath::default(),
        Some(&without_noise(before)),
        Some(&without_noise(after)),
    );
    walk.changes
}

fn without_noise(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(top) = object.as_object_mut() {
        top.retain(|key, _| !TOP_NOISE.contains(&key.as_str()));
        if let Some(Value::Object(metadata)) = top.get_mut("metadata") {
            metadata.retain(|key, _| !METADATA_NOISE.contains(&key.as_str()));
        }
    }
    object
}

impl Walk<'_> {
    fn value(&mut self, path: &FieldPath, before: Option<&Value>, after: Option<&Value>) {
        if before == after {
            return;
        }
        let cover =
            |value: Option<&Value>| value.map_or(Cover::Open, |v| cover(&self.rules, path, v));
        let cover = cover(before).or(cover(after));
        if cover == Cover::Masked {
            return self.push(path, before, after, true);
        }
        match (before, after) {
            (Some(Value::Object(before)), Some(Value::Object(after))) => {
                self.mapping(path, before, after);
            }
            (Some(Value::Array(before)), Some(Value::Array(after))) => {
                // A masked element must not be shown whole, nor its name in the path.
                match elements(before, after).filter(|_| cover == Cover::Open) {
                    Some((keys, pairs)) => {
                        self.elements(path, pairs);
                        self.order(path, keys, before, after);
                    }
                    None => self.positions(path, before, after, cover),
                }
            }
            (before, after) if cover == Cover::Above => self.one_side(path, before, after),
            (before, after) => self.push(path, before, after, false),
        }
    }

    /// Something below is masked, and the two sides are not of one type: each goes down alone.
    fn one_side(&mut self, path: &FieldPath, before: Option<&Value>, after: Option<&Value>) {
        for (value, is_before) in [(before, true), (after, false)] {
            let sides = |value| {
                if is_before {
                    (value, None)
                } else {
                    (None, value)
                }
            };
            match value {
                Some(Value::Object(map)) if !map.is_empty() => {
                    for (key, value) in map {
                        let (before, after) = sides(Some(value));
                        self.value(&path.join(PathSegment::Key(key.clone())), before, after);
                    }
                }
                Some(Value::Array(list)) if !list.is_empty() => {
                    for (index, value) in list.iter().enumerate() {
                        let (before, after) = sides(Some(value));
                        self.value(&path.join(PathSegment::Index(index)), before, after);
                    }
                }
                Some(value) => {
                    let (before, after) = sides(Some(value));
                    self.push(path, before, after, false);
                }
                None => {}
            }
        }
    }

    fn mapping(
        &mut self,
        path: &FieldPath,
        before: &Map<String, Value>,
        after: &Map<String, Value>,
    ) {
        let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for key in keys {
            let path = path.join(PathSegment::Key(key.clone()));
            self.value(&path, before.get(key), after.get(key));
        }
    }

    fn elements(&mut self, path: &FieldPath, pairs: Pairs<'_>) {
        for (element, (before, after)) in pairs {
            self.value(&path.join(PathSegment::Element(element)), before, after);
        }
    }

    /// The order matters where one element builds on another, as among init containers and variables.
    fn order(&mut self, path: &FieldPath, keys: Keys, before: &[Value], after: &[Value]) {
        let (before, after) = (names(before, keys), names(after, keys));
        let common = |names: &[String], others: &[String]| -> Vec<Value> {
            let common = names.iter().filter(|name| others.contains(name));
            common.map(|name| name.as_str().into()).collect()
        };
        let (one, two) = (common(&before, &after), common(&after, &before));
        if one != two {
            self.push(path, Some(&one.into()), Some(&two.into()), false);
        }
    }

    /// A list of scalars whose length changes is one change: the shifted positions would say nothing.
    fn positions(&mut self, path: &FieldPath, before: &[Value], after: &[Value], cover: Cover) {
        let is_scalar = |value: &Value| !value.is_object() && !value.is_array();
        let are_scalars = before.iter().chain(after).all(is_scalar);
        if are_scalars && before.len() != after.len() && cover == Cover::Open {
            let whole = |list: &[Value]| Value::Array(list.to_vec());
            return self.push(path, Some(&whole(before)), Some(&whole(after)), false);
        }
        for index in 0..before.len().max(after.len()) {
            let path = path.join(PathSegment::Index(index));
            self.value(&path, before.get(index), after.get(index));
        }
    }

    fn push(
        &mut self,
        path: &FieldPath,
        before: Option<&Value>,
        after: Option<&Value>,
        masked: bool,
    ) {
        let show = |value: &Value| {
            if masked {
                FieldValue::Redacted(self.mask.key().fingerprint(value))
            } else {
                FieldValue::Plain(value.clone())
            }
        };
        let change = FieldChange {
            path: path.clone(),
            before: before.map(show),
            after: after.map(show),
        };
        self.changes.push(change);
    }
}

type Keys = &'static [&'static str];
type Identity = Vec<(String, String)>;
type Pairs<'v> = BTreeMap<Identity, (Option<&'v Value>, Option<&'v Value>)>;

/// Returns the elements of two lists in pairs, by the first of the merge keys that fits both lists.
fn elements<'v>(before: &'v [Value], after: &'v [Value]) -> Option<(Keys, Pairs<'v>)> {
    MERGE_KEYS.into_iter().find_map(|keys| {
        let mut pairs = Pairs::new();
        for (identity, value) in by_key(before, keys)? {
            pairs.entry(identity).or_default().0 = Some(value);
        }
        for (identity, value) in by_key(after, keys)? {
            pairs.entry(identity).or_default().1 = Some(value);
        }
        Some((keys, pairs))
    })
}

/// Returns the identities of the elements, in their order, as one text each.
fn names(list: &[Value], keys: Keys) -> Vec<String> {
    let name = |value: &Value| {
        let values = identity(value, keys)
            .unwrap_or_default()
            .into_iter()
            .map(|(_, value)| value);
        values.collect::<Vec<_>>().join(",")
    };
    list.iter().map(name).collect()
}

/// Returns the elements by the values of `keys`, or nothing when one has no such key or two are the same.
fn by_key(list: &[Value], keys: Keys) -> Option<BTreeMap<Identity, &Value>> {
    let mut elements = BTreeMap::new();
    for value in list {
        if elements.insert(identity(value, keys)?, value).is_some() {
            return None;
        }
    }
    Some(elements)
}

/// Only the first key is required; `protocol` has a default that may be left out.
fn identity(value: &Value, keys: Keys) -> Option<Identity> {
    let text = |key: &str| match value.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let mut identity = vec![(keys[0].to_owned(), text(keys[0])?)];
    for &key in &keys[1..] {
        identity.extend(text(key).map(|value| (key.to_owned(), value)));
    }
    Some(identity)
}
