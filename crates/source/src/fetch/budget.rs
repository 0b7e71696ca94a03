//! How much one fetcher may fetch, in all.

use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::FetchError;

/// How much a [`Fetcher`](crate::Fetcher) takes: at once, and in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest pack of a commit, in bytes: 256 MiB unless set.
    pub pack: u64,
    /// The largest list of references, in bytes: 64 MiB unless set.
    pub references: u64,
    /// How many repositories and files are asked for, those that are kept not counted: 200 unless set.
    pub fetches: usize,
    /// How many bytes all servers together may send: 1 GiB unless set.
    pub bytes: u64,
    /// How long everything may take from the first request on: 10 minutes unless set.
    pub time: Duration,
}

/// What is left of the limits.
pub(super) struct Budget {
    pub(super) limits: Limits,
    fetches: AtomicUsize,
    bytes: AtomicU64,
    end: OnceLock<Instant>,
}

/// When an answer has to be there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    at: Instant,
    /// The time that one answer has; `None` when everything has to be there sooner.
    limit: Option<Duration>,
}

/// Counts the bytes that a server sends.
pub(super) struct Counted<R> {
    inner: R,
    budget: Arc<Budget>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pack: 256 << 20,
            references: 64 << 20,
            fetches: 200,
            bytes: 1 << 30,
            time: Duration::from_mins(10),
        }
    }
}

impl Budget {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            fetches: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
            end: OnceLock::new(),
        }
    }

    /// Counts a repository or file, and returns when it has to be there.
    pub(super) fn begin(&self, timeout: Duration) -> Result<Deadline, FetchError> {
        if self.fetches.fetch_add(1, Ordering::Relaxed) >= self.limits.fetches {
            let limit = self.limits.fetches;
            return Err(FetchError::TooMany { limit });
        }
        self.confirm()?;
        let now = Instant::now();
        let end = *self.end.get_or_init(|| now + self.limits.time);
        if now >= end {
            return Err(self.late(None));
        }
        let is_sooner = timeout < end - now;
        Ok(Deadline {
            at: if is_sooner { now + timeout } else { end },
            limit: is_sooner.then_some(timeout),
        })
    }

    /// Returns an error when the bytes are used up.
    pub(super) fn confirm(&self) -> Result<(), FetchError> {
        if self.bytes.load(Ordering::Relaxed) > self.limits.bytes {
            let limit = self.limits.bytes;
            return Err(FetchError::TooMuch { limit });
        }
        Ok(())
    }

    /// Returns the error of an answer that was not there in time.
    pub(super) fn late(&self, limit: Option<Duration>) -> FetchError {
        match limit {
            Some(limit) => FetchError::Timeout { limit },
            None => FetchError::TooLong {
                limit: self.limits.time,
            },
        }
    }
}

impl Deadline {
    pub(super) fn remaining(self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    pub(super) fn limit(self) -> Option<Duration> {
        self.limit
    }
}

impl<R> Counted<R> {
    pub(super) fn new(inner: R, budget: Arc<Budget>) -> Self {
        Self { inner, budget }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.budget.bytes.fetch_add(count as u64, Ordering::Relaxed);
        self.budget.confirm().map_err(io::Error::other)?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(limits: Limits) -> Arc<Budget> {
        Arc::new(Budget::new(limits))
    }

    #[test]
    fn as_many_are_fetched_as_the_limit_and_no_more() {
        let budget = budget(Limits {
            fetches: 2,
            ..Limits::default()
        });
        let second = Duration::from_secs(1);
        let begun = [0, 1, 2].map(|_| budget.begin(second).is_ok());
        assert_eq!(begun, [true, true, false]);
    }

    #[test]
    fn all_answers_together_have_as_many_bytes_as_the_limit_and_no_more() {
        let budget = budget(Limits {
            bytes: 5,
            ..Limits::default()
        });
        let read = |bytes: &[u8]| {
            let mut text = String::new();
            Counted::new(bytes, Arc::clone(&budget)).read_to_string(&mut text)
        };
        assert_eq!(read(b"abc").unwrap(), 3);
        assert_eq!(read(b"de").unwrap(), 2);
        assert!(read(b"f").is_err());
        assert!(matches!(
            budget.begin(Duration::from_secs(1)),
            Err(FetchError::TooMuch { limit: 5 })
        ));
    }

    #[test]
    fn no_answer_has_longer_than_is_left_for_all() {
        let minute = Duration::from_mins(1);
        let budget = budget(Limits {
            time: minute,
            ..Limits::default()
        });
        let hour = budget.begin(Duration::from_hours(1)).unwrap();
        assert!(hour.remaining() <= minute && hour.limit().is_none());
        let second = budget.begin(Duration::from_secs(1)).unwrap();
        assert_eq!(second.limit(), Some(Duration::from_secs(1)));
    }

    #[test]
    fn nothing_is_fetched_when_the_time_is_over() {
        let budget = budget(Limits {
            time: Duration::ZERO,
            ..Limits::default()
        });
        assert!(matches!(
            budget.begin(Duration::from_secs(1)),
            Err(FetchError::TooLong { .. })
        ));
    }
}
