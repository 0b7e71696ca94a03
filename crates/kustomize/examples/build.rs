//! Builds directories on disk and prints what `kustomize build` prints for each:
//!
//!     cargo run -p windlass-kustomize --example build -- DIRECTORY…
//!
//! The tree of a build is the directory above the one that is named, so that overlays find the bases
//! beside them. Warnings and mistakes go to standard error; one that fails does not hold the others.
//!
//! `windlass build` finds the repository around a directory and reads files only when they are needed;
//! this reads everything first, and needs nothing but the crate.

#![expect(
    clippy::disallowed_methods,
    reason = "a program reads the disk; the crate itself reads nothing but its tree"
)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is what it is for"
)]

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use windlass_kustomize::{BuildOptions, build};
use windlass_tree::{MemoryTree, TreePath};

fn main() -> ExitCode {
    let mut exit = ExitCode::SUCCESS;
    for directory in std::env::args_os().skip(1) {
        if let Err(error) = print_build(Path::new(&directory)) {
            eprintln!("{error}");
            exit = ExitCode::FAILURE;
        }
    }
    exit
}

fn print_build(directory: &Path) -> Result<(), Box<dyn Error>> {
    let directory = directory.canonicalize()?;
    let root = directory.parent().ok_or("the root of the disk")?;
    let mut tree = MemoryTree::new();
    read_into(&mut tree, root, root)?;
    let target = TreePath::new(name_within(&directory, root)?)?;
    let built = build(&tree, &target, &BuildOptions::default())?;
    for warning in &built.warnings {
        eprintln!("{warning}");
    }
    print!("{}", built.to_yaml());
    Ok(())
}

/// Reads all files below a directory.
fn read_into(tree: &mut MemoryTree, root: &Path, directory: &Path) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            read_into(tree, root, &path)?;
        } else {
            let name = TreePath::new(name_within(&path, root)?)?;
            tree.insert(name, fs::read(&path)?);
        }
    }
    Ok(())
}

fn name_within<'p>(path: &'p Path, root: &Path) -> Result<&'p str, Box<dyn Error>> {
    let name = path.strip_prefix(root)?.to_str();
    Ok(name.ok_or_else(|| format!("{} is not UTF-8", path.display()))?)
}
