//! The form in which Go writes a built-in object.

use serde_json::{Map, Value};
use windlass_object::schema::{Presence, Property, Schema, Type};

use crate::apply::empty_value;

/// Sets the defaults that the schema itself declares, such as the protocol of a port.
pub(super) fn fill_declared(value: &mut Value, schema: &Schema) {
    match value {
        Value::Object(map) => {
            for (name, property) in schema.properties() {
                let default = property.schema().default_value();
                if let Some(default) = default
                    && map.get(name).is_none_or(Value::is_null)
                {
                    map.insert(name.to_owned(), default.clone());
                }
            }
            for (name, child) in map {
                if let Some(below) = schema.field(name) {
                    fill_declared(child, below);
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                fill_declared(item, schema.items());
            }
        }
        _ => {}
    }
}

/// Brings an object into the form that Go writes: fields that are empty are left out, unless they are
/// always written.
pub(crate) fn tidy(value: &mut Value, schema: &Schema) {
    match value {
        Value::Object(map) if schema.properties().next().is_some() => tidy_map(map, schema),
        Value::Object(map) => {
            if let Some(below) = schema.additional() {
                map.values_mut().for_each(|child| tidy(child, below));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| tidy(item, schema.items())),
        _ => {}
    }
}

fn tidy_map(map: &mut Map<String, Value>, schema: &Schema) {
    map.retain(|name, value| match schema.property(name) {
        Some(property) => {
            tidy(value, property.schema());
            is_written(property, value)
        }
        None => true,
    });
    for (name, property) in schema.properties() {
        let is_always = matches!(property.presence(), Presence::Always | Presence::Null);
        if is_always && !map.contains_key(name) {
            map.insert(name.to_owned(), empty(property));
        }
    }
}

fn is_written(property: &Property, value: &Value) -> bool {
    match property.presence() {
        Presence::Null => true,
        // What is null here is set to its empty value afterwards.
        Presence::Always | Presence::Set => !value.is_null(),
        Presence::NotEmpty => match value {
            Value::Null => false,
            Value::Bool(flag) => *flag,
            Value::Number(number) => number.as_f64() != Some(0.0),
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty(),
            Value::Object(map) => !map.is_empty() || property.schema().kind() == Type::Any,
        },
    }
}

fn empty(property: &Property) -> Value {
    match property.presence() {
        Presence::Null => Value::Null,
        _ => empty_value(property, 0),
    }
}
