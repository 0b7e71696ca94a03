//! The tree of a build together with what was fetched for it, each repository and file below its address.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use windlass_tree::{EntryKind, PathError, Tree, TreeError, TreePath};

use super::{RemoteError, Remotes, Repository, redacted};
use crate::error::{LoadProblem, Problem};

/// The tree of a build, with repositories and files from elsewhere mounted in it.
pub(crate) struct Mounts<'t> {
    tree: &'t dyn Tree,
    remotes: &'t dyn Remotes,
    mounted: Mutex<BTreeMap<TreePath, Mount>>,
}

/// What was asked for, and the answer.
#[derive(Clone)]
struct Mount {
    asked: String,
    /// The same without what may be secret.
    shown: String,
    content: Result<Content, RemoteError>,
}

#[derive(Clone)]
enum Content {
    Directory(Arc<dyn Tree>),
    File(Arc<[u8]>),
}

impl<'t> Mounts<'t> {
    pub(crate) fn new(tree: &'t dyn Tree, remotes: &'t dyn Remotes) -> Self {
        Self {
            tree,
            remotes,
            mounted: Mutex::default(),
        }
    }

    /// Returns where the files of a repository are.
    pub(crate) fn repository(&self, repository: &Repository) -> Result<TreePath, Problem> {
        let revision = repository.revision.as_deref().unwrap_or("HEAD");
        let asked = format!("{}@{revision}", repository.url);
        let shown = format!("{}@{revision}", redacted(&repository.url));
        self.mount(&asked, &shown, || {
            let tree = self.remotes.repository(repository)?;
            Ok(Content::Directory(tree))
        })
    }

    /// Returns where the file of an address is.
    pub(crate) fn file(&self, url: &str) -> Result<TreePath, Problem> {
        self.mount(url, &redacted(url), || {
            self.remotes.file(url).map(Content::File)
        })
    }

    /// Returns the repository or file from elsewhere that a path is in.
    pub(crate) fn mount_of(&self, path: &TreePath) -> Option<TreePath> {
        let mounted = self.mounted();
        let mut points = mounted.keys().rev();
        points.find(|point| path.is_within(point)).cloned()
    }

    /// Mounts what was asked for below its address as messages show it.
    fn mount(
        &self,
        asked: &str,
        shown: &str,
        content: impl FnOnce() -> Result<Content, RemoteError>,
    ) -> Result<TreePath, Problem> {
        let point = self.point(asked, shown)?;
        let there = self.mounted().get(&point).cloned();
        let mount = there.unwrap_or_else(|| Mount {
            content: content(),
            asked: asked.to_owned(),
            shown: shown.to_owned(),
        });
        let problem = |reason| LoadProblem::Remote {
            url: shown.to_owned(),
            reason,
        };
        if let Some(other) = self.in_the_way(&point, &mount) {
            let reason = format!("the build has {other} at the same place");
            return Err(problem(RemoteError::Failed { reason }).into());
        }
        let failed = mount.content.as_ref().err().cloned();
        self.mounted().insert(point.clone(), mount);
        failed.map_or(Ok(point), |reason| Err(problem(reason).into()))
    }

    /// Returns where an address is mounted. Two that differ in what is not shown are told apart by a number.
    fn point(&self, asked: &str, shown: &str) -> Result<TreePath, PathError> {
        let point = TreePath::new(shown)?;
        if asked == shown {
            return Ok(point);
        }
        let mounted = self.mounted();
        let is_free = |point: &TreePath| mounted.get(point).is_none_or(|it| it.asked == asked);
        let mut point = point;
        let mut number = 1;
        while !is_free(&point) {
            number += 1;
            point = TreePath::new(&format!("{shown} ({number})"))?;
        }
        Ok(point)
    }

    /// Returns what another address has put there, which can differ in `//` or `..` only, or where one of them
    /// is a repository and the other would be seen in it.
    fn in_the_way(&self, point: &TreePath, mount: &Mount) -> Option<String> {
        let is_directory = |mount: &Mount| matches!(mount.content, Ok(Content::Directory(_)));
        let mounted = self.mounted();
        let mut others = mounted
            .iter()
            .filter(|(_, other)| other.asked != mount.asked);
        let other = others.find(|(there, other)| {
            *there == point
                || (is_directory(other) && point.is_within(there))
                || (is_directory(mount) && there.is_within(point))
        });
        other.map(|(_, other)| other.shown.clone())
    }

    /// A poisoned lock means that another thread panicked between two answers; those that are there are true.
    fn mounted(&self) -> MutexGuard<'_, BTreeMap<TreePath, Mount>> {
        self.mounted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what is mounted where a path is, and the path in it.
    fn find(&self, path: &TreePath) -> Result<Option<(Content, TreePath)>, TreeError> {
        let mounted = self.mounted();
        let Some((point, mount)) = mounted
            .iter()
            .rev()
            .find(|(point, _)| path.is_within(point))
        else {
            return Ok(None);
        };
        let unreadable = |reason: String| TreeError::Unreadable {
            path: path.clone(),
            reason,
        };
        let inner = path.as_str()[point.as_str().len()..].trim_start_matches('/');
        let inner = TreePath::new(inner).map_err(|error| unreadable(error.to_string()))?;
        let content = mount.content.clone();
        let content = content.map_err(|error| unreadable(error.to_string()))?;
        Ok(Some((content, inner)))
    }
}

impl Tree for Mounts<'_> {
    fn kind(&self, path: &TreePath) -> Result<Option<EntryKind>, TreeError> {
        match self.find(path)? {
            None => self.tree.kind(path),
            Some((Content::Directory(tree), inner)) => tree.kind(&inner),
            Some((Content::File(_), inner)) => Ok(inner.is_root().then_some(EntryKind::File)),
        }
    }

    fn resolve(&self, path: &TreePath) -> Result<TreePath, TreeError> {
        match self.find(path)? {
            None => self.tree.resolve(path),
            Some((Content::Directory(tree), inner)) => {
                let real = tree.resolve(&inner)?;
                let mount = self.mount_of(path).unwrap_or_default();
                mount
                    .join(real.as_str())
                    .map_err(|error| TreeError::Unreadable {
                        path: path.clone(),
                        reason: error.to_string(),
                    })
            }
            Some((Content::File(_), _)) => Ok(path.clone()),
        }
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        match self.find(path)? {
            None => self.tree.read(path),
            Some((Content::Directory(tree), inner)) => tree.read(&inner),
            Some((Content::File(bytes), _)) => Ok(bytes),
        }
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, EntryKind)>, TreeError> {
        match self.find(path)? {
            None => self.tree.list(path),
            Some((Content::Directory(tree), inner)) => tree.list(&inner),
            Some((Content::File(_), _)) => Err(TreeError::NotDirectory { path: path.clone() }),
        }
    }
}
