//! An object: JSON that has an identity.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::{Gvk, ObjectRef};

/// A Kubernetes object: a JSON value with `apiVersion`, `kind` and `metadata.name`.
///
/// A clone shares the value until one of them is changed.
///
/// Its `Debug` form is its identity only, because the value of a Secret must never be printed.
#[derive(Clone, PartialEq)]
pub struct Object {
    pub(crate) value: Arc<Value>,
    pub(crate) gvk: Gvk,
    pub(crate) id: ObjectRef,
    pub(crate) origin: Option<Origin>,
    pub(crate) hidden: Vec<String>,
}

/// Where an object was written: a file of the source and the line on which it begins.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct Origin {
    /// The file, relative to the root of the source.
    pub path: String,
    /// The line, counted from 1.
    pub line: u32,
}

/// Why a JSON value is not a Kubernetes object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// The value is not a mapping.
    #[error("a Kubernetes object is a mapping; this is not one")]
    NotMapping,
    /// A field that every object has is missing, empty or not a string.
    #[error("the object has no {field}; every Kubernetes object needs one")]
    Missing {
        /// The field: `apiVersion`, `kind` or `metadata.name`.
        field: &'static str,
    },
}

impl Object {
    /// Returns the object that `value` is.
    pub fn new(value: Value) -> Result<Self, ObjectError> {
        if !value.is_object() {
            return Err(ObjectError::NotMapping);
        }
        let text = |pointer: &str, field| match value.pointer(pointer).and_then(Value::as_str) {
            Some(text) if !text.is_empty() => Ok(text),
            _ => Err(ObjectError::Missing { field }),
        };
        let gvk = Gvk::new(text("/apiVersion", "apiVersion")?, text("/kind", "kind")?);
        let id = ObjectRef {
            group: gvk.group.clone(),
            kind: gvk.kind.clone(),
            namespace: text("/metadata/namespace", "").ok().map(Into::into),
            name: text("/metadata/name", "metadata.name")?.into(),
        };
        Ok(Self {
            value: Arc::new(value),
            gvk,
            id,
            origin: None,
            hidden: Vec::new(),
        })
    }

    /// Returns the object with the place it was written at.
    #[must_use]
    pub fn with_origin(mut self, origin: Origin) -> Self {
        self.origin = Some(origin);
        self
    }

    /// Returns the object with the places of values that must not be shown, as JSON pointers (RFC 6901), besides
    /// those that a [`Mask`](crate::Mask) always hides. Its JSON value does not change.
    #[must_use]
    pub fn hiding(mut self, pointers: Vec<String>) -> Self {
        self.hidden = pointers;
        self
    }

    /// Returns the places of values that must not be shown.
    #[must_use]
    pub fn hidden(&self) -> &[String] {
        &self.hidden
    }

    /// Returns the object in `namespace`, whatever it said before.
    #[must_use]
    pub fn in_namespace(mut self, namespace: &str) -> Self {
        if self.id.namespace.as_deref() == Some(namespace) {
            return self;
        }
        if let Some(Value::Object(metadata)) = self.metadata() {
            metadata.insert("namespace".to_owned(), Value::String(namespace.to_owned()));
        }
        self.id.namespace = Some(namespace.into());
        self
    }

    /// Returns the object without a namespace, as an object of the cluster must be.
    #[must_use]
    pub fn without_namespace(mut self) -> Self {
        let has_one = self.value.pointer("/metadata/namespace").is_some();
        if has_one && let Some(Value::Object(metadata)) = self.metadata() {
            metadata.remove("namespace");
        }
        self.id.namespace = None;
        self
    }

    fn metadata(&mut self) -> Option<&mut Value> {
        Arc::make_mut(&mut self.value).get_mut("metadata")
    }

    /// Returns the identity.
    #[must_use]
    pub fn id(&self) -> &ObjectRef {
        &self.id
    }

    /// Returns group, version and kind.
    #[must_use]
    pub fn gvk(&self) -> &Gvk {
        &self.gvk
    }

    /// Returns where the object was written, when that is known.
    #[must_use]
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// Returns the JSON value.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Returns the JSON value itself.
    #[must_use]
    pub fn into_value(self) -> Value {
        Arc::unwrap_or_clone(self.value)
    }

    /// Returns the annotation `key`.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.value
            .get("metadata")?
            .get("annotations")?
            .get(key)?
            .as_str()
    }

    /// Returns the label `key`.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        self.value
            .get("metadata")?
            .get("labels")?
            .get(key)?
            .as_str()
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Object({})", self.id)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.path, self.line)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_of_a_clone_leaves_the_other_as_it_is() {
        let value = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "shop"},
        });
        let object = Object::new(value.clone()).unwrap();
        let moved = object.clone().in_namespace("other");
        let lifted = object.clone().without_namespace();
        assert_eq!(*object.value(), value);
        assert_eq!(moved.value()["metadata"]["namespace"], "other");
        assert_eq!(lifted.value()["metadata"], json!({"name": "a"}));
        assert!(std::ptr::eq(
            object.value(),
            object.clone().in_namespace("shop").value()
        ));
    }
}
