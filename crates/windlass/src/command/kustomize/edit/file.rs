//! The kustomization file of a directory: found, read, and written as a whole.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use windlass_kustomize::{FILE_NAMES, KustomizationFile};
use windlass_tree::{Tree, TreePath};

use crate::command::build::directory;
use crate::failure::Failure;
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
        write(Path::new(name), &edited)?;
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

/// Writes a file at once and as a whole. It keeps its mode; a link stays one, and leads to the new text.
pub(in super::super) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    replace(path, text).map_err(|error| Failure::of([format!("{}: {error}", path.display())]))
}

fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let (path, mode) = match path.canonicalize() {
        Ok(there) => {
            let mode = fs::metadata(&there)?.permissions();
            (there, Some(mode))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => (path.to_owned(), None),
        Err(error) => return Err(error),
    };
    let directory = path.parent().filter(|it| !it.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    let mut beside = match &mode {
        Some(mode) => {
            let file = tempfile::NamedTempFile::new_in(directory)?;
            file.as_file().set_permissions(mode.clone())?;
            file
        }
        None => new_file(directory)?,
    };
    beside.write_all(text.as_bytes())?;
    beside.as_file().sync_all()?;
    beside.persist(path)?;
    Ok(())
}

/// Makes a file with the mode that the umask gives to new ones.
fn new_file(directory: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    use std::os::unix::fs::PermissionsExt as _;
    tempfile::Builder::new()
        .permissions(fs::Permissions::from_mode(0o666))
        .tempfile_in(directory)
}
