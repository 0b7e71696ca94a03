//! Objects as nodes: those in lists too, their texts, and the values of Secrets.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use windlass_yaml::{Mapping, Node};

/// The annotation by which an object says that something else decrypts it, as in Flux.
pub(super) const DECRYPT: &str = "kustomize.toolkit.fluxcd.io/decrypt";

/// The field in which sops keeps its metadata.
const BLOCK: &str = "sops";

/// A place in a resource, shown as a JSON pointer (RFC 6901).
#[derive(Clone, Debug, Default)]
pub(super) struct Pointer(String);

impl Pointer {
    pub(super) fn key(&self, key: &str) -> Self {
        let escaped = key.replace('~', "~0").replace('/', "~1");
        Self(format!("{}/{escaped}", self.0))
    }

    pub(super) fn index(&self, index: usize) -> Self {
        Self(format!("{}/{index}", self.0))
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Returns whether this is a list of objects, as `kubectl apply` has it.
fn is_list(node: &Node) -> bool {
    let kind = node.get_text("kind").unwrap_or_default();
    kind.ends_with("List") && node.get("items").is_some_and(Node::is_sequence)
}

/// Shows each object, those in lists one by one.
pub(super) fn each_object<'n>(node: &'n Node, visit: &mut dyn FnMut(&Pointer, &'n Node)) {
    below(node, &Pointer::default(), visit);
}

fn below<'n>(node: &'n Node, pointer: &Pointer, visit: &mut dyn FnMut(&Pointer, &'n Node)) {
    if !is_list(node) {
        return visit(pointer, node);
    }
    let items = node.get("items").and_then(Node::as_sequence);
    for (index, item) in items.into_iter().flatten().enumerate() {
        below(item, &pointer.key("items").index(index), visit);
    }
}

/// Shows each object, those in lists one by one, to be changed.
pub(super) fn each_object_mut(node: &mut Node, visit: &mut dyn FnMut(&Pointer, &mut Node)) {
    below_mut(node, &Pointer::default(), visit);
}

fn below_mut(node: &mut Node, pointer: &Pointer, visit: &mut dyn FnMut(&Pointer, &mut Node)) {
    if !is_list(node) {
        return visit(pointer, node);
    }
    let items = node.get_mut("items").and_then(Node::as_sequence_mut);
    for (index, item) in items.into_iter().flatten().enumerate() {
        below_mut(item, &pointer.key("items").index(index), visit);
    }
}

/// Shows each list of objects, to be changed.
pub(super) fn each_list_mut(node: &mut Node, visit: &mut dyn FnMut(&mut Node)) {
    if is_list(node) {
        visit(node);
        let items = node.get_mut("items").and_then(Node::as_sequence_mut);
        for item in items.into_iter().flatten() {
            each_list_mut(item, visit);
        }
    }
}

/// Shows each text of a value, those of numbers too, and the MAC of its metadata.
pub(super) fn each_text(node: &Node, visit: &mut dyn FnMut(&str)) {
    if let Some(text) = node.text() {
        return visit(text);
    }
    let items = node.as_sequence().into_iter().flatten();
    let values = node.as_mapping().into_iter().flat_map(Mapping::values);
    items
        .chain(values)
        .for_each(|value| each_text(value, visit));
}

/// Returns whether the object says that it is not for us to decrypt.
pub(super) fn is_left_alone(object: &Node) -> bool {
    let value = object.at(&["metadata", "annotations", DECRYPT]);
    let value = value.and_then(Node::text);
    value.is_some_and(|value| value.eq_ignore_ascii_case("disabled"))
}

/// Removes the metadata of sops if its MAC is a known one; returns whether it did.
pub(super) fn remove_block(object: &mut Node, is_known: impl Fn(&str) -> bool) -> bool {
    let mac = object.at(&[BLOCK, "mac"]).and_then(Node::text);
    let is_ours = mac.is_some_and(is_known);
    is_ours && object.remove(BLOCK).is_some()
}

/// Returns whether the object has metadata of sops.
pub(super) fn has_block(object: &Node) -> bool {
    let block = object.get(BLOCK);
    block.is_some_and(|block| block.get("mac").or(block.get("lastmodified")).is_some())
}

/// Returns the keys and values under `data` of a Secret that is ours to decrypt.
pub(super) fn data_of_secret(object: &Node) -> impl Iterator<Item = (&str, &str)> {
    let is_ours = object.get_text("kind") == Some("Secret") && !is_left_alone(object);
    let data = object.get("data").and_then(Node::as_mapping);
    let pairs = data.filter(|_| is_ours).into_iter().flat_map(Mapping::iter);
    pairs.filter_map(|(key, value)| Some((key.text()?, value.text()?)))
}

/// Returns the bytes of a value of a Secret; line breaks do not count, as in Go.
pub(super) fn decoded(value: &str) -> Option<Vec<u8>> {
    if value.contains(['\n', '\r']) {
        let packed: String = value
            .chars()
            .filter(|c| !matches!(c, '\n' | '\r'))
            .collect();
        return STANDARD.decode(packed).ok();
    }
    STANDARD.decode(value).ok()
}

/// Puts a value under `data` of the object of this number in a resource.
pub(super) fn set_data(node: &mut Node, object: usize, key: &str, value: &str) {
    let mut index = 0;
    each_object_mut(node, &mut |_, node| {
        if index == object
            && let Some(data) = node.get_mut("data")
        {
            data.set(key, Node::string(value));
        }
        index += 1;
    });
}

/// Returns an object as messages show it.
pub(super) fn shown(object: &Node) -> String {
    let text = |path: &[&str]| object.at(path).and_then(Node::text);
    let kind = text(&["kind"]).unwrap_or("object");
    let name = text(&["metadata", "name"]).unwrap_or_default();
    match text(&["metadata", "namespace"]) {
        Some(namespace) => format!("{kind}/{namespace}/{name}"),
        None => format!("{kind}/{name}"),
    }
}
