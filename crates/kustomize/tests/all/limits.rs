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
    .map(|built| built.to_yaml().to_owned())
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

const OBJECT: &str = "apiVersion: v1\nkind: K\nmetadata: {name: a}\n";

/// Builds an object with these fields, and returns what is wrong.
fn mistake(kustomization: &str, fields: &str) -> String {
    let files = [
        (
            "build/kustomization.yaml",
            &*format!("resources: [a.yaml]\n{kustomization}"),
        ),
        ("build/a.yaml", &*format!("{OBJECT}{fields}")),
    ];
    build_files(&files)
        .expect_err("it goes too far")
        .to_string()
}

#[test]
fn a_field_path_of_a_thousand_fields_is_refused() {
    let path = "a.".repeat(1000) + "b";
    let replacement = format!(
        "replacements: [{{sourceValue: x, targets: [{{select: {{kind: K}}, fieldPaths: ['{path}'], options: {{create: true}}}}]}}]\n"
    );
    let label = format!(
        "labels: [{{pairs: {{a: b}}, fields: [{{path: '{}', create: true}}]}}]\n",
        path.replace('.', "/")
    );
    for kustomization in [replacement, label] {
        let mistake = mistake(&kustomization, "");
        assert!(mistake.contains("more than 256 levels deep"), "{mistake}");
    }
}

#[test]
fn an_object_that_is_copied_ever_deeper_into_itself_is_refused() {
    let copies = "    - {op: copy, from: /data, path: /data/x}\n".repeat(300);
    let patch = format!("patches:\n- target: {{kind: K}}\n  patch: |\n{copies}");
    let mistake = mistake(&patch, "data: {k: v}\n");
    assert!(mistake.contains("more than 256 levels deep"), "{mistake}");
}

#[test]
fn a_long_text_copied_into_many_fields_is_refused() {
    let replacement = "replacements: [{source: {kind: K, fieldPath: text}, targets: [{select: {kind: K}, fieldPaths: ['list.*']}]}]\n";
    let (text, list) = ("x".repeat(200_000), "a,".repeat(1000));
    let mistake = mistake(replacement, &format!("text: {text}\nlist: [{list}]\n"));
    assert!(mistake.contains("more than 1000000 values"), "{mistake}");
}

#[test]
fn a_long_var_that_is_written_often_is_refused() {
    let vars = "vars: [{name: V, objref: {apiVersion: v1, kind: K, name: a}, fieldref: {fieldpath: text}}]\n";
    let pod = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, args: ['";
    let (text, uses) = ("x".repeat(200_000), "$(V)".repeat(1000));
    let mistake = mistake(vars, &format!("text: {text}\n{pod}{uses}']}}]}}\n"));
    assert!(mistake.contains("more than 1000000 values"), "{mistake}");
}

#[test]
fn names_that_grow_over_many_bases_are_refused() {
    let prefix = format!("namePrefix: {}\n", "x".repeat(1024));
    let mistake = mistake(&prefix, "");
    assert!(mistake.contains("more than 1024 bytes"), "{mistake}");
}

/// Merges a Service into one with these finalizers.
fn with_finalizers(finalizers: &[String]) -> Result<String, String> {
    let object = format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: a, finalizers: [{}]}}\n",
        finalizers.join(",")
    );
    let files = [
        (
            "build/kustomization.yaml",
            "resources: [a.yaml]\npatches: [{patch: '{apiVersion: v1, kind: Service, metadata: {name: a, finalizers: [b]}}'}]\n",
        ),
        ("build/a.yaml", &*object),
    ];
    build_files(&files)
        .map(|built| built.to_yaml().to_owned())
        .map_err(|errors| errors.to_string())
}

#[test]
fn a_list_of_ten_thousand_elements_is_merged_and_one_where_none_can_be_told_apart_is_refused() {
    let mut finalizers: Vec<String> = (0..10_000).map(|index| format!("f{index}")).collect();
    let merged = with_finalizers(&finalizers).unwrap();
    assert!(merged.contains("  - b\n  - f0\n") && merged.contains("  - f9999\n"));
    finalizers.push("''".to_owned());
    let mistake = with_finalizers(&finalizers).unwrap_err();
    assert!(mistake.contains("more than 5000 of them"), "{mistake}");
}

/// Definitions that refer to the next one twice, and the last one to the first.
fn definitions(count: usize) -> String {
    let definition = |index: usize| {
        let next = (index + 1) % count;
        let fields = "apiVersion: {}, kind: {}, metadata: {}";
        format!(
            "d{index}: {{Schema: {{properties: {{a: {{$ref: d{next}}}, b: {{$ref: d{next}}}, {fields}}}}}}}\n"
        )
    };
    (0..count).map(definition).collect()
}

#[test]
fn definitions_that_refer_to_themselves_are_read_and_those_that_double_are_refused() {
    let with = |count| {
        build_files(&[
            (
                "build/kustomization.yaml",
                "resources: [a.yaml]\ncrds: [crds.yaml]\n",
            ),
            ("build/crds.yaml", &*definitions(count)),
            ("build/a.yaml", OBJECT),
        ])
    };
    assert!(with(1).is_ok() && with(3).is_ok());
    let mistake = with(40).expect_err("it goes too far").to_string();
    assert!(mistake.contains("more than 100000 properties"), "{mistake}");
}
