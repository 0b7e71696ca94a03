//! Pauses between two looks at an object that is waited for.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// The first pause and the longest one.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(500));

/// Pauses that grow, up to a deadline.
pub(crate) struct Pauses {
    deadline: Instant,
    next: Duration,
}

impl Pauses {
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            deadline: Instant::now() + limit,
            next: PAUSES.0,
        }
    }

    /// Pauses; returns `false` at once when the deadline has passed.
    pub(crate) async fn pause(&mut self) -> bool {
        if Instant::now() >= self.deadline {
            return false;
        }
        sleep(self.next).await;
        self.next = (self.next * 2).min(PAUSES.1);
        true
    }
}
