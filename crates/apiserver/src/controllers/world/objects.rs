//! The objects by kind, namespace and name. The store keeps them as text; the ones that controllers look at
//! are values for a while.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use serde_json::Value;

use super::{Id, Kind};
use crate::store::Stored;

/// How many objects stay values between two looks.
const WARM: usize = 8192;

/// The objects.
#[derive(Default)]
pub(super) struct Objects {
    kinds: HashMap<Kind, BTreeMap<String, Names>>,
    /// The objects that are values, the oldest first.
    warm: RefCell<VecDeque<Id>>,
}

type Names = BTreeMap<String, Object>;

struct Object {
    stored: Arc<Stored>,
    value: OnceCell<Arc<Value>>,
}

impl Objects {
    /// Returns the version of an object; 0 when there is none.
    pub(super) fn version(&self, id: &Id) -> u64 {
        let object = self.find(id.kind, &id.namespace, &id.name);
        object.map_or(0, |object| object.stored.version())
    }

    /// Returns an object.
    pub(super) fn get(&self, kind: Kind, namespace: &str, name: &str) -> Option<&Arc<Value>> {
        let object = self.find(kind, namespace, name)?;
        let value = object.value.get_or_init(|| {
            let id = Id {
                kind,
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            };
            self.warm.borrow_mut().push_back(id);
            object.stored.value()
        });
        Some(value)
    }

    /// Returns the names of the objects of a kind in a namespace.
    pub(super) fn names(&self, kind: Kind, namespace: &str) -> impl Iterator<Item = &str> {
        let names = self.kinds.get(&kind).and_then(|it| it.get(namespace));
        names
            .into_iter()
            .flat_map(BTreeMap::keys)
            .map(String::as_str)
    }

    /// Puts an object in.
    pub(super) fn insert(&mut self, id: &Id, stored: Arc<Stored>) {
        let names = self.kinds.entry(id.kind).or_default();
        let names = names.entry(id.namespace.clone()).or_default();
        let value = OnceCell::new();
        names.insert(id.name.clone(), Object { stored, value });
    }

    /// Takes an object out.
    pub(super) fn remove(&mut self, id: &Id) {
        let namespaces = self.kinds.get_mut(&id.kind);
        if let Some(names) = namespaces.and_then(|it| it.get_mut(&id.namespace)) {
            names.remove(&id.name);
        }
    }

    /// Lets go of the values that were made longest ago.
    pub(super) fn cool(&mut self) {
        let warm = self.warm.get_mut();
        let surplus = warm.len().saturating_sub(WARM);
        for id in warm.drain(..surplus) {
            let namespaces = self.kinds.get_mut(&id.kind);
            let names = namespaces.and_then(|it| it.get_mut(&id.namespace));
            if let Some(object) = names.and_then(|it| it.get_mut(&id.name)) {
                object.value.take();
            }
        }
    }

    fn find(&self, kind: Kind, namespace: &str, name: &str) -> Option<&Object> {
        self.kinds.get(&kind)?.get(namespace)?.get(name)
    }
}
