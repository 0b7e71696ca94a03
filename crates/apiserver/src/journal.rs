//! The objects on disk: a snapshot and the writes since, each record with checksums.
//!
//! `snapshot-REVISION` holds all objects at a revision, `log-REVISION` the writes after it. A write is
//! answered after it is in the log, so that a process that is killed loses nothing that it has answered.
//! Power loss may cost the last writes: the log is flushed to the medium at snapshots and at the end only.
//! A record that was cut off at the end of the log is dropped, with a notice; any other damage is an error.
//!
//! Secrets are sealed ([`Sealer`]): their plaintext is never written to disk.

#[cfg(test)]
mod laws;
mod reading;
mod record;
mod seal;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use crate::store::{Frozen, Key};
use reading::Reading;
pub(crate) use record::Record;
pub(crate) use seal::Sealer;

/// A log of at least this many bytes, and twice those of the snapshot, is replaced by a snapshot.
const COMPACT_FROM: u64 = 8 << 20;

/// A journal that is open for writing.
pub(crate) struct Journal {
    directory: PathBuf,
    log: File,
    length: u64,
    snapshot_length: u64,
    /// A failed write could not be taken back: the end of the log is unknown.
    broken: bool,
    sealer: Arc<Sealer>,
    compaction: Option<JoinHandle<()>>,
}

/// What was on disk.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// The version of the last write.
    pub(crate) revision: u64,
    /// The objects.
    pub(crate) objects: std::collections::BTreeMap<Key, Frozen>,
    /// What people should know.
    pub(crate) notices: Vec<String>,
}

/// Why a journal cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JournalError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file is damaged.
    #[error("{}: {what} at byte {offset}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        offset: usize,
        /// What is wrong.
        what: &'static str,
    },
}

impl Journal {
    /// Opens the journal in a directory and returns what it holds.
    pub(crate) fn open(
        directory: &Path,
        sealer: Arc<Sealer>,
    ) -> Result<(Self, Loaded), JournalError> {
        let mut reading = Reading::new();
        let mut snapshot_length = 0;
        if let Some((_, path)) = files(directory, "snapshot-")?.pop() {
            snapshot_length = reading.snapshot(&path)?;
        }
        let begin = reading.revision;
        let mut logs = files(directory, "log-")?;
        logs.retain(|(revision, _)| *revision >= begin);
        let last = logs.len().saturating_sub(1);
        for (index, (_, path)) in logs.iter().enumerate() {
            reading.log(path, index == last)?;
        }
        let path = match logs.pop() {
            Some((_, path)) => path,
            None => directory.join(file_name("log-", reading.revision)),
        };
        let loaded = reading.finish(&sealer)?;
        let (log, length) = open_log(&path).map_err(|source| JournalError::Io { path, source })?;
        let journal = Self {
            directory: directory.to_owned(),
            log,
            length,
            snapshot_length,
            broken: false,
            sealer,
            compaction: None,
        };
        Ok((journal, loaded))
    }

    /// Appends a record. When that fails, the log is as it was.
    pub(crate) fn append(&mut self, record: &Record, revision: u64) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other(
                "an earlier write failed; restart the server",
            ));
        }
        let bytes = record.bytes(revision);
        match self.log.write_all(&bytes) {
            Ok(()) => {
                self.length += bytes.len() as u64;
                Ok(())
            }
            Err(error) => {
                self.broken = self.log.set_len(self.length).is_err();
                Err(error)
            }
        }
    }

    /// Whether it is time for [`Journal::compact`].
    pub(crate) fn is_long(&self) -> bool {
        let running = self.compaction.as_ref().is_some_and(|it| !it.is_finished());
        self.length >= COMPACT_FROM.max(2 * self.snapshot_length) && !running
    }

    /// Begins a new log after `revision` and writes the objects at that revision to a snapshot, on a
    /// thread of its own.
    pub(crate) fn compact(&mut self, revision: u64, objects: Vec<(Key, Frozen)>) -> io::Result<()> {
        let (log, length) = open_log(&self.directory.join(file_name("log-", revision)))?;
        self.snapshot_length = self.length;
        (self.log, self.length) = (log, length);
        let (directory, sealer) = (self.directory.clone(), Arc::clone(&self.sealer));
        self.compaction = Some(std::thread::spawn(move || {
            // When it fails, the logs that it would have replaced stay and are read at the next start.
            let _ = write_snapshot(&directory, revision, &objects, &sealer)
                .and_then(|()| remove_before(&directory, revision));
        }));
        Ok(())
    }

    /// Ends a running compaction and flushes the log to the medium.
    pub(crate) fn close(&mut self) {
        if let Some(compaction) = self.compaction.take() {
            let _ = compaction.join();
        }
        // What is written survives the end of the process; this is for power loss only.
        let _ = self.log.sync_all();
    }

    /// Returns what seals Secrets.
    pub(crate) fn sealer(&self) -> Arc<Sealer> {
        Arc::clone(&self.sealer)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.close();
    }
}

fn file_name(prefix: &str, revision: u64) -> String {
    format!("{prefix}{revision:020}")
}

/// Returns the files of a prefix with the revisions in their names, in order.
fn files(directory: &Path, prefix: &str) -> Result<Vec<(u64, PathBuf)>, JournalError> {
    let failed = |source| JournalError::Io {
        path: directory.to_owned(),
        source,
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let revision = name.strip_prefix(prefix).and_then(|it| it.parse().ok());
        files.extend(revision.map(|revision| (revision, path.clone())));
    }
    files.sort();
    Ok(files)
}

fn open_log(path: &Path) -> io::Result<(File, u64)> {
    let mut options = File::options();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let file = options.open(path)?;
    let length = file.metadata()?.len();
    Ok((file, length))
}

/// Writes a snapshot under another name, and gives it its own when it is whole.
fn write_snapshot(
    directory: &Path,
    revision: u64,
    objects: &[(Key, Frozen)],
    sealer: &Sealer,
) -> io::Result<()> {
    let beside = directory.join("snapshot.unfinished");
    let _ = fs::remove_file(&beside);
    let (file, _) = open_log(&beside)?;
    let mut writer = io::BufWriter::new(file);
    for (key, object) in objects {
        let record = Record::put(key, object.text(), sealer);
        writer.write_all(&record.bytes(object.version()))?;
    }
    writer.write_all(&Record::end().bytes(revision))?;
    let file = writer
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    fs::rename(&beside, directory.join(file_name("snapshot-", revision)))?;
    File::open(directory)?.sync_all()
}

fn remove_before(directory: &Path, revision: u64) -> io::Result<()> {
    for prefix in ["log-", "snapshot-"] {
        for (found, path) in files(directory, prefix).map_err(io::Error::other)? {
            if found < revision {
                fs::remove_file(path)?;
            }
        }
    }
    Ok(())
}
