//! What the source says.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use windlass_object::{FingerprintKey, Mask, Object, ObjectRef, Origin, PackedObject};

use crate::ignore::{self, IgnoreRule, Ignored, NotAPointer};
use crate::{Drifting, Rendition, Takeover, Taker, Unit};

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
/// none. Their origin is kept. A clone shares them.
#[derive(Clone, Debug)]
pub struct DesiredSet {
    unit: Unit,
    objects: Arc<BTreeMap<ObjectRef, PackedObject>>,
    hidden: BTreeMap<ObjectRef, Vec<String>>,
    ignored: Arc<BTreeMap<ObjectRef, Ignored>>,
    rendition: Option<Rendition>,
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
    /// An object's annotation names no mode of drift.
    #[error("{}{} of {id} is {value}; write correct, warn or off", at(origin.as_ref()), Drifting::ANNOTATION)]
    Drifting {
        /// The object.
        id: ObjectRef,
        /// What the annotation says, as JSON.
        value: String,
        /// Where it is written.
        origin: Option<Origin>,
    },
    /// An object's annotation names no place that could be ignored.
    #[error("{}annotations of {id}: {what}", at(origin.as_ref()))]
    Ignored {
        /// The object.
        id: ObjectRef,
        /// What is wrong with it.
        what: NotAPointer,
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
        let mut set = BTreeMap::<ObjectRef, PackedObject>::new();
        let mut errors = Vec::new();
        let mut own = Vec::new();
        let (mut known, mut off) = (Vec::new(), BTreeMap::new());
        for object in objects {
            let (id, origin) = (object.id().clone(), object.origin().cloned());
            let object = unit.labelled(object);
            if !unit.has(&object) {
                errors.push(DesiredError::Labels { id, origin });
                continue;
            }
            if let Some(value) = Drifting::mistake(object.value()) {
                let value = value.to_string();
                errors.push(DesiredError::Drifting { id, value, origin });
                continue;
            }
            let said = Ignored::of(&object)
                .and_then(|ignored| Ok((ignored, ignore::turned_off(&object)?)));
            match said {
                Ok((ignored, names)) => {
                    own.extend((!ignored.is_empty()).then(|| (id.clone(), ignored)));
                    off.extend((!names.is_empty()).then(|| (id.clone(), names)));
                }
                Err(what) => {
                    errors.push(DesiredError::Ignored { id, what, origin });
                    continue;
                }
            }
            if let Some(first) = set.get(&id) {
                errors.push(twice(first, &object));
                continue;
            }
            known.extend(ignore::known_of(&object));
            set.insert(id, object.into());
        }
        if errors.is_empty() {
            let mut ignored = ignore::known_in(known, &off, |id| set.contains_key(id));
            for (id, own) in own {
                ignored.entry(id).or_default().add(&own);
            }
            Ok(Self {
                unit: unit.clone(),
                objects: Arc::new(set),
                hidden: BTreeMap::new(),
                ignored: Arc::new(ignored),
                rendition: None,
            })
        } else {
            Err(errors)
        }
    }

    /// Returns the set with the value at a JSON pointer of an object masked in every plan, such as `/data` of a
    /// ConfigMap that is encrypted in the source. The values of Secrets are always masked.
    #[must_use]
    pub fn hiding(mut self, id: &ObjectRef, pointer: &str) -> Self {
        let pointers = self.hidden.entry(id.clone()).or_default();
        pointers.push(pointer.to_owned());
        self
    }

    /// Returns the set with what the rules say ignored, besides what the objects say of themselves.
    #[must_use]
    pub fn ignoring(mut self, rules: &[IgnoreRule]) -> Self {
        if rules.is_empty() {
            return self;
        }
        let mut ignored = self.ignored.as_ref().clone();
        for object in self.objects.values() {
            let object = object.open();
            for rule in rules.iter().filter(|rule| rule.target.selects(&object)) {
                ignored
                    .entry(object.id().clone())
                    .or_default()
                    .add(&rule.ignored);
            }
        }
        self.ignored = Arc::new(ignored);
        self
    }

    /// Returns the set with what made it, for causes that are not in the source.
    #[must_use]
    pub fn rendered(mut self, rendition: Option<Rendition>) -> Self {
        self.rendition = rendition;
        self
    }

    /// Returns what made it, when that is known.
    #[must_use]
    pub fn rendition(&self) -> Option<&Rendition> {
        self.rendition.as_ref()
    }

    /// Returns whether something of the object is ignored while it exists.
    #[must_use]
    pub fn ignores(&self, id: &ObjectRef) -> bool {
        self.ignored.contains_key(id)
    }

    /// Returns the object as it is to be applied to the live one: what is ignored of it is as `live` has it, as far as
    /// `manager` applies it, and not there otherwise.
    #[must_use]
    pub fn to_apply<'o>(&self, object: &'o Object, live: &Value, manager: &str) -> Cow<'o, Object> {
        let ignored = self.ignored.get(object.id());
        let left = ignored
            .and_then(|ignored| ignore::to_apply(&self.unit, object, live, ignored, manager));
        left.map_or(Cow::Borrowed(object), Cow::Owned)
    }

    /// Returns what is taken over of `live` before the object is applied, as [`Taker::takes`] does; what is ignored stays
    /// whose it is.
    #[must_use]
    pub fn takes(&self, taker: &Taker<'_>, object: &Object, live: &Value) -> Option<Takeover> {
        match self.ignored.get(object.id()) {
            None => taker.takes(object, live),
            Some(ignored) => taker.takes_but(object, live, ignored),
        }
    }

    /// Returns whether the sets have the same objects, and ignore the same of them.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.ignored == other.ignored && self.objects().eq(other.objects())
    }

    /// Returns whether the words of a server about the object may quote what must not be shown.
    #[must_use]
    pub fn is_sensitive(&self, object: &PackedObject) -> bool {
        object.gvk().kind == "Secret" || self.hidden(object.id()).next().is_some()
    }

    /// Returns the mask for showing the object.
    pub(crate) fn mask<'k>(&self, key: &'k FingerprintKey, object: &Object) -> Mask<'k> {
        // Items of a list have no kind, so a live Secret may not look like one.
        let mask = match object.gvk().kind.as_str() {
            "Secret" => Mask::new(key).hiding("/data/*").hiding("/stringData/*"),
            _ => Mask::new(key),
        };
        self.hidden(object.id()).fold(mask, Mask::hiding)
    }

    /// Returns the places of values in an object that must not be shown, by what the source says of it.
    fn hidden(&self, id: &ObjectRef) -> impl Iterator<Item = &str> {
        let own = self.objects.get(id).map(PackedObject::hidden);
        let told = self.hidden.get(id).into_iter().flatten();
        own.into_iter().flatten().chain(told).map(String::as_str)
    }

    /// Returns the unit.
    #[must_use]
    pub fn unit(&self) -> &Unit {
        &self.unit
    }

    /// Returns the object that is to be applied as `id`.
    #[must_use]
    pub fn get(&self, id: &ObjectRef) -> Option<&PackedObject> {
        self.objects.get(id)
    }

    /// Returns the objects, sorted by identity, as they are to be applied.
    pub fn objects(&self) -> impl ExactSizeIterator<Item = &PackedObject> {
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

fn twice(first: &PackedObject, second: &Object) -> DesiredError {
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
