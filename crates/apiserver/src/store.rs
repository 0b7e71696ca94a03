//! The objects and what happened to them: versions, compare-and-swap, history for watches.
//!
//! A synchronous value behind one lock that is held for map operations only: objects are shared as
//! `Arc<Value>`, written to the journal's form before the lock is taken, and printed after it is
//! released. It knows keys, versions and events, and nothing of kinds, HTTP or rules.

mod watch;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde_json::Value;

use crate::journal::{Journal, Loaded, Record, Sealer};
use crate::resource::GroupResource;

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
    pub(crate) items: Vec<Arc<Value>>,
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
}

/// The store.
pub(crate) struct Store {
    state: RwLock<State>,
    /// What seals Secrets for the journal, when there is one.
    sealer: Option<Arc<Sealer>>,
}

struct State {
    /// The version of the last write; 1 before the first, because clients read 0 as "any version".
    revision: u64,
    /// Events up to here are not kept by any type.
    origin: u64,
    types: HashMap<GroupResource, Collection>,
    changed: tokio::sync::watch::Sender<u64>,
    journal: Option<Journal>,
}

struct Collection {
    objects: BTreeMap<(String, String), Arc<Value>>,
    history: VecDeque<Event>,
    /// The revision of the last event that is no longer in `history`.
    dropped: u64,
    changed: tokio::sync::watch::Sender<u64>,
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
        for (key, object) in loaded.objects {
            let collection = state.collection(&key.resource);
            collection
                .objects
                .insert((key.namespace, key.name), Arc::new(object));
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
        let state = self.read();
        let collection = state.types.get(&key.resource)?;
        collection.objects.get(&key.pair()).cloned()
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
            collection.list(range, &mut listing);
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
        let record = self.put_record(key, &value);
        let mut state = self.write();
        if state.object(key).is_some() {
            return Err(StoreError::Exists);
        }
        state.append(record.as_ref())?;
        Ok(state.put(key, value, None))
    }

    /// Replaces the object whose version is `expected` and returns the new one with its version.
    pub(crate) fn update(
        &self,
        key: &Key,
        expected: u64,
        value: Value,
    ) -> Result<Arc<Value>, StoreError> {
        let record = self.put_record(key, &value);
        let mut state = self.write();
        let previous = state.expect(key, expected)?;
        state.append(record.as_ref())?;
        Ok(state.put(key, value, Some(previous)))
    }

    /// Removes the object whose version is `expected` and returns it as it was last, with the version of
    /// the deletion.
    pub(crate) fn delete(&self, key: &Key, expected: u64) -> Result<Arc<Value>, StoreError> {
        let last = self.get(key).ok_or(StoreError::NotFound)?;
        let last = Value::clone(&last);
        let record = self.sealer.as_ref().map(|_| Record::delete(key));
        let mut state = self.write();
        let previous = state.expect(key, expected)?;
        state.append(record.as_ref())?;
        Ok(state.remove(key, last, previous))
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
    fn put_record(&self, key: &Key, value: &Value) -> Option<Record> {
        let sealer = self.sealer.as_ref()?;
        Some(Record::put(key, value, sealer))
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new(revision: u64) -> Self {
        Self {
            revision,
            origin: revision,
            types: HashMap::new(),
            changed: tokio::sync::watch::Sender::new(revision),
            journal: None,
        }
    }

    /// Writes the record of the next revision. When that fails, nothing has changed.
    fn append(&mut self, record: Option<&Record>) -> Result<(), StoreError> {
        let (Some(journal), Some(record)) = (&mut self.journal, record) else {
            return Ok(());
        };
        if journal.is_long() {
            let objects = all_objects(&self.types);
            journal
                .compact(self.revision, objects)
                .map_err(StoreError::Journal)?;
        }
        journal
            .append(record, self.revision + 1)
            .map_err(StoreError::Journal)
    }

    fn object(&self, key: &Key) -> Option<&Arc<Value>> {
        self.types.get(&key.resource)?.objects.get(&key.pair())
    }

    fn expect(&self, key: &Key, expected: u64) -> Result<Arc<Value>, StoreError> {
        match self.object(key) {
            None => Err(StoreError::NotFound),
            Some(object) if version(object) != expected => Err(StoreError::Modified),
            Some(object) => Ok(Arc::clone(object)),
        }
    }

    fn put(&mut self, key: &Key, mut value: Value, previous: Option<Arc<Value>>) -> Arc<Value> {
        let revision = self.revision + 1;
        stamp(&mut value, revision);
        let object = Arc::new(value);
        self.collection(&key.resource)
            .objects
            .insert(key.pair(), Arc::clone(&object));
        let change = match previous {
            None => Change::Added,
            Some(_) => Change::Modified,
        };
        self.record(key, change, Arc::clone(&object), previous);
        object
    }

    fn remove(&mut self, key: &Key, mut last: Value, previous: Arc<Value>) -> Arc<Value> {
        stamp(&mut last, self.revision + 1);
        let object = Arc::new(last);
        self.collection(&key.resource).objects.remove(&key.pair());
        self.record(key, Change::Deleted, Arc::clone(&object), Some(previous));
        object
    }

    fn record(
        &mut self,
        key: &Key,
        change: Change,
        object: Arc<Value>,
        previous: Option<Arc<Value>>,
    ) {
        self.revision += 1;
        let revision = self.revision;
        let event = Event {
            revision,
            resource: key.resource.clone(),
            change,
            object,
            previous,
        };
        self.collection(&key.resource).push(event);
        self.changed.send_replace(revision);
    }

    fn collection(&mut self, resource: &GroupResource) -> &mut Collection {
        if !self.types.contains_key(resource) {
            let collection = Collection::new(self.origin);
            self.types.insert(resource.clone(), collection);
        }
        self.types.get_mut(resource).expect("it was just inserted")
    }
}

fn all_objects(types: &HashMap<GroupResource, Collection>) -> Vec<(Key, Arc<Value>)> {
    let mut all = Vec::new();
    for (resource, collection) in types {
        for ((namespace, name), object) in &collection.objects {
            let key = Key {
                resource: resource.clone(),
                namespace: namespace.clone(),
                name: name.clone(),
            };
            all.push((key, Arc::clone(object)));
        }
    }
    all
}

impl Collection {
    fn new(origin: u64) -> Self {
        Self {
            objects: BTreeMap::new(),
            history: VecDeque::new(),
            dropped: origin,
            changed: tokio::sync::watch::Sender::new(origin),
        }
    }

    fn push(&mut self, event: Event) {
        let revision = event.revision;
        self.history.push_back(event);
        if self.history.len() > HISTORY
            && let Some(oldest) = self.history.pop_front()
        {
            self.dropped = oldest.revision;
        }
        self.changed.send_replace(revision);
    }

    fn list(&self, range: &Range<'_>, listing: &mut Listing) {
        let start = match (&range.after, range.namespace) {
            (Some(after), _) => Bound::Excluded(after.clone()),
            (None, Some(namespace)) => Bound::Included((namespace.to_owned(), String::new())),
            (None, None) => Bound::Unbounded,
        };
        let objects = self.objects.range((start, Bound::Unbounded));
        let mut objects = objects
            .take_while(|((namespace, _), _)| range.namespace.is_none_or(|it| it == namespace))
            .map(|(_, object)| Arc::clone(object));
        let limit = range.limit.unwrap_or(usize::MAX);
        listing.items.extend(objects.by_ref().take(limit));
        listing.remaining = objects.count();
    }
}

impl Key {
    fn pair(&self) -> (String, String) {
        (self.namespace.clone(), self.name.clone())
    }
}

/// Returns `metadata.resourceVersion` as a number; 0 when there is none.
pub(crate) fn version(object: &Value) -> u64 {
    let text = object.pointer("/metadata/resourceVersion");
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
        assert_eq!(page.items[0]["metadata"]["name"], "c");
        assert_eq!((page.items.len(), page.remaining), (1, 0));
    }
}
