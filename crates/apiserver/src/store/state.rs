//! What the store holds behind its lock.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use serde_json::Value;

use super::stored::{Frozen, Stored, Warm};
use super::watch::{Change, Event};
use super::{HISTORY, Key, Listing, Range, StoreError, stamp};
use crate::fields;
use crate::journal::{Journal, Record};
use crate::resource::GroupResource;

/// Everything in the store.
pub(super) struct State {
    /// The version of the last write; 1 before the first, because clients read 0 as "any version".
    pub(super) revision: u64,
    /// Events up to here are not kept by any type.
    pub(super) origin: u64,
    pub(super) types: HashMap<GroupResource, Collection>,
    pub(super) warm: Arc<Warm>,
    pub(super) changed: tokio::sync::watch::Sender<u64>,
    pub(super) journal: Option<Journal>,
}

/// The objects of one type.
pub(super) struct Collection {
    pub(super) objects: BTreeMap<(String, String), Arc<Stored>>,
    pub(super) history: VecDeque<Event>,
    /// The revision of the last event that is no longer in `history`.
    pub(super) dropped: u64,
    pub(super) changed: tokio::sync::watch::Sender<u64>,
}

impl State {
    pub(super) fn new(revision: u64) -> Self {
        Self {
            revision,
            origin: revision,
            types: HashMap::new(),
            warm: Arc::default(),
            changed: tokio::sync::watch::Sender::new(revision),
            journal: None,
        }
    }

    /// Writes the record of the next revision. When that fails, nothing has changed.
    pub(super) fn append(&mut self, record: Option<&Record>) -> Result<(), StoreError> {
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

    pub(super) fn object(&self, key: &Key) -> Option<&Arc<Stored>> {
        self.types.get(&key.resource)?.objects.get(&key.pair())
    }

    pub(super) fn expect(&self, key: &Key, expected: u64) -> Result<Arc<Stored>, StoreError> {
        match self.object(key) {
            None => Err(StoreError::NotFound),
            Some(object) if object.version() != expected => Err(StoreError::Modified),
            Some(object) => Ok(Arc::clone(object)),
        }
    }

    pub(super) fn put(
        &mut self,
        key: &Key,
        mut value: Value,
        frozen: &Frozen,
        previous: Option<Arc<Stored>>,
    ) -> Arc<Value> {
        let revision = self.revision + 1;
        stamp(&mut value, revision);
        let stored = Stored::new(frozen.at(revision), &self.warm);
        let (stored, value) = stored.with_value(value);
        self.collection(&key.resource)
            .objects
            .insert(key.pair(), Arc::clone(&stored));
        let change = match &previous {
            None => Change::Added,
            Some(previous) => {
                previous.cool();
                Change::Modified
            }
        };
        self.record(key, change, stored, previous);
        value
    }

    pub(super) fn remove(&mut self, key: &Key, previous: Arc<Stored>) -> Arc<Stored> {
        previous.cool();
        let last = previous.frozen().at(self.revision + 1);
        let last = Arc::new(Stored::new(last, &self.warm));
        self.collection(&key.resource).objects.remove(&key.pair());
        self.record(key, Change::Deleted, Arc::clone(&last), Some(previous));
        last
    }

    fn record(
        &mut self,
        key: &Key,
        change: Change,
        object: Arc<Stored>,
        previous: Option<Arc<Stored>>,
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

    pub(super) fn collection(&mut self, resource: &GroupResource) -> &mut Collection {
        if !self.types.contains_key(resource) {
            let collection = Collection::new(self.origin);
            self.types.insert(resource.clone(), collection);
        }
        self.types.get_mut(resource).expect("it was just inserted")
    }
}

fn all_objects(types: &HashMap<GroupResource, Collection>) -> Vec<(Key, Frozen)> {
    let mut all = Vec::new();
    for (resource, collection) in types {
        for ((namespace, name), object) in &collection.objects {
            let key = Key {
                resource: resource.clone(),
                namespace: namespace.clone(),
                name: name.clone(),
            };
            all.push((key, object.frozen().clone()));
        }
    }
    all
}

impl Collection {
    pub(super) fn new(origin: u64) -> Self {
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

    pub(super) fn list(&self, range: &Range<'_>, listing: &mut Listing) {
        let start = match (&range.after, range.namespace) {
            (Some(after), _) => Bound::Excluded(after.clone()),
            (None, Some(namespace)) => Bound::Included((namespace.to_owned(), String::new())),
            (None, None) => Bound::Unbounded,
        };
        let past = range.at.map(|at| self.past(at)).unwrap_or_default();
        if !past.is_empty() {
            return list_past(&self.objects, &past, &start, range, listing);
        }
        let objects = self.objects.range((start, Bound::Unbounded));
        let mut objects = objects
            .take_while(|((namespace, _), _)| range.namespace.is_none_or(|it| it == namespace))
            .map(|(_, object)| Arc::clone(object));
        let limit = range.limit.unwrap_or(usize::MAX);
        listing.items.extend(objects.by_ref().take(limit));
        listing.remaining = objects.count();
    }

    /// Returns what was different at a revision: nothing, where the history does not reach back so far.
    fn past(&self, at: u64) -> Past {
        let mut past = Past::new();
        if at < self.dropped {
            return past;
        }
        for event in self.history.iter().rev().take_while(|it| it.revision > at) {
            let object = event.object.value();
            let key = (
                fields::namespace(&object).to_owned(),
                fields::name(&object).to_owned(),
            );
            past.insert(key, event.previous.clone());
        }
        past
    }
}

/// Objects by namespace and name.
type Objects = BTreeMap<(String, String), Arc<Stored>>;

/// What was different at a revision: the objects that were there, and those that were not.
type Past = BTreeMap<(String, String), Option<Arc<Stored>>>;

fn list_past(
    objects: &Objects,
    past: &Past,
    start: &Bound<(String, String)>,
    range: &Range<'_>,
    listing: &mut Listing,
) {
    let bounds = || (start.as_ref(), Bound::Unbounded);
    let now = objects
        .range(bounds())
        .map(|(key, object)| (key, Some(object)));
    let then = past
        .range(bounds())
        .map(|(key, object)| (key, object.as_ref()));
    // What follows replaces what was collected before.
    let merged: BTreeMap<_, _> = now.chain(then).collect();
    let mut there = merged
        .into_iter()
        .take_while(|((namespace, _), _)| range.namespace.is_none_or(|it| it == namespace))
        .filter_map(|(_, object)| object.cloned());
    let limit = range.limit.unwrap_or(usize::MAX);
    listing.items.extend(there.by_ref().take(limit));
    listing.remaining = there.count();
}
