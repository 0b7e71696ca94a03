//! Who applies objects, and how an object shows whose it is.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use windlass_object::Object;

use crate::ignore::without_server_fields;

/// The label that names the unit an object belongs to. It is Flux's own, so that clusters can be handed over
/// in both directions without a change.
pub const NAME_LABEL: &str = "kustomize.toolkit.fluxcd.io/name";
/// The label that names the namespace of that unit.
pub const NAMESPACE_LABEL: &str = "kustomize.toolkit.fluxcd.io/namespace";

/// What is planned and applied as one: a service in an environment, or a Flux Kustomization. Sorted by
/// namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Unit {
    /// The namespace in which the unit's inventory is kept.
    pub namespace: String,
    /// The name, such as `hydra`.
    pub name: String,
}

impl Unit {
    /// Returns the unit of this name whose inventory is in `namespace`.
    #[must_use]
    pub fn new(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// Returns the labels that each object of the unit carries: key and value.
    #[must_use]
    pub fn labels(&self) -> [(&'static str, &str); 2] {
        [
            (NAME_LABEL, self.name.as_str()),
            (NAMESPACE_LABEL, self.namespace.as_str()),
        ]
    }

    /// Returns the object with the unit's labels, over those that it may have. One that has them shares its value with
    /// its clones as before, and one whose labels are not a mapping stays as it is, too.
    ///
    /// What an API server sets in any case goes: `metadata.managedFields`, `creationTimestamp` and `generation`.
    #[must_use]
    pub fn labelled(&self, object: Object) -> Object {
        let object = without_server_fields(object);
        let labels = object.value().pointer("/metadata/labels");
        let takes_some = matches!(labels, None | Some(Value::Null | Value::Object(_)));
        if !takes_some || self.has(&object) {
            return object;
        }
        let (origin, hidden) = (object.origin().cloned(), object.hidden().to_vec());
        let mut value = object.into_value();
        if let Some(labels) = labels_of(&mut value) {
            let own = self.labels().into_iter();
            labels.extend(own.map(|(key, value)| (key.to_owned(), value.into())));
        }
        let labelled = Object::new(value).expect("no label makes an object of something else");
        let labelled = labelled.hiding(hidden);
        match origin {
            Some(origin) => labelled.with_origin(origin),
            None => labelled,
        }
    }

    /// Returns whether the object has the unit's labels.
    pub(crate) fn has(&self, object: &Object) -> bool {
        let mut labels = self.labels().into_iter();
        labels.all(|(key, value)| object.label(key) == Some(value))
    }

    /// Returns the unit whose labels `object` carries, if it carries both.
    #[must_use]
    pub fn of(object: &Value) -> Option<Self> {
        let labels = object.get("metadata")?.get("labels")?;
        let text = |key: &str| labels.get(key)?.as_str();
        Some(Self::new(text(NAMESPACE_LABEL)?, text(NAME_LABEL)?))
    }
}

fn labels_of(value: &mut Value) -> Option<&mut Map<String, Value>> {
    let metadata = value.get_mut("metadata")?.as_object_mut()?;
    let labels = metadata.entry("labels").or_insert(Value::Null);
    if labels.is_null() {
        *labels = Value::Object(Map::new());
    }
    labels.as_object_mut()
}

impl fmt::Display for Unit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.namespace, self.name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn labels_are_added_once_and_never_to_what_is_no_mapping() {
        let unit = Unit::new("flux-system", "shop");
        let object = |labels: Value| {
            let metadata = json!({"name": "a", "labels": labels});
            let value = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata});
            Object::new(value).unwrap()
        };
        for labels in [
            json!(null),
            json!({}),
            json!({"a": "b", NAME_LABEL: "other"}),
        ] {
            let labelled = unit.labelled(object(labels));
            assert_eq!(Unit::of(labelled.value()).as_ref(), Some(&unit));
            let again = unit.labelled(labelled.clone());
            assert!(std::ptr::eq(labelled.value(), again.value()));
        }
        let odd = object(json!(["a"]));
        assert!(unit.labelled(odd.clone()) == odd);
        assert!(!unit.has(&odd));
    }
}
