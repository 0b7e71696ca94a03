//! A snapshot of a directory of files, read by path.
//!
//! - [`TreePath`]: a path below the root of a tree. It is normalised, has no `..`, and cannot name
//!   anything outside the tree: leaving it is a [`PathError`], not a file.
//! - [`Tree`]: what can be asked of a snapshot: the kind of an entry, the bytes of a file, the entries
//!   of a directory. The same question has the same answer for as long as the tree lives.
//! - [`MemoryTree`]: a tree that is a map, for tests and for generated files.
//!
//! ```
//! use windlass_tree::{MemoryTree, Tree, TreePath};
//!
//! let tree = MemoryTree::from_iter([("base/service.yaml", "kind: Service\n")]);
//! let overlay = TreePath::new("overlays/dev")?;
//! let path = overlay.join("../../base/service.yaml")?;
//! assert_eq!(path.as_str(), "base/service.yaml");
//! assert_eq!(&*tree.read(&path)?, b"kind: Service\n");
//! assert!(overlay.join("../../../etc/passwd").is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Where the bytes come from (a Git commit, a directory, an artifact) is the business of
//! `windlass-source`; this crate touches no file system.

mod memory;
mod path;

pub use memory::MemoryTree;
pub use path::{PathError, TreePath};

use std::sync::Arc;

/// The largest file that a tree hands out, in bytes: 64 MiB.
///
/// The largest file of a real configuration repository (a bundle of CRDs) is about 12 MB; what is
/// beyond this limit is a mistake or an attack.
pub const MAX_FILE_SIZE: u64 = 64 * 1024 * 1024;

/// What an entry of a tree is. A symbolic link is reported as what it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link that leads nowhere. Only [`Tree::list`] says so: for [`Tree::kind`] there is nothing.
    Dangling,
}

/// A snapshot of a directory of files.
///
/// Implementations follow symbolic links inside the tree and answer [`TreeError::Escape`] for those
/// that leave it.
pub trait Tree: Send + Sync {
    /// Returns what `path` is, or `None` when there is nothing.
    fn kind(&self, path: &TreePath) -> Result<Option<EntryKind>, TreeError>;

    /// Returns where `path` leads when all symbolic links on the way are followed; a path to nothing leads
    /// to itself, and so does every path of a tree without links.
    fn resolve(&self, path: &TreePath) -> Result<TreePath, TreeError>;

    /// Returns the bytes of the file at `path`.
    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError>;

    /// Returns the names and kinds of the entries of the directory at `path`, sorted by name.
    ///
    /// Entries that are neither files nor directories are left out, but for links that lead nowhere: what
    /// somebody meant to be there must not look as if it had never been.
    fn list(&self, path: &TreePath) -> Result<Vec<(String, EntryKind)>, TreeError>;
}

/// Why a tree did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// There is nothing at the path.
    #[error("{path}: no such file or directory")]
    NotFound {
        /// The path asked for.
        path: TreePath,
    },
    /// A file was asked for, and there is a directory.
    #[error("{path}: is a directory, not a file")]
    IsDirectory {
        /// The path asked for.
        path: TreePath,
    },
    /// A directory was asked for, and there is a file.
    #[error("{path}: is a file, not a directory")]
    NotDirectory {
        /// The path asked for.
        path: TreePath,
    },
    /// A symbolic link leads out of the tree.
    #[error(
        "{path}: a symbolic link leads out of the repository (to {target}); put the file inside it"
    )]
    Escape {
        /// The path asked for.
        path: TreePath,
        /// Where the link leads.
        target: String,
    },
    /// The file is larger than [`MAX_FILE_SIZE`].
    #[error("{path}: the file has {size} bytes; the limit is {MAX_FILE_SIZE}")]
    TooLarge {
        /// The path asked for.
        path: TreePath,
        /// The size of the file in bytes.
        size: u64,
    },
    /// The bytes could not be had, so nothing is known about the path.
    #[error("{path}: cannot be read: {reason}")]
    Unreadable {
        /// The path asked for.
        path: TreePath,
        /// What the store below said.
        reason: String,
    },
}

impl TreeError {
    /// Returns the path that was asked for.
    #[must_use]
    pub fn path(&self) -> &TreePath {
        match self {
            Self::NotFound { path }
            | Self::IsDirectory { path }
            | Self::NotDirectory { path }
            | Self::Escape { path, .. }
            | Self::TooLarge { path, .. }
            | Self::Unreadable { path, .. } => path,
        }
    }

    /// Returns what is wrong without the path, for who knows the file by another name.
    #[must_use]
    pub fn reason(&self) -> String {
        let (text, path) = (self.to_string(), format!("{}: ", self.path()));
        text.strip_prefix(&path).unwrap_or(&text).to_owned()
    }
}
