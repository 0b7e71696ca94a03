//! A few files laid over another tree.

use std::sync::Arc;

use crate::{EntryKind, MemoryTree, Tree, TreeError, TreePath};

/// A tree in which some files come from memory and all others from the tree below.
///
/// A file of the upper tree hides what the lower one has at the same path.
pub struct OverlayTree<'t> {
    lower: &'t dyn Tree,
    upper: MemoryTree,
}

impl<'t> OverlayTree<'t> {
    /// Lays `upper` over `lower`.
    #[must_use]
    pub fn new(lower: &'t dyn Tree, upper: MemoryTree) -> Self {
        Self { lower, upper }
    }
}

impl Tree for OverlayTree<'_> {
    fn kind(&self, path: &TreePath) -> Result<Option<EntryKind>, TreeError> {
        match self.upper.kind(path)? {
            Some(EntryKind::File) => Ok(Some(EntryKind::File)),
            Some(EntryKind::Directory) if !path.is_root() => Ok(Some(EntryKind::Directory)),
            _ => self.lower.kind(path),
        }
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        match self.upper.kind(path)? {
            Some(EntryKind::File) => self.upper.read(path),
            _ => self.lower.read(path),
        }
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, EntryKind)>, TreeError> {
        let mut entries = match self.lower.list(path) {
            Err(TreeError::NotFound { .. }) => Vec::new(),
            other => other?,
        };
        match self.upper.list(path) {
            Err(TreeError::NotFound { .. }) => {
                if entries.is_empty() {
                    return self.lower.list(path);
                }
            }
            upper => {
                let upper = upper?;
                entries.retain(|(name, _)| upper.iter().all(|(above, _)| above != name));
                entries.extend(upper);
                entries.sort();
            }
        }
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upper_file_hides_the_lower_one() {
        let lower = MemoryTree::from_iter([("a/x", "lower"), ("a/y", "lower")]);
        let upper = MemoryTree::from_iter([("a/y", "upper"), ("b/z", "upper")]);
        let tree = OverlayTree::new(&lower, upper);
        let path = |text| TreePath::new(text).unwrap();
        assert_eq!(&*tree.read(&path("a/x")).unwrap(), b"lower");
        assert_eq!(&*tree.read(&path("a/y")).unwrap(), b"upper");
        let names = |at| {
            tree.list(&at)
                .unwrap()
                .into_iter()
                .map(|(name, _)| name)
                .collect::<Vec<_>>()
        };
        assert_eq!(names(path("a")), ["x", "y"]);
        assert_eq!(names(TreePath::root()), ["a", "b"]);
        assert!(matches!(
            tree.list(&path("c")),
            Err(TreeError::NotFound { .. })
        ));
    }
}
