//! Reads trees from Git repositories and directories.
//!
//! - [`Repository`]: a Git repository on this disk, or a directory inside its work tree. Its
//!   [`Revision`]s are commits; [`Repository::tree`] is what one of them holds.
//! - [`GitTree`]: the files of a commit, read from the object database. There is no checkout.
//! - [`DirectoryTree`]: the files of a directory, read through a handle that cannot leave it.
//! - [`Fetcher`]: repositories and files that are fetched over HTTP, one commit at a time, within
//!   [`Limits`].
//! - [`Changes`]: tells when a repository or a directory may have changed.
//!
//! ```no_run
//! use windlass_source::Repository;
//! use windlass_tree::{Tree, TreePath};
//!
//! let repository = Repository::discover("examples/platform".as_ref())?;
//! let revision = repository.revision("HEAD")?;
//! let tree = repository.tree(&revision)?;
//! println!("{revision}: {:?}", tree.list(&TreePath::root())?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! No program is run, no configuration outside the repository is read, and nothing is written but the cache of
//! the [`Fetcher`]. SSH, credentials and OCI artifacts are not there yet.

mod changes;
mod directory;
mod fetch;
mod git_tree;
mod repository;

pub use changes::{Changes, WatchError};
pub use directory::DirectoryTree;
pub use fetch::{FetchError, Fetcher, Limits};
pub use git_tree::GitTree;
pub use repository::{Repository, Revision, SourceError};
