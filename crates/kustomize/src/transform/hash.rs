//! The hash behind the names of generated objects: it changes when the content does.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use windlass_yaml::Node;

use crate::edit;
use crate::go_json;
use crate::item::Item;
use crate::items::Items;

/// Appends the hash of their content to the names of all objects that want it.
pub(crate) fn add_hashes(items: &mut Items) {
    if !items.iter().any(|item| item.needs_hash) {
        return;
    }
    for item in items.list_mut().iter_mut().filter(|item| item.needs_hash) {
        let name = format!("{}-{}", item.name(), hash(item));
        item.remember_id();
        edit::set_metadata_text(&mut item.node, "name", &name);
    }
}

/// Returns the hash: ten hexadecimal digits of SHA-256 over the content as JSON, without the digits that
/// could form words.
fn hash(item: &Item) -> String {
    let json = go_json::compact(&Value::Object(content(item)));
    let digest = Sha256::digest(json.as_bytes());
    let hex = digest
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .take(10);
    hex.map(|digit| match digit {
        0 => 'g',
        1 => 'h',
        3 => 'k',
        10 => 'm',
        14 => 't',
        digit => char::from_digit(u32::from(digit), 16).unwrap_or_default(),
    })
    .collect()
}

/// Returns what is hashed. kustomize looks for the name at a field `metadata/name`, which does not exist,
/// so that the name of the object is always empty here.
fn content(item: &Item) -> Map<String, Value> {
    let mut content = Map::new();
    let node = &item.node;
    let mut put = |key: &str, value: Value| content.insert(key.to_owned(), value);
    put("kind", item.kind().into());
    put("name", "".into());
    put("data", field(node, "data").unwrap_or_else(|| "".into()));
    let optional = if item.kind() == "Secret" {
        put("type", edit::field_text(node, "type").into());
        "stringData"
    } else {
        "binaryData"
    };
    if let Some(value @ Value::Object(_)) = field(node, optional) {
        put(optional, value);
    }
    content
}

fn field(node: &Node, field: &str) -> Option<Value> {
    let value = node.get(field)?;
    let Some(mapping) = value.as_mapping() else {
        return Some(edit::text(value).into());
    };
    Some(Value::Object(
        mapping
            .iter()
            .map(|(key, value)| (edit::text(key).to_owned(), go_json::value(value)))
            .collect(),
    ))
}
