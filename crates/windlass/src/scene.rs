//! A repository at a revision, and the keys that open its secrets.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use windlass_render::{Decryption, PathPattern};
use windlass_source::{Changes, DirectoryTree, Repository};
use windlass_tree::Tree;

use crate::cli::SourceArgs;
use crate::desired::RenderedUnit;
use crate::failure::Failure;
use crate::keys::{Keys, Services, Together};

/// Where the files come from.
pub(crate) enum Source {
    /// The commits of a repository.
    Commits {
        repository: Box<Repository>,
        /// The branch, tag or commit to read.
        revision: String,
    },
    /// A directory as it is.
    Directory(PathBuf),
}

/// The files at one moment.
#[derive(Clone)]
pub(crate) struct Snapshot {
    /// What the moment is called: `main@sha1:…`, or `worktree`.
    pub(crate) revision: String,
    pub(crate) tree: Arc<dyn Tree>,
}

/// A source, and the keys that open its secrets.
pub(crate) struct Scene {
    source: Source,
    key_files: Vec<PathBuf>,
    key_secrets: Vec<PathBuf>,
    ignore_mac: Vec<PathPattern>,
    /// Asked for every snapshot, so that what one revision asked for is known to the next.
    services: Services,
}

impl Scene {
    /// Opens the repository at `path` as the arguments say.
    pub(crate) fn open(path: &Path, arguments: &SourceArgs) -> Result<Self, Failure> {
        let source = if arguments.worktree {
            let opened = DirectoryTree::open(path);
            opened.map_err(|error| Failure::of([format!("{}: {error}", path.display())]))?;
            Source::Directory(path.to_owned())
        } else {
            let repository = Repository::discover(path)?;
            // The branch, not HEAD: a rebase or a bisect moves HEAD to places that nobody wants deployed.
            repository.revision(&arguments.revision)?;
            let branch = repository.branch().filter(|_| arguments.revision == "HEAD");
            Source::Commits {
                repository: Box::new(repository),
                revision: branch.unwrap_or_else(|| arguments.revision.clone()),
            }
        };
        Ok(Self {
            source,
            key_files: arguments.age_key_files.clone(),
            key_secrets: arguments.decryption_secrets.clone(),
            services: Services::for_rendering(),
            ignore_mac: arguments.ignore_mac.clone(),
        })
    }

    /// Reads the source as it is now.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, Failure> {
        self.source.snapshot(None)
    }

    /// Reads the source at another revision.
    pub(crate) fn snapshot_at(&self, revision: &str) -> Result<Snapshot, Failure> {
        self.source.snapshot(Some(revision))
    }

    /// Returns whether rendering again would give the same. A commit cannot change; a directory may have
    /// been half written when it was read.
    pub(crate) fn still_holds(&self, rendered: &[RenderedUnit]) -> Result<bool, Failure> {
        match &self.source {
            Source::Commits { .. } => Ok(true),
            Source::Directory(_) => {
                let fresh = self.snapshot()?;
                Ok(rendered
                    .iter()
                    .all(|rendered| rendered.is_as_in(&*fresh.tree)))
            }
        }
    }

    /// Returns the keys that open the secrets of a snapshot.
    pub(crate) fn keys(&self, snapshot: &Snapshot) -> Result<Keys, Failure> {
        let keys = Keys::for_rendering(&self.key_files, &self.key_secrets, &*snapshot.tree)?;
        Ok(keys.asking(&self.services))
    }

    /// Returns how secrets are opened, with these keys.
    pub(crate) fn decryption<'a>(&'a self, keys: &'a Together<'_, Keys>) -> Decryption<'a> {
        Decryption::new(keys).ignoring_mac_of(&self.ignore_mac)
    }

    /// Begins to watch the source.
    pub(crate) fn changes(&self) -> Result<Changes, Failure> {
        Ok(match &self.source {
            Source::Commits { repository, .. } => Changes::of_repository(repository)?,
            Source::Directory(path) => Changes::of_directory(path)?,
        })
    }
}

impl Source {
    fn snapshot(&self, at: Option<&str>) -> Result<Snapshot, Failure> {
        match self {
            Self::Commits {
                repository,
                revision,
            } => {
                let revision = repository.revision(at.unwrap_or(revision))?;
                let tree = Arc::new(repository.tree(&revision)?);
                Ok(Snapshot {
                    revision: revision.to_string(),
                    tree,
                })
            }
            Self::Directory(_) if at.is_some() => {
                Err(Failure::usage("--worktree has no revisions to compare"))
            }
            Self::Directory(path) => {
                let tree = DirectoryTree::open(path)
                    .map_err(|error| Failure::of([format!("{}: {error}", path.display())]))?;
                Ok(Snapshot {
                    revision: "worktree".to_owned(),
                    tree: Arc::new(tree),
                })
            }
        }
    }
}
