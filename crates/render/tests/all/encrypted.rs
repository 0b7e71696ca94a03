//! Encrypted manifests, patches and files of generators, made by sops 3.11.0.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use windlass_render::{
    Decryption, PathPattern, RenderErrors, Rendered, render_directory, render_text,
};
use windlass_sops::{KeyFailure, KeyService, Keyring, MasterKey, SecretBytes, WrappedKey};
use windlass_tree::{MemoryTree, Tree as _, TreePath};

use crate::repository::{CANARY, keyring};

macro_rules! encrypted {
    ($($name:literal),*) => { [$(($name, include_str!(concat!("../data/encrypted/", $name)))),*] };
}

/// The encrypted files by name.
const ENCRYPTED: [(&str, &str); 12] = encrypted![
    "secret.yaml",
    "secret.json",
    "whole.yaml",
    "two.yaml",
    "config.yaml",
    "backup.yaml",
    "patch.yaml",
    "creds.env",
    "settings.yaml",
    "settings.json",
    "settings.ini",
    "key.pem"
];

fn file(name: &str) -> &'static str {
    let mut files = ENCRYPTED.iter();
    files.find(|(known, _)| *known == name).unwrap().1
}

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: hydra}
spec: {template: {spec: {containers: [{name: hydra, image: hydra}]}}}
";

/// A service with every kind of secret, in a base and in a component.
fn service() -> MemoryTree {
    let mut tree = MemoryTree::new();
    for (path, text) in [
        (
            "kustomization.yaml",
            "namespace: prod\nresources: [base, config.yaml, backup.yaml]\ncomponents: [component]\nlabels: [{pairs: {team: a}}]\npatches: [{path: patch.yaml}]\n",
        ),
        (
            "base/kustomization.yaml",
            "resources: [secret.yaml, secret.json, deployment.yaml]\nsecretGenerator:\n- name: files\n  files: [settings.yaml, settings.json, settings.ini, key.pem, renamed=key.pem]\n- name: envs\n  envs: [creds.env]\n",
        ),
        (
            "component/kustomization.yaml",
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [two.yaml]\nsecretGenerator:\n- name: of-component\n  files: [key.pem]\n  options: {disableNameSuffixHash: true}\n",
        ),
        ("base/deployment.yaml", DEPLOYMENT),
        ("config.yaml", file("config.yaml")),
        ("backup.yaml", file("backup.yaml")),
        ("patch.yaml", file("patch.yaml")),
        ("component/two.yaml", file("two.yaml")),
        ("component/key.pem", file("key.pem")),
        ("base/secret.yaml", file("secret.yaml")),
        ("base/secret.json", file("secret.json")),
        ("base/settings.yaml", file("settings.yaml")),
        ("base/settings.json", file("settings.json")),
        ("base/settings.ini", file("settings.ini")),
        ("base/key.pem", file("key.pem")),
        ("base/creds.env", file("creds.env")),
    ] {
        tree.write(path, text).unwrap();
    }
    tree
}

fn build(tree: &MemoryTree) -> Result<Rendered, RenderErrors> {
    render_directory(tree, &TreePath::root(), Decryption::new(&keyring()))
}

fn text(tree: &MemoryTree) -> String {
    let text = render_text(tree, &TreePath::root(), Decryption::new(&keyring()));
    text.unwrap().into_yaml()
}

/// Returns a tree with these resources at its top.
fn with(resources: &[(&str, &str)]) -> MemoryTree {
    let names: Vec<_> = resources.iter().map(|(name, _)| *name).collect();
    let kustomization = format!("resources: [{}]\n", names.join(", "));
    let files = resources.iter().copied();
    files
        .chain([("kustomization.yaml", kustomization.as_str())])
        .collect()
}

fn error(tree: &MemoryTree) -> String {
    let shown = build(tree).unwrap_err().to_string();
    assert!(!shown.contains(CANARY), "{shown}");
    shown
}

fn warnings(rendered: &Rendered) -> String {
    let warnings = rendered.warnings().iter().map(ToString::to_string);
    warnings.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_kind_of_secret_is_opened() {
    let rendered = build(&service()).unwrap();
    insta::assert_snapshot!(text(&service()));
    insta::assert_snapshot!(warnings(&rendered));
    let hidden = rendered.objects().iter().flat_map(|object| {
        let id = object.id();
        let pointers = object.hidden().iter();
        pointers.map(move |pointer| format!("{id} {pointer}"))
    });
    insta::assert_snapshot!(hidden.collect::<Vec<_>>().join("\n"));
    assert!(!format!("{rendered:?}").contains(CANARY));
}

#[test]
fn a_manifest_whose_name_is_encrypted_too_is_opened() {
    let mut tree = with(&[("whole.yaml", file("whole.yaml"))]);
    tree.write(
        "kustomization.yaml",
        "namespace: dev\nnamePrefix: a-\nresources: [whole.yaml]\n",
    )
    .unwrap();
    let rendered = build(&tree).unwrap();
    assert_eq!(rendered.objects()[0].id().to_string(), "Secret/dev/a-db");
    assert!(!text(&tree).contains("ENC["));
}

#[test]
fn documents_that_were_encrypted_one_by_one_are_opened_beside_clear_ones() {
    let clear = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n";
    let json = file("secret.json");
    let joined = format!(
        "{}---\n{clear}---\n{}",
        file("config.yaml"),
        file("two.yaml")
    );
    let tree = with(&[("all.yaml", &joined), ("secret.json", json)]);
    let rendered = build(&tree).unwrap();
    let ids: Vec<_> = rendered
        .objects()
        .iter()
        .map(|o| o.id().to_string())
        .collect();
    assert_eq!(ids.len(), 5);
    assert!(!text(&tree).contains("ENC["), "{}", text(&tree));
    let swapped = format!(
        "{}---\n{}",
        file("two.yaml"),
        file("two.yaml").replace("name: ", "name: x")
    );
    assert!(error(&with(&[("all.yaml", &swapped)])).contains("MAC"));
}

#[test]
fn values_of_secrets_that_are_encrypted_files_are_opened() {
    let names = [
        "settings.yaml",
        "settings.json",
        "settings.ini",
        "creds.env",
        "key.pem",
    ];
    let data = names.map(|name| format!("  {name}: {}\n", STANDARD.encode(file(name))));
    let data = data.concat();
    let secret = format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: files}}\ndata:\n{data}");
    let rendered = build(&with(&[("a.yaml", &secret)])).unwrap();
    let data = rendered.objects()[0].open().value()["data"]
        .as_object()
        .unwrap()
        .clone();
    let opened = data.iter().map(|(key, value)| {
        let bytes = STANDARD.decode(value.as_str().unwrap()).unwrap();
        format!("{key}: {:?}", String::from_utf8(bytes).unwrap())
    });
    insta::assert_snapshot!(opened.collect::<Vec<_>>().join("\n"));
    let torn = secret.replace(
        &STANDARD.encode(file("key.pem")),
        &STANDARD.encode(file("key.pem").replace("\"mac\"", "\"cam\"")),
    );
    insta::assert_snapshot!(error(&with(&[("a.yaml", &torn)])));
}

#[test]
fn what_says_that_it_is_not_for_us_stays_encrypted() {
    let annotated = |name: &str| {
        let annotations =
            "metadata:\n    annotations: {kustomize.toolkit.fluxcd.io/decrypt: disabled}";
        file(name).replacen("metadata:", annotations, 1)
    };
    let text = text(&with(&[("config.yaml", &annotated("config.yaml"))]));
    assert!(text.contains("sops:") && text.contains("ENC["));
    insta::assert_snapshot!(error(&with(&[("secret.yaml", &annotated("secret.yaml"))])));
}

#[test]
fn nothing_encrypted_is_left_in_an_object() {
    let generator =
        "configMapGenerator: [{name: c, files: [settings.yaml]}, {name: d, envs: [creds.env]}]\n";
    let map = [
        ("kustomization.yaml", generator),
        ("settings.yaml", file("settings.yaml")),
        ("creds.env", file("creds.env")),
    ];
    insta::assert_snapshot!(error(&MemoryTree::from_iter(map)), @r"
    kustomization.yaml:1: ConfigMap/c-f8t2d6gbt6 is still encrypted at /data/settings.yaml: only manifests, patches, files of secretGenerator and .sops/NAME.enc are decrypted, each with its sops metadata; if something in the cluster decrypts this object, annotate it kustomize.toolkit.fluxcd.io/decrypt: Disabled
    kustomization.yaml:1: ConfigMap/d-45c69bbb98 is still encrypted at /data/PASSWORD: only manifests, patches, files of secretGenerator and .sops/NAME.enc are decrypted, each with its sops metadata; if something in the cluster decrypts this object, annotate it kustomize.toolkit.fluxcd.io/decrypt: Disabled
    ");
    let mac = file("secret.yaml")
        .lines()
        .find(|line| line.contains("mac:"))
        .unwrap();
    let without = file("secret.yaml").replace(mac, "    x: y");
    insta::assert_snapshot!(error(&with(&[("secret.yaml", &without)])), @"secret.yaml:13:5: the MAC is missing, so the document may have been altered; encrypt it again from its source; if it has to be opened as it is, name it by --ignore-mac");
    let copied = file("secret.yaml").split("sops:").next().unwrap();
    insta::assert_snapshot!(error(&with(&[("secret.yaml", copied)])), @"secret.yaml:1: Secret/db is still encrypted at /stringData/password: only manifests, patches, files of secretGenerator and .sops/NAME.enc are decrypted, each with its sops metadata; if something in the cluster decrypts this object, annotate it kustomize.toolkit.fluxcd.io/decrypt: Disabled");
}

#[test]
fn a_replacement_cannot_carry_a_secret_elsewhere() {
    let mut tree = with(&[
        ("secret.yaml", file("secret.yaml")),
        ("web.yaml", DEPLOYMENT),
    ]);
    tree.write("kustomization.yaml", "resources: [secret.yaml, web.yaml]\nreplacements:\n- source: {kind: Secret, fieldPath: stringData.password}\n  targets: [{select: {kind: Deployment}, fieldPaths: [metadata.annotations.password], options: {create: true}}]\n").unwrap();
    insta::assert_snapshot!(error(&tree), @"web.yaml:1: Deployment/hydra would have at /metadata/annotations/password a value that is encrypted in secret.yaml for a Secret; a decrypted value may only be in the kind of object that it was encrypted in: read it from the Secret in the cluster");
}

#[test]
fn a_value_of_a_secret_that_is_no_text_is_refused() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {port: 5432, on: true, none: null, ok: x}\ndata: {list: [a]}\n";
    insta::assert_snapshot!(error(&with(&[("a.yaml", secret)])), @r"
    a.yaml:1: Secret/a has at /data/list no text; encrypt it again as a text, in quotes
    a.yaml:1: Secret/a has at /stringData/port no text; encrypt it again as a text, in quotes
    a.yaml:1: Secret/a has at /stringData/on no text; encrypt it again as a text, in quotes
    ");
    let text = file("secret.yaml");
    let (start, rest) = text.split_once("host: ENC[").unwrap();
    let port = format!(
        "{start}host: ENC[{}",
        rest.replacen("type:str", "type:bool", 1)
    );
    insta::assert_snapshot!(error(&with(&[("a.yaml", &port)])), @r#"a.yaml:10:11: the value ["stringData"]["host"] is marked as bool, and its content is not"#);
}

#[test]
fn a_wrong_mac_is_refused_unless_the_path_may_have_one() {
    let altered = file("secret.yaml").replace("app: db", "app: other");
    let tree = with(&[("secret.yaml", &altered)]);
    insta::assert_snapshot!(error(&tree), @"secret.yaml:24:10: the MAC does not match: values were altered, added, removed or reordered after encryption; if it has to be opened as it is, name it by --ignore-mac");
    let render = |pattern: &str| {
        let patterns: [PathPattern; 1] = [pattern.parse().unwrap()];
        let keyring = keyring();
        let decryption = Decryption::new(&keyring).ignoring_mac_of(&patterns);
        render_directory(&tree, &TreePath::root(), decryption)
    };
    let rendered = render("*.yaml").unwrap();
    insta::assert_snapshot!(warnings(&rendered), @"secret.yaml: does not match its MAC and was opened because --ignore-mac says so: values may have been altered, removed or reordered");
    assert_ne!(
        rendered.inputs().fingerprint(),
        render("**").unwrap().inputs().fingerprint()
    );
    assert!(render("other/*.yaml").is_err());
}

#[test]
fn without_a_key_each_file_says_which_would_do() {
    let none = Keyring::new();
    let errors =
        render_directory(&service(), &TreePath::root(), Decryption::new(&none)).unwrap_err();
    insta::assert_snapshot!(errors);
}

/// Opens what the real one opens, but for some of its calls.
struct Failing {
    keyring: Keyring,
    calls: std::sync::atomic::AtomicUsize,
    refused: Vec<usize>,
}

impl KeyService for Failing {
    fn unwrap(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        let call = self
            .calls
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if self.refused.contains(&call) {
            let reason = "timed out".to_owned();
            return Err(KeyFailure::Unavailable { reason });
        }
        self.keyring.unwrap(key)
    }

    fn wrap(&self, _: &MasterKey, _: &SecretBytes) -> Result<String, KeyFailure> {
        Err(KeyFailure::Damaged)
    }
}

fn render_failing(failing: Vec<usize>) -> (Result<Rendered, RenderErrors>, usize) {
    let service_of_keys = Failing {
        keyring: keyring(),
        calls: std::sync::atomic::AtomicUsize::new(0),
        refused: failing,
    };
    let result = render_directory(
        &service(),
        &TreePath::root(),
        Decryption::new(&service_of_keys),
    );
    (result, service_of_keys.calls.into_inner())
}

#[test]
fn a_key_service_that_fails_once_makes_the_render_fail() {
    let (whole, calls) = render_failing(Vec::new());
    assert!(whole.is_ok() && calls > 8, "{calls}");
    for call in 0..calls {
        let (result, _) = render_failing(vec![call]);
        let errors = result.unwrap_err();
        let shown = errors.to_string();
        assert!(shown.contains("timed out"), "call {call}: {shown}");
        assert!(errors.is_transient());
    }
}

/// Returns all objects but for the secrets' surroundings: what is in Secrets, by their names.
fn secrets(rendered: &Rendered) -> Vec<(String, serde_json::Value)> {
    let objects = rendered.objects().iter();
    let secrets = objects.filter(|object| object.gvk().kind == "Secret");
    let values = secrets.map(|object| {
        let value = object.open().into_value();
        let values = serde_json::json!([value["data"], value["stringData"]]);
        (object.id().to_string(), values)
    });
    values.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    /// Whatever happens to an encrypted file, while anything in it is encrypted, its objects are the same as before, or there are none.
    #[test]
    fn a_damaged_file_never_makes_a_result_smaller(
        file in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        damage in prop_oneof![Just(None), any::<u8>().prop_map(Some)],
    ) {
        let mut tree = service();
        let paths: Vec<TreePath> = tree
            .files()
            .filter(|(_, bytes)| bytes.windows(4).any(|w| w == b"ENC["))
            .map(|(path, _)| path.clone())
            .collect();
        let path = &paths[file.index(paths.len())];
        let mut bytes = tree.read(path).unwrap().to_vec();
        let at = at.index(bytes.len());
        match damage {
            Some(byte) => bytes[at] = byte,
            None => bytes.truncate(at),
        }
        // Without any encrypted text it is another file, and nobody could tell.
        let is_encrypted = String::from_utf8_lossy(&bytes).contains("ENC[AES256_GCM,");
        tree.insert(path.clone(), bytes);
        prop_assume!(is_encrypted);
        let whole = build(&service()).unwrap();
        if let Ok(rendered) = build(&tree) {
            prop_assert_eq!(secrets(&rendered), secrets(&whole));
            prop_assert!(!text(&tree).contains("ENC[AES256_GCM,"));
            prop_assert_eq!(rendered.objects().len(), whole.objects().len());
        }
    }
}
