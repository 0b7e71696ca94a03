//! A kustomization on this disk, built as `kustomize build` does.

use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use windlass_kustomize::{Build, BuildError, BuildErrors, BuildOptions, RemoteBase, Remotes};
use windlass_source::DirectoryTree;
use windlass_tree::{EntryKind, Tree, TreePath};

use super::Flags;
use crate::failure::Failure;
use crate::remotes::{is_allowed_by_environment, remotes};
use crate::style::{Ink, Style};
use crate::terminal::{complain, shown};

/// Builds the kustomization in a directory or at a URL, and says on standard error what should be changed in it.
///
/// The program ends when it is printed, so nothing is taken apart: the system does it at once.
pub(crate) fn build(
    directory: &str,
    flags: &Flags,
    style: Style,
) -> Result<ManuallyDrop<Build>, Failure> {
    let remotes = remotes(flags.allow_remote_bases || is_allowed_by_environment())?;
    let options = flags.options();
    let built = if is_remote(directory) {
        let built = windlass_kustomize::build_remote(directory, &options, &*remotes);
        built.map_err(|errors| Failure::of(errors.iter().map(message)))?
    } else {
        on_disk(directory, &options, &*remotes)?
    };
    for warning in &built.warnings {
        complain(&style.err(Ink::Yellow, &shown(&warning.to_string())));
    }
    Ok(ManuallyDrop::new(built))
}

/// Returns whether a text is the address of a repository. What is there counts first.
fn is_remote(directory: &str) -> bool {
    RemoteBase::parse(directory).is_some() && !Path::new(directory).exists()
}

/// Builds a directory on this disk.
pub(crate) fn on_disk(
    directory: &str,
    options: &BuildOptions,
    remotes: &dyn Remotes,
) -> Result<Build, Failure> {
    let (tree, path) = open(directory)?;
    let tree = ManuallyDrop::new(tree);
    build_in(&*tree, &path, options, remotes).map_err(|errors| failure(&errors, &*tree, &path))
}

/// Returns the whole file system and the path of a directory in it: as for kustomize, it makes no difference
/// whether the directory is in a repository.
pub(crate) fn open(directory: &str) -> Result<(DirectoryTree, TreePath), Failure> {
    let full = confirmed(directory)?;
    let path = in_tree(&full).ok_or_else(not_utf8)?;
    Ok((DirectoryTree::open(Path::new("/"))?, path))
}

/// Builds a directory in a tree of the whole file system; places are told as seen from the current directory.
pub(crate) fn build_in(
    tree: &dyn Tree,
    path: &TreePath,
    options: &BuildOptions,
    remotes: &dyn Remotes,
) -> Result<Build, BuildErrors> {
    let here = std::env::current_dir().ok();
    let options = BuildOptions {
        working_directory: here.and_then(|here| in_tree(&here)),
        ..options.clone()
    };
    windlass_kustomize::build_with(tree, path, &options, remotes)
}

/// Returns where a directory really is.
fn confirmed(directory: &str) -> Result<PathBuf, Failure> {
    let refuse =
        |reason: &str| Failure::of([format!("must build at directory: '{directory}': {reason}")]);
    if directory.is_empty() {
        return Err(refuse(
            "the path is empty; leave it out to build the current directory",
        ));
    }
    let full = Path::new(directory)
        .canonicalize()
        .map_err(|error| refuse(&error.to_string()))?;
    if !full.is_dir() {
        return Err(refuse(
            "file is not directory; name the directory that holds it",
        ));
    }
    Ok(full)
}

/// Returns a path from the root of the file system on, or one that is relative, as that of a tree.
fn in_tree(path: &Path) -> Option<TreePath> {
    TreePath::new(path.to_str()?.trim_start_matches('/')).ok()
}

fn not_utf8() -> Failure {
    Failure::usage("the path of the directory is not UTF-8")
}

/// Returns the mistakes, and what to do where a Secret is missing that exists only encrypted.
fn failure(errors: &BuildErrors, tree: &dyn Tree, directory: &TreePath) -> Failure {
    let failure = Failure::of(errors.iter().map(message));
    let is_stub = |error: &BuildError| {
        let missing = error.problem.missing_file()?;
        let stub = missing.parent()?.join("secret-stub.yaml").ok()?;
        let is_there = matches!(tree.kind(&stub), Ok(Some(EntryKind::File)));
        (missing.file_name() == "secret.yaml" && is_there).then_some(())
    };
    if errors.iter().any(|error| is_stub(error).is_some()) {
        return failure.hint(format!(
            "secret.yaml is made of secret-stub.yaml and .sops/, in memory: {}",
            with_secrets(directory)
        ));
    }
    failure
}

/// Returns a mistake, and below it what kustomize says, where that is more: people search for it.
fn message(error: &BuildError) -> String {
    match &error.original {
        Some(original) => format!("{error}\n(kustomize: {original})"),
        None => error.to_string(),
    }
}

/// Returns the command that renders a directory with its secrets.
fn with_secrets(directory: &TreePath) -> String {
    match directory.parts().rev().collect::<Vec<_>>().as_slice() {
        [env, "overlays", service, "kustomize", ..] => {
            format!("windlass build --env {env} {service}")
        }
        [env, "overlays", addon, "bootstrap", ..] => {
            format!("windlass build --env {env} bootstrap/{addon}")
        }
        _ => "windlass build --env ENV".to_owned(),
    }
}
