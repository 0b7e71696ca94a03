//! The kustomization file of a directory: found, read, and written as a whole.

use std::fs;
use std::path::Path;

use windlass_kustomize::{FILE_NAMES, KustomizationFile};
use windlass_tree::{Tree, TreePath};

use crate::command::build::directory;
use crate::failure::Failure;
use crate::replace::replace;
use crate::terminal::{complain, shown};

/// Makes an edit of the kustomization file in the current directory, and says what it did not have to do.
/// Where the edit fails, nothing is written.
pub(super) fn edit<E>(
    change: impl FnOnce(&mut KustomizationFile) -> Result<(), E>,
) -> Result<(), Failure>
where
    Failure: From<E>,
{
    let (name, text) = read()?;
    let mut file = KustomizationFile::read(name, &text)?;
    change(&mut file)?;
    for note in file.notes() {
        complain(&shown(&note.to_string()));
    }
    let edited = file.finish()?;
    if edited != text {
        replace(Path::new(name), edited.as_bytes())?;
    }
    Ok(())
}

/// Returns the name and the text of the kustomization file in the current directory.
pub(super) fn read() -> Result<(&'static str, String), Failure> {
    let name = match find().as_slice() {
        [name] => *name,
        [] => {
            let failure = Failure::of([format!(
                "there is no kustomization file here: none of {}",
                FILE_NAMES.join(", ")
            )]);
            return Err(failure.hint("`kustomize create` makes one"));
        }
        several => {
            let several = several.join(", ");
            return Err(Failure::of([format!(
                "there are several kustomization files here: {several}; keep one of them"
            )]));
        }
    };
    let (tree, here) = directory::open(".")?;
    Ok((name, text(&tree, &here, name)?))
}

/// Returns the text of a file, named as seen from a directory.
pub(super) fn text(tree: &dyn Tree, directory: &TreePath, name: &str) -> Result<String, Failure> {
    let bytes = tree.read(&directory.join(name)?);
    let bytes = bytes.map_err(|error| Failure::of([format!("{name}: {}", error.reason())]))?;
    let text = std::str::from_utf8(&bytes);
    let text = text.map_err(|_| Failure::of([format!("{name}: the file is not UTF-8 text")]))?;
    Ok(text.to_owned())
}

/// Returns the names of the kustomization files in the current directory.
pub(in super::super) fn find() -> Vec<&'static str> {
    let is_there = |name: &&str| fs::symlink_metadata(name).is_ok();
    FILE_NAMES.into_iter().filter(is_there).collect()
}
