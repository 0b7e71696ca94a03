//! The files of a directory on this disk.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata};
use std::fmt::Display;
use windlass_tree::{EntryKind, MAX_FILE_SIZE, Tree, TreeError, TreePath};

/// The files of a directory, read through a handle that cannot leave it.
///
/// A file is read once: the same path has the same bytes for as long as the tree lives, whatever
/// happens on the disk.
pub struct DirectoryTree {
    root: Dir,
    files: Mutex<HashMap<TreePath, Arc<[u8]>>>,
}

impl DirectoryTree {
    /// Opens the directory at `path`.
    pub fn open(path: &Path) -> io::Result<Self> {
        let root = Dir::open_ambient_dir(path, ambient_authority())?;
        Ok(Self {
            root,
            files: Mutex::new(HashMap::new()),
        })
    }

    fn metadata(&self, path: &TreePath) -> Result<Option<Metadata>, TreeError> {
        match self.root.metadata(on_disk(path)) {
            Ok(metadata) => Ok(Some(metadata)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(self.failure(path, &error)),
        }
    }

    fn read_file(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        let Some(metadata) = self.metadata(path)? else {
            return Err(TreeError::NotFound { path: path.clone() });
        };
        if metadata.is_dir() {
            return Err(TreeError::IsDirectory { path: path.clone() });
        }
        if !metadata.is_file() {
            // Reading a pipe or a device could block for ever.
            return Err(unreadable(path, "it is neither a file nor a directory"));
        }
        if metadata.len() > MAX_FILE_SIZE {
            return Err(TreeError::TooLarge {
                path: path.clone(),
                size: metadata.len(),
            });
        }
        let bytes = self
            .root
            .read(on_disk(path))
            .map_err(|error| self.failure(path, &error))?;
        Ok(bytes.into())
    }

    /// Tells a link that leads out of the directory from other failures.
    fn failure(&self, path: &TreePath, error: &io::Error) -> TreeError {
        let target = self.root.read_link_contents(on_disk(path)).ok();
        // The sandbox answers EPERM or EXDEV, the file system EACCES.
        let left = matches!(error.raw_os_error(), None | Some(1 | 18));
        match target {
            Some(target) if left => TreeError::Escape {
                path: path.clone(),
                target: target.display().to_string(),
            },
            _ => unreadable(path, error),
        }
    }
}

impl Tree for DirectoryTree {
    fn kind(&self, path: &TreePath) -> Result<Option<EntryKind>, TreeError> {
        let metadata = self.metadata(path)?;
        Ok(metadata.and_then(|metadata| kind_of(&metadata)))
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = files.get(path) {
            return Ok(Arc::clone(bytes));
        }
        let bytes = self.read_file(path)?;
        files.insert(path.clone(), Arc::clone(&bytes));
        Ok(bytes)
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, EntryKind)>, TreeError> {
        match self.kind(path)? {
            Some(EntryKind::Directory) => {}
            Some(EntryKind::File) => return Err(TreeError::NotDirectory { path: path.clone() }),
            Some(EntryKind::Dangling) | None => {
                return Err(TreeError::NotFound { path: path.clone() });
            }
        }
        let failure = |error: io::Error| self.failure(path, &error);
        let mut entries = Vec::new();
        for entry in self.root.read_dir(on_disk(path)).map_err(failure)? {
            let entry = entry.map_err(failure)?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let is_link = entry.file_type().map_err(failure)?.is_symlink();
            let child = path.join(&name).map_err(|error| unreadable(path, error))?;
            let dangling = is_link.then_some(EntryKind::Dangling);
            entries.extend(self.kind(&child)?.or(dangling).map(|kind| (name, kind)));
        }
        entries.sort();
        Ok(entries)
    }
}

fn on_disk(path: &TreePath) -> &str {
    if path.is_root() { "." } else { path.as_str() }
}

fn kind_of(metadata: &Metadata) -> Option<EntryKind> {
    if metadata.is_dir() {
        Some(EntryKind::Directory)
    } else if metadata.is_file() {
        Some(EntryKind::File)
    } else {
        None
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn unreadable(path: &TreePath, reason: impl Display) -> TreeError {
    TreeError::Unreadable {
        path: path.clone(),
        reason: reason.to_string(),
    }
}
