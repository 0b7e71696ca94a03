//! The objects and what happened to them: versions, compare-and-swap, history for watches.
//!
//! A synchronous value behind one lock that is held for map operations only: objects are printed before
//! the lock is taken, and read after it is released. It knows keys, versions and events, and nothing of
//! kinds, HTTP or rules.

mod state;
mod stored;
mod watch;

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde_json::Value;

use crate::fields;
use crate::journal::{Journal, Loaded, Record, Sealer};
use crate::resource::GroupResource;

use state::State;
pub(crate) use stored::{Frozen, Stored};
pub(crate) use watch::{Change, Event, Expired, Scope, Watch};

/// How many events of one type are kept for watches that begin or continue in the past.
const HISTORY: usize = 4096;

/// Where an object is stored.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    /// The type.
    pub(crate) resource: GroupResource,
    /// The namespace; empty for an object of the cluster.
    pub(crate) namespace: String,
    /// The name.
    pub(crate) name: String,
}

/// Why a write did not happen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// There is an object under this key.
    #[error("the object exists already")]
    Exists,
    /// There is none.
    #[error("the object does not exist")]
    NotFound,
    /// The object has another version than the one expected.
    #[error("the object has been modified")]
    Modified,
    /// The state directory could not be written; nothing changed.
    #[error("cannot write the state directory")]
    Journal(#[source] std::io::Error),
}

/// Objects at one revision.
#[derive(Debug)]
pub(crate) struct Listing {
    /// The revision at which the list was made: watch from here.
    pub(crate) revision: u64,
    /// The objects, sorted by namespace and name.
    pub(crate) items: Vec<Arc<Stored>>,
    /// How many objects follow behind the last of `items`.
    pub(crate) remaining: usize,
}

/// Which objects of a type to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Range<'a> {
    /// Only this namespace.
    pub(crate) namespace: Option<&'a str>,
    /// Only objects behind this (namespace, name).
    pub(crate) after: Option<(String, String)>,
    /// At most this many.
    pub(crate) limit: Option<usize>,
    /// As they were at this revision; `None` is now. Where the history does not reach back so far, it is now.
    pub(crate) at: Option<u64>,
}

/// The store.
pub(crate) struct Store {
    state: RwLock<State>,
    /// What seals Secrets for the journal, when there is one.
    sealer: Option<Arc<Sealer>>,
}

impl Store {
    /// Returns an empty store in memory.
    pub(crate) fn new() -> Self {
        Self {
            state: RwLock::new(State::new(1)),
            sealer: None,
        }
    }

    /// Returns a store of what a journal holds, which it goes on writing.
    pub(crate) fn with_journal(journal: Journal, loaded: Loaded) -> Self {
        let mut state = State::new(loaded.revision);
        for (key, frozen) in loaded.objects {
            let stored = Stored::new(frozen, &state.warm);
            let collection = state.collection(&key.resource);
            collection
                .objects
                .insert((key.namespace, key.name), Arc::new(stored));
        }
        let sealer = Some(journal.sealer());
        state.journal = Some(journal);
        Self {
            state: RwLock::new(state),
            sealer,
        }
    }

    /// Returns the version of the last write.
    pub(crate) fn revision(&self) -> u64 {
        self.read().revision
    }

    /// Returns the object.
    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Value>> {
        let stored = self.stored(key)?;
        Some(stored.warm_value())
    }

    /// Returns the object as it is stored.
    pub(crate) fn stored(&self, key: &Key) -> Option<Arc<Stored>> {
        self.read().object(key).cloned()
    }

    /// Returns the objects of a type.
    pub(crate) fn list(&self, resource: &GroupResource, range: &Range<'_>) -> Listing {
        let state = self.read();
        let mut listing = Listing {
            revision: state.revision,
            items: Vec::new(),
            remaining: 0,
        };
        if let Some(collection) = state.types.get(resource) {
            if range.at.is_some_and(|at| at >= collection.dropped) {
                listing.revision = range.at.unwrap_or(state.revision);
            }
            collection.list(range, &mut listing);
        } else if let Some(at) = range.at.filter(|at| *at >= state.origin) {
            listing.revision = at;
        }
        listing
    }

    /// Returns the types that have objects.
    pub(crate) fn populated(&self) -> Vec<GroupResource> {
        let state = self.read();
        let types = state.types.iter();
        types
            .filter(|(_, collection)| !collection.objects.is_empty())
            .map(|(resource, _)| resource.clone())
            .collect()
    }

    /// Adds an object and returns it with its version.
    pub(crate) fn create(&self, key: &Key, value: Value) -> Result<Arc<Value>, StoreError> {
        let frozen = Frozen::of(&value);
        let record = self.put_record(key, &frozen);
        let mut state = self.write();
        if state.object(key).is_some() {
            return Err(StoreError::Exists);
        }
        state.append(record.as_ref())?;
        Ok(state.put(key, value, &frozen, None))
    }

    /// Replaces the object whose version is `expected` and returns the new one with its version.
    pub(crate) fn update(
        &self,
        key: &Key,
        expected: u64,
        value: Value,
    ) -> Result<Arc<Value>, StoreError> {
        let frozen = Frozen::of(&value);
        let record = self.put_record(key, &frozen);
        let mut state = self.write();
        let previous = state.expect(key, expected)?;
        state.append(record.as_ref())?;
        Ok(state.put(key, value, &frozen, Some(previous)))
    }

    /// Removes the object whose version is `expected` and returns it as it was last, with the version of
    /// the deletion.
    pub(crate) fn delete(&self, key: &Key, expected: u64) -> Result<Arc<Value>, StoreError> {
        let record = self.sealer.as_ref().map(|_| Record::delete(key));
        let mut state = self.write();
        let previous = state.expect(key, expected)?;
        state.append(record.as_ref())?;
        let last = state.remove(key, previous);
        drop(state);
        Ok(last.value())
    }

    /// Returns a watch of what happens after `since`; `None` begins now.
    pub(crate) fn watch(
        self: &Arc<Self>,
        scope: Scope,
        since: Option<u64>,
    ) -> Result<Watch, Expired> {
        Watch::new(Arc::clone(self), scope, since)
    }

    /// Writes what is yet to be written, at the end of the server.
    pub(crate) fn close(&self) {
        if let Some(journal) = &mut self.write().journal {
            journal.close();
        }
    }

    /// Returns what the journal is to hold of an object, printed before the lock is taken.
    fn put_record(&self, key: &Key, frozen: &Frozen) -> Option<Record> {
        let sealer = self.sealer.as_ref()?;
        Some(Record::put(key, frozen.text(), sealer))
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Key {
    fn pair(&self) -> (String, String) {
        (self.namespace.clone(), self.name.clone())
    }
}

/// Returns `metadata.resourceVersion` as a number; 0 when there is none.
pub(crate) fn version(object: &Value) -> u64 {
    let text = fields::at(object, "/metadata/resourceVersion");
    text.and_then(Value::as_str)
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

/// Sets `metadata.resourceVersion`.
pub(crate) fn stamp(object: &mut Value, revision: u64) {
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        metadata.insert(
            "resourceVersion".to_owned(),
            Value::String(revision.to_string()),
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(name: &str) -> Key {
        Key {
            resource: GroupResource::new("", "configmaps"),
            namespace: "default".to_owned(),
            name: name.to_owned(),
        }
    }

    fn object(name: &str) -> Value {
        json!({"kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}})
    }

    #[test]
    fn a_write_with_an_old_version_changes_nothing() {
        let store = Store::new();
        let first = store.create(&key("a"), object("a")).unwrap();
        let second = store
            .update(&key("a"), version(&first), object("a"))
            .unwrap();
        let stale = store.update(&key("a"), version(&first), object("a"));
        assert!(matches!(stale, Err(StoreError::Modified)));
        assert_eq!(store.get(&key("a")), Some(second));
    }

    #[test]
    fn creating_twice_is_refused_and_keeps_the_first() {
        let store = Store::new();
        let first = store.create(&key("a"), object("a")).unwrap();
        assert!(matches!(
            store.create(&key("a"), object("a")),
            Err(StoreError::Exists)
        ));
        assert_eq!(store.get(&key("a")), Some(first));
    }

    #[test]
    fn a_list_of_the_past_has_what_was_there() {
        let store = Store::new();
        let first = store.create(&key("a"), object("a")).unwrap();
        store.create(&key("b"), object("b")).unwrap();
        let at = store.revision();
        let changed = store.update(&key("a"), version(&first), object("a"));
        store.delete(&key("a"), version(&changed.unwrap())).unwrap();
        store.create(&key("aa"), object("aa")).unwrap();
        let resource = GroupResource::new("", "configmaps");
        let list = |at| {
            let range = Range {
                at,
                ..Range::default()
            };
            let listing = store.list(&resource, &range);
            let names = listing.items.iter().map(|it| version(&it.value()));
            (listing.revision, names.collect::<Vec<_>>())
        };
        assert_eq!(list(Some(at)), (at, vec![version(&first), at]));
        assert_eq!(list(None).1.len(), 2);
        assert_eq!(list(Some(0)).0, store.revision(), "that is too long ago");
    }

    #[test]
    fn a_page_says_how_many_objects_follow_and_the_next_begins_behind_it() {
        let store = Store::new();
        for name in ["a", "b", "c"] {
            store.create(&key(name), object(name)).unwrap();
        }
        let resource = GroupResource::new("", "configmaps");
        let range = Range {
            limit: Some(2),
            ..Range::default()
        };
        let page = store.list(&resource, &range);
        assert_eq!((page.items.len(), page.remaining), (2, 1));
        let range = Range {
            after: Some(("default".to_owned(), "b".to_owned())),
            ..range
        };
        let page = store.list(&resource, &range);
        assert_eq!(page.items[0].value()["metadata"]["name"], "c");
        assert_eq!((page.items.len(), page.remaining), (1, 0));
    }
}
