//! An object as the store keeps it: as text, and as a value while someone needs it.
//!
//! A value takes ten times the memory of its text, and most objects of a large cluster are looked at
//! rarely. Those that were written or read by name last are kept as values as well ([`Warm`]).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use serde_json::Value;

use super::stamp;

/// How many objects are kept as values.
const WARM: usize = 16_384;

/// How many values are kept though there is a newer version: those who follow events look at both.
const RECENT: usize = 1024;

/// The text of an object, and its version.
#[derive(Clone, Debug)]
pub(crate) struct Frozen {
    version: u64,
    /// JSON; what it says in `metadata.resourceVersion` does not count.
    text: Arc<[u8]>,
}

/// An object in the store.
#[derive(Debug)]
pub(crate) struct Stored {
    frozen: Frozen,
    value: Mutex<Kept>,
    warm: Arc<Warm>,
}

/// The value of an object, when there is one.
#[derive(Debug, Default)]
struct Kept {
    held: Option<Arc<Value>>,
    /// The same, or the one that someone else still has.
    known: Weak<Value>,
}

/// The objects that are kept as values.
#[derive(Debug, Default)]
pub(super) struct Warm {
    objects: Mutex<VecDeque<Weak<Stored>>>,
    recent: Mutex<VecDeque<Arc<Value>>>,
}

impl Frozen {
    /// Returns the object with this text in this version; `None` when that is not JSON.
    pub(crate) fn new(version: u64, text: &[u8]) -> Option<Self> {
        serde_json::from_slice::<serde::de::IgnoredAny>(text).ok()?;
        let text = text.into();
        Some(Self { version, text })
    }

    /// Returns the text of an object whose version is not known yet.
    pub(super) fn of(object: &Value) -> Self {
        let text = serde_json::to_vec(object).expect("JSON values always have a text");
        Self {
            version: 0,
            text: text.into(),
        }
    }

    /// Returns the same object in another version.
    pub(super) fn at(&self, version: u64) -> Self {
        let text = Arc::clone(&self.text);
        Self { version, text }
    }

    /// Returns the version.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// Returns the text. Its version may be another one.
    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Returns the object.
    pub(crate) fn thaw(&self) -> Value {
        let mut value = serde_json::from_slice(&self.text).expect("it was JSON when it was frozen");
        stamp(&mut value, self.version);
        value
    }
}

impl Stored {
    pub(super) fn new(frozen: Frozen, warm: &Arc<Warm>) -> Self {
        let warm = Arc::clone(warm);
        Self {
            frozen,
            value: Mutex::default(),
            warm,
        }
    }

    /// Returns the version.
    pub(crate) fn version(&self) -> u64 {
        self.frozen.version
    }

    pub(super) fn frozen(&self) -> &Frozen {
        &self.frozen
    }

    /// Returns the object: for those who look at many.
    pub(crate) fn value(&self) -> Arc<Value> {
        let mut kept = self.kept();
        if let Some(value) = kept.known.upgrade() {
            return value;
        }
        let value = Arc::new(self.frozen.thaw());
        kept.known = Arc::downgrade(&value);
        value
    }

    /// Returns the object, which stays a value for a while.
    pub(super) fn warm_value(self: &Arc<Self>) -> Arc<Value> {
        let value = self.value();
        self.keep(&value);
        value
    }

    /// Returns the object that has this text, with its value.
    pub(super) fn with_value(self, value: Value) -> (Arc<Self>, Arc<Value>) {
        let (stored, value) = (Arc::new(self), Arc::new(value));
        stored.kept().known = Arc::downgrade(&value);
        stored.keep(&value);
        (stored, value)
    }

    /// Lets go of the value.
    pub(super) fn cool(&self) {
        let value = self.kept().held.take();
        if let Some(value) = value {
            push(&self.warm.recent, value, RECENT);
        }
    }

    fn keep(self: &Arc<Self>, value: &Arc<Value>) {
        let mut kept = self.kept();
        if kept.held.is_none() {
            kept.held = Some(Arc::clone(value));
            drop(kept);
            let oldest = push(&self.warm.objects, Arc::downgrade(self), WARM);
            if let Some(oldest) = oldest.and_then(|it| it.upgrade()) {
                // Dropped when the lock on it is free again.
                let _value = oldest.kept().held.take();
            }
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds to a queue, and returns what is then too much.
fn push<T>(queue: &Mutex<VecDeque<T>>, item: T, limit: usize) -> Option<T> {
    let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    queue.push_back(item);
    (queue.len() > limit).then(|| queue.pop_front()).flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_that_nobody_holds_is_made_anew_from_the_text() {
        let object = json!({"metadata": {"name": "a", "resourceVersion": "3"}, "data": {"k": "v"}});
        let stored = Stored::new(Frozen::of(&object).at(7), &Arc::default());
        let expected =
            json!({"metadata": {"name": "a", "resourceVersion": "7"}, "data": {"k": "v"}});
        assert_eq!(*stored.value(), expected);
        assert_eq!(*stored.value(), expected);
    }

    #[test]
    fn only_so_many_values_are_kept() {
        let warm = Arc::new(Warm::default());
        let new = |_| Arc::new(Stored::new(Frozen::of(&json!({"metadata": {}})), &warm));
        let all: Vec<Arc<Stored>> = (0..=WARM).map(new).collect();
        for stored in &all {
            stored.warm_value();
        }
        let kept = |stored: &Stored| stored.kept().known.upgrade().is_some();
        assert_eq!(
            (kept(&all[0]), kept(&all[1]), kept(&all[WARM])),
            (false, true, true)
        );
    }

    #[test]
    fn old_versions_are_values_for_a_short_while_only() {
        let warm = Arc::new(Warm::default());
        let new = |_| Stored::new(Frozen::of(&json!({"metadata": {}})), &warm);
        let all: Vec<Arc<Stored>> = (0..=RECENT)
            .map(|index| new(index).with_value(json!({})).0)
            .collect();
        for stored in &all {
            stored.cool();
        }
        let kept = |stored: &Stored| stored.kept().known.upgrade().is_some();
        assert_eq!((kept(&all[0]), kept(&all[1])), (false, true));
    }

    #[test]
    fn what_is_no_json_is_not_taken() {
        assert!(Frozen::new(1, b"{\"metadata\"").is_none());
    }
}
