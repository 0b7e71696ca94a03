//! The merge of encrypted values into a stub, by value as `sops-to-secret` (merge-sops-secrets 1.2.1)
//! does it.
//!
//! Differences: placeholders that are left over, keys that no Secret can have and stubs that are no
//! Secret are refused; a date outside of `data` becomes a timestamp without milliseconds; there is no
//! limit of 1 MiB a value but the one of Secrets.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use windlass_object::Origin;
use windlass_sops::{Document, Format, SecretBytes};
use windlass_tree::{EntryKind, Tree, TreePath};
use windlass_yaml::{Limits, Mapping, Node};

use crate::Decryption;

use super::{Made, Merged, STUB, SecretError, SecretProblem, SecretWarning, VALUES, entry};

/// The ending of the files that hold encrypted values.
const ENCRYPTED: &str = ".enc";

/// The longest key of a Secret, in bytes.
const MAX_KEY: usize = 253;

/// Puts the Secret of `directory` together.
pub(super) fn merge(tree: &dyn Tree, directory: &TreePath, decryption: Decryption<'_>) -> Made {
    let stub_path = entry(directory, STUB);
    let stub_error = |problem: SecretProblem| problem.at(stub_path.clone());
    let stub = read_stub(tree, &stub_path).map_err(|problem| vec![stub_error(problem)])?;
    let values = Values::read(tree, &entry(directory, VALUES), decryption);
    let mut errors = values.errors;
    let placeholders = left_over(&stub, &values.keys).into_iter();
    errors.extend(placeholders.map(|(line, problem)| problem.at_line(stub_path.clone(), line)));
    if !errors.is_empty() {
        return Err(errors);
    }
    let line = stub.start.line.max(1);
    let text = fill(stub, &values.opened).map_err(|problem| vec![stub_error(problem)])?;
    Ok(Merged {
        text: text.into_bytes().into(),
        stub: Origin {
            path: stub_path.as_str().to_owned(),
            line,
        },
        warnings: values.warnings,
    })
}

/// Reads the stub as one Secret.
fn read_stub(tree: &dyn Tree, path: &TreePath) -> Result<Node, SecretProblem> {
    let bytes = tree.read(path).map_err(SecretProblem::Tree)?;
    let mut documents = windlass_yaml::parse(&bytes).map_err(SecretProblem::Yaml)?;
    let count = documents.len();
    let mut root = match (documents.pop(), count) {
        (Some(document), 1) => document.root,
        _ => return Err(SecretProblem::Documents { count }),
    };
    root.expand_aliases(&Limits::default())
        .map_err(SecretProblem::Yaml)?;
    match root.get_text("kind") {
        Some("Secret") => {}
        kind => {
            let kind = kind.unwrap_or_default().to_owned();
            return Err(SecretProblem::NotSecret { kind });
        }
    }
    match root.get("data") {
        Some(data) if !data.is_mapping() && !data.is_null() => Err(SecretProblem::Data),
        _ => Ok(root),
    }
}

/// The encrypted values of a directory.
#[derive(Default)]
struct Values {
    /// All keys, of those values too that could not be opened.
    keys: Vec<String>,
    /// Keys and values, in byte order of their files.
    opened: Vec<(String, SecretBytes)>,
    errors: Vec<SecretError>,
    warnings: Vec<SecretWarning>,
}

impl Values {
    fn read(tree: &dyn Tree, directory: &TreePath, decryption: Decryption<'_>) -> Self {
        let mut values = Self::default();
        match tree.list(directory) {
            Err(error) => values.fail(directory.clone(), SecretProblem::Tree(error)),
            Ok(entries) => {
                for (name, kind) in entries {
                    let path = entry(directory, &name);
                    match kind {
                        EntryKind::Dangling => values.fail(path, SecretProblem::Dangling),
                        EntryKind::File if name.ends_with(ENCRYPTED) => {
                            values.add(tree, path, decryption);
                        }
                        EntryKind::File | EntryKind::Directory => {}
                    }
                }
            }
        }
        values
    }

    fn add(&mut self, tree: &dyn Tree, path: TreePath, decryption: Decryption<'_>) {
        let name = path.file_name();
        // A file that is called `.enc` keeps its name.
        let key = match name.strip_suffix(ENCRYPTED) {
            None | Some("") => name.to_owned(),
            Some(key) => key.to_owned(),
        };
        self.keys.push(key.clone());
        if !is_key(&key) {
            return self.fail(path, SecretProblem::Key { key });
        }
        match self.open(tree, &path, decryption) {
            Ok(value) => self.opened.push((key, value)),
            Err(problem) => self.fail(path, problem),
        }
    }

    fn open(
        &mut self,
        tree: &dyn Tree,
        path: &TreePath,
        decryption: Decryption<'_>,
    ) -> Result<SecretBytes, SecretProblem> {
        let bytes = tree.read(path).map_err(SecretProblem::Tree)?;
        let plaintext = Document::parse(&bytes, Format::Binary)?.decrypt(decryption.keys())?;
        for warning in plaintext.warnings() {
            let (path, warning) = (path.clone(), warning.clone());
            self.warnings.push(SecretWarning::Sops { path, warning });
        }
        let value = plaintext.into_data()?;
        if value.expose().ends_with(b"\n") {
            let path = path.clone();
            self.warnings.push(SecretWarning::TrailingNewline { path });
        }
        Ok(value)
    }

    fn fail(&mut self, path: TreePath, problem: SecretProblem) {
        self.errors.push(problem.at(path));
    }
}

/// Finds the values of the stub that nothing replaces and that are no values either.
fn left_over(stub: &Node, keys: &[String]) -> Vec<(u32, SecretProblem)> {
    let Some(data) = stub.get("data").and_then(Node::as_mapping) else {
        return Vec::new();
    };
    data.iter()
        .filter_map(|(key, value)| {
            let key = key.text()?;
            let replaced = keys.iter().any(|other| other == key);
            let problem = SecretProblem::Placeholder {
                key: key.to_owned(),
            };
            (!replaced && is_placeholder(value)).then_some((value.start.line, problem))
        })
        .collect()
}

/// Returns whether a value of `data` cannot be meant: it is empty, is not Base64, or is one of the
/// words for "to be done" that happen to be Base64.
fn is_placeholder(value: &Node) -> bool {
    const WORDS: [&str; 2] = ["changeme", "todo"];
    let Some(text) = value.text() else {
        return true;
    };
    let packed: String = text.split_ascii_whitespace().collect();
    value.is_null()
        || packed.is_empty()
        || STANDARD.decode(&packed).is_err()
        || WORDS.iter().any(|word| packed.eq_ignore_ascii_case(word))
}

fn fill(mut stub: Node, values: &[(String, SecretBytes)]) -> Result<String, SecretProblem> {
    if stub.get("data").is_none_or(|data| !data.is_mapping()) {
        let empty = windlass_yaml::Value::Mapping(Mapping::new());
        stub.set("data", Node::new(empty));
    }
    if let Some(data) = stub.get_mut("data") {
        for (key, value) in values {
            data.set(key, Node::string(STANDARD.encode(value.expose())));
        }
    }
    windlass_yaml::print_build(&stub).map_err(SecretProblem::Print)
}

/// Returns whether Kubernetes takes this for a key of a Secret.
fn is_key(key: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=MAX_KEY).contains(&key.len())
        && key.bytes().all(allowed)
        && key != "."
        && !key.starts_with("..")
}
