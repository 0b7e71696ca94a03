//! Lets nothing be written by a process whose turn may be over.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// Open for a while after each renewal, by two clocks: the one stands still while a machine sleeps, the other can be
/// set. The earlier one counts.
#[derive(Debug, Default)]
pub(crate) struct Fence {
    /// How long it stays open; `None` means that there is no fence.
    limit: Option<Duration>,
    renewed: Mutex<Option<(Instant, SystemTime)>>,
}

impl Fence {
    /// Returns a fence that is closed.
    pub(crate) fn new(limit: Duration) -> Arc<Self> {
        Arc::new(Self {
            limit: Some(limit),
            renewed: Mutex::default(),
        })
    }

    /// Opens it for its time from `begun`, which is when the renewal was sent.
    pub(crate) fn open(&self, begun: Instant) {
        *self.lock() = SystemTime::now()
            .checked_sub(begun.elapsed())
            .map(|wall| (begun, wall));
    }

    /// Closes it.
    pub(crate) fn close(&self) {
        *self.lock() = None;
    }

    /// Returns whether writes may pass.
    pub(crate) fn is_open(&self) -> bool {
        let Some(limit) = self.limit else {
            return true;
        };
        self.lock().is_some_and(|(instant, wall)| {
            // A clock that was set back says nothing.
            let by_wall = wall.elapsed().unwrap_or_default();
            instant.elapsed().max(by_wall) < limit
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(Instant, SystemTime)>> {
        self.renewed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_open_for_a_while_after_a_renewal_and_closed_before_and_after() {
        let limit = Duration::from_mins(1);
        let fence = Fence::new(limit);
        assert!(!fence.is_open());
        fence.open(Instant::now());
        assert!(fence.is_open());
        fence.open(Instant::now().checked_sub(limit).unwrap());
        assert!(!fence.is_open());
    }

    #[test]
    fn without_a_lease_there_is_no_fence() {
        let fence = Fence::default();
        fence.close();
        assert!(fence.is_open());
    }
}
