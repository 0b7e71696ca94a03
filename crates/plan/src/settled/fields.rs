//! Walks what is desired, what we own of it, and what is live, together.

use serde_json::{Map, Value};
use windlass_object::schema::{ListType, MapType, Presence, Schema};

use super::child;
use super::filled::{Known, fills};

/// Longer lists are not walked: that takes a time that grows with the square.
const MOST_ITEMS: usize = 1000;
/// Marks in a set that the value itself is owned, beside what is below it.
const SELF: &str = ".";

/// A mapping or list, as it is owned and as it is live.
#[derive(Clone, Copy)]
pub(super) struct Level<'a> {
    pub(super) owned: &'a Map<String, Value>,
    pub(super) live: &'a Value,
    /// Nothing is known of custom resources.
    pub(super) known: Known<'a>,
    /// What other managers own of the whole object.
    pub(super) others: &'a [&'a Map<String, Value>],
}

impl<'a> Level<'a> {
    /// Whether the fields of `wanted` are those that are owned, with the values that are live. Those called as in
    /// `others` are left out on both sides.
    pub(super) fn holds_all_but(self, others: &[&str], wanted: &Map<String, Value>) -> bool {
        let is_other = |name: &str| others.contains(&name);
        let owned = self.owned.keys().filter(|key| {
            let name = key.strip_prefix("f:");
            *key != SELF && !name.is_some_and(is_other)
        });
        let wanted = wanted.iter().filter(|(name, _)| !is_other(name));
        let (mut count, mut all) = (0, true);
        for (name, value) in wanted {
            count += 1;
            all = all && self.holds_field(name, value);
        }
        all && owned.count() == count
    }

    fn holds_field(self, name: &str, wanted: &Value) -> bool {
        let key = format!("f:{name}");
        let Some(owned) = child(self.owned, &key) else {
            return false;
        };
        if let Some(live) = self.live.get(name) {
            let below = Level {
                owned,
                live,
                known: self.known.field(name),
                ..self
            };
            return below.holds(wanted);
        }
        // We own it and it is not there: the server does not write it when it is empty. Of others who own it, too, an
        // apply makes it forget that.
        let is_left_out = owned.is_empty() && is_empty(wanted) && self.leaves_out(name);
        is_left_out && !self.others.iter().any(|other| has_leaf(other, &key))
    }

    /// Whether the server leaves the field out when it is empty.
    fn leaves_out(self, name: &str) -> bool {
        let property = self.known.schema.and_then(|schema| schema.property(name));
        property.is_some_and(|property| property.presence() == Presence::NotEmpty)
    }

    fn holds(self, wanted: &Value) -> bool {
        match wanted {
            // What a null does depends on what the server knows of the field.
            Value::Null => false,
            Value::Object(fields) if self.owned.is_empty() => {
                (fields.is_empty() || self.is_atomic_map()) && self.fills(wanted)
            }
            Value::Object(fields) => self.live.is_object() && self.holds_all_but(&[], fields),
            Value::Array(_) if self.owned.is_empty() => self.is_atomic_list() && self.fills(wanted),
            Value::Array(items) => self.holds_items(items),
            _ => self.owned.is_empty() && wanted == self.live,
        }
    }

    fn fills(self, wanted: &Value) -> bool {
        fills(wanted, self.live, self.known)
    }

    /// A mapping with owners of its fields is owned as a whole, too, where it was applied empty. What is in it now is
    /// someone else's then.
    fn is_atomic_map(self) -> bool {
        let map_type = self.known.schema.map(Schema::map_type);
        map_type == Some(MapType::Atomic)
    }

    /// A list is owned as a whole only where it is atomic, or was applied as null; we apply no nulls.
    fn is_atomic_list(self) -> bool {
        let list_type = self.known.schema.map(Schema::list_type);
        list_type.is_none_or(|list_type| list_type == ListType::Atomic)
    }

    /// Whether each item is owned and live, and no other one is owned. The server keeps the order of what is applied,
    /// so it must be that of the live ones; others may be between them.
    fn holds_items(self, wanted: &[Value]) -> bool {
        let Some(live) = self.live.as_array() else {
            return false;
        };
        let mut steps: Vec<Step<'a>> = Vec::with_capacity(wanted.len());
        for (name, below) in self.owned.iter().filter(|(name, _)| *name != SELF) {
            match Step::parse(name, below) {
                Some(step) => steps.push(step),
                None => return false,
            }
        }
        if steps.len() != wanted.len() || live.len() > MOST_ITEMS {
            return false;
        }
        let mut begin = 0;
        wanted.iter().all(|item| {
            let step = only(steps.iter(), |step| step.may_be(item)).map(|(index, _)| index);
            let Some(step) = step.map(|index| steps.swap_remove(index)) else {
                return false;
            };
            let found = only(live.iter(), |live| step.is(live));
            let Some((index, live)) = found.filter(|(index, _)| *index >= begin) else {
                return false;
            };
            begin = index + 1;
            self.holds_item(&step, item, live)
        })
    }

    fn holds_item(self, step: &Step<'_>, wanted: &Value, live: &Value) -> bool {
        match wanted {
            Value::Object(fields) => Level {
                owned: step.below,
                live,
                known: self.known.items(),
                ..self
            }
            .holds_all_but(&[], fields),
            _ => step.below.is_empty(),
        }
    }
}

/// An item of a list that is owned.
struct Step<'a> {
    name: Name,
    below: &'a Map<String, Value>,
}

enum Name {
    /// The fields that tell it apart: `k:{"name":"app"}`.
    Keys(Map<String, Value>),
    /// It tells itself apart: `v:"app"`.
    Value(Value),
}

impl<'a> Step<'a> {
    fn parse(name: &str, below: &'a Value) -> Option<Self> {
        let below = below.as_object()?;
        let name = match name.split_once(':')? {
            ("k", keys) => Name::Keys(serde_json::from_str(keys).ok()?),
            ("v", value) => Name::Value(serde_json::from_str(value).ok()?),
            _ => return None,
        };
        Some(Self { name, below })
    }

    /// Whether the desired item may be this one. It may lack a key that has a default.
    fn may_be(&self, item: &Value) -> bool {
        match &self.name {
            Name::Value(value) => value == item && !item.is_object(),
            Name::Keys(keys) => {
                let is_key = |key: &str, value: &Value| match item.get(key) {
                    Some(found) => found == value,
                    None => !self.below.contains_key(&format!("f:{key}")),
                };
                item.is_object() && keys.iter().all(|(key, value)| is_key(key, value))
            }
        }
    }

    /// Whether the live item is this one.
    fn is(&self, item: &Value) -> bool {
        match &self.name {
            Name::Value(value) => value == item,
            Name::Keys(keys) => keys.iter().all(|(key, value)| item.get(key) == Some(value)),
        }
    }
}

/// Returns the one that is so, with its position, unless several are.
fn only<T>(items: impl Iterator<Item = T>, is_so: impl Fn(&T) -> bool) -> Option<(usize, T)> {
    let mut found = items.enumerate().filter(|(_, item)| is_so(item));
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// Whether the field is owned somewhere, and nothing below it.
fn has_leaf(owned: &Map<String, Value>, key: &str) -> bool {
    let is_leaf = |below: &Map<String, Value>| below.keys().all(|key| key == SELF);
    let mut maps = owned
        .iter()
        .filter_map(|(key, below)| Some((key, below.as_object()?)));
    maps.any(|(name, below)| (name == key && is_leaf(below)) || has_leaf(below, key))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}
