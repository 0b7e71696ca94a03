//! Paths that cannot leave their tree.

use std::fmt;

/// A normalised path below the root of a tree: `/` between the parts, no `.`, no `..`, no leading or
/// trailing `/`. The root itself is the empty path and is shown as `.`.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreePath(String);

/// Why a text is not a path of the tree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The path climbs above the root of the tree.
    #[error("the path {path:?} leaves the repository")]
    Outside {
        /// The path as it was written.
        path: String,
    },
    /// The path starts at the root of a file system.
    #[error("the path {path:?} is absolute; write it relative to the file that names it")]
    Absolute {
        /// The path as it was written.
        path: String,
    },
    /// The path contains a NUL byte.
    #[error("the path {path:?} contains a NUL byte")]
    Nul {
        /// The path as it was written.
        path: String,
    },
}

impl TreePath {
    /// Returns the root of the tree.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// Parses a path relative to the root of the tree.
    pub fn new(path: &str) -> Result<Self, PathError> {
        Self::root().join(path)
    }

    /// Returns the path that `relative` names as seen from the directory `self`.
    ///
    /// `..` is resolved by the text alone, as kustomize does; a symbolic link in the middle does not
    /// change where it leads.
    pub fn join(&self, relative: &str) -> Result<Self, PathError> {
        if relative.starts_with('/') {
            return Err(PathError::Absolute {
                path: relative.to_owned(),
            });
        }
        if relative.contains('\0') {
            return Err(PathError::Nul {
                path: relative.to_owned(),
            });
        }
        let mut path = self.0.clone();
        for part in relative.split('/') {
            match part {
                "" | "." => {}
                ".." if path.is_empty() => {
                    return Err(PathError::Outside {
                        path: relative.to_owned(),
                    });
                }
                ".." => path.truncate(path.rfind('/').unwrap_or(0)),
                _ => {
                    if !path.is_empty() {
                        path.push('/');
                    }
                    path.push_str(part);
                }
            }
        }
        Ok(Self(path))
    }

    /// Returns the path as text; the root is the empty text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether this is the root of the tree.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the directory that holds this entry, or `None` for the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        Some(Self(self.0[..self.0.rfind('/').unwrap_or(0)].to_owned()))
    }

    /// Returns the last part of the path; empty for the root.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// Returns the parts of the path from the root downwards.
    pub fn parts(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/').filter(|part| !part.is_empty())
    }

    /// Returns whether `self` is `directory` or lies below it.
    #[must_use]
    pub fn is_within(&self, directory: &Self) -> bool {
        directory.is_root()
            || self
                .0
                .strip_prefix(&directory.0)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.is_root() { "." } else { &self.0 })
    }
}

impl fmt::Debug for TreePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_resolved_by_the_text() {
        let overlay = TreePath::new("a//b/./c/").unwrap();
        assert_eq!(overlay.as_str(), "a/b/c");
        assert_eq!(overlay.join("../../x").unwrap().as_str(), "a/x");
        assert_eq!(overlay.join("../../..").unwrap(), TreePath::root());
    }

    #[test]
    fn a_path_that_leaves_the_tree_is_an_error() {
        let overlay = TreePath::new("a/b").unwrap();
        assert_eq!(
            overlay.join("../../../etc"),
            Err(PathError::Outside {
                path: "../../../etc".to_owned()
            })
        );
        assert!(matches!(
            overlay.join("/etc"),
            Err(PathError::Absolute { .. })
        ));
        assert!(matches!(overlay.join("x\0y"), Err(PathError::Nul { .. })));
    }

    #[test]
    fn within_compares_whole_parts() {
        let base = TreePath::new("app/base").unwrap();
        assert!(TreePath::new("app/base/x").unwrap().is_within(&base));
        assert!(base.is_within(&base));
        assert!(!TreePath::new("app/base2").unwrap().is_within(&base));
        assert!(base.is_within(&TreePath::root()));
    }

    #[test]
    fn the_parent_of_a_top_level_entry_is_the_root() {
        assert_eq!(TreePath::new("a").unwrap().parent(), Some(TreePath::root()));
        assert_eq!(TreePath::root().parent(), None);
    }
}
