//! Lists, printed without holding their items.

use std::cell::Cell;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Value, json};

use crate::resource::ResourceType;

/// A list object.
struct List<'a, I> {
    resource: &'a ResourceType,
    metadata: &'a Value,
    items: Items<I>,
}

/// The items, which are there once.
struct Items<I> {
    items: Cell<Option<I>>,
    bare: bool,
}

/// An item of a list of a built-in type: it has no `kind` and `apiVersion`, as Go's typed lists have none.
struct Bare<'a>(&'a Value);

impl<I: Iterator<Item = Arc<Value>>> Serialize for List<'_, I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("kind", &self.resource.list_kind)?;
        map.serialize_entry("apiVersion", &self.resource.api_version())?;
        map.serialize_entry("metadata", self.metadata)?;
        map.serialize_entry("items", &self.items)?;
        map.end()
    }
}

impl<I: Iterator<Item = Arc<Value>>> Serialize for Items<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for item in self.items.take().into_iter().flatten() {
            if self.bare {
                list.serialize_element(&Bare(&item))?;
            } else {
                list.serialize_element(&*item)?;
            }
        }
        list.end()
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
    items: impl Iterator<Item = Arc<Value>>,
) -> Vec<u8> {
    let list = List {
        resource,
        metadata,
        items: Items {
            items: Cell::new(Some(items)),
            bare: resource.custom.is_none(),
        },
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
        let items = std::iter::once(Arc::new(pod));
        let body = list_body(&pods, &json!({"resourceVersion": "7"}), items);
        let expected = r#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[{"metadata":{"name":"a"}}]}"#;
        assert_eq!(String::from_utf8(body).unwrap(), expected);
    }
}
