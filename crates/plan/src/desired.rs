//! What the source says.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use windlass_object::{Object, ObjectRef, Origin};

use crate::Unit;

/// What the source wants of a unit.
///
/// Only [`Desired::Complete`] can lead to a deletion. Whatever failed on the way (fetch, parse, decryption,
/// build) is [`Desired::Failed`], never a smaller set.
#[derive(Clone, Debug)]
pub enum Desired {
    /// Every object of the unit, and nothing is missing.
    Complete(DesiredSet),
    /// What is wanted is not known.
    Failed {
        /// Why, in words for the person who reads the plan.
        reason: String,
    },
}

/// All objects that a unit wants, each once, each with the labels of the unit.
///
/// The objects carry their final namespaces: a namespaced object names one, an object of the cluster names
/// none. Their origin is kept.
#[derive(Clone, Debug)]
pub struct DesiredSet {
    unit: Unit,
    objects: BTreeMap<ObjectRef, Object>,
}

/// Why objects are no set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DesiredError {
    /// Two objects have one identity.
    #[error("{}{id} is defined twice{}; remove one of them", at(first.as_ref()), also(second.as_ref()))]
    Twice {
        /// The identity.
        id: ObjectRef,
        /// Where the first one is written.
        first: Option<Origin>,
        /// Where the second one is written.
        second: Option<Origin>,
    },
    /// An object's labels are not a mapping, so the unit's labels cannot be added.
    #[error("{}metadata.labels of {id} is not a mapping", at(origin.as_ref()))]
    Labels {
        /// The object.
        id: ObjectRef,
        /// Where it is written.
        origin: Option<Origin>,
    },
}

impl DesiredSet {
    /// Returns the set of `objects`, which must be all that the unit wants, with the unit's labels added.
    /// Returns every mistake, not the first.
    pub fn new(
        unit: &Unit,
        objects: impl IntoIterator<Item = Object>,
    ) -> Result<Self, Vec<DesiredError>> {
        let mut set = BTreeMap::<ObjectRef, Object>::new();
        let mut errors = Vec::new();
        for object in objects {
            match labelled(unit, object) {
                Ok(object) => {
                    if let Some(first) = set.get(object.id()) {
                        errors.push(twice(first, &object));
                    } else {
                        set.insert(object.id().clone(), object);
                    }
                }
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() {
            Ok(Self {
                unit: unit.clone(),
                objects: set,
            })
        } else {
            Err(errors)
        }
    }

    /// Returns the unit.
    #[must_use]
    pub fn unit(&self) -> &Unit {
        &self.unit
    }

    /// Returns the object that is to be applied as `id`.
    #[must_use]
    pub fn get(&self, id: &ObjectRef) -> Option<&Object> {
        self.objects.get(id)
    }

    /// Returns the objects, sorted by identity, as they are to be applied.
    pub fn objects(&self) -> impl ExactSizeIterator<Item = &Object> {
        self.objects.values()
    }

    /// Returns how many objects there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Returns whether the unit wants nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
}

/// Adds the unit's labels, over those that the source may have.
fn labelled(unit: &Unit, object: Object) -> Result<Object, DesiredError> {
    let (id, origin) = (object.id().clone(), object.origin().cloned());
    let mut value = object.into_value();
    if !add_labels(unit, &mut value) {
        return Err(DesiredError::Labels { id, origin });
    }
    let object = Object::new(value).expect("labels do not change the identity of an object");
    Ok(match origin {
        Some(origin) => object.with_origin(origin),
        None => object,
    })
}

/// Returns whether the labels could be added.
fn add_labels(unit: &Unit, value: &mut Value) -> bool {
    let Some(Value::Object(metadata)) = value.get_mut("metadata") else {
        return false;
    };
    let labels = metadata.entry("labels").or_insert(Value::Null);
    if labels.is_null() {
        *labels = Value::Object(Map::new());
    }
    let Value::Object(labels) = labels else {
        return false;
    };
    for (key, value) in unit.labels() {
        labels.insert(key.to_owned(), value.into());
    }
    true
}

fn twice(first: &Object, second: &Object) -> DesiredError {
    DesiredError::Twice {
        id: first.id().clone(),
        first: first.origin().cloned(),
        second: second.origin().cloned(),
    }
}

fn at(origin: Option<&Origin>) -> String {
    origin
        .map(|origin| format!("{origin}: "))
        .unwrap_or_default()
}

fn also(origin: Option<&Origin>) -> String {
    origin
        .map(|origin| format!(", also at {origin}"))
        .unwrap_or_default()
}
