//! Reading files as a kustomization may: from its own directory, unless the caller allows more.

use std::sync::Arc;
use std::time::Duration;

use windlass_tree::{EntryKind, Tree as _, TreePath};

use crate::context::Context;
use crate::error::{LoadProblem, Problem, Refusal, There};
use crate::kustomization::FILE_NAMES;
use crate::nearest::nearest;
use crate::remote::{self, Remote, RemoteBase, Scheme};

/// The longest time that a kustomization from elsewhere can ask for with `?timeout=`.
const MAX_REMOTE_TIMEOUT: Duration = Duration::from_mins(1);

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
    /// Returns the loader of the directory that is built.
    pub(crate) fn new(context: &Context<'_>, root: &TreePath) -> Result<Self, Problem> {
        Ok(Self {
            root: context.tree.resolve(root)?,
            visited: Vec::new(),
            remote: None,
        })
    }

    /// Returns the path of a file, if the kustomization may read it.
    pub(crate) fn file(&self, context: &Context<'_>, path: &str) -> Result<TreePath, Problem> {
        if !self.is_there(context, path) {
            if is_content(path) {
                return Err(LoadProblem::Content.into());
            }
            if remote::is_url(path) {
                return self.fetch(context, path);
            }
        }
        let file = self.locate(context, path)?;
        match context.tree.kind(&file)? {
            Some(EntryKind::File) => self.permit(context, file),
            Some(EntryKind::Directory) => Err(LoadProblem::NotAFile {
                path: absolute(&file),
            }
            .into()),
            Some(EntryKind::Dangling) | None => Err(missing(context, &file).into()),
        }
    }

    /// Returns the file, unless it really lies outside the directory, and may not.
    fn permit(&self, context: &Context<'_>, file: TreePath) -> Result<TreePath, Problem> {
        if context.options.files_from_anywhere && self.remote.is_none() {
            return Ok(file);
        }
        let real = context.tree.resolve(&file)?;
        if real.is_within(&self.root) {
            return Ok(file);
        }
        Err(LoadProblem::OutsideRoot {
            file: absolute(&file),
            real: (real != file).then(|| absolute(&real)),
            root: absolute(&self.root),
        }
        .into())
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
            if is_content(path) {
                return Err(LoadProblem::Content.into());
            }
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
            Some(EntryKind::File) => self.permit(context, target).map(Entry::File),
            Some(EntryKind::Directory) if path.starts_with('/') => Err(LoadProblem::AbsoluteBase {
                path: path.to_owned(),
            }
            .into()),
            Some(EntryKind::Directory) => self.enter(context, &target).map(Entry::Directory),
            Some(EntryKind::Dangling) | None => Err(missing(context, &target).into()),
        }
    }

    pub(crate) fn is_there(&self, context: &Context<'_>, path: &str) -> bool {
        let target = self.locate(context, path);
        target.is_ok_and(|target| matches!(context.tree.kind(&target), Ok(Some(_))))
    }

    fn locate(&self, context: &Context<'_>, path: &str) -> Result<TreePath, Problem> {
        if path.is_empty() {
            return Err(LoadProblem::EmptyPath.into());
        }
        let is_whole = context.options.working_directory.is_some() && self.remote.is_none();
        if path.starts_with('/') && is_whole {
            return Ok(TreePath::new(path.trim_start_matches('/'))?);
        }
        let target = self.root.join(path)?;
        let mount = self.remote.as_ref().map(|within| &within.mount);
        if context.tree.mount_of(&target).as_ref() != mount {
            let repository = mount.cloned().unwrap_or_default();
            return Err(LoadProblem::OutsideRepository {
                path: absolute(&target),
                repository: absolute(&repository),
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
        let mut repository = base.repository.clone();
        if self.remote.is_some() {
            repository.timeout = repository.timeout.min(MAX_REMOTE_TIMEOUT);
        }
        let mount = context.tree.repository(&repository)?;
        let root = mount.join(directory.as_str())?;
        match context.tree.kind(&root)? {
            Some(EntryKind::Directory) => {}
            Some(EntryKind::File) => {
                return Err(LoadProblem::ComponentIsFile {
                    path: absolute(&root),
                }
                .into());
            }
            Some(EntryKind::Dangling) | None => return Err(missing(context, &root).into()),
        }
        let mut loader = self.enter(context, &root)?;
        loader.remote = Some(Within { mount, scheme });
        Ok(loader)
    }

    /// What came over a network may not lead to this disk, or to something that is reached with less care.
    fn check_scheme(&self, url: &str, scheme: Scheme) -> Result<(), Problem> {
        match &self.remote {
            Some(within) if scheme < within.scheme => Err(Refusal::LessCare {
                url: remote::redacted(url),
                repository: absolute(&within.mount),
            }
            .into()),
            _ => Ok(()),
        }
    }

    /// Returns the loader of a base: it must not be, or contain, a directory that is being built.
    fn enter(&self, context: &Context<'_>, target: &TreePath) -> Result<Self, Problem> {
        let root = context.tree.resolve(target)?;
        let mut visited = self.visited.clone();
        visited.push(self.root.clone());
        if let Some(inner) = visited.iter().rev().find(|inner| inner.is_within(&root)) {
            return Err(LoadProblem::Cycle {
                candidate: absolute(&root),
                visited: absolute(inner),
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
        let directory = absolute(&self.root);
        match found.len() {
            0 => Err(LoadProblem::MissingKustomization {
                directory,
                there: There::like(
                    FILE_NAMES[0],
                    names(context, &self.root).iter().map(String::as_str),
                ),
            }
            .into()),
            1 => Ok(found.remove(0)),
            _ => Err(LoadProblem::SeveralKustomizations {
                directory,
                names: found
                    .iter()
                    .map(|file| file.file_name().to_owned())
                    .collect(),
            }
            .into()),
        }
    }
}

/// Returns a path as kustomize's messages have it: from the root. What was fetched has an address.
pub(crate) fn absolute(path: &TreePath) -> String {
    remote::address_of(path).unwrap_or_else(|| format!("/{}", path.as_str()))
}

/// Returns whether what should be a path is an object, which may be a Secret.
pub(crate) fn is_content(path: &str) -> bool {
    path.contains('\n') || path.trim_start().starts_with(['{', '[']) || path.contains(": ")
}

/// Returns a path as messages show it: an object in its place only hinted at.
pub(crate) fn shown(path: &str) -> &str {
    if is_content(path) { "…" } else { path }
}

/// Says that a file is missing, and which file of its directory could be meant.
fn missing(context: &Context<'_>, path: &TreePath) -> LoadProblem {
    let kind = |path: &TreePath| context.tree.kind(path).ok().flatten();
    let mut lacking = path.clone();
    let mut above = path.parent();
    while let Some(parent) = above.take_if(|parent| kind(parent).is_none()) {
        above = parent.parent();
        lacking = parent;
    }
    let is_below_file = above.as_ref().and_then(kind) == Some(EntryKind::File);
    let siblings = above
        .map(|parent| names(context, &parent))
        .unwrap_or_default();
    let siblings = siblings.iter().map(String::as_str);
    LoadProblem::MissingFile {
        is_link: kind(&lacking) == Some(EntryKind::Dangling),
        path: absolute(path),
        is_below_file,
        similar: nearest(lacking.file_name(), siblings).map(str::to_owned),
        lacking: absolute(&lacking),
    }
}

/// Returns the names of what lies in a directory; nothing when it cannot be listed, since this is only for
/// messages.
fn names(context: &Context<'_>, directory: &TreePath) -> Vec<String> {
    let entries = context.tree.list(directory).unwrap_or_default();
    entries.into_iter().map(|(name, _)| name).collect()
}
