//! The collections that are open while a document is read.

use std::collections::{HashMap, HashSet};

use super::{
    Comments, Document, DuplicateKeys, Entry, Layout, LimitKind, Limits, Mapping, Node, ParseError,
    ParseOptions, Position, Value,
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
    /// What the open collections have so far, those of the outer ones first; of mappings keys and values
    /// in turn. So each collection can be made in its size when it ends.
    children: Vec<Node>,
    document: Document,
}

/// A collection whose end is still to come.
struct Open {
    node: Node,
    /// Where its children begin.
    first: usize,
}

impl Stack {
    pub(super) fn new(options: &ParseOptions) -> Self {
        Self {
            limits: options.limits,
            duplicate_keys: options.duplicate_keys,
            nodes: 0,
            anchors: HashSet::new(),
            open: Vec::new(),
            children: Vec::new(),
            document: Document::default(),
        }
    }

    pub(super) fn start_document(&mut self, explicit: bool, comments: Option<Box<Comments>>) {
        self.document.explicit_start = explicit;
        self.document.comments.head = comments.map(|it| it.head).unwrap_or_default();
    }

    pub(super) fn finish_document(&mut self, comments: Option<Box<Comments>>) -> Document {
        self.document.comments.foot = comments.map(|it| it.foot).unwrap_or_default();
        std::mem::take(&mut self.document)
    }

    /// Adds a scalar or alias, or opens a collection.
    pub(super) fn begin(&mut self, node: Node) -> Result<(), ParseError> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return Err(limit(node.start, LimitKind::Nodes, self.limits.nodes));
        }
        if let Some(anchor) = node.anchor() {
            self.anchors.insert(anchor.into());
        }
        match &node.value {
            Value::Scalar(_) => self.add(node),
            Value::Alias(name) if self.anchors.contains(name) => self.add(node),
            Value::Alias(_) => return Err(ParseError::UnknownAnchor { at: node.start }),
            Value::Sequence(_) | Value::Mapping(_) => return self.open(node),
        }
        Ok(())
    }

    fn open(&mut self, node: Node) -> Result<(), ParseError> {
        if self.open.len() >= self.limits.depth {
            return Err(limit(node.start, LimitKind::Depth, self.limits.depth));
        }
        self.open.push(Open {
            node,
            first: self.children.len(),
        });
        Ok(())
    }

    pub(super) fn close(
        &mut self,
        end: Position,
        comments: Option<Box<Comments>>,
    ) -> Result<(), ParseError> {
        let Some(Open { mut node, first }) = self.open.pop() else {
            return Ok(());
        };
        node.set_end(end_of_collection(
            &node,
            self.children[first..].last(),
            end.offset as usize,
        ));
        if node.is_mapping() {
            let mut entries = entries(self.children.drain(first..));
            close_comments(&mut node, &mut entries, comments);
            if self.duplicate_keys == DuplicateKeys::Refuse {
                refuse_duplicates(&entries)?;
            }
            node.value = Value::Mapping(entries.into_iter().collect::<Mapping>());
        } else {
            close_comments(&mut node, &mut [], comments);
            node.value = Value::Sequence(self.children.drain(first..).collect());
        }
        self.add(node);
        Ok(())
    }

    fn add(&mut self, mut node: Node) {
        let Some(open) = self.open.last() else {
            self.document.root = node;
            return;
        };
        if open.node.is_mapping() {
            let siblings = &mut self.children[open.first..];
            let is_value = siblings.len() % 2 == 1;
            match siblings {
                [.., key] if is_value => move_foot_to_key(&mut node, key),
                [.., before, _] if open.node.layout() == Layout::Block => {
                    move_foot_to_entry_before(&mut node, before);
                }
                _ => {}
            }
        }
        self.children.push(node);
    }
}

/// Makes entries of keys and values in turn.
fn entries(mut children: impl ExactSizeIterator<Item = Node>) -> Vec<Entry> {
    let mut entries = Vec::with_capacity(children.len() / 2);
    while let (Some(key), Some(value)) = (children.next(), children.next()) {
        entries.push(Entry { key, value });
    }
    entries
}

/// The foot of a key in a block stands behind the entry before it, so it is that one's.
fn move_foot_to_entry_before(key: &mut Node, before: &mut Node) {
    let foot = take_foot(key);
    if !foot.is_empty() {
        before.comments_mut().foot = foot;
    }
}

/// The foot of an entry is at its key, whose own comes first.
fn move_foot_to_key(value: &mut Node, key: &mut Node) {
    let has_foot = key
        .comments()
        .is_some_and(|comments| !comments.foot.is_empty());
    if !has_foot {
        let foot = take_foot(value);
        if !foot.is_empty() {
            key.comments_mut().foot = foot;
        }
    }
}

/// Gives a collection the comments at its end; a foot within a block is the last entry's.
fn close_comments(node: &mut Node, entries: &mut [Entry], comments: Option<Box<Comments>>) {
    let comments = comments.map_or_else(Comments::default, |comments| *comments);
    let Comments { line, mut foot, .. } = comments;
    if node.layout() == Layout::Block
        && !foot.is_empty()
        && let Some(last) = entries.last_mut()
    {
        last.key.comments_mut().foot = std::mem::take(&mut foot);
    }
    if node.comments().is_some() || !line.is_empty() || !foot.is_empty() {
        let comments = node.comments_mut();
        comments.line = line;
        comments.foot = foot;
    }
}

fn take_foot(node: &mut Node) -> String {
    if node.comments().is_none() {
        return String::new();
    }
    std::mem::take(&mut node.comments_mut().foot)
}

/// The event that ends a block collection stands before the next token, after blank lines and
/// comments; the collection itself ends with its last child.
fn end_of_collection(node: &Node, last: Option<&Node>, end: usize) -> usize {
    match (node.layout(), last) {
        (Layout::Flow, _) => end,
        (Layout::Block, Some(last)) => last.end(),
        (Layout::Block, None) => node.end(),
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
