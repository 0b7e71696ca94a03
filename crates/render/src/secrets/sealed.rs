//! The encrypted values of the files that a build has read, by their text.
//!
//! Manifests and patches go through a build as they are encrypted, so that no transformer sees a secret, and
//! none can carry one elsewhere. What each text stands for is looked up here afterwards, in the file, whose
//! MAC is that of the repository's bytes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use windlass_sops::{DataKey, Document, Format, Revealed, Step};
use windlass_tree::TreePath;

use super::{SecretError, SecretProblem, SecretWarning};
use crate::Decryption;

/// The files that were read and may be encrypted, as they are in the tree.
pub(crate) type Suspects = BTreeMap<TreePath, Arc<[u8]>>;

/// The documents with values that a build asks for.
#[derive(Default)]
pub(crate) struct Sources {
    /// With the text that each is of.
    documents: Vec<(TreePath, Arc<[u8]>, Document)>,
    /// Why a file has no such documents, when that is odd.
    problems: BTreeMap<TreePath, SecretProblem>,
}

/// What the encrypted texts stand for.
#[derive(Default)]
pub(crate) struct Values {
    values: HashMap<String, Value>,
    /// The MACs of documents that were opened: their metadata has done its duty.
    macs: BTreeSet<String>,
}

/// What an encrypted text stands for, and where it was written.
pub(crate) struct Value {
    pub(crate) revealed: Revealed,
    pub(crate) path: TreePath,
    /// The kind of the object that it was encrypted in; `None` when it is not told.
    pub(crate) kind: Option<String>,
}

/// Returns the format that a manifest or patch of this name is encrypted in, `None` when it can be none.
fn format_of_manifest(path: &TreePath) -> Option<Format> {
    match Format::of_file_name(path.file_name()) {
        Format::Dotenv | Format::Ini => None,
        Format::Json => Some(Format::Json),
        // kustomize does not look at the name.
        Format::Yaml | Format::Binary => Some(Format::Yaml),
    }
}

impl Sources {
    /// Finds the documents in which one of the texts stands.
    pub(crate) fn find(suspects: &Suspects, wanted: &BTreeSet<String>) -> Self {
        let mut sources = Self::default();
        if wanted.is_empty() {
            return sources;
        }
        for (path, bytes) in suspects {
            let Some(format) = format_of_manifest(path) else {
                continue;
            };
            match Document::parse_each(bytes, format) {
                Ok(documents) => {
                    for document in documents {
                        sources.add(path, bytes, document.map_err(Into::into), wanted);
                    }
                }
                Err(error) => sources.add(path, bytes, Err(error.into()), wanted),
            }
        }
        sources
    }

    fn add(
        &mut self,
        path: &TreePath,
        text: &Arc<[u8]>,
        document: Result<Document, SecretProblem>,
        wanted: &BTreeSet<String>,
    ) {
        match document {
            Ok(document) if is_wanted(&document, wanted) => {
                let text = Arc::clone(text);
                self.documents.push((path.clone(), text, document));
            }
            Ok(_) => {}
            Err(problem) => drop(self.problems.insert(path.clone(), problem)),
        }
    }

    /// Returns the documents, whose data keys are needed.
    pub(crate) fn documents(&self) -> impl Iterator<Item = &Document> {
        self.documents.iter().map(|(.., document)| document)
    }

    /// Returns why the file at `path` cannot be opened, if it looks as if it should be.
    pub(crate) fn problem(&self, path: &str) -> Option<&SecretProblem> {
        let found = self.problems.iter().find(|(at, _)| at.as_str() == path);
        found.map(|(_, problem)| problem)
    }

    /// Opens the documents with their data keys.
    pub(crate) fn reveal(
        &self,
        keys: Vec<Result<DataKey, windlass_sops::NoKey>>,
        decryption: Decryption<'_>,
    ) -> (Values, Vec<SecretWarning>, Vec<SecretError>) {
        let mut values = Values::default();
        let (mut warnings, mut errors) = (Vec::new(), Vec::new());
        for ((path, text, document), key) in self.documents.iter().zip(keys) {
            let revealed = key
                .map_err(|error| SecretProblem::Decrypt(error.into()))
                .and_then(|key| reveal(path, document, &key, decryption));
            match revealed {
                Ok((revealed, more)) => {
                    values.add(path, document, revealed);
                    warnings.extend(more);
                }
                Err(problem) => errors.push(placed(problem, path, text)),
            }
        }
        (values, warnings, errors)
    }
}

/// Returns the error of a manifest, with its place in the text. Of several documents in one file, the one that is
/// meant is not told.
pub(super) fn placed(problem: SecretProblem, path: &TreePath, text: &[u8]) -> SecretError {
    let path = path.clone();
    let format = format_of_manifest(&path);
    let only = |format: &Format| {
        let documents = Document::parse_each(text, *format);
        documents.is_ok_and(|documents| documents.len() == 1)
    };
    match format.filter(only) {
        Some(format) => problem.in_text(path, text, format),
        None => problem.at(path),
    }
}

fn is_wanted(document: &Document, wanted: &BTreeSet<String>) -> bool {
    wanted.contains(document.mac_text())
        || document
            .sealed()
            .iter()
            .any(|sealed| wanted.contains(sealed.text))
}

type RevealedTexts = Vec<(usize, String, Revealed)>;

fn reveal(
    path: &TreePath,
    document: &Document,
    key: &DataKey,
    decryption: Decryption<'_>,
) -> Result<(RevealedTexts, Vec<SecretWarning>), SecretProblem> {
    let (revealed, is_mac_wrong) = decryption.open(path, |mac| document.reveal(key, mac))?;
    let warnings = SecretWarning::of_document(path, &revealed.warnings, is_mac_wrong);
    let texts = revealed
        .values
        .into_iter()
        .map(|(sealed, revealed)| (sealed.document, sealed.text.to_owned(), revealed));
    Ok((texts.collect(), warnings))
}

impl Values {
    fn add(&mut self, path: &TreePath, document: &Document, revealed: RevealedTexts) {
        if !document.mac_text().is_empty() {
            self.macs.insert(document.mac_text().to_owned());
        }
        let kinds: BTreeMap<usize, Option<String>> = revealed
            .iter()
            .map(|(number, ..)| (*number, kind(document, *number, &revealed)))
            .collect();
        for (number, text, revealed) in revealed {
            let value = Value {
                revealed,
                path: path.clone(),
                kind: kinds.get(&number).cloned().flatten(),
            };
            self.values.insert(text, value);
        }
    }

    /// Returns what an encrypted text stands for.
    pub(crate) fn get(&self, text: &str) -> Option<&Value> {
        self.values.get(text)
    }

    /// Returns whether no document was opened.
    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty() && self.macs.is_empty()
    }

    /// Returns whether this is the MAC of a document that was opened.
    pub(crate) fn has_mac(&self, text: &str) -> bool {
        self.macs.contains(text)
    }
}

/// Returns the kind of an object, which may be encrypted. That of a list says nothing about its items.
fn kind(document: &Document, number: usize, revealed: &RevealedTexts) -> Option<String> {
    let text = document.top_text(number, "kind")?;
    let opened = revealed
        .iter()
        .find_map(|(_, sealed, opened)| match opened {
            Revealed::Text(opened) if sealed == text => opened.expose_text(),
            _ => None,
        });
    let kind = opened.unwrap_or(text);
    (!kind.ends_with("List")).then(|| kind.to_owned())
}

/// Returns the file with what names its objects opened, when that is encrypted too: a build has to know it.
///
/// # Errors
///
/// When a document that has to be opened for it cannot be.
pub(super) fn with_names(
    path: &TreePath,
    bytes: &Arc<[u8]>,
    decryption: Decryption<'_>,
) -> Result<Arc<[u8]>, SecretProblem> {
    let Some(format) = format_of_manifest(path) else {
        return Ok(Arc::clone(bytes));
    };
    // What is wrong with the file is said if it turns out to be an encrypted one.
    let documents = Document::parse_each(bytes, format).unwrap_or_default();
    let mut text = None;
    for document in documents.into_iter().flatten() {
        let sealed = document.sealed();
        let is_named = sealed.iter().any(|sealed| is_name(&sealed.path.steps));
        if !is_named {
            continue;
        }
        let key = decryption
            .data_key(&document)
            .map_err(|error| SecretProblem::Decrypt(error.into()))?;
        let (revealed, _) = decryption.open(path, |mac| document.reveal(&key, mac))?;
        let text = text.get_or_insert_with(|| String::from_utf8_lossy(bytes).into_owned());
        for (sealed, revealed) in revealed.values {
            if let Revealed::Text(name) = revealed
                && is_name(&sealed.path.steps)
            {
                let name = name.expose_text().ok_or(SecretProblem::NotText)?;
                *text = put(text, sealed.text, name);
            }
        }
    }
    Ok(text.map_or_else(|| Arc::clone(bytes), |text| text.into_bytes().into()))
}

/// Returns whether a value is one that a build must know: what an object is called.
fn is_name(steps: &[Step]) -> bool {
    let key = |step: &Step, name: &str| matches!(step, Step::Key(key) if key == name);
    match steps {
        [items, Step::Index(_), rest @ ..] if key(items, "items") => is_name(rest),
        [one] => key(one, "apiVersion") || key(one, "kind"),
        [metadata, name] => {
            key(metadata, "metadata") && (key(name, "name") || key(name, "namespace"))
        }
        _ => false,
    }
}

/// Puts a name in the place of its ciphertext, in quotes as both JSON and YAML read them.
fn put(text: &str, sealed: &str, name: &str) -> String {
    let quoted = serde_json::Value::from(name).to_string();
    ["\"", "'", ""].iter().fold(text.to_owned(), |text, quote| {
        text.replace(&format!("{quote}{sealed}{quote}"), &quoted)
    })
}
