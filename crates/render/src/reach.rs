//! The directories that a build goes through.

use std::collections::BTreeSet;

use windlass_kustomize::FILE_NAMES;
use windlass_tree::{EntryKind, Tree, TreeError, TreePath};
use windlass_yaml::{Limits, Node};

/// The fields of a kustomization that name directories to build.
const FIELDS: [&str; 3] = ["resources", "bases", "components"];

/// Why it is not known which directories a build goes through.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ReachError {
    /// A kustomization is not YAML.
    #[error("{}", error.in_file(path.as_str()))]
    Yaml {
        /// The file.
        path: TreePath,
        /// What is wrong with it.
        error: windlass_yaml::ParseError,
    },
    /// The tree did not answer.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

/// Returns the directories of the tree that a build of `directory` goes through: itself first, then its bases
/// and components, and theirs. What is fetched from elsewhere is not followed, and what a build would
/// refuse is not judged.
pub fn reached_directories(
    tree: &dyn Tree,
    directory: &TreePath,
) -> Result<Vec<TreePath>, ReachError> {
    let mut seen = BTreeSet::from([directory.clone()]);
    let mut reached = vec![directory.clone()];
    let mut next = 0;
    while let Some(directory) = reached.get(next).cloned() {
        for named in named_directories(tree, &directory)? {
            if seen.insert(named.clone()) {
                reached.push(named);
            }
        }
        next += 1;
    }
    Ok(reached)
}

fn named_directories(tree: &dyn Tree, directory: &TreePath) -> Result<Vec<TreePath>, ReachError> {
    let mut named = Vec::new();
    for file in FILE_NAMES {
        let path = directory.join(file).map_err(|_| missing(directory))?;
        if tree.kind(&path)? != Some(EntryKind::File) {
            continue;
        }
        for entry in entries(&tree.read(&path)?, &path)? {
            // What leads out of the tree, and addresses, are nothing here.
            if let Ok(target) = directory.join(&entry)
                && matches!(tree.kind(&target), Ok(Some(EntryKind::Directory)))
            {
                named.push(target);
            }
        }
    }
    Ok(named)
}

fn missing(path: &TreePath) -> TreeError {
    let path = path.clone();
    TreeError::NotFound { path }
}

/// Returns what the kustomization names in the fields that may name directories.
fn entries(text: &[u8], path: &TreePath) -> Result<Vec<String>, ReachError> {
    let wrong = |error| ReachError::Yaml {
        path: path.clone(),
        error,
    };
    let documents = windlass_yaml::parse(text).map_err(wrong)?;
    let Some(document) = documents.into_iter().next() else {
        return Ok(Vec::new());
    };
    let mut root = document.root;
    root.expand_aliases(&Limits::default()).map_err(wrong)?;
    let lists = FIELDS.iter().filter_map(|field| root.get(field));
    let items = lists.filter_map(Node::as_sequence).flatten();
    Ok(items
        .filter_map(|item| item.text().map(str::to_owned))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_tree::MemoryTree;

    fn reached(tree: &MemoryTree, directory: &str) -> String {
        match reached_directories(tree, &TreePath::new(directory).unwrap()) {
            Ok(directories) => {
                let directories: Vec<_> = directories.iter().map(TreePath::as_str).collect();
                directories.join(" ")
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn bases_and_components_are_reached_once_whatever_circles_there_are() {
        let tree = MemoryTree::from_iter([
            (
                "o/kustomization.yaml",
                "resources: [../b, x.yaml, https://a/b]\ncomponents: [../c]\n",
            ),
            ("o/x.yaml", ""),
            ("b/kustomization.yml", "bases:\n- ../c\n- ../../outside\n"),
            ("c/Kustomization", "resources: [../o]\n"),
        ]);
        assert_eq!(reached(&tree, "o"), "o b c");
        assert_eq!(reached(&tree, "none"), "none");
    }

    #[test]
    fn a_kustomization_that_cannot_be_read_is_an_error_with_its_place() {
        let tree = MemoryTree::from_iter([("o/kustomization.yaml", "resources: [\n")]);
        insta::assert_snapshot!(reached(&tree, "o"), @"o/kustomization.yaml:2:1: line 2: did not find expected node content while parsing a flow node at line 2");
    }
}
