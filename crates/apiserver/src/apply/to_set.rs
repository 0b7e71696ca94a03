//! The set of fields that a configuration names, which is what its applier owns.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;
use windlass_object::schema::{Schema, Type};

use super::shape::{Shape, field_schema, fields, is_declared, item_step, items, shape};
use crate::managed_fields::{FieldSet, Node, Step};

/// Returns the fields that `value` names; what does not fit the schema is skipped.
pub(super) fn to_set(value: &Value, schema: &Schema) -> FieldSet {
    node(value, schema).children
}

fn node(value: &Value, schema: &Schema) -> Node {
    match shape(schema, value) {
        Shape::Leaf => Node::leaf(),
        Shape::Map => Node {
            member: false,
            children: map_set(value, schema),
        },
        Shape::List => Node {
            member: false,
            children: list_set(value, schema),
        },
    }
}

fn map_set(value: &Value, schema: &Schema) -> FieldSet {
    let mut set = FieldSet::default();
    for (name, child) in fields(value).into_iter().flatten() {
        let mut below = node(child, field_schema(schema, name));
        let is_empty_map = child.as_object().is_some_and(serde_json::Map::is_empty);
        below.member |= child.is_null() || is_empty_map || !is_declared(schema, name);
        set.insert(Step::Field(name.as_str().into()), below);
    }
    set
}

fn list_set(value: &Value, schema: &Schema) -> FieldSet {
    let mut set = FieldSet::default();
    for item in items(value) {
        if let Ok(step) = item_step(schema, item) {
            let mut below = node(item, schema.items());
            below.member = true;
            set.insert(step, below);
        }
    }
    set
}

/// Returns everything in which `value` does not fit the schema, in the words of
/// structured-merge-diff: `.spec.foo: field not declared in schema`.
pub(super) fn mismatches(value: &Value, schema: &Schema) -> Vec<String> {
    let mut found = Vec::new();
    check(value, schema, &Place::Root, &mut found);
    found
}

/// Whether every value is of the type that the schema has for it. Fields that the schema does not have, and items
/// that are there twice, are no matter.
pub(super) fn fits(value: &Value, schema: &Schema) -> bool {
    if scalar_mismatch(value, schema).is_some() {
        return false;
    }
    match value {
        Value::Object(map) => map
            .iter()
            .all(|(name, child)| schema.field(name).is_none_or(|below| fits(child, below))),
        Value::Array(items) => items.iter().all(|item| fits(item, schema.items())),
        _ => true,
    }
}

/// Where the walk is; printed only when something is wrong there.
enum Place<'a> {
    Root,
    Field(&'a Place<'a>, &'a str),
    Item(&'a Place<'a>, &'a Step),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Field(above, name) => write!(formatter, "{above}.{name}"),
            Self::Item(above, step) => write!(formatter, "{above}{step}"),
        }
    }
}

fn check(value: &Value, schema: &Schema, place: &Place<'_>, found: &mut Vec<String>) {
    if let Some(expected) = scalar_mismatch(value, schema) {
        found.push(format!("{place}: {expected}"));
        return;
    }
    match value {
        Value::Object(map) => {
            for (name, child) in map {
                let place = Place::Field(place, name);
                match schema.field(name) {
                    Some(below) => check(child, below, &place, found),
                    None => found.push(format!("{place}: field not declared in schema")),
                }
            }
        }
        Value::Array(items) => check_items(items, schema, place, found),
        _ => {}
    }
}

fn check_items(items: &[Value], schema: &Schema, place: &Place<'_>, found: &mut Vec<String>) {
    let named = shape(schema, &Value::Null) == Shape::List;
    let mut seen = BTreeSet::new();
    for (index, item) in (0..).zip(items) {
        let step = if named {
            item_step(schema, item)
        } else {
            Ok(Step::Index(index))
        };
        match step {
            Err(why) => found.push(format!("{place}: element {index}: {why}")),
            Ok(step) if seen.contains(&step) => {
                found.push(format!("{place}: duplicate entries for key {step}"));
            }
            Ok(step) => {
                check(item, schema.items(), &Place::Item(place, &step), found);
                if named {
                    seen.insert(step);
                }
            }
        }
    }
}

fn scalar_mismatch(value: &Value, schema: &Schema) -> Option<String> {
    let expected = match (schema.kind(), value) {
        (_, Value::Null)
        | (Type::Any, _)
        | (Type::Object, Value::Object(_))
        | (Type::Array, Value::Array(_))
        | (Type::String, Value::String(_))
        | (Type::Integer | Type::Number, Value::Number(_))
        | (Type::Boolean, Value::Bool(_)) => return None,
        (Type::IntOrString | Type::Quantity, value) if !value.is_object() && !value.is_array() => {
            return None;
        }
        (Type::Object, _) => "map",
        (Type::Array, _) => "list",
        (Type::String, _) => "string",
        (Type::Integer | Type::Number, _) => {
            let found = go_type(value);
            return Some(format!("expected numeric (int or float), got {found}"));
        }
        (Type::Boolean, _) => "boolean",
        (Type::IntOrString | Type::Quantity, _) => "any scalar",
    };
    Some(format!("expected {expected}, got {}", go_value(value)))
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// How Go prints the wrapped value; structured-merge-diff prints its pointer to it.
fn go_value(value: &Value) -> String {
    match value {
        Value::String(text) => format!("&value.valueUnstructured{{Value:{text:?}}}"),
        Value::Number(_) | Value::Bool(_) => format!("&value.valueUnstructured{{Value:{value}}}"),
        other => format!("&{{{other}}}"),
    }
}
