//! The files of a directory on this disk.

use std::collections::HashMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata};
use std::fmt::Display;
use windlass_tree::{EntryKind, MAX_FILE_SIZE, Tree, TreeError, TreePath};

/// How many symbolic links are followed on the way to one file, as Linux does.
const MAX_LINKS: usize = 40;

/// The files of a directory, read through a handle that cannot leave it.
///
/// The same path has the same kind and the same bytes for as long as the tree lives, whatever happens on the
/// disk.
pub struct DirectoryTree {
    root: Dir,
    /// Where the directory is: links can be absolute.
    at: PathBuf,
    places: Mutex<HashMap<TreePath, Place>>,
    files: Mutex<HashMap<TreePath, Arc<[u8]>>>,
}

/// Where a path leads when all links are followed, and what is there.
#[derive(Clone)]
struct Place {
    real: TreePath,
    found: Found,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    Entry(EntryKind),
    /// A pipe, a socket or a device.
    Other,
    /// The system did not say; whoever needs it asks again, and says what is wrong.
    Unknown,
}

impl DirectoryTree {
    /// Opens the directory at `path`.
    pub fn open(path: &Path) -> io::Result<Self> {
        let root = Dir::open_ambient_dir(path, ambient_authority())?;
        Ok(Self {
            root,
            at: path.canonicalize()?,
            places: Mutex::default(),
            files: Mutex::default(),
        })
    }

    /// Returns what is at a path, asking the system once.
    fn found(&self, path: &TreePath) -> Result<Found, TreeError> {
        let Place { real, found } = self.follow(path, &mut 0)?;
        if found != Found::Unknown {
            return Ok(found);
        }
        match self.root.metadata(on_disk(&real)) {
            Ok(metadata) => Ok(found_in(&metadata)),
            Err(error) if is_absent(&error) => Ok(Found::Nothing),
            Err(error) => Err(self.failure(path, &error)),
        }
    }

    /// Follows the links on the way to a path. The handle would do so too, but not absolute ones, even when
    /// they lead into the directory.
    fn follow(&self, path: &TreePath, links: &mut usize) -> Result<Place, TreeError> {
        if let Some(known) = locked(&self.places).get(path) {
            return Ok(known.clone());
        }
        let place = self.look(path, links)?;
        if place.found != Found::Unknown {
            locked(&self.places).insert(path.clone(), place.clone());
        }
        Ok(place)
    }

    fn look(&self, path: &TreePath, links: &mut usize) -> Result<Place, TreeError> {
        let Some(parent) = path.parent() else {
            return Ok(Place {
                real: path.clone(),
                found: Found::Entry(EntryKind::Directory),
            });
        };
        let parent = self.follow(&parent, links)?.real;
        let real = join(&parent, path.file_name(), path)?;
        let found = match self.root.symlink_metadata(on_disk(&real)) {
            Ok(metadata) if metadata.is_symlink() => {
                *links += 1;
                if *links > MAX_LINKS {
                    return Err(unreadable(path, "too many symbolic links"));
                }
                let target = self.target(path, &parent, &real)?;
                return self.follow(&target, links);
            }
            Ok(metadata) => found_in(&metadata),
            Err(error) if is_absent(&error) => Found::Nothing,
            Err(_) => Found::Unknown,
        };
        Ok(Place { real, found })
    }

    /// Returns where a link leads.
    fn target(
        &self,
        path: &TreePath,
        parent: &TreePath,
        link: &TreePath,
    ) -> Result<TreePath, TreeError> {
        let target = self.root.read_link_contents(on_disk(link));
        let target = target.map_err(|error| unreadable(path, error))?;
        let escape = || TreeError::Escape {
            path: path.clone(),
            target: target.display().to_string(),
        };
        let (from, rest) = match target.strip_prefix(&self.at) {
            Ok(rest) => (&TreePath::root(), rest),
            Err(_) if target.is_absolute() => return Err(escape()),
            Err(_) => (parent, &*target),
        };
        let rest = rest.to_str().ok_or_else(escape)?;
        from.join(rest).map_err(|_| escape())
    }

    fn read_file(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        match self.found(path)? {
            Found::Entry(EntryKind::File) => {}
            Found::Entry(EntryKind::Directory) => {
                return Err(TreeError::IsDirectory { path: path.clone() });
            }
            // Reading a pipe or a device could block for ever.
            Found::Other | Found::Unknown => {
                return Err(unreadable(path, "it is neither a file nor a directory"));
            }
            Found::Entry(EntryKind::Dangling) | Found::Nothing => {
                return Err(TreeError::NotFound { path: path.clone() });
            }
        }
        let failure = |error: io::Error| self.failure(path, &error);
        let real = self.follow(path, &mut 0)?.real;
        let file = self.root.open(on_disk(&real)).map_err(failure)?;
        let size = file.metadata().map_err(failure)?.len().min(MAX_FILE_SIZE);
        // Room for one byte more, so that the end is met without growing.
        let mut bytes = Vec::with_capacity(size as usize + 1);
        // One byte more than the limit, since a file can grow while it is read.
        let mut file = file.take(MAX_FILE_SIZE + 1);
        file.read_to_end(&mut bytes).map_err(failure)?;
        let size = bytes.len() as u64;
        if size > MAX_FILE_SIZE {
            return Err(TreeError::TooLarge {
                path: path.clone(),
                size,
            });
        }
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
        Ok(match self.found(path)? {
            Found::Entry(kind) => Some(kind),
            Found::Nothing | Found::Other | Found::Unknown => None,
        })
    }

    fn resolve(&self, path: &TreePath) -> Result<TreePath, TreeError> {
        Ok(self.follow(path, &mut 0)?.real)
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        if let Some(bytes) = locked(&self.files).get(path) {
            return Ok(Arc::clone(bytes));
        }
        let bytes = self.read_file(path)?;
        // The first answer counts, should another thread have been faster.
        let mut files = locked(&self.files);
        Ok(Arc::clone(files.entry(path.clone()).or_insert(bytes)))
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
        for entry in self
            .root
            .read_dir(on_disk(&self.follow(path, &mut 0)?.real))
            .map_err(failure)?
        {
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

fn join(at: &TreePath, part: &str, path: &TreePath) -> Result<TreePath, TreeError> {
    at.join(part).map_err(|error| unreadable(path, error))
}

/// A poisoned lock means that another thread panicked between two answers; those that are there are true.
fn locked<T>(answers: &Mutex<T>) -> MutexGuard<'_, T> {
    answers.lock().unwrap_or_else(PoisonError::into_inner)
}

fn on_disk(path: &TreePath) -> &str {
    if path.is_root() { "." } else { path.as_str() }
}

fn found_in(metadata: &Metadata) -> Found {
    if metadata.is_dir() {
        Found::Entry(EntryKind::Directory)
    } else if metadata.is_file() {
        Found::Entry(EntryKind::File)
    } else {
        Found::Other
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
