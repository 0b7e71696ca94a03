//! Secrets on disk: encrypted, so that neither a backup of the log nor a search of the disk shows them. The
//! key lies beside it in a file of its own: who can read the whole directory can read the Secrets.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};

use crate::identity;

/// Length of the random number that every sealed text begins with.
const NONCE: usize = 12;

/// Seals and opens.
pub(crate) struct Sealer(Aes256Gcm);

impl Sealer {
    /// Returns what seals with a key.
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self(Aes256Gcm::new(&key.into()))
    }

    /// Returns the sealed text; it opens under the same name only.
    pub(super) fn seal(&self, text: &[u8], name: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE] = identity::random();
        let payload = Payload {
            msg: text,
            aad: name,
        };
        let sealed = self.0.encrypt(&Nonce::from(nonce), payload);
        let sealed = sealed.expect("a text below 64 GiB can always be sealed");
        [&nonce[..], &sealed].concat()
    }

    /// Returns the text; `None` when it was sealed with another key or under another name, or was changed.
    pub(super) fn open(&self, sealed: &[u8], name: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_first_chunk::<NONCE>()?;
        let payload = Payload {
            msg: text,
            aad: name,
        };
        self.0.decrypt(&Nonce::from(*nonce), payload).ok()
    }
}
