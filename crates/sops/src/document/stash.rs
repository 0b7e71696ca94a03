//! Ciphertexts that an edit keeps.

use std::collections::{HashMap, VecDeque};

use sha2::{Digest, Sha256};

use crate::DataKey;
use crate::cipher::Opened;
use crate::value::{Branch, Item, Value};

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
        // A new document has none, and need not hash its values a second time.
        if self.ciphertexts.is_empty() {
            return None;
        }
        let key = self.key(place, value);
        self.ciphertexts.get_mut(&key)?.pop_front()
    }

    /// Of equal values at one place keeps the last ciphertexts, as many as `documents` need: sops 3.11
    /// keeps the last.
    pub(super) fn drop_surplus(&mut self, documents: &[Branch]) {
        if self.ciphertexts.values().all(|kept| kept.len() < 2) {
            return;
        }
        let mut count = Count {
            stash: self,
            place: String::new(),
            needed: HashMap::new(),
        };
        for document in documents {
            count.branch(document);
        }
        let needed = count.needed;
        for (key, kept) in &mut self.ciphertexts {
            let surplus = kept.len() - kept.len().min(*needed.get(key).unwrap_or(&0));
            kept.drain(..surplus);
        }
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

/// Counts how often each value stands at its place.
struct Count<'s> {
    stash: &'s Stash,
    place: String,
    needed: HashMap<[u8; 32], usize>,
}

impl Count<'_> {
    fn branch(&mut self, branch: &[Item]) {
        for item in branch {
            match item {
                Item::Comment(text) => self.one(&Opened::Comment(text.clone())),
                Item::Pair(key, value) => {
                    let before = self.place.len();
                    self.place.push_str(key);
                    self.place.push(':');
                    self.value(value);
                    self.place.truncate(before);
                }
            }
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => {}
            Value::Branch(branch) => self.branch(branch),
            Value::List(values) => values.iter().for_each(|value| self.value(value)),
            Value::Scalar(scalar) => self.one(&Opened::Scalar(scalar.clone())),
            Value::Comment(text) => self.one(&Opened::Comment(text.clone())),
        }
    }

    fn one(&mut self, value: &Opened) {
        let place = if self.place.is_empty() {
            ":"
        } else {
            &self.place
        };
        let key = self.stash.key(place, value);
        *self.needed.entry(key).or_default() += 1;
    }
}
