//! What the tests share.

use std::path::Path;

use windlass_kustomize::{Build, BuildErrors, BuildOptions, build};
use windlass_tree::{MemoryTree, TreePath};

/// Reads all files below a directory.
pub(crate) fn read_tree(directory: &Path) -> MemoryTree {
    let mut tree = MemoryTree::new();
    let mut pending = vec![directory.to_path_buf()];
    while let Some(next) = pending.pop() {
        // Git keeps no empty directories, so that the directory of a case may be missing.
        let Ok(entries) = std::fs::read_dir(&next) else {
            continue;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                pending.push(path);
            } else {
                let name = path.strip_prefix(directory).unwrap().to_str().unwrap();
                tree.insert(TreePath::new(name).unwrap(), std::fs::read(&path).unwrap());
            }
        }
    }
    tree
}

/// Returns where two texts differ first.
pub(crate) fn first_difference(expected: &str, printed: &str) -> String {
    let mut lines = expected.lines().zip(printed.lines()).enumerate();
    match lines.find(|(_, (expected, printed))| expected != printed) {
        Some((index, (expected, printed))) => {
            format!("line {}: {printed:?}, not {expected:?}", index + 1)
        }
        None => "one is longer than the other".to_owned(),
    }
}

/// Builds the directory `build` of a tree that is made of pairs of path and text.
pub(crate) fn build_files(files: &[(&str, &str)]) -> Result<Build, BuildErrors> {
    let tree: MemoryTree = files.iter().copied().collect();
    build(
        &tree,
        &TreePath::new("build").unwrap(),
        &BuildOptions::default(),
    )
}
