//! Secret values in all places where one can stand, each made wrong: no message may show one.

use crate::support::build_files;

/// The value that must not appear; the names of keys may.
const CANARY: &str = "canary4711";

const KUSTOMIZATION: &str = "build/kustomization.yaml";
const SECRET: &str =
    "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {k: canary4711, z: a}\n";

/// Asserts that the build fails, and says so without the value.
fn assert_hidden(files: &[(&str, &str)]) {
    let shown = match build_files(files) {
        Ok(built) => panic!("{files:?} was to be wrong: {}", built.to_yaml()),
        Err(errors) => format!("{errors}\n{errors:#?}"),
    };
    assert!(!shown.contains(CANARY), "{files:?}\n{shown}");
}

fn assert_kustomizations_hide(mistakes: &[&str]) {
    for mistake in mistakes {
        assert_hidden(&[(KUSTOMIZATION, mistake), ("build/s.yaml", SECRET)]);
    }
}

#[test]
fn sources_of_a_secret_generator_show_no_value() {
    let generator = |sources: &str| format!("secretGenerator:\n- name: s\n  {sources}\n");
    for sources in [
        "literals: [canary4711]",
        "literals: [=canary4711]",
        "literals: [k=canary4711, k=canary4711]",
        "literals: k=canary4711",
        "literals: [k: canary4711]",
        "literals: {k: canary4711}",
        "literal: [k=canary4711]",
        "literals: [*canary4711]",
        "literals: [!!int canary4711]",
        "literals: [k='canary4711', \"canary4711",
        "files: [k=canary4711]",
        "files: [k=canary4711==]",
        "files: [=canary4711]",
        "files: [k=../canary4711]",
        "files: [k=/canary4711]",
        "files: [k=canary/4711, 'k=canary4711']",
        "files: ['k: canary4711']",
        "files: [\"line\\ncanary4711\"]",
        "files: [k: canary4711]",
        "envs: [k=canary4711]",
        "envs: ['k: canary4711']",
        "envs: [\"k=1\\nl=canary4711\"]",
        "env: k=canary4711",
    ] {
        assert_hidden(&[(KUSTOMIZATION, &generator(sources))]);
    }
}

#[test]
fn env_files_and_files_of_a_generator_show_no_value() {
    let generator = "secretGenerator:\n- name: s\n  envs: [e.env]\n  files: [k=f]\n";
    for env in ["k=canary4711", "l=canary4711\nl=canary4711\n"] {
        let files = [
            (KUSTOMIZATION, generator),
            ("build/e.env", env),
            ("build/f", "canary4711"),
        ];
        assert_hidden(&files);
    }
}

#[test]
fn wrong_secrets_show_no_value() {
    for data in [
        "data: {k: !!int canary4711}",
        "data: {k: !!float canary4711}",
        "data: {k: !!binary canary4711}",
        "data: {k: !!timestamp canary4711}",
        "data: {k: *canary4711}",
        "data: {k: canary4711, k: canary4711}",
        "stringData: {k: canary4711",
        "stringData: {k: \"canary4711}",
        "stringData:\n  k: @canary4711",
        "stringData:\n  k: canary4711: canary4711",
        "stringData:\n\tk: canary4711",
        "stringData:\n  k: |\n    a\n--- canary4711\n",
        "stringData:\n  <<: canary4711",
        "stringData:\n  <<: {k: canary4711}\n  <<: {k: canary4711}",
        "stringData: {k: canary4711\u{1}}",
    ] {
        let secret = format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\n{data}\n");
        let files = [
            (KUSTOMIZATION, "resources: [s.yaml]\n"),
            ("build/s.yaml", &*secret),
        ];
        assert_hidden(&files);
        let inline = format!("resources:\n- |\n  {}\n", secret.replace('\n', "\n  "));
        assert_hidden(&[(KUSTOMIZATION, &inline)]);
    }
    for incomplete in [
        "apiVersion: v1\nmetadata: {name: s}\nstringData: {k: canary4711}\n",
        "apiVersion: v1\nkind: Secret\nstringData: {k: canary4711}\n",
        "stringData: {k: canary4711}\n",
        "canary4711\n",
        "- canary4711\n",
        "kind: SecretList\nitems: canary4711\n",
    ] {
        assert_hidden(&[
            (KUSTOMIZATION, "resources: [s.yaml]\n"),
            ("build/s.yaml", incomplete),
        ]);
    }
    let twice = format!("{SECRET}---\n{SECRET}");
    assert_hidden(&[
        (KUSTOMIZATION, "resources: [s.yaml]\n"),
        ("build/s.yaml", &twice),
    ]);
}

#[test]
fn an_object_in_the_place_of_a_path_shows_no_value() {
    const OBJECT: &str = "{kind: Secret, stringData: {k: canary4711}}";
    for field in [
        "resources",
        "bases",
        "components",
        "crds",
        "configurations",
        "generators",
        "transformers",
        "validators",
        "patchesStrategicMerge",
    ] {
        for entry in [
            format!("'{OBJECT}'"),
            OBJECT.to_owned(),
            format!("|\n  ---\n  {OBJECT}\n  x"),
        ] {
            assert_hidden(&[(KUSTOMIZATION, &format!("{field}:\n- {entry}\n"))]);
        }
        assert_hidden(&[(KUSTOMIZATION, &format!("{field}: '{OBJECT}'\n"))]);
    }
    assert_kustomizations_hide(&[
        "patches: [{path: 'kind: Secret canary4711'}]\n",
        "patches:\n- path: |\n    kind: Secret\n    stringData: {k: canary4711}\n",
        "replacements:\n- path: |\n    sourceValue: canary4711\n",
        "openapi:\n  path: |\n    sourceValue: canary4711\n",
        "patchesJson6902:\n- target: {kind: Secret, name: s}\n  path: |\n    - canary4711\n",
    ]);
}

#[test]
fn wrong_patches_show_no_value() {
    let patch = |text: &str| {
        let text = text.replace('\n', "\n    ");
        format!(
            "resources: [s.yaml]\npatches:\n- target: {{kind: Secret}}\n  patch: |\n    {text}\n"
        )
    };
    for text in [
        "canary4711",
        "kind: Secret\nstringData: {k: canary4711}",
        "kind: Secret\nmetadata: {name: s}\nstringData: {k: *canary4711}",
        "kind: Secret\nmetadata: {name: s}\nstringData: {k: canary4711",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {k: !!int canary4711}",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {k: [canary4711]}",
        "- {op: add, path: /stringData/a/b, value: canary4711}",
        "- {op: replace, path: /stringData/k/b, value: canary4711}",
        "- {op: test, path: /stringData/k, value: xcanary4711}",
        "- {op: wrong, path: /stringData/k, value: canary4711}",
        "- {op: add, value: canary4711}",
        "- canary4711",
        "- {op: add, path: [canary4711]}",
        "[{op: add, path: /stringData/k, value: canary4711}]",
        "[{\"op\": \"add\", \"path\": \"/x/y\", \"value\": \"canary4711\"}]",
        "[{\"op\": \"add\", \"value\": canary4711}]",
        "[\"canary4711\"]",
    ] {
        assert_hidden(&[(KUSTOMIZATION, &patch(text)), ("build/s.yaml", SECRET)]);
    }
    assert_kustomizations_hide(&[
        "resources: [s.yaml]\npatches:\n- patch: canary4711\n",
        "resources: [s.yaml]\npatches:\n- patch: {kind: Secret, stringData: {k: canary4711}}\n",
        "resources: [s.yaml]\npatches:\n- patch: |\n    kind: Secret\n    apiVersion: v1\n    metadata: {name: t}\n    data: {k: canary4711}\n",
        "resources: [s.yaml]\npatchesStrategicMerge:\n- |\n  kind: Secret\n  apiVersion: v1\n  metadata: {name: t}\n  data: {k: canary4711}\n",
        "resources: [s.yaml]\npatchesJson6902:\n- target: {kind: Secret, name: s}\n  patch: canary4711\n",
        "resources: [s.yaml]\npatchesJson6902:\n- target: {kind: Secret, version: v1, name: s}\n  patch: '[{\"op\": \"add\", \"path\": \"/a/b\", \"value\": \"canary4711\"}]'\n",
    ]);
}

#[test]
fn wrong_replacements_show_no_value() {
    let replacement = |text: &str| format!("resources: [s.yaml]\nreplacements:\n- {text}\n");
    for text in [
        "sourceValue: [canary4711]",
        "sourceValue: canary4711",
        "{sourceValue: canary4711, source: {kind: Secret}, targets: [{select: {kind: Secret}}]}",
        "{sourceValue: canary4711, targets: [{select: {kind: Secret}, fieldPaths: [a.b]}]}",
        "{sourceValue: canary4711, targets: [{select: {kind: Secret}, fieldPaths: [stringData.k.b]}]}",
        "{sourceValue: canary4711, targets: [{select: {kind: Secret}, fieldPaths: [stringData], options: {delimiter: x}}]}",
        "{source: {kind: Secret, fieldPath: stringData.k.b}, targets: [{select: {kind: Secret}}]}",
        "{source: {kind: Secret, fieldPath: stringData.k, options: {delimiter: n, index: 9}}, targets: [{select: {kind: Secret}}]}",
        "{source: {kind: Secret, fieldPath: stringData, options: {delimiter: n}}, targets: [{select: {kind: Secret}}]}",
        "{source: {kind: Secret, fieldPath: stringData.k}, targets: [{select: {kind: Secret}, fieldPaths: [spec.x]}]}",
        "{source: {kind: Secret, fieldPath: stringData.k}, targets: [{select: {kind: Secret}, fieldPaths: ['metadata.[a=b].c']}]}",
        "{source: {kind: Secret, fieldPath: stringData.k}, targets: [{select: {kind: '['}}]}",
        "{source: {kind: Secret, fieldPath: stringData.k}, targets: [{fieldPaths: [x]}]}",
    ] {
        assert_hidden(&[
            (KUSTOMIZATION, &replacement(text)),
            ("build/s.yaml", SECRET),
        ]);
    }
    assert_kustomizations_hide(&[
        "resources: [s.yaml]\nvars:\n- {name: V, objref: {kind: Secret, apiVersion: v1, name: s}, fieldref: {fieldpath: stringData.k.b}}\n",
        "resources: [s.yaml]\nvars:\n- {name: V, objref: {kind: Secret, apiVersion: v1, name: t}, fieldref: {fieldpath: stringData.k}}\n",
    ]);
}

#[test]
fn a_kustomization_that_cannot_be_read_shows_no_value() {
    assert_kustomizations_hide(&[
        "canary4711\n",
        "secretGenerator: canary4711\n",
        "secretGenerator: [canary4711]\n",
        "secretGenerator:\n- literals: [k=canary4711\n",
        "secretGenerator: [{literals: [k=canary4711]}]\n",
        "secretGenerator: [{name: a, literals: [k=canary4711]}, {name: a, literals: [k=canary4711]}]\n",
        "secretGenerator: [{name: a, behavior: merge, literals: [k=canary4711]}]\n",
        "commonAnnotations: {k: *canary4711}\n",
        "commonAnnotations: [canary4711]\n",
        "namePrefix: &canary4711 [x]\n",
    ]);
}
