//! A kustomization on this disk, built as `kustomize build` does.

use std::path::{Path, PathBuf};

use windlass_kustomize::{Build, BuildOptions};
use windlass_source::{DirectoryTree, Repository};
use windlass_tree::TreePath;

use crate::failure::Failure;
use crate::style::{Ink, Style};
use crate::terminal::{complain, shown};

/// Builds the kustomization in a directory, and says on standard error what should be changed in it.
pub(crate) fn build(
    directory: &str,
    options: &BuildOptions,
    style: Style,
) -> Result<Build, Failure> {
    let (root, path) = rooted(Path::new(directory))?;
    let tree = DirectoryTree::open(&root)
        .map_err(|error| Failure::of([format!("{}: {error}", root.display())]))?;
    let built = windlass_kustomize::build(&tree, &path, options);
    let built = built.map_err(|errors| Failure::of(errors.iter().map(ToString::to_string)))?;
    for warning in &built.warnings {
        complain(&style.err(Ink::Yellow, &shown(&warning.to_string())));
    }
    Ok(built)
}

/// Returns the directory below which files may be read, and the path of `directory` in it: the top of the
/// repository that it is in, or where there is none the root of the file system, as for kustomize.
fn rooted(directory: &Path) -> Result<(PathBuf, TreePath), Failure> {
    let unreadable = |error| Failure::of([format!("{}: {error}", directory.display())]);
    let full = directory.canonicalize().map_err(unreadable)?;
    let root = match Repository::discover(&full) {
        Ok(repository) => repository.top().canonicalize().map_err(unreadable)?,
        Err(_) => PathBuf::from("/"),
    };
    let path = full.strip_prefix(&root).unwrap_or(Path::new(""));
    let path = path
        .to_str()
        .ok_or_else(|| Failure::usage("the path of the directory is not UTF-8"))?;
    Ok((root, TreePath::new(path)?))
}
