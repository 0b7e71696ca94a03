//! How the secrets of a source are opened.

mod pattern;

use std::fmt;

use windlass_sops::{DataKey, DecryptError, Document, KeyService, MacCheck, NoKey, RevealError};
use windlass_tree::TreePath;

pub use pattern::{PathPattern, PathPatternError};

/// The keys that open the secrets of a source, and which files may fail their MAC.
#[derive(Clone, Copy)]
pub struct Decryption<'k> {
    keys: &'k dyn DataKeys,
    unverified: &'k [PathPattern],
}

/// Has the data keys of documents.
///
/// Every [`KeyService`] does, and is asked for one after the other. Whoever has to ask over a network can ask
/// for all at once.
pub trait DataKeys: Sync {
    /// Returns the data key of each document, or why there is none, in their order.
    fn data_keys(&self, documents: &[&Document]) -> Vec<Result<DataKey, NoKey>>;
}

impl<S: KeyService + Sync + ?Sized> DataKeys for S {
    fn data_keys(&self, documents: &[&Document]) -> Vec<Result<DataKey, NoKey>> {
        let documents = documents.iter();
        documents.map(|document| document.data_key(self)).collect()
    }
}

impl<'k> Decryption<'k> {
    /// Opens what `keys` open, and verifies the MAC of every document.
    pub fn new(keys: &'k dyn DataKeys) -> Self {
        let unverified = &[];
        Self { keys, unverified }
    }

    /// Opens the documents of these files also when they do not match their MAC, with a warning. Values may
    /// then have been reordered, removed, or replaced by older ones, and those in clear may be anything.
    #[must_use]
    pub fn ignoring_mac_of(self, unverified: &'k [PathPattern]) -> Self {
        Self { unverified, ..self }
    }

    /// Returns which files may fail their MAC.
    pub(crate) fn unverified(&self) -> &'k [PathPattern] {
        self.unverified
    }

    /// Returns the data keys of documents, in their order.
    pub(crate) fn data_keys(&self, documents: &[&Document]) -> Vec<Result<DataKey, NoKey>> {
        if documents.is_empty() {
            return Vec::new();
        }
        let keys = self.keys.data_keys(documents);
        assert_eq!(keys.len(), documents.len(), "each document has an answer");
        keys
    }

    /// Returns the data key of a document.
    pub(crate) fn data_key(&self, document: &Document) -> Result<DataKey, NoKey> {
        let mut keys = self.data_keys(&[document]);
        keys.pop().expect("one document has one answer")
    }

    /// Opens a document of the file at `path`; also returns whether its MAC was wrong.
    pub(crate) fn open<T, E: MacFailure>(
        &self,
        path: &TreePath,
        open: impl Fn(MacCheck) -> Result<T, E>,
    ) -> Result<(T, bool), E> {
        match open(MacCheck::Verify) {
            Err(error) if error.is_of_mac() && self.may_fail(path) => {
                Ok((open(MacCheck::Ignore)?, true))
            }
            opened => Ok((opened?, false)),
        }
    }

    fn may_fail(&self, path: &TreePath) -> bool {
        self.unverified.iter().any(|pattern| pattern.matches(path))
    }
}

/// An error that may be one of the MAC only.
pub(crate) trait MacFailure {
    fn is_of_mac(&self) -> bool;
}

impl MacFailure for DecryptError {
    fn is_of_mac(&self) -> bool {
        matches!(
            self,
            Self::MissingMac | Self::Mac { .. } | Self::MacMismatch
        )
    }
}

impl MacFailure for RevealError {
    fn is_of_mac(&self) -> bool {
        matches!(self, Self::Decrypt(error) if error.is_of_mac())
    }
}

impl fmt::Debug for Decryption<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Decryption")
            .field("unverified", &self.unverified)
            .finish_non_exhaustive()
    }
}
