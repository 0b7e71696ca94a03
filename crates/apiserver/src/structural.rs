//! Custom resources under the structural schema of their CRD: unknown fields pruned, defaults set, the
//! rest validated in the words of kube-apiserver 1.37. Rules in CEL are `crate::rules`.

mod validate;

use serde_json::{Map, Value};
use windlass_object::schema::Schema;

use crate::validation;

pub(crate) use validate::{validate, validate_default, validate_status};

/// Takes away the fields that the schema does not have, and returns their paths. The metadata is decoded
/// as that of every object.
///
/// # Errors
///
/// Metadata of a wrong type, in the words of Go's decoder.
pub(crate) fn prune(
    object: &mut Value,
    schema: &Schema,
    kind: &str,
) -> Result<Vec<String>, String> {
    let mut unknown = Vec::new();
    let Value::Object(map) = object else {
        return Err("the object is not a mapping".to_owned());
    };
    let mut metadata = map.remove("metadata").unwrap_or(Value::Null);
    prune_map(map, schema, "", &mut unknown);
    if let Some(property) = schema.property("metadata") {
        unknown.extend(validation::decode_field(
            &mut metadata,
            property,
            "metadata",
            kind,
        )?);
        crate::defaults::tidy(&mut metadata, property.schema());
    }
    map.insert("metadata".to_owned(), metadata);
    unknown.sort();
    Ok(unknown)
}

fn prune_value(value: &mut Value, schema: &Schema, path: &str, unknown: &mut Vec<String>) {
    match value {
        Value::Object(map) => prune_map(map, schema, path, unknown),
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                prune_value(item, schema.items(), &format!("{path}[{index}]"), unknown);
            }
        }
        Value::Number(_) => tidy_number(value),
        _ => {}
    }
}

/// Writes whole numbers without a fraction: Kubernetes does when it stores them.
#[expect(
    clippy::cast_possible_truncation,
    reason = "it is whole and in the range"
)]
fn tidy_number(value: &mut Value) {
    const MOST: f64 = 1e18;
    if let Some(number) = value.as_f64().filter(|_| value.is_f64())
        && number.fract() == 0.0
        && number.abs() < MOST
    {
        *value = Value::from(number as i64);
    }
}

fn prune_map(map: &mut Map<String, Value>, schema: &Schema, path: &str, unknown: &mut Vec<String>) {
    map.retain(|name, child| {
        let dot = if path.is_empty() { "" } else { "." };
        let path = format!("{path}{dot}{name}");
        let Some(below) = schema.field(name) else {
            unknown.push(path);
            return false;
        };
        prune_value(child, below, &path, unknown);
        true
    });
}

/// Sets the defaults that the schema declares. A null where none may be gives way to the default.
pub(crate) fn fill(value: &mut Value, schema: &Schema) {
    match value {
        Value::Object(map) => {
            for (name, property) in schema.properties().filter(|(name, _)| *name != "metadata") {
                let below = property.schema();
                let Some(default) = below.default_value() else {
                    continue;
                };
                let found = map.get(name);
                if found.is_none_or(|found| found.is_null() && !below.is_nullable()) {
                    map.insert(name.to_owned(), default.clone());
                }
            }
            for (name, child) in map {
                if let Some(below) = schema.field(name).filter(|_| name != "metadata") {
                    fill(child, below);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, schema.items())),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
