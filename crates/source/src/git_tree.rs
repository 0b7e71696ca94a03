//! The files of a commit.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gix::objs::tree::EntryKind as GitKind;
use std::fmt::Display;
use windlass_tree::{EntryKind, MAX_FILE_SIZE, Tree, TreeError, TreePath};

/// How many symbolic links are followed on the way to one file, as Linux does.
const MAX_LINKS: usize = 40;

/// The files of a commit, read from the object database when they are asked for.
///
/// Paths that are not UTF-8 cannot be asked for. Submodules are an error where they are read.
pub struct GitTree {
    root: gix::ObjectId,
    store: Mutex<Store>,
}

/// The object database, and the directories that were read from it.
struct Store {
    repository: gix::Repository,
    directories: HashMap<gix::ObjectId, Arc<Directory>>,
}

type Directory = BTreeMap<String, (GitKind, gix::ObjectId)>;

/// What a path leads to when all links are followed.
enum Found {
    Nothing,
    File(gix::ObjectId),
    Directory(gix::ObjectId),
}

impl GitTree {
    pub(crate) fn new(repository: gix::Repository, root: gix::ObjectId) -> Self {
        Self {
            root,
            store: Mutex::new(Store {
                repository,
                directories: HashMap::new(),
            }),
        }
    }

    /// Returns the id of the directory at `path`, or `None` when there is no directory.
    pub(crate) fn directory_id(&self, path: &TreePath) -> Result<Option<gix::ObjectId>, TreeError> {
        Ok(match self.find(&mut self.store(), path)? {
            Found::Directory(id) => Some(id),
            Found::File(_) | Found::Nothing => None,
        })
    }

    /// A poisoned lock means that another thread panicked between two reads; the cache is still true.
    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, store: &mut Store, path: &TreePath) -> Result<Found, TreeError> {
        Ok(self.follow(store, path)?.0)
    }

    /// Returns what a path leads to, and where that is.
    fn follow(&self, store: &mut Store, path: &TreePath) -> Result<(Found, TreePath), TreeError> {
        let mut parts: Vec<String> = path.parts().rev().map(str::to_owned).collect();
        let mut at = TreePath::root();
        let mut directories = vec![self.root];
        let mut links = 0;
        while let Some(part) = parts.pop() {
            let parent = *directories.last().expect("the root is never popped");
            let entry = store.directory(parent, path)?.get(&part).copied();
            let Some((kind, id)) = entry else {
                return Ok((Found::Nothing, path.clone()));
            };
            match kind {
                GitKind::Tree => {
                    directories.push(id);
                    at = join(&at, &part, path)?;
                }
                GitKind::Blob | GitKind::BlobExecutable => {
                    return Ok(if parts.is_empty() {
                        (Found::File(id), join(&at, &part, path)?)
                    } else {
                        (Found::Nothing, path.clone())
                    });
                }
                GitKind::Link => {
                    links += 1;
                    let target = store.link(id, path, links)?;
                    let resolved = resolve(&at, &target, path)?;
                    parts.extend(resolved.parts().rev().map(str::to_owned));
                    at = TreePath::root();
                    directories.truncate(1);
                }
                GitKind::Commit => {
                    return Err(unreadable(
                        path,
                        "it is inside a submodule, which is not supported",
                    ));
                }
            }
        }
        let id = *directories.last().expect("the root is never popped");
        Ok((Found::Directory(id), at))
    }
}

impl Store {
    fn directory(
        &mut self,
        id: gix::ObjectId,
        path: &TreePath,
    ) -> Result<Arc<Directory>, TreeError> {
        if let Some(directory) = self.directories.get(&id) {
            return Ok(Arc::clone(directory));
        }
        let tree = self
            .repository
            .find_tree(id)
            .map_err(|error| unreadable(path, error))?;
        let entries = tree
            .decode()
            .map_err(|error| unreadable(path, error))?
            .entries;
        let entries = entries.iter().filter_map(|entry| {
            let name = std::str::from_utf8(entry.filename).ok()?;
            Some((name.to_owned(), (entry.mode.kind(), entry.oid.to_owned())))
        });
        let directory = Arc::new(entries.collect::<Directory>());
        self.directories.insert(id, Arc::clone(&directory));
        Ok(directory)
    }

    fn blob(&self, id: gix::ObjectId, path: &TreePath) -> Result<Vec<u8>, TreeError> {
        let header = self
            .repository
            .find_header(id)
            .map_err(|error| unreadable(path, error))?;
        if header.size() > MAX_FILE_SIZE {
            return Err(TreeError::TooLarge {
                path: path.clone(),
                size: header.size(),
            });
        }
        let mut blob = self
            .repository
            .find_blob(id)
            .map_err(|error| unreadable(path, error))?;
        Ok(blob.take_data())
    }

    fn link(&self, id: gix::ObjectId, path: &TreePath, links: usize) -> Result<String, TreeError> {
        if links > MAX_LINKS {
            return Err(unreadable(path, "too many symbolic links"));
        }
        String::from_utf8(self.blob(id, path)?)
            .map_err(|_| unreadable(path, "a symbolic link whose target is not UTF-8"))
    }
}

impl Tree for GitTree {
    fn kind(&self, path: &TreePath) -> Result<Option<EntryKind>, TreeError> {
        Ok(match self.find(&mut self.store(), path)? {
            Found::File(_) => Some(EntryKind::File),
            Found::Directory(_) => Some(EntryKind::Directory),
            Found::Nothing => None,
        })
    }

    fn resolve(&self, path: &TreePath) -> Result<TreePath, TreeError> {
        Ok(self.follow(&mut self.store(), path)?.1)
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        let mut store = self.store();
        match self.find(&mut store, path)? {
            Found::File(id) => Ok(store.blob(id, path)?.into()),
            Found::Directory(_) => Err(TreeError::IsDirectory { path: path.clone() }),
            Found::Nothing => Err(TreeError::NotFound { path: path.clone() }),
        }
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, EntryKind)>, TreeError> {
        let mut store = self.store();
        let id = match self.find(&mut store, path)? {
            Found::Directory(id) => id,
            Found::File(_) => return Err(TreeError::NotDirectory { path: path.clone() }),
            Found::Nothing => return Err(TreeError::NotFound { path: path.clone() }),
        };
        let mut entries = Vec::new();
        for (name, (kind, _)) in &*store.directory(id, path)? {
            let kind = match kind {
                GitKind::Tree => Some(EntryKind::Directory),
                GitKind::Blob | GitKind::BlobExecutable => Some(EntryKind::File),
                GitKind::Commit => None,
                GitKind::Link => match self.find(&mut store, &join(path, name, path)?)? {
                    Found::File(_) => Some(EntryKind::File),
                    Found::Directory(_) => Some(EntryKind::Directory),
                    Found::Nothing => Some(EntryKind::Dangling),
                },
            };
            entries.extend(kind.map(|kind| (name.clone(), kind)));
        }
        Ok(entries)
    }
}

/// Returns where a link in the directory `at` leads.
fn resolve(at: &TreePath, target: &str, path: &TreePath) -> Result<TreePath, TreeError> {
    at.join(target).map_err(|_| TreeError::Escape {
        path: path.clone(),
        target: target.to_owned(),
    })
}

fn join(at: &TreePath, part: &str, path: &TreePath) -> Result<TreePath, TreeError> {
    at.join(part).map_err(|error| unreadable(path, error))
}

fn unreadable(path: &TreePath, reason: impl Display) -> TreeError {
    TreeError::Unreadable {
        path: path.clone(),
        reason: reason.to_string(),
    }
}
