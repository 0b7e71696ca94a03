//! JSON pointers (RFC 6901).

use windlass_yaml::{Node, Value};

use crate::edit;
use crate::error::Reached;
use crate::reach::reach;

/// A path into an object: its parts, each behind a `/`.
pub(super) struct Pointer<'p>(&'p str);

impl<'p> Pointer<'p> {
    pub(super) fn new(path: &'p str) -> Self {
        Self(path)
    }

    /// Returns the collection that holds the end of the path, and the last part.
    pub(super) fn parent<'n>(&self, object: &'n mut Node) -> Option<(&'n mut Node, String)> {
        let mut parts: Vec<&str> = self.0.split('/').skip(1).collect();
        let key = unescape(parts.pop()?);
        let mut node = object;
        for part in parts {
            node = child(node, &unescape(part))?;
        }
        (node.is_mapping() || node.is_sequence()).then_some((node, key))
    }

    /// Returns how many entries and elements the collections on the way have.
    pub(super) fn breadth(&self, object: &Node) -> usize {
        let mut node = object;
        let mut breadth = length(node);
        for part in self.0.split('/').skip(1) {
            let Some(next) = child_of(node, &unescape(part)) else {
                break;
            };
            node = next;
            breadth += length(node);
        }
        breadth
    }

    /// Returns how far the path leads.
    pub(super) fn reached(&self, object: &Node) -> Reached {
        let parts: Vec<String> = self.0.split('/').skip(1).map(str::to_owned).collect();
        let step = |node: &Node, part: &str| {
            child_of(node, &unescape(part))
                .filter(|child| !child.is_null())
                .cloned()
        };
        reach(object, &parts, step, |parts| {
            ["", &parts.join("/")].join(if parts.is_empty() { "" } else { "/" })
        })
    }
}

fn child<'n>(node: &'n mut Node, part: &str) -> Option<&'n mut Node> {
    if node.is_mapping() {
        edit::present(node, part)?;
        return node.get_mut(part);
    }
    let items = node.as_sequence_mut()?;
    let at = index(part, items.len())?;
    Some(&mut items[at]).filter(|item| !item.is_null())
}

fn child_of<'n>(node: &'n Node, part: &str) -> Option<&'n Node> {
    match node.as_sequence() {
        Some(items) => items.get(index(part, items.len())?),
        None => edit::present(node, part),
    }
}

fn length(node: &Node) -> usize {
    match &node.value {
        Value::Sequence(items) => items.len(),
        Value::Mapping(mapping) => mapping.len(),
        Value::Scalar(_) | Value::Alias(_) => 0,
    }
}

/// Returns the place that a part names in an array; negative ones count from the end.
pub(super) fn index(part: &str, length: usize) -> Option<usize> {
    let number: i64 = part.parse().ok()?;
    let length = i64::try_from(length).ok()?;
    let index = if number < 0 { number + length } else { number };
    (0..length)
        .contains(&index)
        .then(|| usize::try_from(index).ok())?
}

fn unescape(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}
