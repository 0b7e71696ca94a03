//! Values as a program sees them: only the fields that the schema declares, by their escaped names; texts with a
//! format as what they stand for.

use serde_json::{Map, Value as Json, json};
use windlass_cel::Value;

use super::escaped;
use crate::fields;

/// Returns the value; `is_object` says that it has the fields of every object.
pub(super) fn value(json: &Json, schema: &Json, is_object: bool) -> Value {
    match json {
        Json::Object(map) => object(map, schema, is_object),
        Json::Array(items) => {
            let below = &schema["items"];
            Value::list(
                items
                    .iter()
                    .map(|item| value(item, below, is_embedded(below))),
            )
        }
        Json::String(text) => formatted(text, fields::text(schema, "/format"))
            .unwrap_or_else(|| Value::from_json(json)),
        Json::Number(number) if fields::text(schema, "/type") == "number" => {
            Value::double(number.as_f64().unwrap_or_default())
        }
        _ => Value::from_json(json),
    }
}

fn is_embedded(schema: &Json) -> bool {
    fields::flag(schema, "/x-kubernetes-embedded-resource")
}

fn formatted(text: &str, format: &str) -> Option<Value> {
    match format {
        "date-time" => Value::timestamp(text),
        "date" => Value::timestamp(&format!("{text}T00:00:00Z")),
        "duration" => Value::duration(text),
        _ => None,
    }
}

fn object(map: &Map<String, Json>, schema: &Json, is_object: bool) -> Value {
    let below = &schema["additionalProperties"];
    if below.is_object() {
        let pairs = map.iter();
        return Value::map(
            pairs.map(|(key, it)| (key.clone(), value(it, below, is_embedded(below)))),
        );
    }
    if fields::text(schema, "/type").is_empty() {
        return Value::from_json(&Json::Object(map.clone()));
    }
    let mut pairs = Vec::new();
    if is_object {
        pairs.extend(object_fields(map));
    }
    for (name, below) in fields::map(schema, "/properties").into_iter().flatten() {
        let is_known = is_object && ["apiVersion", "kind", "metadata"].contains(&&**name);
        if let Some(found) = map.get(name).filter(|_| !is_known) {
            pairs.push((escaped(name), value(found, below, is_embedded(below))));
        }
    }
    Value::map(pairs)
}

/// Returns the fields of every object: of the metadata, only the names.
fn object_fields(map: &Map<String, Json>) -> Vec<(String, Value)> {
    let mut pairs = Vec::new();
    for name in ["apiVersion", "kind"] {
        if let Some(found) = map.get(name) {
            pairs.push((name.to_owned(), Value::from_json(found)));
        }
    }
    let mut metadata = json!({});
    for name in ["name", "generateName"] {
        if let Some(found) = map.get("metadata").and_then(|it| it.get(name)) {
            metadata[name] = found.clone();
        }
    }
    pairs.push(("metadata".to_owned(), Value::from_json(&metadata)));
    pairs
}
