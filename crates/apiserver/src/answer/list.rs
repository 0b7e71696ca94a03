//! Lists, printed without copying their items.

use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};

use crate::resource::ResourceType;

/// A list object.
struct List<'a> {
    kind: &'a str,
    api_version: &'a str,
    metadata: &'a Value,
    items: &'a [Arc<Value>],
    bare: bool,
}

/// An item of a list of a built-in type: it has no `kind` and `apiVersion`, as Go's typed lists have none.
struct Bare<'a>(&'a Value);

impl Serialize for List<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("kind", self.kind)?;
        map.serialize_entry("apiVersion", self.api_version)?;
        map.serialize_entry("metadata", self.metadata)?;
        if self.bare {
            let items: Vec<Bare<'_>> = self.items.iter().map(|item| Bare(item)).collect();
            map.serialize_entry("items", &items)?;
        } else {
            let items: Vec<&Value> = self.items.iter().map(AsRef::as_ref).collect();
            map.serialize_entry("items", &items)?;
        }
        map.end()
    }
}

impl Serialize for Bare<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Value::Object(fields) = self.0 else {
            return self.0.serialize(serializer);
        };
        let shown = fields
            .iter()
            .filter(|(key, _)| *key != "kind" && *key != "apiVersion");
        serializer.collect_map(shown)
    }
}

/// Returns the text of a list of objects.
pub(crate) fn list_body(
    resource: &ResourceType,
    metadata: &Value,
    items: &[Arc<Value>],
) -> Vec<u8> {
    let list = List {
        kind: &resource.list_kind,
        api_version: &resource.api_version(),
        metadata,
        items,
        bare: resource.custom.is_none(),
    };
    serde_json::to_vec(&list).expect("JSON values always have a text")
}

/// Returns the metadata of an object as `PartialObjectMetadata`.
pub(crate) fn metadata_only(object: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": object.get("metadata"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_built_in_lists_do_not_repeat_their_kind() {
        let pods = crate::builtin::resource_types()
            .find(|it| it.plural == "pods")
            .unwrap();
        let pod = json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a"}});
        let body = list_body(&pods, &json!({"resourceVersion": "7"}), &[Arc::new(pod)]);
        let expected = r#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[{"metadata":{"name":"a"}}]}"#;
        assert_eq!(String::from_utf8(body).unwrap(), expected);
    }
}
