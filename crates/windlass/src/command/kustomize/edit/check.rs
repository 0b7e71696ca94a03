//! Edits of generators, which are built before they are written: their files have to be there and their keys have
//! to be keys.

use std::sync::Arc;

use windlass_kustomize::{
    BuildOptions, FileError, Generator, KustomizationFile, ObjectProblem, Problem,
};
use windlass_source::DirectoryTree;
use windlass_tree::{EntryKind, Tree, TreeError, TreePath};

use super::file;
use crate::command::build::directory;
use crate::failure::Failure;
use crate::remotes::{is_allowed_by_environment, remotes};

/// Which entry of a generator.
pub(super) struct Entry<'a> {
    pub(super) generator: Generator,
    pub(super) name: &'a str,
    pub(super) namespace: &'a str,
}

/// Makes an edit if the entry can be built afterwards.
pub(super) fn edit(
    entry: &Entry<'_>,
    change: impl Fn(&mut KustomizationFile) -> Result<(), FileError>,
) -> Result<(), Failure> {
    let (name, text) = file::read()?;
    let mut trial = KustomizationFile::read(name, &text)?;
    change(&mut trial)?;
    if let Some(text) = trial.with_only(entry.generator, entry.name, entry.namespace) {
        check(name, &text)?;
    }
    file::edit(change)
}

fn check(name: &str, text: &str) -> Result<(), Failure> {
    let (files, here) = directory::open(".")?;
    let tree = Trial {
        path: files.resolve(&here.join(name)?)?,
        bytes: text.as_bytes().into(),
        files,
    };
    let remotes = remotes(is_allowed_by_environment())?;
    let built = directory::build_in(&tree, &here, &BuildOptions::default(), &*remotes);
    let Err(errors) = built else {
        return Ok(());
    };
    // kustomize does not print what it has made to see whether an entry is good.
    let is_meant =
        |problem: &Problem| !matches!(problem, Problem::Object(ObjectProblem::Unprintable { .. }));
    // The places are those of the trial, which nobody can look at.
    let errors = errors.iter().filter(|error| is_meant(&error.problem));
    let messages: Vec<_> = errors
        .map(|error| format!("{name}: {}", error.problem))
        .collect();
    if messages.is_empty() {
        Ok(())
    } else {
        Err(Failure::of(messages))
    }
}

/// The files of a directory, with other bytes for one of them.
struct Trial {
    files: DirectoryTree,
    /// Where the file really is: a link leads to the other bytes too.
    path: TreePath,
    bytes: Arc<[u8]>,
}

impl Tree for Trial {
    fn kind(&self, path: &TreePath) -> Result<Option<EntryKind>, TreeError> {
        self.files.kind(path)
    }

    fn resolve(&self, path: &TreePath) -> Result<TreePath, TreeError> {
        self.files.resolve(path)
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        if self.resolve(path)? == self.path {
            return Ok(self.bytes.clone());
        }
        self.files.read(path)
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, EntryKind)>, TreeError> {
        self.files.list(path)
    }
}
