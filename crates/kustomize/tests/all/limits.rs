//! Inputs that would take a build too far.

use windlass_kustomize::{BuildOptions, build};
use windlass_tree::{MemoryTree, TreePath};

use crate::support::build_files;

/// Builds a chain of kustomizations, each the base of the one before.
fn chain(length: usize) -> Result<String, String> {
    let mut tree = MemoryTree::new();
    for level in 0..length {
        let text = format!("resources: [../{}]\n", level + 1);
        tree.write(&format!("{level}/kustomization.yaml"), &text)
            .unwrap();
    }
    let last = "configMapGenerator: [{name: end, literals: [a=b]}]\n";
    tree.write(&format!("{length}/kustomization.yaml"), last)
        .unwrap();
    build(
        &tree,
        &TreePath::new("0").unwrap(),
        &BuildOptions::default(),
    )
    .map(|built| built.to_yaml())
    .map_err(|errors| errors.to_string())
}

#[test]
fn a_long_chain_of_bases_builds_and_a_longer_one_is_refused() {
    assert!(chain(100).unwrap().contains("name: end-"));
    assert!(chain(101).unwrap_err().contains("nested deeper than 100"));
}

#[test]
fn copying_an_object_into_itself_again_and_again_is_refused() {
    let same = ["    - {op: copy, from: /data, path: /data/x}\n"]
        .repeat(40)
        .concat();
    let doubling: Vec<String> = (0..40)
        .map(|index| format!("    - {{op: copy, from: /data, path: /data/x{index}}}\n"))
        .collect();
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n";
    let with = |operations: &str| {
        let head = "resources: [a.yaml]\npatches:\n- target: {kind: ConfigMap}\n  patch: |\n";
        let kustomization = format!("{head}{operations}");
        build_files(&[
            ("build/kustomization.yaml", &kustomization),
            ("build/a.yaml", object),
        ])
    };
    assert!(with(&same).is_ok());
    assert!(
        with(&doubling.concat())
            .unwrap_err()
            .to_string()
            .contains("more than 1000000 values")
    );
}

#[test]
fn deep_nesting_and_alias_bombs_are_errors() {
    let deep = format!(
        "kind: A\nmetadata: {{name: a}}\nspec: {}1{}\n",
        "[".repeat(5000),
        "]".repeat(5000)
    );
    let level = |level: usize| {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        format!("a{level}: &a{level} [{aliases}]\n")
    };
    let head = "kind: A\nmetadata: {name: a}\na0: &a0 [x, x, x]\n".to_owned();
    let bomb = std::iter::once(head)
        .chain((1..12).map(level))
        .collect::<Vec<_>>()
        .concat();
    for text in [deep, bomb] {
        let files = [
            ("build/kustomization.yaml", "resources: [a.yaml]\n"),
            ("build/a.yaml", &*text),
        ];
        assert!(build_files(&files).is_err());
    }
}
