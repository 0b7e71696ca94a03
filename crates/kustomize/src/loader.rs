//! Reading files as a kustomization may: from its own directory, unless the caller allows more.

use std::sync::Arc;

use windlass_tree::{EntryKind, Tree as _, TreePath};

use crate::context::Context;
use crate::error::{LoadProblem, Problem, Refusal};
use crate::kustomization::FILE_NAMES;
use crate::nearest::nearest;
use crate::remote::{self, Remote, RemoteBase, Scheme};

/// A directory that is being built, and those that led there.
#[derive(Clone, Debug)]
pub(crate) struct Loader {
    pub(crate) root: TreePath,
    /// The directories above in the chain of resources, outermost first.
    visited: Vec<TreePath>,
    /// The repository from elsewhere that the directory is in.
    remote: Option<Within>,
}

/// A repository that was fetched.
#[derive(Clone, Debug)]
struct Within {
    mount: TreePath,
    scheme: Scheme,
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
            remote: None,
        }
    }

    /// Returns the path of a file, if the kustomization may read it.
    pub(crate) fn file(&self, context: &Context<'_>, path: &str) -> Result<TreePath, Problem> {
        if remote::is_url(path) && !self.is_there(context, path) {
            return self.fetch(context, path);
        }
        let file = self.locate(context, path)?;
        match context.tree.kind(&file)? {
            Some(EntryKind::File) => {}
            Some(EntryKind::Directory) => return Err(LoadProblem::NotAFile { path: file }.into()),
            Some(EntryKind::Dangling) | None => return Err(missing(context, &file).into()),
        }
        let anywhere = context.options.files_from_anywhere && self.remote.is_none();
        if anywhere || file.is_within(&self.root) {
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
        // A directory can be called like a host; what is there counts first.
        if !self.is_there(context, path) {
            match Remote::parse(path) {
                Some(Remote::File(url)) => return self.fetch(context, &url).map(Entry::File),
                Some(Remote::Base(base)) => {
                    return self.clone_base(context, &base).map(Entry::Directory);
                }
                None => {}
            }
        }
        let target = self.locate(context, path)?;
        match context.tree.kind(&target)? {
            Some(EntryKind::File) => self.file(context, path).map(Entry::File),
            Some(EntryKind::Directory) => self.enter(target).map(Entry::Directory),
            Some(EntryKind::Dangling) | None => Err(missing(context, &target).into()),
        }
    }

    fn is_there(&self, context: &Context<'_>, path: &str) -> bool {
        let target = self.locate(context, path);
        target.is_ok_and(|target| matches!(context.tree.kind(&target), Ok(Some(_))))
    }

    fn locate(&self, context: &Context<'_>, path: &str) -> Result<TreePath, Problem> {
        if path.is_empty() {
            return Err(LoadProblem::EmptyPath.into());
        }
        let target = self.root.join(path)?;
        let mount = self.remote.as_ref().map(|within| &within.mount);
        if context.tree.mount_of(&target).as_ref() != mount {
            let repository = mount.cloned().unwrap_or_default();
            return Err(LoadProblem::OutsideRepository {
                path: target,
                repository,
            }
            .into());
        }
        Ok(target)
    }

    /// Returns where the file of an address is.
    fn fetch(&self, context: &Context<'_>, url: &str) -> Result<TreePath, Problem> {
        self.check_scheme(url, Scheme::of_url(url))?;
        context.tree.file(url)
    }

    /// Returns the loader of a base in another repository.
    fn clone_base(&self, context: &Context<'_>, base: &RemoteBase) -> Result<Self, Problem> {
        let scheme = base.repository.scheme;
        self.check_scheme(&base.repository.url, scheme)?;
        let directory = base.directory()?;
        let mount = context.tree.repository(&base.repository)?;
        let root = mount.join(directory.as_str())?;
        match context.tree.kind(&root)? {
            Some(EntryKind::Directory) => {}
            Some(EntryKind::File) => return Err(LoadProblem::ComponentIsFile { path: root }.into()),
            Some(EntryKind::Dangling) | None => return Err(missing(context, &root).into()),
        }
        let mut loader = self.enter(root)?;
        loader.remote = Some(Within { mount, scheme });
        Ok(loader)
    }

    /// What came over a network may not lead to this disk, or to something that is reached with less care.
    fn check_scheme(&self, url: &str, scheme: Scheme) -> Result<(), Problem> {
        match &self.remote {
            Some(within) if scheme < within.scheme => Err(Refusal::LessCare {
                url: url.to_owned(),
                repository: within.mount.to_string(),
            }
            .into()),
            _ => Ok(()),
        }
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
        let remote = self.remote.clone();
        Ok(Self {
            root,
            visited,
            remote,
        })
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
