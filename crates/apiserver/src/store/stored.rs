//! An object as the store keeps it: as text, and as a value while someone needs it.
//!
//! A value takes ten times the memory of its text, and most objects of a large cluster are looked at
//! rarely. Those that were written or read by name last are kept as values as well ([`Warm`]).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use serde_json::Value;

use super::stamp;

/// How many objects are kept as values.
const WARM: usize = 2048;

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
    value: Mutex<Weak<Value>>,
    warm: Arc<Warm>,
}

/// The objects that are kept as values.
#[derive(Debug, Default)]
pub(super) struct Warm(Mutex<VecDeque<Arc<Value>>>);

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
        if let Some(value) = kept.upgrade() {
            return value;
        }
        let value = Arc::new(self.frozen.thaw());
        *kept = Arc::downgrade(&value);
        value
    }

    /// Returns the object, which stays a value for a while.
    pub(super) fn warm_value(&self) -> Arc<Value> {
        let value = self.value();
        // It is there already, more often than not.
        if Arc::strong_count(&value) == 1 {
            self.warm.keep(&value);
        }
        value
    }

    /// Takes the value that the text is of.
    pub(super) fn with_value(self, value: Value) -> (Self, Arc<Value>) {
        let value = Arc::new(value);
        *self.kept() = Arc::downgrade(&value);
        self.warm.keep(&value);
        (self, value)
    }

    fn kept(&self) -> MutexGuard<'_, Weak<Value>> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Warm {
    fn keep(&self, value: &Arc<Value>) {
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        values.push_back(Arc::clone(value));
        let oldest = (values.len() > WARM).then(|| values.pop_front());
        // A large value takes its time to go, and others wait.
        drop(values);
        drop(oldest);
    }
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
        let all: Vec<Stored> = (0..=WARM)
            .map(|_| Stored::new(Frozen::of(&json!({"metadata": {}})), &warm))
            .collect();
        for stored in &all {
            stored.warm_value();
        }
        let kept = |stored: &Stored| stored.kept().upgrade().is_some();
        assert_eq!(
            (kept(&all[0]), kept(&all[1]), kept(&all[WARM])),
            (false, true, true)
        );
    }

    #[test]
    fn what_is_no_json_is_not_taken() {
        assert!(Frozen::new(1, b"{\"metadata\"").is_none());
    }
}
