//! Between nodes and JSON values.

use std::borrow::Cow;

use serde_json::Value as Json;

use crate::node::{Node, Position, Scalar, ScalarStyle, Value};
use crate::number::format_json;
use crate::print::PrintError;

mod convert;
mod text;

pub(crate) use text::{binary_text, check_key, through_json, timestamp_text};

impl From<&Json> for Node {
    /// Returns the same value as a node; keys in their order, floats as Go prints them in JSON.
    fn from(value: &Json) -> Self {
        match value {
            Json::Null => Self::null(),
            Json::Bool(value) => Self::bool(*value),
            Json::Number(number) => number_node(number),
            Json::String(text) => quoted(text),
            Json::Array(items) => Self::sequence(items.iter().map(Self::from)),
            Json::Object(pairs) => {
                Self::mapping(pairs.iter().map(|(key, value)| (key, Self::from(value))))
            }
        }
    }
}

impl From<Json> for Node {
    fn from(value: Json) -> Self {
        Self::from(&value)
    }
}

/// JSON texts are always quoted, so that go-yaml v3 would keep them as they are.
fn quoted(text: &str) -> Node {
    Node::new(Value::Scalar(Scalar {
        text: text.into(),
        style: ScalarStyle::DoubleQuoted,
    }))
}

fn number_node(number: &serde_json::Number) -> Node {
    match number.as_f64() {
        Some(value) if number.is_f64() => Node::plain(format_json(value)),
        _ => Node::plain(number.to_string()),
    }
}
