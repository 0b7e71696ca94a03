//! Asking once for each wrapped key.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};
use windlass_sops::{KeyFailure, KeyService, MasterKey, SecretBytes, WrappedKey};

/// A service that remembers what it unwrapped.
///
/// Every file has its own data key, so this is for files that are read again: the next revision, the
/// next render. Failures are not remembered. Data keys are wiped when they are forgotten.
#[derive(Debug)]
pub struct Cached<S> {
    service: S,
    limits: CacheLimits,
    kept: Mutex<HashMap<[u8; 32], Kept>>,
}

/// How much is remembered, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheLimits {
    /// How many data keys are remembered; the oldest is forgotten first. Default: 4096.
    pub keys: usize,
    /// How long one is used before the service is asked again: so long may a permission that was taken
    /// away still count. Default: 15 minutes.
    pub age: Duration,
}

#[derive(Debug)]
struct Kept {
    secret: SecretBytes,
    since: Instant,
}

impl Default for CacheLimits {
    fn default() -> Self {
        Self {
            keys: 4096,
            age: Duration::from_mins(15),
        }
    }
}

impl<S> Cached<S> {
    /// Makes a service that remembers what `service` unwraps.
    pub fn new(service: S, limits: CacheLimits) -> Self {
        Self {
            service,
            limits,
            kept: Mutex::default(),
        }
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn recall(&self, name: &[u8; 32]) -> Option<SecretBytes> {
        let mut kept = self.lock();
        kept.retain(|_, kept| kept.since.elapsed() < self.limits.age);
        kept.get(name).map(|kept| kept.secret.clone())
    }

    fn remember(&self, name: [u8; 32], secret: SecretBytes) {
        let mut kept = self.lock();
        if self.limits.keys == 0 {
            return;
        }
        while kept.len() >= self.limits.keys {
            let oldest = kept.iter().min_by_key(|(_, kept)| kept.since);
            let Some(oldest) = oldest.map(|(name, _)| *name) else {
                break;
            };
            kept.remove(&oldest);
        }
        let since = Instant::now();
        kept.insert(name, Kept { secret, since });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: KeyService> KeyService for Cached<S> {
    fn unwrap(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        let name = name(key);
        if let Some(secret) = self.recall(&name) {
            return Ok(secret);
        }
        let secret = self.service.unwrap(key)?;
        self.remember(name, secret.clone());
        Ok(secret)
    }

    fn wrap(&self, key: &MasterKey, secret: &SecretBytes) -> Result<String, KeyFailure> {
        self.service.wrap(key, secret)
    }

    fn resolved(&self, key: &MasterKey) -> Result<MasterKey, KeyFailure> {
        self.service.resolved(key)
    }
}

/// Returns what stands for a wrapped key: who is asked, as whom and with which context is a part of it.
fn name(key: &WrappedKey) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [
        key.key.key_type().name(),
        &key.key.to_string(),
        key.wrapped.trim(),
    ] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    struct Counting(Cell<u8>);

    impl KeyService for Counting {
        fn unwrap(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
            self.0.set(self.0.get() + 1);
            if key.wrapped == "damaged" {
                return Err(KeyFailure::Damaged);
            }
            Ok(SecretBytes::new(vec![self.0.get()]))
        }

        fn wrap(&self, _: &MasterKey, _: &SecretBytes) -> Result<String, KeyFailure> {
            Ok(String::new())
        }
    }

    fn cached(keys: usize, age: Duration) -> Cached<Counting> {
        Cached::new(Counting(Cell::new(0)), CacheLimits { keys, age })
    }

    fn ask(cached: &Cached<Counting>, recipient: &str, wrapped: &str) -> Option<u8> {
        let key = WrappedKey {
            key: MasterKey::Age {
                recipient: recipient.to_owned(),
            },
            wrapped: wrapped.to_owned(),
            created_at: None,
        };
        cached.unwrap(&key).ok().map(|secret| secret.expose()[0])
    }

    const HOUR: Duration = Duration::from_hours(1);

    #[test]
    fn the_same_wrapped_key_is_asked_for_once() {
        let cached = cached(8, HOUR);
        let answers = ["x", "y", "x", "y"].map(|wrapped| ask(&cached, "a", wrapped));
        assert_eq!(answers, [Some(1), Some(2), Some(1), Some(2)]);
        assert_eq!(ask(&cached, "b", "x"), Some(3));
        cached.clear();
        assert_eq!(ask(&cached, "a", "x"), Some(4));
    }

    #[test]
    fn the_oldest_is_forgotten_first() {
        let cached = cached(2, HOUR);
        let answers = ["x", "y", "z", "y", "x"].map(|wrapped| ask(&cached, "a", wrapped));
        assert_eq!(answers, [Some(1), Some(2), Some(3), Some(2), Some(4)]);
    }

    #[test]
    fn nothing_is_used_beyond_its_age() {
        let cached = cached(8, Duration::ZERO);
        assert_eq!(
            [ask(&cached, "a", "x"), ask(&cached, "a", "x")],
            [Some(1), Some(2)]
        );
    }

    #[test]
    fn a_failure_is_not_remembered() {
        let cached = cached(8, HOUR);
        assert_eq!(
            [ask(&cached, "a", "damaged"), ask(&cached, "a", "damaged")],
            [None, None]
        );
        assert_eq!(cached.service.0.get(), 2);
    }

    #[test]
    fn data_keys_are_not_printed() {
        let cached = cached(8, HOUR);
        ask(&cached, "a", "x");
        assert!(format!("{:?}", cached.kept).contains("[redacted]"));
    }
}
