//! Values of Secrets that the build copied into other objects, by replacements or variables.

use std::collections::HashSet;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use windlass_object::PackedObject;

/// A field is a copy when it is the same text as a value of at least so many bytes.
const WHOLE: usize = 6;
/// A field is a copy when it contains a value of at least so many bytes, or its base64.
const PART: usize = 12;

/// Returns the objects with each field hidden that has a value of one of the Secrets among them.
///
/// A value that is shorter, or of which a part was copied, is not recognised. Identities are never hidden.
pub(super) fn hide_copies(objects: Vec<PackedObject>) -> Vec<PackedObject> {
    let values: HashSet<String> = objects.iter().flat_map(values_of).collect();
    let Some(known) = Known::new(&values) else {
        return objects;
    };
    let hide = |object: PackedObject| {
        if is_secret(&object) {
            return object;
        }
        let mut found = object.hidden().to_vec();
        known.find(object.open().value(), &mut Vec::new(), &mut found);
        object.hiding(found)
    };
    objects.into_iter().map(hide).collect()
}

/// What is looked for.
struct Known<'v> {
    whole: &'v HashSet<String>,
    parts: Option<AhoCorasick>,
}

impl<'v> Known<'v> {
    /// Returns `None` when there is nothing to look for.
    fn new(values: &'v HashSet<String>) -> Option<Self> {
        let long = values.iter().filter(|value| value.len() >= PART);
        let parts: Vec<String> = long
            .flat_map(|value| [value.clone(), STANDARD.encode(value)])
            .collect();
        (!values.is_empty()).then(|| Self {
            whole: values,
            // So many values that no automaton can be built are looked for as a whole.
            parts: AhoCorasick::new(parts).ok(),
        })
    }

    /// Adds the place of each field that has a value, as a JSON pointer with `*` for positions.
    fn find(&self, value: &Value, at: &mut Vec<String>, found: &mut Vec<String>) {
        match value {
            Value::String(text) if self.is_copy(text) && !is_identity(at) => {
                found.push(pointer(at));
            }
            Value::Array(items) => {
                for item in items {
                    self.below("*", item, at, found);
                }
            }
            Value::Object(fields) => {
                for (key, field) in fields {
                    self.below(key, field, at, found);
                }
            }
            _ => {}
        }
    }

    fn below(&self, key: &str, value: &Value, at: &mut Vec<String>, found: &mut Vec<String>) {
        at.push(key.to_owned());
        self.find(value, at, found);
        at.pop();
    }

    fn is_copy(&self, text: &str) -> bool {
        let has_part = |parts: &AhoCorasick| parts.is_match(text);
        self.whole.contains(text) || self.parts.as_ref().is_some_and(has_part)
    }
}

fn is_secret(object: &PackedObject) -> bool {
    object.gvk().group.is_empty() && object.gvk().kind == "Secret"
}

/// Returns the values of a Secret that are texts.
fn values_of(object: &PackedObject) -> Vec<String> {
    if !is_secret(object) {
        return Vec::new();
    }
    let object = object.open();
    let texts = |field: &str| {
        let fields = object.value().get(field).and_then(Value::as_object);
        fields
            .into_iter()
            .flatten()
            .filter_map(|(_, it)| it.as_str())
    };
    let decoded =
        texts("data").filter_map(|text| String::from_utf8(STANDARD.decode(text).ok()?).ok());
    let plain = texts("stringData").map(str::to_owned);
    let values = decoded.chain(plain).map(|value| value.trim().to_owned());
    values.filter(|value| value.len() >= WHOLE).collect()
}

fn is_identity(at: &[String]) -> bool {
    let at: Vec<&str> = at.iter().map(String::as_str).collect();
    matches!(
        at[..],
        ["apiVersion" | "kind"] | ["metadata", "name" | "namespace"]
    )
}

fn pointer(at: &[String]) -> String {
    let escaped = at
        .iter()
        .map(|key| key.replace('~', "~0").replace('/', "~1"));
    escaped.fold(String::new(), |pointer, key| pointer + "/" + &key)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use windlass_object::Object;

    use super::*;

    fn hidden(secret: &Value, other: Value) -> Vec<String> {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": secret});
        let objects = [secret, other].map(|value| PackedObject::from(Object::new(value).unwrap()));
        hide_copies(objects.to_vec())[1].hidden().to_vec()
    }

    fn config(data: &Value) -> Value {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "correct horse"}, "data": data})
    }

    #[test]
    fn a_field_that_is_or_contains_a_value_is_hidden() {
        let secret = json!({"a": "correct horse\n", "b": "battery", "c": "on"});
        let encoded = STANDARD.encode("correct horse");
        let data = json!({
            "whole": "correct horse", "part/url": "x://correct horse@y", "base64": encoded,
            "short": "battery", "within": "a battery", "tiny": "on",
        });
        let expected = [
            "/data/base64",
            "/data/part~1url",
            "/data/short",
            "/data/whole",
        ];
        assert_eq!(hidden(&secret, config(&data)), expected);
    }

    #[test]
    fn a_field_in_a_list_is_hidden_wherever_it_stands() {
        let secret = json!({"a": "correct horse"});
        let env = json!([{"name": "A", "value": "b"}, {"name": "B", "value": "correct horse"}]);
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
            "spec": {"containers": [{"name": "c", "env": env}]}});
        assert_eq!(hidden(&secret, pod), ["/spec/containers/*/env/*/value"]);
    }

    #[test]
    fn without_values_nothing_is_looked_for() {
        assert!(hidden(&json!({"a": "on"}), config(&json!({"b": "on"}))).is_empty());
    }
}
