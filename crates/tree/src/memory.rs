//! A tree that is a map.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::{EntryKind, PathError, Tree, TreeError, TreePath};

/// A tree whose files are held in memory. Directories exist by what they hold.
#[derive(Clone, Default)]
pub struct MemoryTree {
    files: BTreeMap<TreePath, Arc<[u8]>>,
    directories: BTreeSet<TreePath>,
}

impl MemoryTree {
    /// Returns a tree without files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a file at `path`, in place of the one that was there.
    pub fn insert(&mut self, path: TreePath, bytes: impl Into<Arc<[u8]>>) {
        let mut directory = path.parent();
        while let Some(parent) = directory {
            directory = parent.parent();
            self.directories.insert(parent);
        }
        self.files.insert(path, bytes.into());
    }

    /// Puts a file at the path that `path` names, in place of the one that was there.
    pub fn write(&mut self, path: &str, text: &str) -> Result<(), PathError> {
        self.insert(TreePath::new(path)?, text.as_bytes());
        Ok(())
    }

    /// Returns the files with their bytes, sorted by path.
    pub fn files(&self) -> impl Iterator<Item = (&TreePath, &Arc<[u8]>)> {
        self.files.iter()
    }
}

impl<P: AsRef<str>, B: AsRef<[u8]>> FromIterator<(P, B)> for MemoryTree {
    /// Collects pairs of path and content.
    ///
    /// # Panics
    ///
    /// When a path is absolute or leaves the tree; use [`MemoryTree::insert`] for paths that are not
    /// literals.
    fn from_iter<I: IntoIterator<Item = (P, B)>>(files: I) -> Self {
        let mut tree = Self::new();
        for (path, bytes) in files {
            let path =
                TreePath::new(path.as_ref()).expect("the path of a literal tree is inside it");
            tree.insert(path, bytes.as_ref());
        }
        tree
    }
}

impl Tree for MemoryTree {
    fn kind(&self, path: &TreePath) -> Result<Option<EntryKind>, TreeError> {
        Ok(if self.files.contains_key(path) {
            Some(EntryKind::File)
        } else if path.is_root() || self.directories.contains(path) {
            Some(EntryKind::Directory)
        } else {
            None
        })
    }

    fn resolve(&self, path: &TreePath) -> Result<TreePath, TreeError> {
        Ok(path.clone())
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        match (self.files.get(path), self.kind(path)?) {
            (Some(bytes), _) => Ok(Arc::clone(bytes)),
            (None, Some(_)) => Err(TreeError::IsDirectory { path: path.clone() }),
            (None, None) => Err(TreeError::NotFound { path: path.clone() }),
        }
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, EntryKind)>, TreeError> {
        match self.kind(path)? {
            Some(EntryKind::Directory) => {}
            Some(EntryKind::File) => return Err(TreeError::NotDirectory { path: path.clone() }),
            Some(EntryKind::Dangling) | None => {
                return Err(TreeError::NotFound { path: path.clone() });
            }
        }
        let children = |paths: &mut dyn Iterator<Item = &TreePath>, kind| {
            paths
                .filter(|child| child.parent().as_ref() == Some(path))
                .map(|child| (child.file_name().to_owned(), kind))
                .collect::<Vec<_>>()
        };
        let mut entries = children(&mut self.files.keys(), EntryKind::File);
        entries.extend(children(&mut self.directories.iter(), EntryKind::Directory));
        entries.sort();
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_exist_by_what_they_hold() {
        let tree = MemoryTree::from_iter([("a/b/c.yaml", "x"), ("a/d.yaml", "y")]);
        let a = TreePath::new("a").unwrap();
        assert_eq!(tree.kind(&a).unwrap(), Some(EntryKind::Directory));
        assert_eq!(
            tree.list(&a).unwrap(),
            [
                ("b".to_owned(), EntryKind::Directory),
                ("d.yaml".to_owned(), EntryKind::File)
            ]
        );
        assert_eq!(tree.read(&a), Err(TreeError::IsDirectory { path: a }));
        let missing = TreePath::new("a/e").unwrap();
        assert_eq!(
            tree.read(&missing),
            Err(TreeError::NotFound { path: missing })
        );
    }
}
