//! The data key of a document: made, wrapped for keys, unwrapped by one of them.

mod no_key;
mod unwrapping;
mod wrapping;

use std::fmt;

use crate::cipher::KEY_LENGTH;
use crate::{KeyGroup, Random, SecretBytes, Timestamp};

pub use no_key::NoKey;
pub use unwrapping::{Unwrapping, Wanted};
pub use wrapping::{KeyGroupsError, NotWrapped, WrappedKeys, Wrapping};

/// The 32 bytes that encrypt the values of one document.
#[derive(Clone)]
pub struct DataKey(SecretBytes);

impl DataKey {
    /// Makes a new one.
    pub fn generate(random: &mut dyn Random) -> Self {
        let mut bytes = vec![0; KEY_LENGTH];
        random.fill(&mut bytes);
        Self(SecretBytes::new(bytes))
    }

    /// Takes bytes for a data key, or returns `None` when they are not 32.
    pub fn new(bytes: SecretBytes) -> Option<Self> {
        (bytes.expose().len() == KEY_LENGTH).then_some(Self(bytes))
    }

    /// Begins to wrap the key for `groups`: shares of it when there are several. `threshold` is how many of
    /// them are needed, 0 for all; `now` is when keys were added.
    pub fn wrapping(
        &self,
        groups: &[KeyGroup],
        threshold: usize,
        now: &Timestamp,
        random: &mut dyn Random,
    ) -> Result<Wrapping, KeyGroupsError> {
        Wrapping::new(self, groups, threshold, now, random)
    }

    /// Returns the bytes.
    pub fn secret(&self) -> &SecretBytes {
        &self.0
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DataKey([redacted])")
    }
}
