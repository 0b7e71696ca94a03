//! What holds for any input: laws that the programs in `fuzz/` try to break, and that tests check on
//! recorded cases.

use std::collections::BTreeMap;

use windlass_kustomize::{Build, BuildErrors, BuildOptions, build};
use windlass_tree::{MemoryTree, TreePath};
use windlass_yaml::{DuplicateKeys, ParseOptions, parse_with};

/// A text that stands for a text and some files: each file begins behind a line `-- path --`.
pub(crate) struct Archive<'t> {
    /// What stands before the first file.
    pub(crate) head: &'t str,
    /// Paths and contents.
    pub(crate) files: Vec<(&'t str, &'t str)>,
}

impl<'t> Archive<'t> {
    pub(crate) fn parse(text: &'t str) -> Self {
        let (mut name, mut start, mut at) = (None, 0, 0);
        let mut parts = Vec::new();
        for line in text.split_inclusive('\n') {
            if let Some(next) = file_name(line) {
                parts.push((name, &text[start..at]));
                (name, start) = (Some(next), at + line.len());
            }
            at += line.len();
        }
        parts.push((name, &text[start..]));
        let files = parts[1..].iter();
        Self {
            head: parts[0].1,
            files: files
                .filter_map(|(name, content)| Some(((*name)?, *content)))
                .collect(),
        }
    }

    fn file(&self, name: &str) -> &'t str {
        let found = self.files.iter().find(|(path, _)| *path == name);
        found.map_or("", |(_, content)| content)
    }
}

fn file_name(line: &str) -> Option<&str> {
    let name = line.trim_end().strip_prefix("-- ")?.strip_suffix(" --")?;
    Some(name.trim())
}

/// Builds the directory that an archive begins with.
pub(crate) fn builds(text: &str) {
    let archive = Archive::parse(text);
    let Ok(directory) = TreePath::new(archive.head.trim()) else {
        return;
    };
    for files_from_anywhere in [false, true] {
        let options = BuildOptions {
            files_from_anywhere,
            ..BuildOptions::default()
        };
        builds_the_same(&archive.files, &directory, &options);
    }
}

/// Patches the objects that an archive begins with by the files `merge` and `json`.
pub(crate) fn patches(text: &str) {
    let archive = Archive::parse(text);
    let patches = [("merge.yaml", "merge"), ("json.yaml", "json")];
    let targets = ["", "  target: {kind: .*}\n", "  target: {name: a}\n"];
    for (path, name) in patches {
        for target in targets {
            let entry = format!("resources: [objects.yaml]\npatches:\n- path: {path}\n{target}");
            let files = [
                ("kustomization.yaml", &*entry),
                ("objects.yaml", archive.head),
                (path, archive.file(name)),
            ];
            builds_the_same(&files, &TreePath::root(), &BuildOptions::default());
        }
    }
}

/// Copies fields of the objects that an archive begins with, as the file `fields` says: the fields
/// `replacements`, `vars`, `labels`, `images` and the like of a kustomization.
pub(crate) fn copies_fields(text: &str) {
    let archive = Archive::parse(text);
    let kustomization = format!("resources: [objects.yaml]\n{}", archive.file("fields"));
    let files = [
        ("kustomization.yaml", &*kustomization),
        ("objects.yaml", archive.head),
        ("config.yaml", archive.file("config")),
    ];
    builds_the_same(&files, &TreePath::root(), &BuildOptions::default());
}

/// The same files come out the same, in whatever order they were put into the tree.
fn builds_the_same(files: &[(&str, &str)], directory: &TreePath, options: &BuildOptions) {
    let files: BTreeMap<TreePath, &str> = files
        .iter()
        .filter_map(|(path, content)| Some((TreePath::new(path).ok()?, *content)))
        .collect();
    let first = build(&tree(files.iter()), directory, options);
    let second = build(&tree(files.iter().rev()), directory, options);
    assert_eq!(outcome(&first), outcome(&second));
    match first {
        Ok(built) => reads_back(&built),
        Err(errors) => assert!(!errors.to_string().is_empty()),
    }
}

fn tree<'f>(files: impl Iterator<Item = (&'f TreePath, &'f &'f str)>) -> MemoryTree {
    let mut tree = MemoryTree::new();
    for (path, content) in files {
        tree.insert(path.clone(), content.as_bytes());
    }
    tree
}

/// Returns everything that a build says.
pub(crate) fn outcome(built: &Result<Build, BuildErrors>) -> String {
    match built {
        Ok(built) => format!("{built:?}\n{}", built.to_yaml()),
        Err(errors) => format!("{errors}\n{errors:?}"),
    }
}

/// What was printed are the objects of the build.
fn reads_back(built: &Build) {
    let printed = built.to_yaml();
    let options = ParseOptions {
        duplicate_keys: DuplicateKeys::Keep,
        ..ParseOptions::default()
    };
    let read = parse_with(printed, &options).expect("what a build prints can be read");
    assert_eq!(read.len(), built.resources.len(), "{printed}");
    for (document, resource) in read.iter().zip(&built.resources) {
        let (read, value) = (document.root.to_json(), resource.node.to_json());
        // A next-line character is a line break to YAML, which folds it.
        if !format!("{value:?}").contains("\\u{85}") {
            assert_eq!(read, value, "{printed}");
        }
    }
}
