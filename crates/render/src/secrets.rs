//! Secrets of the repository: what a build sees of them, and what is opened after it.
//!
//! - `secret-stub.yaml` and `.sops/*.enc` are seen as one `secret.yaml`.
//! - A file of a secret generator is seen opened.
//! - Encrypted manifests and patches are seen as they are, and opened in the objects of the build
//!   ([`unseal`]).

mod check;
mod error;
mod generated;
mod marker;
mod merge;
mod nodes;
mod sealed;
mod stub;
mod unseal;

pub use error::{SecretError, SecretProblem, SecretWarning, Spread};
pub(crate) use sealed::Suspects;
pub use stub::{
    Stub, StubKey, is_placeholder, is_secret_key, stub_path, value_file, value_key, values_path,
};
pub(crate) use unseal::unseal;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use windlass_object::Origin;
use windlass_tree::{EntryKind, Tree, TreeError, TreePath};

use crate::Decryption;

/// The file that a kustomization names.
const SECRET: &str = "secret.yaml";
/// The Secret without its values.
const STUB: &str = "secret-stub.yaml";
/// The directory of the encrypted values.
const VALUES: &str = ".sops";

/// A merged Secret.
struct Merged {
    text: Arc<[u8]>,
    stub: Origin,
    warnings: Vec<SecretWarning>,
}

type Made = Result<Merged, Vec<SecretError>>;

/// A tree in which `secret.yaml` exists wherever there is a stub and a directory of values.
///
/// It is put together when it is first read, in memory only. A [`Tree`] can only say that it cannot be
/// read; why is kept here, for the caller to ask after the build.
pub(crate) struct SecretsTree<'t> {
    tree: &'t dyn Tree,
    decryption: Decryption<'t>,
    made: Mutex<BTreeMap<TreePath, Made>>,
    findings: Mutex<Findings>,
}

/// What was met on the way.
#[derive(Default)]
struct Findings {
    suspects: Suspects,
    /// What was made of suspects.
    seen: BTreeMap<TreePath, Arc<[u8]>>,
    warnings: Vec<SecretWarning>,
    errors: Vec<SecretError>,
    failed: Vec<TreePath>,
}

/// What a directory has for its `secret.yaml`.
enum Source {
    /// Nothing to merge: the file of the tree below, if any.
    Below,
    /// A stub and values.
    Merge { committed: bool },
    /// One without the other, and no file below.
    Half(SecretError),
}

impl<'t> SecretsTree<'t> {
    pub(crate) fn new(tree: &'t dyn Tree, decryption: Decryption<'t>) -> Self {
        Self {
            tree,
            decryption,
            made: Mutex::default(),
            findings: Mutex::default(),
        }
    }

    fn source(&self, directory: &TreePath) -> Result<Source, TreeError> {
        let below = |name| self.tree.kind(&entry(directory, name));
        let committed = below(SECRET)?.is_some();
        let stub = below(STUB)? == Some(EntryKind::File);
        let values = below(VALUES)? == Some(EntryKind::Directory);
        let half = |name, problem: SecretProblem| Source::Half(problem.at(entry(directory, name)));
        Ok(match (stub, values) {
            (true, true) => Source::Merge { committed },
            (true, false) if !committed => half(VALUES, SecretProblem::NoValues),
            (false, true) if !committed => half(STUB, SecretProblem::NoStub),
            _ => Source::Below,
        })
    }

    /// Puts the `secret.yaml` of a directory together, once.
    fn make(
        &self,
        path: &TreePath,
        directory: &TreePath,
        committed: bool,
    ) -> Result<Arc<[u8]>, TreeError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let made = made.entry(path.clone()).or_insert_with(|| {
            let mut merged = merge::merge(self.tree, directory, self.decryption)?;
            if committed {
                let path = path.clone();
                merged.warnings.push(SecretWarning::Committed { path });
            }
            Ok(merged)
        });
        match made {
            Ok(merged) => Ok(Arc::clone(&merged.text)),
            Err(_) => Err(unreadable(path)),
        }
    }

    fn fail(&self, path: &TreePath, error: SecretError) -> TreeError {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.insert(path.clone(), Err(vec![error]));
        unreadable(path)
    }

    /// Reads a file and takes note of it if it may be encrypted.
    fn look_at(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        let bytes = self.tree.read(path)?;
        if !marker::is_suspicious(&bytes) {
            return Ok(bytes);
        }
        let mut findings = self.findings();
        if findings.failed.contains(path) {
            return Err(unreadable(path));
        }
        if let Some(seen) = findings.seen.get(path) {
            return Ok(Arc::clone(seen));
        }
        let seen = sealed::with_names(path, &bytes, self.decryption)
            .map_err(|problem| findings.fail(path, problem))?;
        findings.suspects.insert(path.clone(), bytes);
        findings.seen.insert(path.clone(), Arc::clone(&seen));
        Ok(seen)
    }

    fn findings(&self) -> MutexGuard<'_, Findings> {
        self.findings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what became of the Secrets that were read in a build of `directory`.
    pub(crate) fn into_outcome(self, directory: &TreePath) -> SecretsOutcome {
        let source = self.source(directory);
        let findings = self.findings.into_inner();
        let findings = findings.unwrap_or_else(PoisonError::into_inner);
        let mut outcome = SecretsOutcome {
            warnings: findings.warnings,
            errors: findings.errors,
            failed: findings.failed,
            suspects: findings.suspects,
            origins: BTreeMap::new(),
        };
        let made = self.made.into_inner();
        let made = made.unwrap_or_else(PoisonError::into_inner);
        if matches!(source, Ok(Source::Merge { .. }))
            && !made.contains_key(&entry(directory, SECRET))
        {
            let path = entry(directory, STUB);
            outcome.warnings.push(SecretWarning::Unused { path });
        }
        for (path, made) in made {
            match made {
                Ok(merged) => {
                    outcome.warnings.extend(merged.warnings);
                    outcome.origins.insert(path, merged.stub);
                }
                Err(errors) => {
                    outcome.errors.extend(errors);
                    outcome.failed.push(path);
                }
            }
        }
        outcome
    }
}

impl Findings {
    /// Takes note of a file that cannot be opened, and returns what the build is told.
    fn fail(&mut self, path: &TreePath, problem: SecretProblem) -> TreeError {
        let error = problem.at(path.clone());
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
        self.failed.push(path.clone());
        unreadable(path)
    }
}

/// What became of the Secrets that a build read.
#[derive(Default)]
pub(crate) struct SecretsOutcome {
    pub(crate) warnings: Vec<SecretWarning>,
    /// Where the Secret at each merged path was really written.
    pub(crate) origins: BTreeMap<TreePath, Origin>,
    pub(crate) errors: Vec<SecretError>,
    /// The paths whose Secrets could not be put together.
    pub(crate) failed: Vec<TreePath>,
    /// The files that may be encrypted.
    pub(crate) suspects: Suspects,
}

impl Tree for SecretsTree<'_> {
    fn kind(&self, path: &TreePath) -> Result<Option<EntryKind>, TreeError> {
        match directory_of_secret(path) {
            Some(directory) => match self.source(&directory)? {
                Source::Below => self.tree.kind(path),
                Source::Merge { .. } | Source::Half(_) => Ok(Some(EntryKind::File)),
            },
            None => self.tree.kind(path),
        }
    }

    fn resolve(&self, path: &TreePath) -> Result<TreePath, TreeError> {
        match directory_of_secret(path) {
            // The merged Secret lies beside its parts, whatever the committed file was.
            Some(directory) if !matches!(self.source(&directory)?, Source::Below) => {
                Ok(entry(&self.tree.resolve(&directory)?, SECRET))
            }
            _ => self.tree.resolve(path),
        }
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        match directory_of_secret(path) {
            Some(directory) => match self.source(&directory)? {
                Source::Below => self.look_at(path),
                Source::Merge { committed } => self.make(path, &directory, committed),
                Source::Half(error) => Err(self.fail(path, error)),
            },
            None => self.look_at(path),
        }
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, EntryKind)>, TreeError> {
        let mut entries = self.tree.list(path)?;
        if let Source::Merge { committed: false } = self.source(path)? {
            entries.push((SECRET.to_owned(), EntryKind::File));
            entries.sort();
        }
        Ok(entries)
    }
}

fn directory_of_secret(path: &TreePath) -> Option<TreePath> {
    path.parent().filter(|_| path.file_name() == SECRET)
}

fn unreadable(path: &TreePath) -> TreeError {
    TreeError::Unreadable {
        path: path.clone(),
        reason: "its encrypted values cannot be opened".to_owned(),
    }
}

/// Returns the path of an entry whose name is no path.
fn entry(directory: &TreePath, name: &str) -> TreePath {
    directory
        .join(name)
        .expect("the name of an entry does not leave its directory")
}

#[cfg(test)]
mod tests {
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
    const DATABASE_URL: &str = include_str!("../tests/data/.sops/DATABASE_URL.enc");
    const SYSTEM_SECRET: &str = include_str!("../tests/data/.sops/SYSTEM_SECRET.enc");
    const NEWLINE: &str = include_str!("../tests/data/.sops/NEWLINE.enc");

    fn keyring() -> Keyring {
        Keyring::parse(include_str!("../tests/data/first.agekey")).unwrap()
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
        app/.sops/PLAIN.enc:1: this is not JSON, so it was not encrypted by sops (or is damaged)
        app/.sops/TAMPERED.enc: the value ["data"] is marked as int, and its content is not
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
        let other = Keyring::parse(include_str!("../tests/data/second.agekey")).unwrap();
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
        insta::assert_snapshot!(stub("kind: Secret\ndata: [a]\n"), @"app/secret-stub.yaml: data is not a mapping");
        insta::assert_snapshot!(stub("kind: Secret\n  x: 1\n"), @"app/secret-stub.yaml:2: mapping values are not allowed in this context: quote a text that contains a colon and a space, or correct the indentation");
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
}
