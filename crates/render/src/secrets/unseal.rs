//! Puts what encrypted texts stand for into the objects of a build.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use windlass_kustomize::Resource;
use windlass_sops::{DataKey, Document, NoKey, Revealed};
use windlass_tree::TreePath;
use windlass_yaml::Node;

use super::nodes::{self, Pointer};
use super::sealed::{Sources, Suspects, Values};
use super::{SecretError, SecretProblem, SecretWarning, Spread, marker};
use crate::Decryption;

/// What came of it.
#[derive(Default)]
pub(crate) struct Unsealed {
    /// The places of decrypted values, for each resource, as JSON pointers.
    pub(crate) hidden: Vec<Vec<String>>,
    /// Whether any object was changed.
    pub(crate) is_changed: bool,
    pub(crate) warnings: Vec<SecretWarning>,
    pub(crate) errors: Vec<SecretError>,
}

/// Opens everything in the objects that is encrypted: values of encrypted manifests and patches, and values
/// of Secrets that are whole encrypted files.
///
/// Objects with the annotation `kustomize.toolkit.fluxcd.io/decrypt: Disabled` stay as they are.
pub(crate) fn unseal(
    resources: &mut [Resource],
    suspects: &Suspects,
    decryption: Decryption<'_>,
) -> Unsealed {
    let mut unsealed = Unsealed {
        hidden: vec![Vec::new(); resources.len()],
        ..Unsealed::default()
    };
    let wanted = wanted(resources, suspects);
    let sources = Sources::find(suspects, &wanted);
    let embedded = embedded(resources, &mut unsealed.errors);
    let documents: Vec<&Document> = sources
        .documents()
        .chain(embedded.iter().map(|embedded| &embedded.document))
        .collect();
    let mut keys = decryption.data_keys(&documents);
    let embedded_keys = keys.split_off(documents.len() - embedded.len());
    let (values, warnings, errors) = sources.reveal(keys, decryption);
    unsealed.warnings.extend(warnings);
    unsealed.errors.extend(errors);
    let sealed = if values.is_empty() {
        0
    } else {
        resources.len()
    };
    for (resource, hidden) in resources[..sealed].iter_mut().zip(&mut unsealed.hidden) {
        let mut fill = Fill {
            values: &values,
            path: resource.place.path.clone(),
            line: resource.place.line,
            hidden,
            is_changed: false,
            warnings: &mut unsealed.warnings,
            errors: &mut unsealed.errors,
        };
        fill.resource(&mut resource.node);
        unsealed.is_changed |= fill.is_changed;
    }
    unsealed.open_embedded(resources, embedded, embedded_keys, decryption);
    unsealed.check(resources, suspects, &sources);
    unsealed
}

/// Returns the encrypted texts in the objects, those of MACs included.
fn wanted(resources: &[Resource], suspects: &Suspects) -> BTreeSet<String> {
    let mut wanted = BTreeSet::new();
    // Encrypted texts come from files only.
    if suspects.is_empty() {
        return wanted;
    }
    for resource in resources {
        nodes::each_object(&resource.node, &mut |_, object| {
            if !nodes::is_left_alone(object) {
                nodes::each_text(object, &mut |text| {
                    if text.starts_with(marker::VALUE) {
                        wanted.insert(text.to_owned());
                    }
                });
            }
        });
    }
    wanted
}

/// A value of a Secret that is an encrypted file.
struct Embedded {
    resource: usize,
    /// The Secret among the objects of the resource.
    object: usize,
    key: String,
    document: Document,
    path: TreePath,
    line: u32,
}

impl Embedded {
    fn error(&self, problem: SecretProblem) -> SecretError {
        problem
            .in_value(&self.key)
            .at_line(self.path.clone(), self.line)
    }
}

/// Finds the values of Secrets that are encrypted files.
fn embedded(resources: &[Resource], errors: &mut Vec<SecretError>) -> Vec<Embedded> {
    let mut found = Vec::new();
    for (index, resource) in resources.iter().enumerate() {
        let (mut object_index, place) = (0, &resource.place);
        nodes::each_object(&resource.node, &mut |_, object| {
            for (key, value) in nodes::data_of_secret(object) {
                let parsed = match parse_embedded(key, value) {
                    Some(Ok(document)) => Ok(document),
                    Some(Err(error)) => Err(SecretProblem::from(error)),
                    None => continue,
                };
                match parsed {
                    Ok(document) => found.push(Embedded {
                        resource: index,
                        object: object_index,
                        key: key.to_owned(),
                        document,
                        path: place.path.clone(),
                        line: place.line,
                    }),
                    Err(problem) => {
                        let problem = problem.in_value(key);
                        errors.push(problem.at_line(place.path.clone(), place.line));
                    }
                }
            }
            object_index += 1;
        });
    }
    found
}

fn parse_embedded(key: &str, value: &str) -> Option<Result<Document, windlass_sops::ParseError>> {
    let bytes = nodes::decoded(value)?;
    let format = marker::format_of(&bytes, key)?;
    Some(Document::parse(&bytes, format))
}

impl Unsealed {
    fn open_embedded(
        &mut self,
        resources: &mut [Resource],
        embedded: Vec<Embedded>,
        keys: Vec<Result<DataKey, NoKey>>,
        decryption: Decryption<'_>,
    ) {
        for (embedded, key) in embedded.into_iter().zip(keys) {
            let opened = key
                .map_err(|error| SecretProblem::Decrypt(error.into()))
                .and_then(|key| self.open_one(&embedded, &key, decryption));
            match opened {
                Err(problem) => self.errors.push(embedded.error(problem)),
                Ok(text) => {
                    let node = &mut resources[embedded.resource].node;
                    nodes::set_data(node, embedded.object, &embedded.key, &text);
                    self.is_changed = true;
                }
            }
        }
    }

    /// Returns the value in clear, in Base64.
    fn open_one(
        &mut self,
        embedded: &Embedded,
        key: &DataKey,
        decryption: Decryption<'_>,
    ) -> Result<String, SecretProblem> {
        let Embedded { document, path, .. } = embedded;
        let (plaintext, is_mac_wrong) =
            decryption.open(path, |mac| document.decrypt_with(key, mac))?;
        let odd = plaintext.warnings();
        let warnings = SecretWarning::of_document(path, odd, is_mac_wrong);
        self.warnings.extend(warnings);
        let format = marker::format_of_key(&embedded.key);
        let bytes = plaintext.to_bytes_as(format, windlass_sops::Style::default())?;
        Ok(STANDARD.encode(bytes.expose()))
    }

    /// Refuses what is still encrypted, and Secrets that the API server would not take.
    fn check(&mut self, resources: &[Resource], suspects: &Suspects, sources: &Sources) {
        // Everything else would only follow from these.
        if !self.errors.is_empty() {
            return;
        }
        for resource in resources {
            let place = &resource.place;
            let mut problems = Vec::new();
            nodes::each_object(&resource.node, &mut |_, object| {
                problems.extend(super::check::object(object, !suspects.is_empty()));
            });
            for problem in problems {
                let cause = sources.problem(place.path.as_str());
                let problem = match (problem, cause) {
                    (SecretProblem::StillEncrypted { .. }, Some(cause)) => cause.clone(),
                    (problem, _) => problem,
                };
                let error = problem.at_line(place.path.clone(), place.line);
                if !self.errors.contains(&error) {
                    self.errors.push(error);
                }
            }
        }
    }
}

/// Puts values into the objects of one resource.
struct Fill<'a> {
    values: &'a Values,
    path: TreePath,
    line: u32,
    hidden: &'a mut Vec<String>,
    is_changed: bool,
    warnings: &'a mut Vec<SecretWarning>,
    errors: &'a mut Vec<SecretError>,
}

impl Fill<'_> {
    fn resource(&mut self, node: &mut Node) {
        let values = self.values;
        nodes::each_list_mut(node, &mut |list| {
            self.is_changed |= nodes::remove_block(list, |mac| values.has_mac(mac));
        });
        nodes::each_object_mut(node, &mut |pointer, object| {
            if nodes::is_left_alone(object) {
                return;
            }
            self.is_changed |= nodes::remove_block(object, |mac| values.has_mac(mac));
            let kind = object.get_text("kind").unwrap_or_default().to_owned();
            let id = nodes::shown(object);
            let before = self.hidden.len();
            self.value(object, pointer, &kind, &id);
            if self.hidden.len() > before && kind != "Secret" {
                self.warnings.push(SecretWarning::Exposed {
                    path: self.path.clone(),
                    object: id,
                    count: self.hidden.len() - before,
                });
            }
        });
    }

    fn value(&mut self, node: &mut Node, pointer: &Pointer, kind: &str, id: &str) {
        if let Some(mapping) = node.as_mapping_mut() {
            for (key, value) in mapping.iter_mut() {
                let pointer = pointer.key(key.text().unwrap_or_default());
                self.value(value, &pointer, kind, id);
            }
        } else if let Some(items) = node.as_sequence_mut() {
            let is_comment = |item: &Node| {
                let value = item.text().and_then(|text| self.values.get(text));
                value.is_some_and(|value| value.revealed == Revealed::Comment)
            };
            let before = items.len();
            items.retain(|item| !is_comment(item));
            self.is_changed |= items.len() != before;
            for (index, item) in items.iter_mut().enumerate() {
                self.value(item, &pointer.index(index), kind, id);
            }
        } else if let Some(value) = node.text().and_then(|text| self.values.get(text)) {
            if value.kind.as_deref().is_some_and(|source| source != kind) {
                let problem = SecretProblem::Spread(Box::new(Spread {
                    object: id.to_owned(),
                    field: pointer.to_string(),
                    file: value.path.clone(),
                    kind: value.kind.clone().unwrap_or_default(),
                }));
                self.errors
                    .push(problem.at_line(self.path.clone(), self.line));
                return;
            }
            match node_of(&value.revealed) {
                Ok(revealed) => {
                    node.replace_value(revealed.value);
                    self.hidden.push(pointer.to_string());
                    self.is_changed = true;
                }
                Err(problem) => {
                    let problem = problem.in_value(&pointer.to_string());
                    self.errors.push(problem.at(value.path.clone()));
                }
            }
        }
    }
}

fn node_of(revealed: &Revealed) -> Result<Node, SecretProblem> {
    match revealed {
        Revealed::Text(text) => {
            let text = text.expose_text().ok_or(SecretProblem::NotText)?;
            Ok(Node::string(text))
        }
        Revealed::Json(json) => {
            let value = serde_json::from_slice(json.expose());
            Ok(match value.map_err(|_| SecretProblem::NotText)? {
                serde_json::Value::String(text) => Node::string(text),
                other => Node::plain(other.to_string()),
            })
        }
        // In a list it was taken out; in the place of a value it would make one vanish.
        Revealed::Comment => Err(SecretProblem::NotText),
    }
}
