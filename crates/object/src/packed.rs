//! An object at rest: its text, not its tree.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::{Gvk, Object, ObjectRef, Origin};

/// A text can be nested so deep and still be read back: the limit of `serde_json` is 128.
const DEEPEST: usize = 100;

/// An [`Object`] that waits: what it is called is at hand, its value is kept as JSON text, which takes a tenth of
/// the memory. [`PackedObject::open`] makes the object of it again.
///
/// A clone shares the text. Its `Debug` form is its identity only, because the value of a Secret must never be
/// printed.
///
/// ```
/// use windlass_object::{Object, PackedObject};
///
/// let value = serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
/// let packed = PackedObject::from(Object::new(value.clone())?);
/// assert_eq!(packed.id().name, "shop");
/// assert_eq!(*packed.open().value(), value);
/// # Ok::<(), windlass_object::ObjectError>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct PackedObject {
    content: Content,
    gvk: Gvk,
    id: ObjectRef,
    origin: Option<Origin>,
    hidden: Arc<[String]>,
}

#[derive(Clone, PartialEq)]
enum Content {
    /// The keys of its mappings are sorted, so that equal values are equal texts.
    Text(Arc<str>),
    /// It is nested too deep to be read back.
    Tree(Arc<Value>),
}

impl PackedObject {
    /// Returns the object.
    #[must_use]
    pub fn open(&self) -> Object {
        let value = match &self.content {
            Content::Text(text) => {
                let value = serde_json::from_str(text);
                Arc::new(value.expect("the text was written from a value of moderate depth"))
            }
            Content::Tree(value) => Arc::clone(value),
        };
        Object {
            value,
            gvk: self.gvk.clone(),
            id: self.id.clone(),
            origin: self.origin.clone(),
            hidden: self.hidden.to_vec(),
        }
    }

    /// Returns the value as JSON text with sorted keys, if it is kept so.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            Content::Tree(_) => None,
        }
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

    /// Returns the places of values that must not be shown, as [`Object::hidden`] does.
    #[must_use]
    pub fn hidden(&self) -> &[String] {
        &self.hidden
    }

    /// Returns the object with other places of values that must not be shown, as [`Object::hiding`] does.
    #[must_use]
    pub fn hiding(mut self, pointers: Vec<String>) -> Self {
        self.hidden = pointers.into();
        self
    }
}

impl From<Object> for PackedObject {
    fn from(object: Object) -> Self {
        let content = if is_shallow(&object.value, DEEPEST) {
            Content::Text(object.value.to_string().into())
        } else {
            Content::Tree(object.value)
        };
        Self {
            content,
            gvk: object.gvk,
            id: object.id,
            origin: object.origin,
            hidden: object.hidden.into(),
        }
    }
}

fn is_shallow(value: &Value, levels: usize) -> bool {
    let Some(below) = levels.checked_sub(1) else {
        return false;
    };
    match value {
        Value::Object(fields) => fields.values().all(|value| is_shallow(value, below)),
        Value::Array(items) => items.iter().all(|value| is_shallow(value, below)),
        _ => true,
    }
}

impl fmt::Debug for PackedObject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PackedObject({})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::*;
    use crate::FingerprintKey;

    fn object(spec: &Value) -> Object {
        let value =
            json!({"kind": "A", "apiVersion": "b/v1", "metadata": {"name": "a"}, "spec": spec});
        let origin = Origin {
            path: "a.yaml".to_owned(),
            line: 3,
        };
        let object = Object::new(value).unwrap().with_origin(origin);
        object.hiding(vec!["/spec".to_owned()])
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            let map = proptest::collection::btree_map(any::<String>(), inner.clone(), 0..6);
            prop_oneof![
                proptest::collection::vec(inner, 0..6).prop_map(Value::from),
                map.prop_map(|map| Value::Object(Map::from_iter(map))),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_opened_is_what_was_packed(spec in value()) {
            let object = object(&spec);
            let packed = PackedObject::from(object.clone());
            prop_assert!(packed.open() == object, "{}", object.value());
            let key = FingerprintKey::new([1; 32]);
            prop_assert_eq!(key.digest_object(&packed), key.digest(object.value()));
        }
    }

    #[test]
    fn what_is_nested_too_deep_for_a_text_is_kept_all_the_same() {
        for depth in [90, 100, 127, 128, 200] {
            let deep = (0..depth).fold(json!(1), |below, _| json!([below]));
            let object = object(&deep);
            let packed = PackedObject::from(object.clone());
            assert_eq!(packed.text().is_some(), depth < 98, "{depth}");
            assert!(packed.open() == object);
        }
    }
}
