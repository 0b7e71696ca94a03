//! Values of a YAML text.

use windlass_yaml::{Document, DuplicateKeys, Node, ParseOptions};

use super::Position;
use crate::Step;
use crate::store::YAML_LIMITS;

/// Returns the documents of the text; none when it cannot be read.
pub(super) fn parse(text: &[u8]) -> Vec<Document> {
    let options = ParseOptions {
        limits: YAML_LIMITS,
        duplicate_keys: DuplicateKeys::Keep,
    };
    windlass_yaml::parse_with(text, &options).unwrap_or_default()
}

pub(super) fn find(root: &Node, steps: &[Step]) -> (usize, Position) {
    let mut found = (0, root);
    for (step, number) in steps.iter().zip(1..) {
        let child = match step {
            Step::Key(key) => found.1.get(key),
            Step::Index(index) => found.1.as_sequence().and_then(|list| element(list, *index)),
        };
        let Some(child) = child else { break };
        found = (number, child);
    }
    let (steps, node) = found;
    let (line, column) = (node.start.line, node.start.column);
    (steps, Position { line, column })
}

/// Returns the element with this index, where the lines of comments count too.
fn element(nodes: &[Node], index: usize) -> Option<&Node> {
    let lines = |text: &str| text.lines().filter(|line| !line.is_empty()).count();
    let mut next = 0;
    for node in nodes {
        let comments = node.comments();
        next += comments.map_or(0, |own| lines(&own.head) + lines(&own.line));
        if next >= index {
            return Some(node);
        }
        next += 1 + comments.map_or(0, |own| lines(&own.foot));
    }
    None
}
