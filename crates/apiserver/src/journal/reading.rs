//! Reading what is on disk: the snapshot, then the logs. Objects are parsed at the end, when it is known
//! which records still count.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use super::record::{Body, Broken, Entry, read};
use super::{JournalError, Loaded, Sealer};
use crate::store::Key;

/// What was read so far.
pub(super) struct Reading {
    /// The version of the last write.
    pub(super) revision: u64,
    found: BTreeMap<Key, Found>,
    notices: Vec<String>,
}

/// The last record of an object, and where it stands.
struct Found {
    body: Body,
    path: Arc<Path>,
    offset: usize,
}

impl Reading {
    /// Returns a reading of nothing: before the first write.
    pub(super) fn new() -> Self {
        Self {
            revision: 1,
            found: BTreeMap::new(),
            notices: Vec::new(),
        }
    }

    /// Reads a snapshot, which must be whole, and returns its length.
    pub(super) fn snapshot(&mut self, path: &Path) -> Result<u64, JournalError> {
        let bytes = read_file(path)?;
        let path: Arc<Path> = path.into();
        let mut offset = 0;
        loop {
            let (revision, entry, length) = read(&bytes[offset..])
                .map_err(|broken| damaged(&path, offset, broken.what()))?
                .ok_or_else(|| damaged(&path, offset, "the snapshot ends too early"))?;
            if matches!(entry, Entry::End) {
                self.revision = revision;
                return Ok(bytes.len() as u64);
            }
            self.take(entry, &path, offset);
            offset += length;
        }
    }

    /// Reads a log. What is cut off at the end of the last one is dropped.
    pub(super) fn log(&mut self, path: &Path, is_last: bool) -> Result<(), JournalError> {
        let bytes = read_file(path)?;
        let path: Arc<Path> = path.into();
        let mut offset = 0;
        loop {
            match read(&bytes[offset..]) {
                Ok(None) => return Ok(()),
                Ok(Some((revision, _, _))) if revision > self.revision + 1 => {
                    return Err(damaged(
                        &path,
                        offset,
                        "the writes before this one are missing",
                    ));
                }
                Ok(Some((revision, entry, length))) => {
                    if revision > self.revision {
                        self.revision = revision;
                        self.take(entry, &path, offset);
                    }
                    offset += length;
                }
                Err(Broken::Torn) if is_last => return self.cut_off(&path, offset, bytes.len()),
                Err(broken) => return Err(damaged(&path, offset, broken.what())),
            }
        }
    }

    /// Returns the objects of the records that count.
    pub(super) fn finish(self, sealer: &Sealer) -> Result<Loaded, JournalError> {
        let mut loaded = Loaded {
            revision: self.revision,
            notices: self.notices,
            ..Loaded::default()
        };
        for (key, found) in self.found {
            let object = found.body.read(&key, sealer);
            let object =
                object.map_err(|broken| damaged(&found.path, found.offset, broken.what()))?;
            loaded.objects.insert(key, object);
        }
        Ok(loaded)
    }

    fn take(&mut self, entry: Entry, path: &Arc<Path>, offset: usize) {
        match entry {
            Entry::Put(key, body) => {
                let path = Arc::clone(path);
                self.found.insert(key, Found { body, path, offset });
            }
            Entry::Delete(key) => {
                self.found.remove(&key);
            }
            Entry::End => {}
        }
    }

    /// Cuts off a record that was not written to its end.
    fn cut_off(&mut self, path: &Path, offset: usize, length: usize) -> Result<(), JournalError> {
        let file = File::options().write(true).open(path);
        let cut = file.and_then(|file| file.set_len(offset as u64));
        cut.map_err(|source| JournalError::Io {
            path: path.to_owned(),
            source,
        })?;
        self.notices.push(format!(
            "{}: dropped {} bytes of a write that was not finished when the server ended",
            path.display(),
            length - offset
        ));
        Ok(())
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, JournalError> {
    fs::read(path).map_err(|source| JournalError::Io {
        path: path.to_owned(),
        source,
    })
}

fn damaged(path: &Path, offset: usize, what: &'static str) -> JournalError {
    JournalError::Damaged {
        path: path.to_owned(),
        offset,
        what,
    }
}
