//! The state directory: its lock, its files.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::StartError;
use crate::identity;
use crate::journal::{Journal, JournalError, Sealer};
use crate::kubeconfig::write_private;
use crate::store::Store;

/// A state directory that this process has for itself.
pub(super) struct State {
    path: PathBuf,
    // The lock ends with the file.
    _lock: File,
}

impl State {
    /// Opens a state directory; creates it if need be.
    pub(super) fn open(path: &Path) -> Result<Self, StartError> {
        create_directory(path).map_err(|source| failed(path, source))?;
        let file = path.join("lock");
        let lock = File::options().create(true).append(true).open(&file);
        let lock = lock.map_err(|source| failed(&file, source))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(StartError::StateInUse {
                path: path.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(failed(&file, source)),
        }
    }

    /// Returns the directory.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the store as it was left, and what is to be told about it.
    pub(super) fn load(&self) -> Result<(Store, Vec<String>), StartError> {
        let sealer = Arc::new(Sealer::new(self.sealing_key()?));
        let (journal, mut loaded) = Journal::open(&self.path, sealer).map_err(unreadable)?;
        let notices = std::mem::take(&mut loaded.notices);
        Ok((Store::with_journal(journal, loaded), notices))
    }

    /// Returns the key that seals Secrets; a new one when there is none.
    fn sealing_key(&self) -> Result<[u8; 32], StartError> {
        let path = self.path.join("secrets.key");
        if let Some(text) = read_file(&path)? {
            let key = STANDARD.decode(text.trim()).ok();
            return key
                .and_then(|key| key.try_into().ok())
                .ok_or_else(|| StartError::Corrupt {
                    path,
                    what: "not a key of 32 bytes in Base64".to_owned(),
                });
        }
        let key: [u8; 32] = identity::random();
        write_file(&path, STANDARD.encode(key).as_bytes())?;
        Ok(key)
    }
}

fn unreadable(error: JournalError) -> StartError {
    match error {
        JournalError::Io { path, source } => StartError::State { path, source },
        JournalError::Damaged { path, offset, what } => StartError::Corrupt {
            path,
            what: format!("{what} at byte {offset}"),
        },
    }
}

fn create_directory(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(path)
}

fn failed(path: &Path, source: std::io::Error) -> StartError {
    StartError::State {
        path: path.to_owned(),
        source,
    }
}

/// Returns the text of a file; `None` when there is no such file.
pub(super) fn read_file(path: &Path) -> Result<Option<String>, StartError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(failed(path, source)),
    }
}

/// Writes a file that only its owner can read, at once and as a whole.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), StartError> {
    write_private(path, bytes).map_err(|source| failed(path, source))
}
