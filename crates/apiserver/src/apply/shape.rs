//! What a value is to server-side apply: a leaf, a mapping of fields or a list of named items.

use serde_json::{Map, Value};
use windlass_object::schema::{ListType, MapType, Schema, Type};

use crate::managed_fields::Step;

/// How a value of one schema is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Owned as a whole: a scalar, an atomic list, an atomic mapping.
    Leaf,
    /// Each field has its owners.
    Map,
    /// Each item has its owners.
    List,
}

/// Returns how `value` is walked. A null has the shape that its schema says.
pub(super) fn shape(schema: &Schema, value: &Value) -> Shape {
    let granular = schema.map_type() == MapType::Granular;
    let listed = schema.list_type() != ListType::Atomic;
    match value {
        Value::Object(_) if granular && has_fields(schema) => Shape::Map,
        Value::Array(_) | Value::Null if listed => Shape::List,
        Value::Null if granular && schema.kind() == Type::Object => Shape::Map,
        _ => Shape::Leaf,
    }
}

/// A value that may be anything is owned as a whole, unless a CRD keeps its unknown fields. So is a
/// mapping of which nothing is known.
fn has_fields(schema: &Schema) -> bool {
    match schema.kind() {
        Type::Object | Type::Array => true,
        _ => schema.preserves_unknown(),
    }
}

/// Returns the schema below a field; that of anything when none is declared.
pub(super) fn field_schema<'a>(schema: &'a Schema, name: &str) -> &'a Schema {
    schema.field(name).unwrap_or_else(|| Schema::deduced())
}

/// Returns whether the schema declares the field by name.
pub(super) fn is_declared(schema: &Schema, name: &str) -> bool {
    schema.property(name).is_some()
}

/// Returns the fields of a mapping; none for null.
pub(super) fn fields(value: &Value) -> Option<&Map<String, Value>> {
    value.as_object()
}

/// Returns the items of a list; none for null.
pub(super) fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Returns the step to an item of a list that is not atomic, or why it has none.
pub(super) fn item_step(schema: &Schema, item: &Value) -> Result<Step, String> {
    match schema.list_type() {
        ListType::Map => key_step(schema, item),
        _ => match item {
            Value::Null => {
                Err("associative list without keys has an element that's a null".to_owned())
            }
            Value::Object(_) => {
                Err("associative list without keys has an element that's a map type".to_owned())
            }
            Value::Array(_) => Err(
                "not supported: associative list with lists as elements without keys".to_owned(),
            ),
            scalar => Ok(Step::Value(scalar.clone())),
        },
    }
}

/// Returns whether two items of a list that is not atomic have the same step.
pub(super) fn is_same_item(schema: &Schema, item: &Value, other: &Value) -> bool {
    if schema.list_type() != ListType::Map {
        return item == other;
    }
    let same = |name: &str| key(schema, item, name) == key(schema, other, name);
    schema.list_keys().iter().all(|name| same(name))
}

/// Returns the value of a key field, or its default.
fn key<'a>(schema: &'a Schema, item: &'a Value, name: &str) -> Option<&'a Value> {
    item.get(name).or_else(|| {
        let field = schema.items().field(name);
        field.and_then(Schema::default_value)
    })
}

fn key_step(schema: &Schema, item: &Value) -> Result<Step, String> {
    if !item.is_object() {
        return Err("associative list with keys may not have non-map elements".to_owned());
    }
    let mut keys = Vec::with_capacity(schema.list_keys().len());
    for name in schema.list_keys() {
        let value = key(schema, item, name).ok_or_else(|| {
            format!(
                "associative list with keys has an element that omits key field {name:?} (and doesn't have default value)"
            )
        })?;
        keys.push((name.clone(), value.clone()));
    }
    keys.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(Step::Key(keys.into()))
}
