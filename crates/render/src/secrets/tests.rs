//! Merges of values into stubs.

use super::*;
use windlass_sops::Keyring;
use windlass_tree::MemoryTree;

const STUB_TEXT: &str = "\
apiVersion: v1
kind: Secret
metadata: {name: hydra}
data:
  DATABASE_URL: BASE64_OF_PLAIN_TEXT_SECRET
  kept: a2VwdA==
stringData: {plain: text}
";
const DATABASE_URL: &str = include_str!("../../tests/data/.sops/DATABASE_URL.enc");
const SYSTEM_SECRET: &str = include_str!("../../tests/data/.sops/SYSTEM_SECRET.enc");
const NEWLINE: &str = include_str!("../../tests/data/.sops/NEWLINE.enc");

fn keyring() -> Keyring {
    Keyring::parse(include_str!("../../tests/data/first.agekey")).unwrap()
}

/// Returns the text of `app/secret.yaml` and the outcome.
fn merge(files: &[(&str, &str)], keyring: &Keyring) -> (Option<String>, SecretsOutcome) {
    let files = files
        .iter()
        .map(|(name, text)| (format!("app/{name}"), *text));
    let tree: MemoryTree = files.collect();
    let secrets = SecretsTree::new(&tree, Decryption::new(keyring));
    let text = secrets.read(&TreePath::new("app/secret.yaml").unwrap());
    let text = text
        .ok()
        .map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
    (text, secrets.into_outcome(&TreePath::new("app").unwrap()))
}

fn errors(files: &[(&str, &str)], keyring: &Keyring) -> String {
    let (text, outcome) = merge(files, keyring);
    assert_eq!(text, None);
    let errors: Vec<_> = outcome.errors.iter().map(ToString::to_string).collect();
    errors.join("\n")
}

#[test]
fn values_go_into_the_data_of_the_stub() {
    let files = [
        ("secret-stub.yaml", STUB_TEXT),
        (".sops/DATABASE_URL.enc", DATABASE_URL),
        (".sops/tls.crt.enc", SYSTEM_SECRET),
        (".sops/README", "ignored"),
    ];
    let (text, outcome) = merge(&files, &keyring());
    insta::assert_snapshot!(text.unwrap(), @r"
    apiVersion: v1
    data:
      DATABASE_URL: cG9zdGdyZXM6Ly9oeWRyYTpjYW5hcnktNzdhYUBkYi9oeWRyYQ==
      kept: a2VwdA==
      tls.crt: Y2FuYXJ5LTc3YWE=
    kind: Secret
    metadata:
      name: hydra
    stringData:
      plain: text
    ");
    assert_eq!(outcome.warnings, []);
    let origin = outcome.origins.values().next().unwrap();
    assert_eq!(origin.to_string(), "app/secret-stub.yaml:1");
}

#[test]
fn every_value_that_cannot_be_used_is_named() {
    let files = [
        ("secret-stub.yaml", STUB_TEXT),
        (".sops/A B.enc", DATABASE_URL),
        (".sops/PLAIN.enc", "postgres://canary"),
        (
            ".sops/TAMPERED.enc",
            &DATABASE_URL.replacen("str]", "int]", 1),
        ),
    ];
    insta::assert_snapshot!(errors(&files, &keyring()), @r#"
    app/.sops/A B.enc: "A B" cannot be a key of a Secret: use letters, digits, '-', '_' and '.', at most 253
    app/.sops/PLAIN.enc:1:1: this is not JSON, so it was not encrypted by sops (or is damaged)
    app/.sops/TAMPERED.enc:2:10: the value ["data"] is marked as int, and its content is not
    app/secret-stub.yaml:5: the value of DATABASE_URL is a placeholder, and .sops/DATABASE_URL.enc does not exist
    "#);
}

/// A tree with a link that leads nowhere.
struct Dangling(MemoryTree);

impl Tree for Dangling {
    fn kind(&self, path: &TreePath) -> Result<Option<EntryKind>, TreeError> {
        self.0.kind(path)
    }

    fn resolve(&self, path: &TreePath) -> Result<TreePath, TreeError> {
        self.0.resolve(path)
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        self.0.read(path)
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, EntryKind)>, TreeError> {
        let mut entries = self.0.list(path)?;
        if path.file_name() == VALUES {
            entries.push(("Z.enc".to_owned(), EntryKind::Dangling));
        }
        Ok(entries)
    }
}

#[test]
fn a_value_that_is_a_link_to_nowhere_is_an_error() {
    let tree = MemoryTree::from_iter([
        ("app/secret-stub.yaml", STUB_TEXT),
        ("app/.sops/DATABASE_URL.enc", DATABASE_URL),
    ]);
    let (tree, keyring) = (Dangling(tree), keyring());
    let secrets = SecretsTree::new(&tree, Decryption::new(&keyring));
    assert!(
        secrets
            .read(&TreePath::new("app/secret.yaml").unwrap())
            .is_err()
    );
    let errors = secrets.into_outcome(&TreePath::new("app").unwrap()).errors;
    assert_eq!(errors.len(), 1);
    insta::assert_snapshot!(errors[0], @"app/.sops/Z.enc: is a symbolic link that leads nowhere; correct it or remove it");
}

#[test]
fn a_missing_identity_names_the_recipient() {
    let files = [
        ("secret-stub.yaml", STUB_TEXT),
        (".sops/DATABASE_URL.enc", DATABASE_URL),
    ];
    let other = Keyring::parse(include_str!("../../tests/data/second.agekey")).unwrap();
    insta::assert_snapshot!(errors(&files, &other), @"app/.sops/DATABASE_URL.enc: no identity that was given opens it; the age identity of age1qh28wujlgl4grzkqhrszud7hexeu8lucjtd2mfxxw5559y4n0qxsf4m0pr would do");
}

#[test]
fn a_stub_must_be_one_secret() {
    let stub = |text: &str| {
        let files = [("secret-stub.yaml", text), (".sops/A.enc", SYSTEM_SECRET)];
        errors(&files, &keyring())
    };
    insta::assert_snapshot!(stub("kind: ConfigMap\n"), @"app/secret-stub.yaml: is not a Secret (kind: ConfigMap); decrypted values may only go into one");
    insta::assert_snapshot!(stub("kind: Secret\n---\nkind: Secret\n"), @"app/secret-stub.yaml: has 2 documents; a stub is one Secret");
    insta::assert_snapshot!(stub("kind: Secret\ndata:\n  A: ENC[AES256_GCM,data:x]\nsops:\n  mac: x\n"), @"app/secret-stub.yaml: is encrypted, and a stub has nothing to hide: open it (`windlass sops decrypt -i`), give each of its values a file of its own (`windlass secret set`), and leave their places empty");
    insta::assert_snapshot!(stub("kind: Secret\ndata: [a]\n"), @"app/secret-stub.yaml: data is not a mapping");
    insta::assert_snapshot!(stub("kind: Secret\n  x: 1\n"), @"app/secret-stub.yaml:2:4: mapping values are not allowed in this context: quote a text that contains a colon and a space, or correct the indentation");
    insta::assert_snapshot!(stub("kind: Secret\ndata:\n  TODO: ''\n  B: changeme\n"), @r"
    app/secret-stub.yaml:3: the value of TODO is a placeholder, and .sops/TODO.enc does not exist
    app/secret-stub.yaml:4: the value of B is a placeholder, and .sops/B.enc does not exist
    ");
}

#[test]
fn a_stub_and_its_values_belong_together() {
    let stub_only = [("secret-stub.yaml", STUB_TEXT)];
    let values_only = [(".sops/A.enc", SYSTEM_SECRET)];
    insta::assert_snapshot!(errors(&stub_only, &keyring()), @"app/.sops: is missing: put the encrypted values of the secret-stub.yaml beside it there, as NAME.enc");
    insta::assert_snapshot!(errors(&values_only, &keyring()), @"app/secret-stub.yaml: is missing: write the Secret without its values there, or add a plain secret.yaml");
}

#[test]
fn a_committed_secret_is_not_used_and_a_line_feed_is_warned_of() {
    let files = [
        ("secret-stub.yaml", "kind: Secret\n"),
        ("secret.yaml", "kind: Secret\n"),
        (".sops/NEWLINE.enc", NEWLINE),
    ];
    let (text, outcome) = merge(&files, &keyring());
    assert!(text.unwrap().contains("NEWLINE: "));
    let warnings: Vec<_> = outcome.warnings.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(warnings.join("\n"), @r"
    app/.sops/NEWLINE.enc: the value ends in a line feed; encrypt it without one (printf, not echo)
    app/secret.yaml: a Secret in the clear is committed; it is not used, because secret-stub.yaml and .sops make it anew: remove it and change what it holds
    ");
}

#[test]
fn without_a_stub_the_file_of_the_repository_is_read() {
    let (text, _) = merge(&[("secret.yaml", "plain")], &keyring());
    assert_eq!(text.as_deref(), Some("plain"));
    let (text, outcome) = merge(&[("other.yaml", "x")], &keyring());
    assert!(text.is_none() && outcome.errors.is_empty());
}

#[test]
fn the_merged_file_is_listed() {
    let tree = MemoryTree::from_iter([("a/secret-stub.yaml", ""), ("a/.sops/A.enc", "")]);
    let keyring = Keyring::new();
    let secrets = SecretsTree::new(&tree, Decryption::new(&keyring));
    let names = secrets.list(&TreePath::new("a").unwrap()).unwrap();
    let names: Vec<_> = names.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, [".sops", "secret-stub.yaml", "secret.yaml"]);
}
