//! Ciphertexts that an edit keeps.

use std::collections::{HashMap, VecDeque};

use sha2::{Digest, Sha256};

use crate::DataKey;
use crate::cipher::Opened;

/// The ciphertexts of a document that was opened, so that what an edit does not change stays as it is.
///
/// They are found by place, type and plaintext; equal elements of one list keep a ciphertext each (sops
/// gives them one and the same, which shows that they are equal).
#[derive(Clone, Default)]
pub(super) struct Stash {
    /// Keyed by the data key, so that what is left in memory says nothing of a value.
    seed: Sha256,
    ciphertexts: HashMap<[u8; 32], VecDeque<String>>,
}

impl Stash {
    pub(super) fn new(key: &DataKey) -> Self {
        Self {
            seed: Sha256::new_with_prefix(key.secret().expose()),
            ciphertexts: HashMap::new(),
        }
    }

    pub(super) fn keep(&mut self, place: &str, opened: &Opened, ciphertext: &str) {
        let key = self.key(place, opened);
        let kept = self.ciphertexts.entry(key).or_default();
        kept.push_back(ciphertext.to_owned());
    }

    /// Returns the ciphertext that the value had at its place. Each is returned once.
    pub(super) fn take(&mut self, place: &str, value: &Opened) -> Option<String> {
        let key = self.key(place, value);
        self.ciphertexts.get_mut(&key)?.pop_front()
    }

    fn key(&self, place: &str, value: &Opened) -> [u8; 32] {
        let mut hash = self.seed.clone();
        hash.update(place.len().to_le_bytes());
        hash.update(place);
        hash.update(value.type_name());
        value.with_bytes(|bytes| hash.update(bytes));
        hash.finalize().into()
    }
}
