//! What no object may be after everything was opened.

use windlass_yaml::{Mapping, Node};

use super::nodes::{self, Pointer};
use super::{SecretProblem, marker};

/// Returns what is wrong with an object: what is still encrypted, and values that no Secret can have.
pub(super) fn object(object: &Node, may_be_encrypted: bool) -> Vec<SecretProblem> {
    let is_secret = object.get_text("kind") == Some("Secret");
    let mut problems = Vec::new();
    if nodes::is_left_alone(object) {
        // The API server knows no such field.
        if is_secret && nodes::has_block(object) {
            let object = nodes::shown(object);
            problems.push(SecretProblem::LeftAlone { object });
        }
        return problems;
    }
    if let Some(field) = encrypted_field(object, may_be_encrypted) {
        let object = nodes::shown(object);
        problems.push(SecretProblem::StillEncrypted { object, field });
    }
    if is_secret && object.get_text("apiVersion") == Some("v1") {
        problems.extend(wrong_values(object));
    }
    problems
}

/// Returns the first place at which something is encrypted.
fn encrypted_field(object: &Node, may_be_encrypted: bool) -> Option<String> {
    if nodes::has_block(object) {
        return Some("/sops".to_owned());
    }
    let texts = if may_be_encrypted {
        first_text(object, &Pointer::default())
    } else {
        None
    };
    texts.or_else(|| {
        let mut data = nodes::data_of_secret(object);
        let (key, _) = data.find(|(_, value)| {
            nodes::decoded(value).is_some_and(|bytes| marker::is_suspicious(&bytes))
        })?;
        Some(Pointer::default().key("data").key(key).to_string())
    })
}

fn first_text(node: &Node, pointer: &Pointer) -> Option<String> {
    if let Some(text) = node.text() {
        return text.contains(marker::VALUE).then(|| pointer.to_string());
    }
    let items = node.as_sequence().into_iter().flatten().enumerate();
    let pairs = node.as_mapping().into_iter().flat_map(Mapping::iter);
    let mut found = items.filter_map(|(index, item)| first_text(item, &pointer.index(index)));
    found.next().or_else(|| {
        let mut found =
            pairs.filter_map(|(key, value)| first_text(value, &pointer.key(key.text()?)));
        found.next()
    })
}

/// Returns the values of a Secret that are no texts: the type of an encrypted value is under no seal.
fn wrong_values(secret: &Node) -> Vec<SecretProblem> {
    let fields = ["data", "stringData"].into_iter();
    let values = fields.flat_map(|field| {
        let pairs = secret.get(field).and_then(Node::as_mapping);
        let pairs = pairs.into_iter().flat_map(Mapping::iter);
        pairs.map(move |(key, value)| (field, key, value))
    });
    let wrong = values.filter(|(_, _, value)| !value.is_string() && !value.is_null());
    wrong
        .map(|(field, key, _)| SecretProblem::NotString {
            object: nodes::shown(secret),
            field: format!("/{field}/{}", key.text().unwrap_or_default()),
        })
        .collect()
}
