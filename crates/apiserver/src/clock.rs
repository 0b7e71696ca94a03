//! What time it is, as a value that tests can choose.

/// A source of the time.
pub trait Clock: Send + Sync {
    /// Returns the present time.
    fn now(&self) -> jiff::Timestamp;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }
}

/// Returns a time as Kubernetes writes it: RFC 3339 in UTC, whole seconds.
pub(crate) fn rfc3339(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
