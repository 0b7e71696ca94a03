//! The merge of encrypted values into a stub, by value as `sops-to-secret` (merge-sops-secrets 1.2.1)
//! does it.
//!
//! Differences: placeholders that are left over, keys that no Secret can have and stubs that are no
//! Secret are refused; a date outside of `data` becomes a timestamp without milliseconds; there is no
//! limit of 1 MiB a value but the one of Secrets.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use windlass_object::Origin;
use windlass_sops::{DataKey, DecryptError, Document, Format, SecretBytes};
use windlass_tree::{EntryKind, Tree, TreePath};
use windlass_yaml::{Mapping, Node};

use crate::Decryption;

use super::{Made, Merged, STUB, SecretError, SecretProblem, SecretWarning, VALUES, entry, stub};

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
    stub::read(&tree.read(path).map_err(SecretProblem::Tree)?)
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

/// A file of the directory of values: its key, and the document in it.
type Entry = (String, TreePath, Result<Document, SecretProblem>);

impl Values {
    fn read(tree: &dyn Tree, directory: &TreePath, decryption: Decryption<'_>) -> Self {
        let mut values = Self::default();
        let entries = values.entries(tree, directory);
        let documents = entries
            .iter()
            .filter_map(|(.., document)| document.as_ref().ok());
        let mut data_keys = decryption
            .data_keys(&documents.collect::<Vec<_>>())
            .into_iter();
        for (key, path, document) in entries {
            let opened = document.and_then(|document| {
                let data_key = data_keys.next().expect("each document has an answer");
                let data_key = data_key.map_err(DecryptError::from)?;
                values.open(&path, &document, &data_key, decryption)
            });
            values.keys.push(key.clone());
            match opened {
                Ok(value) => values.opened.push((key, value)),
                Err(problem) => values.fail_in(tree, path, problem),
            }
        }
        values
    }

    /// Returns the encrypted values of the directory, unless it cannot be read.
    fn entries(&mut self, tree: &dyn Tree, directory: &TreePath) -> Vec<Entry> {
        let listed = match tree.list(directory) {
            Ok(listed) => listed,
            Err(error) => {
                self.fail(directory.clone(), SecretProblem::Tree(error));
                return Vec::new();
            }
        };
        let mut entries = Vec::new();
        for (name, kind) in listed {
            let path = entry(directory, &name);
            match kind {
                EntryKind::Dangling => self.fail(path, SecretProblem::Dangling),
                EntryKind::File => {
                    if let Some(key) = stub::value_key(&name) {
                        let document = parse(tree, &path, key);
                        entries.push((key.to_owned(), path, document));
                    }
                }
                EntryKind::Directory => {}
            }
        }
        entries
    }

    fn open(
        &mut self,
        path: &TreePath,
        document: &Document,
        key: &DataKey,
        decryption: Decryption<'_>,
    ) -> Result<SecretBytes, SecretProblem> {
        let (plaintext, is_mac_wrong) =
            decryption.open(path, |mac| document.decrypt_with(key, mac))?;
        let odd = plaintext.warnings();
        self.warnings
            .extend(SecretWarning::of_document(path, odd, is_mac_wrong));
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

    /// Fails with the place in the file, which is read once more for it.
    fn fail_in(&mut self, tree: &dyn Tree, path: TreePath, problem: SecretProblem) {
        match tree.read(&path) {
            Ok(text) => self
                .errors
                .push(problem.in_text(path, &text, Format::Binary)),
            Err(_) => self.fail(path, problem),
        }
    }
}

fn parse(tree: &dyn Tree, path: &TreePath, key: &str) -> Result<Document, SecretProblem> {
    if !stub::is_secret_key(key) {
        let key = key.to_owned();
        return Err(SecretProblem::Key { key });
    }
    let bytes = tree.read(path).map_err(SecretProblem::Tree)?;
    Ok(Document::parse(&bytes, Format::Binary)?)
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
            (!replaced && stub::is_placeholder(value)).then_some((value.start.line, problem))
        })
        .collect()
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
