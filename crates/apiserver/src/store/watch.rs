//! Watches: cursors over the history, woken when there is more. No queue grows for a slow reader; one
//! that falls too far behind is told so.

use std::sync::Arc;

use super::state::{Collection, State};
use super::{Store, Stored};
use crate::resource::GroupResource;

/// What happened to an object.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// The version of the write.
    pub(crate) revision: u64,
    /// The object's type.
    pub(crate) resource: GroupResource,
    /// What happened.
    pub(crate) change: Change,
    /// The object as it is now, or as it was last when it was deleted.
    pub(crate) object: Arc<Stored>,
    /// The object as it was before; `None` when it was added.
    pub(crate) previous: Option<Arc<Stored>>,
}

/// The kinds of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The object is new.
    Added,
    /// The object has changed.
    Modified,
    /// The object is gone.
    Deleted,
}

/// What a watch sees.
#[derive(Clone, Debug)]
pub(crate) enum Scope {
    /// The objects of one type.
    Type(GroupResource),
    /// All objects.
    All,
}

/// The history no longer reaches back that far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too old resource version: {since} ({oldest})")]
pub(crate) struct Expired {
    /// The version that was asked for.
    pub(crate) since: u64,
    /// The oldest version from which a watch is possible.
    pub(crate) oldest: u64,
}

/// A cursor over the events of a [`Store`].
pub(crate) struct Watch {
    store: Arc<Store>,
    scope: Scope,
    since: u64,
    changed: tokio::sync::watch::Receiver<u64>,
}

impl Watch {
    pub(super) fn new(
        store: Arc<Store>,
        scope: Scope,
        since: Option<u64>,
    ) -> Result<Self, Expired> {
        let mut state = store.write();
        let since = since.unwrap_or(state.revision);
        let changed = match &scope {
            Scope::Type(resource) => state.collection(resource).changed.subscribe(),
            Scope::All => state.changed.subscribe(),
        };
        state.check_reach(&scope, since)?;
        drop(state);
        Ok(Self {
            store,
            scope,
            since,
            changed,
        })
    }

    /// Returns what happened since the last call, in order; it may be nothing. At most 512 events, so
    /// that a long history comes in portions.
    pub(crate) fn take(&mut self) -> Result<Vec<Event>, Expired> {
        let state = self.store.read();
        state.check_reach(&self.scope, self.since)?;
        let events = state.events(&self.scope, self.since, 512);
        self.since = match events.last() {
            Some(event) if events.len() == 512 => event.revision,
            _ => state.revision,
        };
        Ok(events)
    }

    /// Waits until [`Watch::take`] has something to return. It may wake without need.
    pub(crate) async fn changed(&mut self) {
        let since = self.since;
        // An error means that the store is gone, which cannot be while we hold it.
        let _ = self.changed.wait_for(|revision| *revision > since).await;
    }

    /// Returns the version up to which the watch has seen everything.
    pub(crate) fn position(&self) -> u64 {
        self.since
    }
}

impl State {
    fn check_reach(&self, scope: &Scope, since: u64) -> Result<(), Expired> {
        let oldest = match scope {
            Scope::Type(resource) => self.types.get(resource).map(|it| it.dropped),
            Scope::All => self.types.values().map(|it| it.dropped).max(),
        };
        let oldest = oldest.unwrap_or(self.origin);
        if since < oldest {
            return Err(Expired { since, oldest });
        }
        Ok(())
    }

    fn events(&self, scope: &Scope, since: u64, limit: usize) -> Vec<Event> {
        let mut events = Vec::new();
        let mut take = |collection: &Collection| {
            let history = &collection.history;
            let start = history.partition_point(|event| event.revision <= since);
            events.extend(history.range(start..).take(limit).cloned());
        };
        match scope {
            Scope::Type(resource) => self.types.get(resource).into_iter().for_each(&mut take),
            Scope::All => self.types.values().for_each(&mut take),
        }
        events.sort_by_key(|event| event.revision);
        events.truncate(limit);
        events
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::{HISTORY, Key};

    fn key(resource: &str) -> Key {
        Key {
            resource: GroupResource::new("", resource),
            namespace: String::new(),
            name: "a".to_owned(),
        }
    }

    #[test]
    fn a_watch_sees_each_change_of_its_type_once() {
        let store = Arc::new(Store::new());
        let scope = Scope::Type(GroupResource::new("", "nodes"));
        let mut watch = store.watch(scope, None).unwrap();
        let node = store
            .create(&key("nodes"), json!({"metadata": {}}))
            .unwrap();
        store
            .create(&key("others"), json!({"metadata": {}}))
            .unwrap();
        store
            .delete(&key("nodes"), super::super::version(&node))
            .unwrap();
        let changes: Vec<Change> = watch.take().unwrap().iter().map(|it| it.change).collect();
        assert_eq!(changes, [Change::Added, Change::Deleted]);
        assert!(watch.take().unwrap().is_empty());
    }

    #[test]
    fn a_watch_that_falls_behind_the_history_is_told_so() {
        let store = Arc::new(Store::new());
        let mut watch = store.watch(Scope::All, None).unwrap();
        let mut node = store
            .create(&key("nodes"), json!({"metadata": {}}))
            .unwrap();
        for _ in 0..=HISTORY {
            let version = super::super::version(&node);
            node = store
                .update(&key("nodes"), version, json!({"metadata": {}}))
                .unwrap();
        }
        assert!(watch.take().is_err());
    }
}
