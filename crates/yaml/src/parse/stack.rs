//! The collections that are open while a document is read.

use std::collections::{HashMap, HashSet};

use super::{
    DuplicateKeys, Entry, LimitKind, Limits, Mapping, Node, ParseError, ParseOptions, Position,
    Value,
};

/// A mapping with fewer entries is searched pair by pair for duplicate keys.
const HASHED_FROM: usize = 16;

/// Builds the tree of one document after the other; nothing here recurses.
pub(super) struct Stack {
    limits: Limits,
    duplicate_keys: DuplicateKeys,
    nodes: usize,
    anchors: HashSet<Box<str>>,
    open: Vec<Open>,
    root: Option<Node>,
}

/// A collection whose end is still to come.
struct Open {
    node: Node,
    items: Vec<Node>,
    entries: Vec<Entry>,
    key: Option<Node>,
}

impl Stack {
    pub(super) fn new(options: &ParseOptions) -> Self {
        Self {
            limits: options.limits,
            duplicate_keys: options.duplicate_keys,
            nodes: 0,
            anchors: HashSet::new(),
            open: Vec::new(),
            root: None,
        }
    }

    pub(super) fn start_document(&mut self) {
        self.anchors.clear();
        self.root = None;
    }

    pub(super) fn finish_document(&mut self) -> Node {
        self.root.take().unwrap_or_default()
    }

    pub(super) fn alias(
        &mut self,
        name: String,
        start: Position,
        end: Position,
    ) -> Result<(), ParseError> {
        if !self.anchors.contains(name.as_str()) {
            return Err(ParseError::UnknownAnchor { at: start, name });
        }
        self.count(start)?;
        self.add(Node {
            value: Value::Alias(name.into()),
            start,
            end,
            ..Node::default()
        });
        Ok(())
    }

    pub(super) fn scalar(&mut self, node: Node) -> Result<(), ParseError> {
        self.count(node.start)?;
        self.remember_anchor(&node);
        self.add(node);
        Ok(())
    }

    pub(super) fn open(&mut self, node: Node) -> Result<(), ParseError> {
        self.count(node.start)?;
        if self.open.len() >= self.limits.depth {
            return Err(limit(node.start, LimitKind::Depth, self.limits.depth));
        }
        self.remember_anchor(&node);
        self.open.push(Open {
            node,
            items: Vec::new(),
            entries: Vec::new(),
            key: None,
        });
        Ok(())
    }

    pub(super) fn close(&mut self, end: Position) -> Result<(), ParseError> {
        let Some(Open {
            mut node,
            items,
            entries,
            ..
        }) = self.open.pop()
        else {
            return Ok(());
        };
        node.end = end_of_collection(
            &node,
            items.last().or(entries.last().map(|e| &e.value)),
            end,
        );
        if let Value::Mapping(_) = node.value {
            if self.duplicate_keys == DuplicateKeys::Refuse {
                refuse_duplicates(&entries)?;
            }
            node.value = Value::Mapping(entries.into_iter().collect::<Mapping>());
        } else {
            node.value = Value::Sequence(items);
        }
        self.add(node);
        Ok(())
    }

    fn add(&mut self, node: Node) {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        if let Value::Sequence(_) = open.node.value {
            open.items.push(node);
        } else if let Some(key) = open.key.take() {
            open.entries.push(Entry { key, value: node });
        } else {
            open.key = Some(node);
        }
    }

    fn remember_anchor(&mut self, node: &Node) {
        if let Some(anchor) = &node.anchor {
            self.anchors.insert(anchor.clone());
        }
    }

    fn count(&mut self, at: Position) -> Result<(), ParseError> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return Err(limit(at, LimitKind::Nodes, self.limits.nodes));
        }
        Ok(())
    }
}

/// The event that ends a block collection stands before the next token, after blank lines and
/// comments; the collection itself ends with its last child.
fn end_of_collection(node: &Node, last: Option<&Node>, end: Position) -> Position {
    match (node.layout, last) {
        (super::Layout::Flow, _) => end,
        (super::Layout::Block, Some(last)) => last.end,
        (super::Layout::Block, None) => node.end,
    }
}

fn limit(at: Position, what: LimitKind, limit: usize) -> ParseError {
    ParseError::Limit { at, what, limit }
}

/// Finds the first key that is there twice. As in go-yaml v3, scalars are compared by their text.
fn refuse_duplicates(entries: &[Entry]) -> Result<(), ParseError> {
    let mut seen: HashMap<&str, Position> = HashMap::new();
    for (count, entry) in entries.iter().enumerate() {
        let Value::Scalar(scalar) = &entry.key.value else {
            continue;
        };
        let first = if entries.len() < HASHED_FROM {
            find(&entries[..count], &scalar.text)
        } else {
            seen.insert(&scalar.text, entry.key.start)
        };
        if let Some(first) = first {
            let key = scalar.text.to_string();
            return Err(ParseError::DuplicateKey {
                at: entry.key.start,
                key,
                first,
            });
        }
    }
    Ok(())
}

fn find(entries: &[Entry], key: &str) -> Option<Position> {
    let same = |entry: &&Entry| matches!(&entry.key.value, Value::Scalar(s) if &*s.text == key);
    entries.iter().find(same).map(|entry| entry.key.start)
}
