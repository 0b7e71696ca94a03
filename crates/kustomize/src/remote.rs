//! Bases and files that are not in the tree: what they are called, and who has them.

mod address;
mod mounts;
mod shown;

use std::sync::Arc;

use windlass_tree::Tree;

pub use address::{RemoteBase, Repository, Scheme};
pub(crate) use mounts::Mounts;
pub(crate) use shown::{address_of, redacted};

/// Has the bases and files that are not in the tree of a build.
///
/// A build asks for each of them once, while it runs, so the answer may take its time. The same question has
/// to have the same answer for as long as the build runs.
pub trait Remotes: Send + Sync {
    /// Returns the files of a repository.
    fn repository(&self, repository: &Repository) -> Result<Arc<dyn Tree>, RemoteError>;

    /// Returns the file at an address that begins with `https://` or `http://`.
    fn file(&self, url: &str) -> Result<Arc<[u8]>, RemoteError>;
}

/// Why a base or file elsewhere is not there. It is never taken for empty: the build fails.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// Whoever builds has not allowed any.
    #[error(
        "remote bases are off; allow them with `build DIR --allow-remote-bases`, or copy the files here"
    )]
    Off,
    /// It could not be had.
    #[error("{reason}")]
    Failed {
        /// Why, and what to do.
        reason: String,
    },
}

/// Nothing but the tree, as [`build`](crate::build) has it: every base and file elsewhere is refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoRemotes;

impl Remotes for NoRemotes {
    fn repository(&self, _: &Repository) -> Result<Arc<dyn Tree>, RemoteError> {
        Err(RemoteError::Off)
    }

    fn file(&self, _: &str) -> Result<Arc<[u8]>, RemoteError> {
        Err(RemoteError::Off)
    }
}

/// What an entry of a kustomization leads to when it is no path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Remote {
    /// A file, by its address.
    File(String),
    /// A directory of a repository.
    Base(RemoteBase),
}

impl Remote {
    /// Reads an entry of `resources` or `components`; `None` when it can only be a path.
    ///
    /// kustomize 5.8.1 asks the server whether an address is a file, and takes it for a repository if not. Here
    /// the text decides: without `//`, `.git` or `_git/`, what ends like a manifest is a file.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let base = RemoteBase::parse(text);
        if is_url(text) && (base.is_none() || is_manifest(text)) {
            return Some(Self::File(text.to_owned()));
        }
        base.map(Self::Base)
    }
}

/// Returns whether a text is the address of a file that a web server has.
pub(crate) fn is_url(text: &str) -> bool {
    ["https://", "http://"].iter().any(|scheme| {
        let start = text.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

fn is_manifest(url: &str) -> bool {
    let path = url.split('?').next().unwrap_or_default();
    let after_scheme = path.split_once("://").map_or(path, |(_, rest)| rest);
    let is_marked = ["//", ".git/", "_git/"]
        .iter()
        .any(|mark| after_scheme.contains(mark));
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    !is_marked && matches!(extension, "yaml" | "yml" | "json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_ends_like_a_manifest_is_a_file() {
        for url in [
            "https://github.com/org/repo/releases/download/v1/install.yaml",
            "https://raw.githubusercontent.com/org/repo/main/a/b.yml?token=x",
            "http://localhost:8080/all.json",
            "https://example.com",
        ] {
            assert_eq!(
                Remote::parse(url),
                Some(Remote::File(url.to_owned())),
                "{url}"
            );
        }
    }

    #[test]
    fn an_address_that_marks_its_repository_is_a_base() {
        for url in [
            "https://github.com/org/repo//dir/x.yaml?ref=v1",
            "https://example.com/repo.git/x.yaml",
            "https://example.com/org/repo",
            "git@github.com:org/repo",
        ] {
            assert!(matches!(Remote::parse(url), Some(Remote::Base(_))), "{url}");
        }
    }

    #[test]
    fn a_path_is_no_address() {
        for path in [
            "base",
            "../base",
            "/base",
            "a:b",
            "example.com/org/repo",
            "gh:org/repo",
        ] {
            assert_eq!(Remote::parse(path), None, "{path}");
        }
    }
}
