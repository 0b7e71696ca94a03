//! How the secrets of a source are opened.

use std::fmt;

use windlass_sops::KeyService;

/// The keys that open the secrets of a source.
#[derive(Clone, Copy)]
pub struct Decryption<'k> {
    keys: &'k (dyn KeyService + Sync),
}

impl<'k> Decryption<'k> {
    /// Opens what `keys` open.
    #[must_use]
    pub fn new(keys: &'k (dyn KeyService + Sync)) -> Self {
        Self { keys }
    }

    pub(crate) fn keys(&self) -> &'k dyn KeyService {
        self.keys
    }
}

impl fmt::Debug for Decryption<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Decryption").finish_non_exhaustive()
    }
}
