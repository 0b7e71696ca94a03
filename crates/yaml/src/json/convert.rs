//! Nodes to JSON values.

use serde_json::{Map, Number};

use super::{Json, Node, Position, PrintError, binary_text, timestamp_text};
use crate::mapping::Mapping;
use crate::node::Value;
use crate::number::{parse_int, parse_uint};
use crate::print::{
    Place, duplicate_key, float_text, key_text, read_back, resolve_again, tag_mismatch, text_again,
};
use crate::resolve::Resolved;

impl Node {
    /// Returns the value that go-yaml v3 decodes into a `map[string]any` and `encoding/json` prints.
    ///
    /// Times become strings with a zone, `!!binary` is decoded, integers beyond 64 bits are floats and
    /// floats that are whole are integers. The keys of the node itself may be of any scalar type but
    /// null and are taken by their text; those below must be strings.
    ///
    /// ```
    /// let root = windlass_yaml::parse("a: [0x10, 1e3, 2020-01-01, !!binary aGk=]\n")?.remove(0).root;
    /// let json = serde_json::json!({"a": [16, 1000, "2020-01-01T00:00:00Z", "hi"]});
    /// assert_eq!(root.to_json()?, json);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Infinities and NaN, keys that are not strings, aliases and merge keys (expand them first with
    /// [`Node::expand_aliases`]), texts that do not fit their tag, the same key twice.
    pub fn to_json(&self) -> Result<Json, PrintError> {
        let read_back = read_back(self)?;
        to_json(read_back.as_ref().unwrap_or(self), Place::default())
    }
}

fn to_json(node: &Node, place: Place) -> Result<Json, PrintError> {
    match &node.value {
        Value::Scalar(_) => scalar_to_json(node, place),
        Value::Sequence(items) => {
            let place = place.item_of(node);
            let items = items.iter().map(|item| to_json(item, place));
            Ok(Json::Array(items.collect::<Result<_, _>>()?))
        }
        Value::Mapping(mapping) => {
            let object = mapping_to_json(mapping, place.keys_of(node), place.item_of(node))?;
            Ok(Json::Object(object))
        }
        Value::Alias(name) => Err(PrintError::Alias {
            at: node.start,
            name: name.to_string(),
        }),
    }
}

fn mapping_to_json(
    mapping: &Mapping,
    keys: Place,
    values: Place,
) -> Result<Map<String, Json>, PrintError> {
    let mut object = Map::new();
    for (key, value) in mapping.iter() {
        let text = key_text(key, keys)?;
        let value = to_json(value, values)?;
        if object.contains_key(&*text) {
            return Err(duplicate_key(mapping, &text));
        }
        object.insert(text.into_owned(), value);
    }
    Ok(object)
}

fn scalar_to_json(node: &Node, place: Place) -> Result<Json, PrintError> {
    let at = node.start;
    Ok(match resolve_again(node, place) {
        Resolved::Null => Json::Null,
        Resolved::Bool(value) => Json::Bool(value),
        Resolved::Int(value) => Json::Number(value.into()),
        Resolved::Uint(value) => Json::Number(value.into()),
        Resolved::Float(value) => float_to_json(value, at)?,
        Resolved::String(text) => Json::String(text_again(node, text, place)?.into_owned()),
        Resolved::Merge => Json::String("<<".to_owned()),
        Resolved::Timestamp(text) => Json::String(timestamp_text(text)),
        Resolved::Binary(text) => Json::String(binary_text(text, at)?),
        Resolved::Mismatch(_) => return Err(tag_mismatch(node)),
        Resolved::Sequence | Resolved::Mapping | Resolved::Alias => {
            unreachable!("only scalars come here")
        }
    })
}

/// JSON does not tell 1.0 from 1, and what reads Go's `1` next takes it for an integer.
fn float_to_json(value: f64, at: Position) -> Result<Json, PrintError> {
    let text = float_text(value, at)?;
    let number = parse_int(&text)
        .map(Number::from)
        .or_else(|| parse_uint(&text).map(Number::from))
        .or_else(|| Number::from_f64(value));
    number
        .map(Json::Number)
        .ok_or(PrintError::NotFinite { at, value })
}
