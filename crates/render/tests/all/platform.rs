//! What a repository renders to, and what is said when it does not.

use std::path::Path;

use windlass_render::{Decryption, Unit, UnitKind, Warning, environments, render, units};
use windlass_sops::Keyring;
use windlass_tree::TreePath;

use crate::repository::{
    CANARY, CANARY_BASE64, keyring, load, render_dev, repository, text_dev, with,
};

const OVERLAY: &str = "kustomize/hydra/overlays/dev/kustomization.yaml";

fn errors(changes: &[(&str, &str)]) -> String {
    render_dev(&with(changes)).unwrap_err().to_string()
}

#[test]
fn objects_say_where_they_were_written() {
    let rendered = render_dev(&repository()).unwrap();
    let lines: Vec<_> = rendered
        .objects()
        .iter()
        .map(|object| format!("{} {}", object.id(), object.origin().unwrap()))
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    Secret/dev/hydra kustomize/hydra/overlays/dev/secret-stub.yaml:2
    Service/dev/hydra kustomize/hydra/base/service.yaml:2
    Deployment/dev/hydra kustomize/hydra/base/deployment.yaml:1
    ");
    assert_eq!(rendered.warnings(), []);
}

#[test]
fn the_text_is_what_kustomize_prints() {
    insta::assert_snapshot!(text_dev(&repository()), @r#"
    apiVersion: v1
    data:
      DATABASE_URL: cG9zdGdyZXM6Ly9oeWRyYTpjYW5hcnktNzdhYUBkYi9oeWRyYQ==
      SYSTEM_SECRET: Y2FuYXJ5LTc3YWE=
    kind: Secret
    metadata:
      name: hydra
      namespace: dev
    ---
    apiVersion: v1
    kind: Service
    metadata:
      name: hydra
      namespace: dev
    spec:
      ports:
      - port: 80
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: hydra
      namespace: dev
    spec:
      replicas: 1
    "#);
}

#[test]
fn the_secret_exists_in_memory_only() {
    let rendered = render_dev(&repository()).unwrap();
    let files: Vec<_> = rendered.inputs().files().map(ToString::to_string).collect();
    insta::assert_snapshot!(files.join("\n"), @r"
    kustomize/hydra/base/deployment.yaml
    kustomize/hydra/base/kustomization.yaml
    kustomize/hydra/base/service.yaml
    kustomize/hydra/overlays/dev/.sops/DATABASE_URL.enc
    kustomize/hydra/overlays/dev/.sops/SYSTEM_SECRET.enc
    kustomize/hydra/overlays/dev/kustomization.yaml
    kustomize/hydra/overlays/dev/secret-stub.yaml
    ");
}

/// The words of a failed build are those of `windlass-kustomize`; the place is what counts here.
#[test]
fn every_mistake_names_its_place() {
    let service = "kustomize/hydra/base/service.yaml";
    for (path, text, place, word) in [
        (
            OVERLAY,
            "resources:\n- ../../base\n- missing.yaml\n",
            ":3:3: ",
            "missing.yaml",
        ),
        (service, "kind: [\n", ":2:1: ", "yaml"),
        (
            service,
            "apiVersion: v1\nkind: Service\nmetadata: {}\n",
            ":1:1: ",
            "metadata.name",
        ),
    ] {
        let error = errors(&[(path, text)]);
        let message = error.strip_prefix(&format!("{path}{place}"));
        assert!(
            message.is_some_and(|message| message.contains(word)),
            "{error}"
        );
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn every_secret_and_object_that_cannot_be_used_is_named() {
    insta::assert_snapshot!(errors(&[("kustomize/hydra/overlays/dev/.sops/B AD.enc", "x"), ("kustomize/hydra/overlays/dev/.sops/PLAIN.enc", "x")]), @r#"
    kustomize/hydra/overlays/dev/.sops/B AD.enc: "B AD" cannot be a key of a Secret: use letters, digits, '-', '_' and '.', at most 253
    kustomize/hydra/overlays/dev/.sops/PLAIN.enc:1:1: this is not JSON, so it was not encrypted by sops (or is damaged)
    "#);
    insta::assert_snapshot!(errors(&[("kustomize/hydra/base/service.yaml", "apiVersion: apps/v1beta1\nkind: Deployment\nmetadata: {name: hydra}\n")]), @"kustomize/hydra/base/service.yaml:1: Deployment/dev/hydra is already defined at kustomize/hydra/base/deployment.yaml:1; a unit has each object once");
}

#[test]
fn a_missing_identity_is_one_error_that_lists_the_recipients() {
    let tree = repository();
    let unit = &units(&tree, "dev").unwrap()[0];
    let error = render(&tree, unit, Decryption::new(&Keyring::new())).unwrap_err();
    insta::assert_snapshot!(error, @r"
    kustomize/hydra/overlays/dev/.sops/DATABASE_URL.enc: no identity was given; the age identity of age1qh28wujlgl4grzkqhrszud7hexeu8lucjtd2mfxxw5559y4n0qxsf4m0pr would do
    kustomize/hydra/overlays/dev/.sops/SYSTEM_SECRET.enc: no identity was given; the age identity of age1qh28wujlgl4grzkqhrszud7hexeu8lucjtd2mfxxw5559y4n0qxsf4m0pr would do
    ");
}

#[test]
fn an_encrypted_manifest_is_refused_rather_than_applied() {
    let manifest = "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData: {a: 'ENC[AES256_GCM,…]'}\nsops: {mac: 'ENC[AES256_GCM,…]', version: 3.11.0}\n";
    insta::assert_snapshot!(errors(&[("kustomize/hydra/base/service.yaml", manifest)]), @"kustomize/hydra/base/service.yaml:1: the sops metadata names no key, so nothing can open the document");
}

#[test]
fn encrypted_values_that_nothing_asks_for_are_warned_of() {
    let without = (OVERLAY, "namespace: dev\nresources:\n- ../../base\n");
    let rendered = render_dev(&with(&[without])).unwrap();
    let warnings: Vec<_> = rendered
        .warnings()
        .iter()
        .map(ToString::to_string)
        .collect();
    insta::assert_snapshot!(warnings.join("\n"), @"kustomize/hydra/overlays/dev/secret-stub.yaml: the encrypted values beside this stub are not deployed; list secret.yaml under resources");
}

#[test]
fn lists_are_taken_apart() {
    let list = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}\n";
    let rendered = render_dev(&with(&[("kustomize/hydra/base/service.yaml", list)])).unwrap();
    let ids: Vec<_> = rendered
        .objects()
        .iter()
        .map(|o| o.id().to_string())
        .collect();
    assert_eq!(
        ids,
        [
            "ConfigMap/dev/a",
            "ConfigMap/dev/b",
            "Secret/dev/hydra",
            "Deployment/dev/hydra"
        ]
    );
}

#[test]
fn a_change_elsewhere_leaves_the_inputs_as_they_are() {
    let rendered = render_dev(&repository()).unwrap();
    let inputs = rendered.inputs();
    let elsewhere = with(&[("README.md", "x"), ("kustomize/api/base/a.yaml", "x")]);
    assert!(inputs.hold_in(&elsewhere));
    let again = render_dev(&elsewhere).unwrap();
    assert_eq!(inputs.fingerprint(), again.inputs().fingerprint());
    for path in inputs.files() {
        let changed = with(&[(path.as_str(), "# changed\n")]);
        assert!(!inputs.hold_in(&changed), "{path}");
    }
    let added = with(&[("kustomize/hydra/overlays/dev/.sops/NEW.enc", "x")]);
    assert!(!inputs.hold_in(&added));
}

#[test]
fn nothing_that_can_be_printed_shows_a_secret() {
    let rendered = render_dev(&repository()).unwrap();
    assert!(text_dev(&repository()).contains(CANARY_BASE64));
    let stub = "kustomize/hydra/overlays/dev/secret-stub.yaml";
    let broken = "kind: Secret\nmetadata: {}\ndata: {}\n";
    let failed = render_dev(&with(&[(stub, broken)])).unwrap_err();
    let shown = format!("{rendered:#?} {failed:#?} {failed} {:?}", keyring());
    assert!(
        !shown.contains(CANARY) && !shown.contains(CANARY_BASE64),
        "{shown}"
    );
}

/// Patches that fail on a Secret must not quote it.
#[test]
fn no_mistake_in_a_patch_shows_the_secret_that_it_is_for() {
    let target = "target: {kind: Secret, name: hydra}";
    for patch in [
        "[{op: test, path: /data/SYSTEM_SECRET, value: x}]",
        "[{op: remove, path: /data/SYSTEM_SECRET/deeper}]",
        "[{op: add, path: /data/SYSTEM_SECRET/0, value: x}]",
        "[{op: move, from: /data/none, path: /data/b}]",
        "[{op: replace, path: /metadata/name, value: {a: 1}}]",
        "[{op: copy, from: /data/SYSTEM_SECRET, path: /metadata/name/x}]",
        "[{op: copy, from: /data, path: /metadata/name}]",
        "[{op: copy, from: /data, path: /kind}]",
        "[{op: copy, from: /data/SYSTEM_SECRET, path: /metadata/labels}]",
        "{apiVersion: v1, kind: Secret, metadata: {name: hydra}, data: [a]}",
        "{apiVersion: v1, kind: Secret, metadata: {name: hydra}, data: {SYSTEM_SECRET: {a: 1}}}",
    ] {
        let overlay = format!(
            "namespace: dev\nresources: [../../base, secret.yaml]\npatches:\n- {target}\n  patch: |-\n    {patch}\n"
        );
        let shown = match render_dev(&with(&[(OVERLAY, &overlay)])) {
            Ok(rendered) => format!("{rendered:?}"),
            Err(errors) => format!("{errors} {errors:?}"),
        };
        assert!(
            !shown.contains(CANARY) && !shown.contains(CANARY_BASE64),
            "{patch}: {shown}"
        );
    }
}

#[test]
fn the_example_renders_in_every_environment() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/platform");
    let tree = load(&root);
    let key = tree
        .files()
        .find(|(path, _)| path.as_str().ends_with(".agekey"))
        .map(|(_, bytes)| String::from_utf8(bytes.to_vec()).unwrap());
    let keyring = Keyring::parse(&key.unwrap()).unwrap();
    let environments = environments(&tree).unwrap();
    assert_eq!(environments, ["dev", "staging"]);
    for environment in environments {
        for unit in units(&tree, &environment).unwrap() {
            let rendered = render(&tree, &unit, Decryption::new(&keyring));
            let rendered = rendered.unwrap_or_else(|error| panic!("{}: {error}", unit.name));
            assert!(!rendered.objects().is_empty(), "{}", unit.name);
            let secret = |warning: &Warning| matches!(warning, Warning::Secret(_));
            assert!(!rendered.warnings().iter().any(secret), "{}", unit.name);
        }
    }
}

#[test]
fn a_unit_whose_directory_is_gone_is_an_error() {
    let unit = Unit {
        name: "gone".to_owned(),
        kind: UnitKind::Service,
        directory: TreePath::new("kustomize/gone/overlays/dev").unwrap(),
    };
    let error = render(&repository(), &unit, Decryption::new(&keyring())).unwrap_err();
    let error = error.to_string();
    assert!(
        error.starts_with("kustomize/gone/overlays/dev: "),
        "{error}"
    );
}
