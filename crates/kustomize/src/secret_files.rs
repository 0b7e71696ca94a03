//! Files that a build takes for encrypted, where only Secrets come of them.

use std::sync::Arc;

use windlass_tree::{TreeError, TreePath};

/// Opens the files of secret generators, which may be encrypted.
///
/// A build shows it each file whose content becomes values of a Secret, and no other: what is opened here is
/// nowhere else in the result, unless a replacement or a variable of a kustomization takes it there.
pub trait SecretFiles: Send + Sync {
    /// Returns what the file holds in clear; `bytes` as they are when it is not encrypted.
    ///
    /// An error is a mistake at the line that names the file.
    fn open(
        &self,
        file: &TreePath,
        source: SecretSource<'_>,
        bytes: Arc<[u8]>,
    ) -> Result<Arc<[u8]>, TreeError>;
}

/// What a secret generator makes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretSource<'a> {
    /// The value of one key (`files`).
    File {
        /// The key.
        key: &'a str,
    },
    /// A value for each line (`envs`).
    Env,
}

/// Files as they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InClear;

impl SecretFiles for InClear {
    fn open(
        &self,
        _: &TreePath,
        _: SecretSource<'_>,
        bytes: Arc<[u8]>,
    ) -> Result<Arc<[u8]>, TreeError> {
        Ok(bytes)
    }
}
