//! Nodes to JSON values.

use serde_json::{Map, Number};

use super::{Json, Node, Position, PrintError, binary_text, timestamp_text};
use crate::mapping::Mapping;
use crate::node::Value;
use crate::resolve::Resolved;

impl Node {
    /// Returns the value that go-yaml v3 decodes into a `map[string]any` and `encoding/json` prints.
    ///
    /// Times become strings with a zone, `!!binary` is decoded, integers beyond 64 bits are floats and
    /// floats that are whole are integers. The keys of the node itself may be of any scalar type and
    /// are taken by their text; those below must be strings.
    ///
    /// # Errors
    ///
    /// Infinities and NaN, keys that are not strings, aliases and merge keys (expand them first with
    /// [`Node::expand_aliases`]), texts that do not fit their tag, the same key twice.
    pub fn to_json(&self) -> Result<Json, PrintError> {
        to_json(self, true)
    }
}

fn to_json(node: &Node, root: bool) -> Result<Json, PrintError> {
    let at = node.start;
    Ok(match &node.value {
        Value::Sequence(items) => Json::Array(
            items
                .iter()
                .map(|item| to_json(item, false))
                .collect::<Result<_, _>>()?,
        ),
        Value::Mapping(mapping) => Json::Object(mapping_to_json(mapping, root)?),
        Value::Alias(name) => {
            return Err(PrintError::Alias {
                at,
                name: name.to_string(),
            });
        }
        Value::Scalar(_) => scalar_to_json(node, at)?,
    })
}

fn mapping_to_json(mapping: &Mapping, root: bool) -> Result<Map<String, Json>, PrintError> {
    let mut object = Map::new();
    for (key, value) in mapping.iter() {
        let Some(text) = crate::print::key_text(key, root)? else {
            continue;
        };
        if object
            .insert(text.to_owned(), to_json(value, false)?)
            .is_some()
        {
            return Err(crate::print::duplicate_key(mapping, text));
        }
    }
    Ok(object)
}

fn scalar_to_json(node: &Node, at: Position) -> Result<Json, PrintError> {
    Ok(match node.resolve() {
        Resolved::Null => Json::Null,
        Resolved::Bool(value) => Json::Bool(value),
        Resolved::Int(value) => Json::Number(value.into()),
        Resolved::Uint(value) => Json::Number(value.into()),
        Resolved::Float(value) => float_to_json(value, at)?,
        Resolved::String(text) => Json::String(text.to_owned()),
        Resolved::Merge => Json::String("<<".to_owned()),
        Resolved::Timestamp(text) => Json::String(timestamp_text(text)),
        Resolved::Binary(text) => Json::String(binary_text(text, at)?),
        Resolved::Mismatch(_) => return Err(crate::print::tag_mismatch(node)),
        Resolved::Sequence | Resolved::Mapping | Resolved::Alias => {
            unreachable!("only scalars come here")
        }
    })
}

/// JSON does not tell 1.0 from 1, and what reads Go's `1` next takes it for an integer.
fn float_to_json(value: f64, at: Position) -> Result<Json, PrintError> {
    let text = crate::print::float_text(value, at)?;
    let number = crate::number::parse_int(&text)
        .map(Number::from)
        .or_else(|| crate::number::parse_uint(&text).map(Number::from))
        .or_else(|| Number::from_f64(value));
    number
        .map(Json::Number)
        .ok_or(PrintError::NotFinite { at, value })
}
