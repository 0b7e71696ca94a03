//! What a kind's object looks like before anything is written to it.

use serde_json::{Map, Value};
use windlass_object::schema::{Presence, Property, Schema, Type};

/// How deep fields that are always written may nest.
const MAX_DEPTH: usize = 16;

/// Returns the object that a new one is compared with: of a built-in kind, Kubernetes writes some fields
/// although they are empty, and so nobody owns those; of a custom one, only the identity is there.
pub(crate) fn empty_object(schema: &Schema, like: &Value) -> Value {
    let mut map = always_written(schema, 0);
    map.entry("metadata")
        .or_insert_with(|| Value::Object(Map::new()));
    for name in ["apiVersion", "kind"] {
        if let Some(value) = like.get(name) {
            map.insert(name.to_owned(), value.clone());
        }
    }
    Value::Object(map)
}

fn always_written(schema: &Schema, depth: usize) -> Map<String, Value> {
    let mut map = Map::new();
    if depth > MAX_DEPTH {
        return map;
    }
    for (name, property) in schema.properties() {
        let value = match property.presence() {
            Presence::Always => empty_value(property, depth),
            Presence::Null => Value::Null,
            Presence::NotEmpty | Presence::Set => continue,
        };
        map.insert(name.to_owned(), value);
    }
    map
}

/// Returns what is written for a field that is always written and has no value.
pub(crate) fn empty_value(property: &Property, depth: usize) -> Value {
    let schema = property.schema();
    match (schema.kind(), property.definition()) {
        (Type::Object, Some(_)) => Value::Object(always_written(schema, depth + 1)),
        (Type::String, None) => "".into(),
        (Type::Integer | Type::Number | Type::IntOrString, _) => 0.into(),
        (Type::Boolean, _) => false.into(),
        (Type::Quantity, _) => "0".into(),
        _ => Value::Null,
    }
}
