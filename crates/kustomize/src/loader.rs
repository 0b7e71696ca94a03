//! Reading files as a kustomization may: from its own directory, unless the caller allows more.

use std::sync::Arc;

use windlass_tree::{EntryKind, TreePath};

use crate::context::Context;
use crate::error::{LoadProblem, Problem, Refusal};
use crate::kustomization::FILE_NAMES;
use crate::nearest::nearest;

/// A directory that is being built, and those that led there.
#[derive(Clone, Debug)]
pub(crate) struct Loader {
    pub(crate) root: TreePath,
    /// The directories above in the chain of resources, outermost first.
    visited: Vec<TreePath>,
}

/// What an entry of `resources` leads to.
pub(crate) enum Entry {
    File(TreePath),
    Directory(Loader),
}

impl Loader {
    pub(crate) fn new(root: TreePath) -> Self {
        Self {
            root,
            visited: Vec::new(),
        }
    }

    /// Returns the path of a file, if the kustomization may read it.
    pub(crate) fn file(&self, context: &Context<'_>, path: &str) -> Result<TreePath, Problem> {
        let file = self.locate(context, path)?;
        match context.tree.kind(&file)? {
            Some(EntryKind::File) => {}
            Some(EntryKind::Directory) => return Err(LoadProblem::NotAFile { path: file }.into()),
            Some(EntryKind::Dangling) | None => return Err(missing(context, &file).into()),
        }
        if context.options.files_from_anywhere || file.is_within(&self.root) {
            Ok(file)
        } else {
            Err(LoadProblem::OutsideRoot {
                file,
                root: self.root.clone(),
            }
            .into())
        }
    }

    /// Returns the bytes of a file, if the kustomization may read it.
    pub(crate) fn read(
        &self,
        context: &mut Context<'_>,
        path: &str,
    ) -> Result<(TreePath, Arc<[u8]>), Problem> {
        let file = self.file(context, path)?;
        let bytes = context.read(&file)?;
        Ok((file, bytes))
    }

    /// Returns what an entry of `resources` or `components` leads to.
    pub(crate) fn entry(&self, context: &Context<'_>, path: &str) -> Result<Entry, Problem> {
        let target = self.locate(context, path)?;
        match context.tree.kind(&target)? {
            Some(EntryKind::File) => self.file(context, path).map(Entry::File),
            Some(EntryKind::Directory) => self.enter(target).map(Entry::Directory),
            Some(EntryKind::Dangling) | None => Err(missing(context, &target).into()),
        }
    }

    fn locate(&self, context: &Context<'_>, path: &str) -> Result<TreePath, Problem> {
        if path.is_empty() {
            return Err(LoadProblem::EmptyPath.into());
        }
        let target = self.root.join(path);
        // A directory can be called like a host; what is there counts first.
        let is_there = target
            .as_ref()
            .is_ok_and(|target| matches!(context.tree.kind(target), Ok(Some(_))));
        if !is_there && is_remote(path) {
            return Err(Refusal::Remote {
                url: path.to_owned(),
            }
            .into());
        }
        Ok(target?)
    }

    /// Returns the loader of a base: it must not be, or contain, a directory that is being built.
    fn enter(&self, root: TreePath) -> Result<Self, Problem> {
        let mut visited = self.visited.clone();
        visited.push(self.root.clone());
        if let Some(inner) = visited.iter().rev().find(|inner| inner.is_within(&root)) {
            return Err(LoadProblem::Cycle {
                candidate: root,
                visited: inner.clone(),
            }
            .into());
        }
        Ok(Self { root, visited })
    }

    /// Returns the kustomization file of the directory.
    pub(crate) fn kustomization_file(&self, context: &Context<'_>) -> Result<TreePath, Problem> {
        let mut found = Vec::new();
        for name in FILE_NAMES {
            let file = self.root.join(name)?;
            if context.tree.kind(&file)? == Some(EntryKind::File) {
                found.push(file);
            }
        }
        let directory = self.root.clone();
        match found.len() {
            0 => Err(LoadProblem::MissingKustomization { directory }.into()),
            1 => Ok(found.remove(0)),
            _ => Err(LoadProblem::SeveralKustomizations { directory }.into()),
        }
    }
}

/// Returns whether a path is the address of a repository or file elsewhere.
fn is_remote(path: &str) -> bool {
    let hosts = [
        "github.com/",
        "gitlab.com/",
        "bitbucket.org/",
        "gh:",
        "git@",
        "git::",
    ];
    path.contains("://")
        || hosts.iter().any(|host| path.starts_with(host))
        || path.contains("?ref=")
}

/// Says that a file is missing, and which file of its directory could be meant.
fn missing(context: &Context<'_>, path: &TreePath) -> LoadProblem {
    let siblings = path
        .parent()
        .and_then(|parent| context.tree.list(&parent).ok())
        .unwrap_or_default();
    let names = siblings.iter().map(|(name, _)| name.as_str());
    let similar = nearest(path.file_name(), names).map(str::to_owned);
    LoadProblem::MissingFile {
        path: path.clone(),
        similar,
    }
}
