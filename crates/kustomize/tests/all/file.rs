//! Edits of kustomization files: what is asked for and nothing else.

use proptest::prelude::*;
use proptest::sample::select;
use windlass_kustomize::{
    FileError, Generator, KustomizationFile, NewPatch, NewSources, PairField, PathField, TextField,
};

fn edited(
    text: &str,
    edit: impl FnOnce(&mut KustomizationFile) -> Result<(), FileError>,
) -> Result<String, FileError> {
    let mut file = KustomizationFile::read("kustomization.yaml", text)?;
    edit(&mut file)?;
    file.finish()
}

#[test]
fn fix_renames_in_place_and_keeps_comments() {
    let text = "# ours\nbases: [../base] # one\npatchesStrategicMerge:\n# first\n- a.yaml # a\n- |-\n  kind: X\ncommonLabels:\n  app: web # who\n";
    let fixed = edited(text, |file| file.fix(|path| path == "a.yaml")).unwrap();
    insta::assert_snapshot!(fixed, @r"
    # ours
    apiVersion: kustomize.config.k8s.io/v1beta1
    kind: Kustomization
    resources: [../base] # one
    patches:
    # first
    - path: a.yaml # a
    - patch: 'kind: X'
    labels:
    - includeSelectors: true
      pairs:
        app: web # who
    ");
    let again = edited(&fixed, |file| file.fix(|_| true));
    assert_eq!(again.as_ref(), Ok(&fixed));
}

#[test]
fn errors_name_the_file_the_place_and_what_there_is() {
    let message = |text: &str, edit: fn(&mut KustomizationFile) -> Result<(), FileError>| {
        edited(text, edit).unwrap_err().to_string()
    };
    let errors = [
        message("resource: []\n", |_| Ok(())),
        message("a: [\n", |_| Ok(())),
        message("resources: []\n---\n{}\n", |file| {
            file.set_text(TextField::Namespace, "x")
        }),
        message("commonLabels: {a: b}\n", |file| {
            file.remove_pairs(PairField::Labels, &["c".to_owned()], false)
        }),
        message("secretGenerator:\n- name: x\n", |file| {
            file.remove_generators(Generator::Secret, &["y".to_owned()], "")
        }),
        message("buildMetadata: [managedByLabel]\n", |file| {
            file.add_build_metadata(&["managedByLabel".to_owned()])
        }),
    ];
    insta::assert_snapshot!(errors.join("\n"), @r#"
    kustomization.yaml:1:1: invalid Kustomization: json: unknown field "resource"; did you mean "resources"?
    kustomization.yaml:2:1: line 2: did not find expected node content while parsing a flow node at line 2
    kustomization.yaml:3:1: the text has several documents: keep one of them in a file
    kustomization.yaml: there is no label c; there is a
    kustomization.yaml: there is no secret y; there is x
    kustomization.yaml: buildMetadata option managedByLabel is already there
    "#);
}

const TEXTS: [&str; 7] = [
    "",
    "# only a comment\n",
    "resources: [a, b] # flow\nimages: []\n",
    "resources:\r\n- a # first\r\n# between\r\n- b\r\ncommonLabels:\r\n  app: 'web'\r\n",
    "apiVersion: kustomize.config.k8s.io/v1beta1\nbases:\n  - c\nresources:\n  - a\n  # end\n\nnamespace: x",
    "configMapGenerator:\n- name: a\n  env: e # old\n- {name: b, literals: [x=y]}\npatches:\n- patch: |-\n    a: b\n  target: {kind: X}\n",
    "{resources: [a], namePrefix: \"p-\", labels: [{pairs: {a: b}}]}\n",
];

type Edit = fn(&mut KustomizationFile) -> Result<(), FileError>;

fn strings<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}

/// Edits that cannot fail on these texts.
const EDITS: [Edit; 12] = [
    |file| file.add_paths(PathField::Resources, &strings(["a", "new.yaml"])),
    |file| file.add_paths(PathField::Components, &strings(["c"])),
    |file| file.remove_paths(PathField::Resources, &strings(["*"])),
    |file| file.remove_paths(PathField::Resources, &strings(["b"])),
    |file| file.set_images(&["nginx:1".parse().expect("an image")]),
    |file| {
        file.set_images(&[
            "nginx=*:2".parse().expect("an image"),
            "a=b".parse().expect("an image"),
        ])
    },
    |file| file.set_replicas(&["web=3".parse().expect("replicas")]),
    |file| file.set_pairs(PairField::Labels, &["app:x".parse().expect("a label")]),
    |file| file.remove_pairs(PairField::Labels, &strings(["app"]), true),
    |file| {
        let new = NewSources {
            literals: strings(["k=v"]),
            ..NewSources::default()
        };
        file.add_sources(Generator::ConfigMap, "a", "default", &new)
    },
    |file| {
        file.add_patch(&NewPatch {
            patch: "- op: remove\n  path: /x\n".to_owned(),
            ..NewPatch::default()
        })
    },
    |file| file.set_text(TextField::Namespace, "y"),
];

proptest! {
    #[test]
    fn an_edit_made_twice_changes_nothing_more(
        text in select(TEXTS.to_vec()),
        number in select((0..EDITS.len()).filter(|number| *number != 9).collect::<Vec<_>>()),
        before in prop::collection::vec(select((0..EDITS.len()).collect::<Vec<_>>()), 0..4),
    ) {
        let mut text = text.to_owned();
        for number in before {
            text = edited(&text, EDITS[number]).expect("these edits work on these texts");
        }
        let once = edited(&text, EDITS[number]).expect("these edits work on these texts");
        let twice = edited(&once, EDITS[number]);
        prop_assert_eq!(twice.as_ref(), Ok(&once));
    }

    #[test]
    fn reading_and_writing_changes_no_byte(text in select(TEXTS.to_vec())) {
        let same = edited(text, |_| Ok(()));
        prop_assert_eq!(same.as_deref(), Ok(text));
    }
}
