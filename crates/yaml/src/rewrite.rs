//! Edits of a whole tree that leave the rest of its text as it is.
//!
//! `align` finds which children stay, `block` and `flow` make the changes to a collection, `fragment`
//! prints what is new, and `source` knows the lines of the text.

use std::collections::HashSet;
use std::ops::Range;

use thiserror::Error;

use crate::error::ParseError;
use crate::mapping::Mapping;
use crate::node::{Document, Layout, Node, Position, Value};
use crate::parse::{DuplicateKeys, ParseOptions, parse_with};

mod align;
mod block;
mod flow;
mod fragment;
mod source;

use fragment::Printer;
use source::Source;

/// A text that cannot be rewritten.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RewriteError {
    /// The text has more than one document.
    #[error("{at}: the text has several documents: keep one of them in a file")]
    SeveralDocuments {
        /// The second document.
        at: Position,
    },
    /// The change is inside a node that aliases repeat elsewhere, so it would show there too.
    #[error("{at}: &{anchor} is used again as *{anchor}: write the values out before the edit")]
    Repeated {
        /// The node with the anchor.
        at: Position,
        /// The name of the anchor.
        anchor: String,
    },
    /// The text cannot be read.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// The text cannot hold the change in a way that reads back as it should.
    #[error(
        "{at}: the change cannot be made without touching something else: edit the file by hand"
    )]
    ChangesMore {
        /// The first node that was changed.
        at: Position,
    },
}

/// Returns the text with this root in the place of the one it has, and every other byte as it was.
///
/// `root` comes from [`parse`](crate::parse()) of this very text and was changed since. What is still where it
/// was is known by its position: it keeps its quotes, its comments, its brackets and its place, and a
/// change inside it touches no more than it must. What is new is printed as [`print_file`](crate::print_file())
/// does, indented as the text is. What was removed takes its lines with it, a comment behind it
/// included; comments on lines of their own stay. New entries at the end of the root stand at the end
/// of the text.
///
/// The result is read again, and the edit is refused unless it holds the value of `root`. Reordered keys are
/// no change.
///
/// ```
/// let text = "# kept\nresources: [ a.yaml ] # kept too\nnamespace:   'dev'\n";
/// let mut root = windlass_yaml::parse(text)?.remove(0).root;
/// root.get_mut("resources").expect("it is there").make_sequence().push("b.yaml".into());
/// root.remove("namespace");
/// root.set("images", windlass_yaml::Node::sequence(["nginx".into()]));
/// assert_eq!(
///     windlass_yaml::rewrite(text, &root)?,
///     "# kept\nresources: [ a.yaml, b.yaml ] # kept too\nimages:\n- nginx\n"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn rewrite(text: &str, root: &Node) -> Result<String, RewriteError> {
    let documents = read(text)?;
    let old = match documents.as_slice() {
        [] => None,
        [document] => Some(&document.root),
        [_, second, ..] => {
            let at = second.root.start;
            return Err(RewriteError::SeveralDocuments { at });
        }
    };
    if old.map_or_else(|| is_nothing(root), |old| is_unchanged(old, root)) {
        return Ok(text.to_owned());
    }
    let mut rewriter = Rewriter::new(text, old);
    rewriter.root(old, root)?;
    let at = rewriter.first.unwrap_or_default();
    let edited = rewriter.apply();
    let holds = read(&edited).is_ok_and(|documents| holds(&documents, root));
    if holds {
        Ok(edited)
    } else {
        Err(RewriteError::ChangesMore { at })
    }
}

fn read(text: &str) -> Result<Vec<Document>, ParseError> {
    let options = ParseOptions {
        duplicate_keys: DuplicateKeys::Keep,
        ..ParseOptions::default()
    };
    parse_with(text, &options)
}

fn holds(documents: &[Document], root: &Node) -> bool {
    match documents {
        [] => is_nothing(root),
        [document] => {
            is_unchanged(&document.root, root) || is_nothing(&document.root) && is_nothing(root)
        }
        _ => false,
    }
}

/// Returns whether a document of this may as well not be there.
fn is_nothing(root: &Node) -> bool {
    root.is_null() || root.as_mapping().is_some_and(Mapping::is_empty)
}

/// Returns whether two nodes have the same value, anchors and aliases.
fn is_unchanged(old: &Node, new: &Node) -> bool {
    old.same_value(new) && same_anchors(old, new)
}

fn same_anchors(old: &Node, new: &Node) -> bool {
    let same = |(old, new): (&Node, &Node)| same_anchors(old, new);
    old.anchor() == new.anchor()
        && match (&old.value, &new.value) {
            (Value::Sequence(old), Value::Sequence(new)) => old.iter().zip(new).all(same),
            (Value::Mapping(old), Value::Mapping(new)) => {
                let value = |key: &Node| new.get(key.text()?);
                let same = |(key, old): (&Node, &Node)| {
                    value(key).is_none_or(|new| same_anchors(old, new))
                };
                old.iter().all(same)
            }
            _ => true,
        }
}

/// A part of the text and what stands there instead.
struct Splice {
    range: Range<usize>,
    text: String,
}

/// That a change does not fit into the text as it is laid out; what holds the node writes it anew.
struct Unfit;

/// What a node stands behind.
#[derive(Clone, Copy)]
struct Holder {
    kind: HolderKind,
    /// The column of the key or dash, from 0.
    column: usize,
    /// Where the colon or dash ends.
    after: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum HolderKind {
    Root,
    Key,
    Dash,
    /// A comma, bracket or colon in brackets.
    Flow,
}

struct Rewriter<'t> {
    source: Source<'t>,
    printer: Printer,
    /// The anchors that aliases refer to.
    repeated: HashSet<Box<str>>,
    splices: Vec<Splice>,
    /// Where a block scalar that ends with the text, without a line break, says what becomes of its last one:
    /// before another line it must say that there is none.
    unfinished: Option<Range<usize>>,
    /// The first node that was changed.
    first: Option<Position>,
    /// The first node with an anchor in `repeated` that would have been changed.
    refused: Option<RewriteError>,
}

impl<'t> Rewriter<'t> {
    fn new(text: &'t str, old: Option<&Node>) -> Self {
        let source = Source::new(text);
        let mut repeated = HashSet::new();
        if let Some(old) = old {
            find_aliases(old, &mut repeated);
        }
        Self {
            source,
            printer: Printer::like(old, source.line_break()),
            repeated,
            splices: Vec::new(),
            unfinished: old.and_then(|old| source.unfinished(old)),
            first: None,
            refused: None,
        }
    }

    fn root(&mut self, old: Option<&Node>, new: &Node) -> Result<(), RewriteError> {
        match old {
            Some(old) if old.start.offset as usize != old.end() => {
                let holder = Holder {
                    kind: HolderKind::Root,
                    column: self.source.column(old.start.offset as usize),
                    after: old.start.offset as usize,
                };
                self.value(old, new, holder);
            }
            _ => {
                let lines = self.printer.root(new);
                let end = old.map_or(self.source.len(), |old| self.source.line_after(old.end()));
                self.insert_lines(end, lines);
            }
        }
        self.refused.take().map_or(Ok(()), Err)
    }

    /// Changes what stands behind a colon or dash.
    fn value(&mut self, old: &Node, new: &Node, holder: Holder) {
        if is_unchanged(old, new) {
            return;
        }
        self.first.get_or_insert(old.start);
        self.guard(old);
        let mark = self.splices.len();
        if self.inside(old, new, holder).is_err() {
            self.splices.truncate(mark);
            self.replace(old, new, holder);
        }
    }

    /// Notes when a node is changed that shows in other places too.
    fn guard(&mut self, old: &Node) {
        if let Some(anchor) = old.anchor()
            && self.repeated.contains(anchor)
        {
            let anchor = anchor.to_owned();
            let at = old.start;
            self.refused
                .get_or_insert(RewriteError::Repeated { at, anchor });
        }
    }

    /// Changes children of a collection.
    fn inside(&mut self, old: &Node, new: &Node, holder: Holder) -> Result<(), Unfit> {
        if old.anchor() != new.anchor() || old.tag() != new.tag() {
            return Err(Unfit);
        }
        let is_flow = old.layout() == Layout::Flow;
        match (&old.value, &new.value) {
            (Value::Mapping(_), Value::Mapping(b)) if is_flow && b.is_empty() => Err(Unfit),
            (Value::Sequence(_), Value::Sequence(b)) if is_flow && b.is_empty() => Err(Unfit),
            (Value::Mapping(a), Value::Mapping(b)) if is_flow => {
                self.flow_mapping(a.entries(), b.entries())
            }
            (Value::Sequence(a), Value::Sequence(b)) if is_flow => self.flow_sequence(a, b),
            (Value::Mapping(a), Value::Mapping(b)) => {
                self.block_mapping(a.entries(), b.entries(), holder.kind == HolderKind::Root)
            }
            (Value::Sequence(a), Value::Sequence(b)) => self.block_sequence(old, a, b),
            _ => Err(Unfit),
        }
    }

    fn splice(&mut self, range: Range<usize>, text: impl Into<String>) {
        let text = text.into();
        self.splices.push(Splice { range, text });
    }

    /// Inserts lines before the line that begins at `offset`, or behind the end of a text without a line break
    /// at its end, which gets one.
    fn insert_lines(&mut self, offset: usize, lines: String) {
        if offset == self.source.len()
            && let Some(header) = self.unfinished.take()
        {
            self.splice(header, "-");
        }
        let lines = self.source.lines_at(offset, lines);
        self.splice(offset..offset, lines);
    }

    fn apply(mut self) -> String {
        self.splices
            .sort_by_key(|splice| (splice.range.start, splice.range.end));
        let mut edited = String::new();
        let mut done = 0;
        for Splice { range, text } in self.splices {
            // What is inside something that was removed is gone.
            if range.start < done {
                continue;
            }
            edited.push_str(self.source.slice(done..range.start));
            edited.push_str(&text);
            done = range.end;
        }
        edited.push_str(self.source.slice(done..self.source.len()));
        edited
    }
}

fn find_aliases(node: &Node, names: &mut HashSet<Box<str>>) {
    match &node.value {
        Value::Alias(name) => {
            names.insert(name.clone());
        }
        Value::Sequence(items) => items.iter().for_each(|item| find_aliases(item, names)),
        Value::Mapping(mapping) => {
            for (key, value) in mapping.iter() {
                find_aliases(key, names);
                find_aliases(value, names);
            }
        }
        Value::Scalar(_) => {}
    }
}
