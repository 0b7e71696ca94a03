//! Aliases replaced by what they refer to, merge keys by what they merge.

use std::collections::{HashMap, HashSet};

use crate::error::{LimitKind, ParseError};
use crate::mapping::{Entry, Mapping};
use crate::node::{Node, Position, Value};
use crate::parse::Limits;
use crate::resolve::Resolved;

/// The text of merge keys.
const MERGE: &str = "<<";
const MERGE_TAG: &str = "tag:yaml.org,2002:merge";

/// A copied node with more bytes of text than this counts as one more node for each time that many, so
/// that the limit on nodes is one on memory too.
const BYTES_PER_NODE: usize = 128;

impl Node {
    /// Replaces aliases by copies of what they refer to and merge keys (`<<`) by the pairs that they
    /// merge, and removes all anchors, as kyaml does with every object that kustomize reads.
    ///
    /// A mapping's own keys come first and win; merged ones follow, those of the last mapping of a list
    /// first, and of several with the same key the first in the list wins. What was copied keeps the
    /// positions of the original. A key that is `<<` in quotes is dropped with its value: kyaml takes
    /// merge keys out by their text.
    ///
    /// # Errors
    ///
    /// An alias inside its own anchor, a merge of something else than mappings, two merge keys in one
    /// mapping (a list merges several), more nodes or depth than `limits` allow.
    ///
    /// ```
    /// let mut documents = windlass_yaml::parse("a: &a {x: 1}\nb: {<<: *a, y: 2}\nc: *a\n")?;
    /// documents[0].root.expand_aliases(&windlass_yaml::Limits::default())?;
    /// let printed = windlass_yaml::print_build(&documents[0].root)?;
    /// assert_eq!(printed, "a:\n  x: 1\nb:\n  x: 1\n  \"y\": 2\nc:\n  x: 1\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn expand_aliases(&mut self, limits: &Limits) -> Result<(), ParseError> {
        self.expand(limits, Merges::Resolve)
    }

    /// Replaces aliases by copies of what they refer to and removes all anchors; merge keys stay pairs like
    /// others, with a copy for a value. This is how sops reads YAML.
    ///
    /// # Errors
    ///
    /// As [`Node::expand_aliases`], but for merge keys.
    ///
    /// ```
    /// let mut documents = windlass_yaml::parse("a: &a {x: 1}\nb: {<<: *a}\n")?;
    /// documents[0].root.copy_aliases(&windlass_yaml::Limits::default())?;
    /// let printed = windlass_yaml::print_file(&documents, &Default::default());
    /// assert_eq!(printed, "a: {x: 1}\nb: {!!merge <<: {x: 1}}\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn copy_aliases(&mut self, limits: &Limits) -> Result<(), ParseError> {
        self.expand(limits, Merges::Keep)
    }

    fn expand(&mut self, limits: &Limits, merges: Merges) -> Result<(), ParseError> {
        if !needs_expansion(self) {
            return Ok(());
        }
        let mut used = HashSet::new();
        collect_aliases(self, &mut used);
        let mut expansion = Expansion {
            limits: *limits,
            copied: 0,
            used,
            anchors: HashMap::new(),
            merges,
        };
        expansion.expand(self, 0)
    }
}

/// What to do about merge keys.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Merges {
    Resolve,
    Keep,
}

/// Most documents have no anchors, and are not touched.
fn needs_expansion(node: &Node) -> bool {
    node.anchor().is_some()
        || match &node.value {
            Value::Alias(_) => true,
            Value::Scalar(_) => false,
            Value::Sequence(items) => items.iter().any(needs_expansion),
            Value::Mapping(mapping) => mapping.iter().any(|(key, value)| {
                key.text() == Some(MERGE)
                    || is_merge(key)
                    || needs_expansion(key)
                    || needs_expansion(value)
            }),
        }
}

fn collect_aliases(node: &Node, names: &mut HashSet<Box<str>>) {
    match &node.value {
        Value::Alias(name) => {
            names.insert(name.clone());
        }
        Value::Scalar(_) => {}
        Value::Sequence(items) => items.iter().for_each(|item| collect_aliases(item, names)),
        Value::Mapping(mapping) => {
            for (key, value) in mapping.iter() {
                collect_aliases(key, names);
                collect_aliases(value, names);
            }
        }
    }
}

/// Returns whether the value of this key is merged: with the tag, whatever its text.
fn is_merge(key: &Node) -> bool {
    key.tag() == Some(MERGE_TAG) || matches!(key.resolve(), Resolved::Merge)
}

struct Expansion {
    limits: Limits,
    copied: usize,
    /// The names that there are aliases of; other anchors need not be kept.
    used: HashSet<Box<str>>,
    /// The anchors so far; `None` while the node is being expanded.
    anchors: HashMap<Box<str>, Option<Anchored>>,
    merges: Merges,
}

struct Anchored {
    node: Node,
    nodes: usize,
    depth: usize,
}

impl Expansion {
    fn expand(&mut self, node: &mut Node, depth: usize) -> Result<(), ParseError> {
        let anchor = node
            .set_anchor(None)
            .filter(|name| self.used.contains(name));
        if let Some(name) = &anchor {
            self.anchors.insert(name.clone(), None);
        }
        match &mut node.value {
            Value::Scalar(_) => {}
            Value::Alias(_) => *node = self.copy(node, depth)?,
            Value::Sequence(items) => {
                for item in items {
                    self.expand(item, depth + 1)?;
                }
            }
            Value::Mapping(mapping) => self.expand_mapping(mapping, depth)?,
        }
        match anchor {
            Some(name) => self.keep(name, node),
            None => Ok(()),
        }
    }

    /// Keeps a copy of an anchor's node. It counts too, since anchors can stand within anchors.
    fn keep(&mut self, name: Box<str>, node: &Node) -> Result<(), ParseError> {
        let (nodes, depth) = size(node);
        self.count(nodes, node.start)?;
        // Where the name was given again within the node, that is what later aliases mean.
        let known = self.anchors.entry(name).or_default();
        known.get_or_insert_with(|| Anchored {
            node: node.clone(),
            nodes,
            depth,
        });
        Ok(())
    }

    fn count(&mut self, nodes: usize, at: Position) -> Result<(), ParseError> {
        self.copied += nodes;
        if self.copied <= self.limits.expansion {
            return Ok(());
        }
        Err(ParseError::Limit {
            at,
            what: LimitKind::Expansion,
            limit: self.limits.expansion,
        })
    }

    fn copy(&mut self, alias: &Node, depth: usize) -> Result<Node, ParseError> {
        let Value::Alias(name) = &alias.value else {
            unreachable!("only aliases are copied");
        };
        let at = alias.start;
        let unknown = || ParseError::UnknownAnchor { at };
        let recursive = || ParseError::RecursiveAnchor {
            at,
            name: name.to_string(),
        };
        let anchored = self.anchors.get(name).ok_or_else(unknown)?;
        let anchored = anchored.as_ref().ok_or_else(recursive)?;
        let (nodes, limit) = (anchored.nodes, self.limits.depth);
        if depth + anchored.depth > limit {
            let what = LimitKind::Depth;
            return Err(ParseError::Limit { at, what, limit });
        }
        let copy = anchored.node.clone();
        self.count(nodes, at)?;
        Ok(copy)
    }

    fn expand_mapping(&mut self, mapping: &mut Mapping, depth: usize) -> Result<(), ParseError> {
        for entry in mapping.entries_mut() {
            self.expand(&mut entry.key, depth + 1)?;
            self.expand(&mut entry.value, depth + 1)?;
        }
        if self.merges == Merges::Keep {
            return Ok(());
        }
        if mapping.contains_key(MERGE) || mapping.iter().any(|(key, _)| is_merge(key)) {
            merge(mapping)?;
        }
        Ok(())
    }
}

/// Takes the merge keys out and appends the pairs of their mappings.
fn merge(mapping: &mut Mapping) -> Result<(), ParseError> {
    let entries = std::mem::take(mapping.entries_mut());
    let (merges, own): (Vec<Entry>, Vec<Entry>) = entries
        .into_iter()
        .partition(|entry| entry.key.text() == Some(MERGE));
    // A key with the tag and another text is merged and stays.
    let mut sources = merges.iter().chain(&own).filter(|e| is_merge(&e.key));
    let source = sources.next().cloned();
    if let (Some(first), Some(second)) = (&source, sources.next()) {
        let (a, b) = (first.key.start, second.key.start);
        let (first, at) = (a.min(b), a.max(b));
        return Err(ParseError::DuplicateMerge { at, first });
    }
    *mapping = own.into_iter().collect();
    let own = mapping.len();
    if let Some(source) = source {
        for merged in mappings_of(source.value)?.into_iter().rev() {
            merge_one(mapping, own, merged);
        }
    }
    Ok(())
}

fn merge_one(mapping: &mut Mapping, own: usize, merged: Mapping) {
    // Of several entries with the same key the first counts.
    let is_first = |(at, entry): (usize, &Entry)| {
        let text = entry.key.text();
        text.is_none_or(|text| merged.position(text) == Some(at))
    };
    let first: Vec<bool> = merged.entries().iter().enumerate().map(is_first).collect();
    for (Entry { key, value }, _) in merged.into_iter().zip(first).filter(|(_, first)| *first) {
        let at = key.text().and_then(|text| mapping.position(text));
        match at {
            Some(at) if at < own => {}
            Some(_) => {
                let text = key.text().unwrap_or_default();
                mapping.insert(text, value);
            }
            None => mapping.push(key, value),
        }
    }
}

fn mappings_of(node: Node) -> Result<Vec<Mapping>, ParseError> {
    let at = node.start;
    match node.value {
        Value::Mapping(mapping) => Ok(vec![mapping]),
        Value::Sequence(items) => items
            .into_iter()
            .map(|item| match item.value {
                Value::Mapping(mapping) => Ok(mapping),
                _ => Err(ParseError::Merge { at: item.start }),
            })
            .collect(),
        _ => Err(ParseError::Merge { at }),
    }
}

/// Returns the number of nodes and the depth of a tree. A node with long texts counts as several.
fn size(node: &Node) -> (usize, usize) {
    let own = 1 + text_bytes(node) / BYTES_PER_NODE;
    let add = |(nodes, depth): (usize, usize), child: &Node| {
        let (child_nodes, child_depth) = size(child);
        (nodes + child_nodes, depth.max(child_depth + 1))
    };
    match &node.value {
        Value::Sequence(items) => items.iter().fold((own, 1), add),
        Value::Mapping(mapping) => mapping
            .iter()
            .fold((own, 1), |size, (key, value)| add(add(size, key), value)),
        Value::Scalar(_) | Value::Alias(_) => (own, 0),
    }
}

fn text_bytes(node: &Node) -> usize {
    let comments = node.comments().map_or(0, |comments| {
        comments.head.len() + comments.line.len() + comments.foot.len()
    });
    let tag = node.tag().map_or(0, str::len);
    node.text().map_or(0, str::len) + tag + comments
}
