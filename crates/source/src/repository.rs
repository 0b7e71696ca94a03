//! A Git repository on this disk.

use std::fmt;
use std::path::{Path, PathBuf};

use windlass_tree::TreePath;

use crate::GitTree;

/// A Git repository on this disk, or a directory inside its work tree.
#[derive(Clone)]
pub struct Repository {
    inner: gix::ThreadSafeRepository,
    prefix: TreePath,
    location: PathBuf,
}

/// A commit, and the name that led to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Revision {
    reference: String,
    commit: gix::ObjectId,
}

/// Why a repository, or a revision of it, could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The path does not exist or cannot be opened.
    #[error("{path}: {reason}")]
    Unreadable {
        /// The path as it was given.
        path: PathBuf,
        /// What the operating system said.
        reason: std::io::Error,
    },
    /// There is no repository at the path or above it.
    #[error(
        "{path}: not a Git repository (nor inside one); run `git init` and commit, or use --worktree to read the directory as it is"
    )]
    NotRepository {
        /// The path as it was given.
        path: PathBuf,
    },
    /// The repository cannot be opened.
    #[error("{path}: the Git repository cannot be opened: {reason}")]
    Broken {
        /// The path as it was given.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The repository has no commit yet.
    #[error(
        "{path}: the repository has no commits yet (on branch {branch}); commit something, or use --worktree to read the directory as it is"
    )]
    NoCommits {
        /// The path as it was given.
        path: PathBuf,
        /// The branch that is checked out.
        branch: String,
    },
    /// The name is no branch, tag, reference or commit of the repository.
    #[error("{path}: no branch, tag or commit is called {name:?}; there are: {}", known.join(", "))]
    UnknownRevision {
        /// The path as it was given.
        path: PathBuf,
        /// The name as it was given.
        name: String,
        /// The branches and tags, at most twenty.
        known: Vec<String>,
    },
    /// The directory is not part of the commit.
    #[error(
        "{path}: the directory {prefix} does not exist in revision {revision}; commit it, or use --worktree"
    )]
    NotCommitted {
        /// The path as it was given.
        path: PathBuf,
        /// The directory, relative to the top of the repository.
        prefix: TreePath,
        /// The revision that lacks it.
        revision: Revision,
    },
}

impl Repository {
    /// Opens the repository that `path` is, or is inside of.
    pub fn discover(path: &Path) -> Result<Self, SourceError> {
        let unreadable = |reason| SourceError::Unreadable {
            path: path.to_owned(),
            reason,
        };
        let location = path.canonicalize().map_err(unreadable)?;
        let root = git_root(&location).ok_or_else(|| SourceError::NotRepository {
            path: path.to_owned(),
        })?;
        let broken = |reason: String| SourceError::Broken {
            path: path.to_owned(),
            reason,
        };
        let inner = gix::ThreadSafeRepository::open_opts(root, gix::open::Options::isolated())
            .map_err(|error| broken(error.to_string()))?;
        let below = location.strip_prefix(root).unwrap_or(Path::new(""));
        let prefix = below
            .to_str()
            .ok_or_else(|| broken("its path is not UTF-8".to_owned()))?;
        let prefix = if inner.work_dir().is_some() {
            prefix
        } else {
            ""
        };
        let prefix = TreePath::new(prefix).map_err(|error| broken(error.to_string()))?;
        Ok(Self {
            inner,
            prefix,
            location: path.to_owned(),
        })
    }

    /// Returns the directory below the top of the repository that this looks at.
    #[must_use]
    pub fn prefix(&self) -> &TreePath {
        &self.prefix
    }

    /// Returns the top of the work tree, or the repository itself when it is bare.
    #[must_use]
    pub fn top(&self) -> &Path {
        self.inner.work_dir().unwrap_or_else(|| self.inner.path())
    }

    /// Returns where this was cloned from, and which directory of it this looks at: `github.com/acme/platform//apps`.
    /// All ways to the same repository give the same, and no credentials are in it. `None` means that there is no
    /// remote called `origin`.
    #[must_use]
    pub fn origin(&self) -> Option<String> {
        let local = self.inner.to_thread_local();
        let url = local.config_snapshot().string("remote.origin.url")?;
        let url = gix::url::parse(AsRef::<gix::bstr::BStr>::as_ref(&url)).ok()?;
        let path = url.path.to_string();
        let path = path.trim_end_matches('/').trim_end_matches(".git");
        let place = match url.host() {
            Some(host) => format!("{}/{}", host.to_lowercase(), path.trim_start_matches('/')),
            None => path.to_owned(),
        };
        match self.prefix.as_str() {
            "" => Some(place),
            prefix => Some(format!("{place}//{prefix}")),
        }
    }

    /// Returns the directories whose files change when a reference does.
    pub(crate) fn reference_directories(&self) -> Vec<PathBuf> {
        let local = self.inner.to_thread_local();
        let mut directories = vec![local.git_dir().to_owned()];
        if local.common_dir() != local.git_dir() {
            directories.push(local.common_dir().to_owned());
        }
        directories
    }

    /// Returns the full name of the branch that is checked out, such as `refs/heads/main`; `None` when HEAD is
    /// detached.
    #[must_use]
    pub fn branch(&self) -> Option<String> {
        let head = self.inner.to_thread_local().head_name().ok().flatten()?;
        Some(head.as_bstr().to_string())
    }

    /// Returns the commit that `name` leads to: `HEAD`, a branch, a tag, a full reference name, or the
    /// digits of a commit, and all that `git rev-parse` understands, such as `main~2`.
    pub fn revision(&self, name: &str) -> Result<Revision, SourceError> {
        let local = self.inner.to_thread_local();
        let Some(commit) = commit_of(&local, name) else {
            return Err(self.unknown_revision(&local, name));
        };
        let reference = match local.head_name() {
            Ok(Some(branch)) if name == "HEAD" => branch.shorten().to_string(),
            _ => shorten(name).to_owned(),
        };
        Ok(Revision { reference, commit })
    }

    /// Returns the files of `revision` below the directory that this looks at.
    pub fn tree(&self, revision: &Revision) -> Result<GitTree, SourceError> {
        let broken = |reason: String| SourceError::Broken {
            path: self.location.clone(),
            reason,
        };
        let local = self.inner.to_thread_local();
        let root = top_directory(&local, revision).map_err(broken)?;
        let root = GitTree::new(local.clone(), root)
            .directory_id(&self.prefix)
            .map_err(|error| broken(error.to_string()))?
            .ok_or_else(|| SourceError::NotCommitted {
                path: self.location.clone(),
                prefix: self.prefix.clone(),
                revision: revision.clone(),
            })?;
        Ok(GitTree::new(local, root))
    }

    fn unknown_revision(&self, local: &gix::Repository, name: &str) -> SourceError {
        let path = self.location.clone();
        if name == "HEAD" {
            let branch = local.head_name().ok().flatten();
            let branch = branch.map_or_else(String::new, |branch| branch.shorten().to_string());
            return SourceError::NoCommits { path, branch };
        }
        SourceError::UnknownRevision {
            path,
            name: name.to_owned(),
            known: known_references(local),
        }
    }
}

/// Returns the directory at `path` or above that is a repository or holds one.
fn git_root(path: &Path) -> Option<&Path> {
    path.ancestors().find(|directory| {
        directory.join(".git").exists()
            || (directory.join("HEAD").is_file() && directory.join("objects").is_dir())
    })
}

fn shorten(name: &str) -> &str {
    let branch = name.strip_prefix("refs/heads/");
    branch.or(name.strip_prefix("refs/tags/")).unwrap_or(name)
}

fn top_directory(
    repository: &gix::Repository,
    revision: &Revision,
) -> Result<gix::ObjectId, String> {
    let commit = repository
        .find_commit(revision.commit)
        .map_err(|error| error.to_string())?;
    Ok(commit
        .tree_id()
        .map_err(|error| error.to_string())?
        .detach())
}

fn commit_of(repository: &gix::Repository, name: &str) -> Option<gix::ObjectId> {
    let object = repository.rev_parse_single(name).ok()?.object().ok()?;
    object.peel_to_commit().ok().map(|commit| commit.id)
}

fn known_references(repository: &gix::Repository) -> Vec<String> {
    let Ok(references) = repository.references() else {
        return Vec::new();
    };
    let Ok(all) = references.all() else {
        return Vec::new();
    };
    let names = all.filter_map(|reference| Some(reference.ok()?.name().shorten().to_string()));
    names.take(20).collect()
}

impl Revision {
    /// Returns the branch or tag that led to the commit.
    #[must_use]
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// Returns the commit as 40 hexadecimal digits.
    #[must_use]
    pub fn commit(&self) -> String {
        self.commit.to_string()
    }
}

impl fmt::Display for Revision {
    /// Writes `main@sha1:<commit>`, as Flux does.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@sha1:{}", self.reference, self.commit)
    }
}
