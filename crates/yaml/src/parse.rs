//! Texts to documents.
//!
//! `encoding` makes text of bytes, `scanner` tokens of text, `events` events of tokens and `stack`
//! nodes of events.

use crate::error::{LimitKind, ParseError};
use crate::mapping::{Entry, Mapping};
use crate::node::{Comments, Document, Layout, Node, Position, Scalar, ScalarStyle, Value};

mod cursor;
mod encoding;
mod events;
mod scanner;
mod stack;
mod token;

use encoding::Text;
use events::{Event, EventKind, Events, Properties};
use stack::Stack;

/// How much a text may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the text; 64 MiB unless set, and never more than 4 GiB.
    pub bytes: usize,
    /// Collections within each other; 256 unless set. Trees are walked recursively, so a high limit
    /// needs large stacks.
    pub depth: usize,
    /// Nodes of all documents together; 5 million unless set.
    pub nodes: usize,
    /// Nodes that may be copied for the anchors and aliases of one document; 500,000 unless set.
    pub expansion: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            depth: 256,
            nodes: 5_000_000,
            expansion: 500_000,
        }
    }
}

/// What to do when a mapping has the same key twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DuplicateKeys {
    /// It is an error, as when go-yaml v3 decodes into a map.
    #[default]
    Refuse,
    /// Both are kept, as in go-yaml v3's own nodes.
    Keep,
}

/// How to read a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ParseOptions {
    /// How much the text may ask for.
    pub limits: Limits,
    /// What to do about duplicate keys.
    pub duplicate_keys: DuplicateKeys,
}

/// Returns the documents of a text, refusing duplicate keys, within the default [`Limits`].
///
/// An empty text, or one with comments only, has no documents; `---` alone begins a document that is
/// null. Aliases stay what they are; [`Node::expand_aliases`] replaces them.
///
/// ```
/// let documents = windlass_yaml::parse("a: 1\n---\nb: [x, y]\n")?;
/// assert_eq!(documents[1].root.at(&["b"]).and_then(|b| b.as_sequence()).map(<[_]>::len), Some(2));
/// # Ok::<(), windlass_yaml::ParseError>(())
/// ```
pub fn parse(text: impl AsRef<[u8]>) -> Result<Vec<Document>, ParseError> {
    parse_with(text, &ParseOptions::default())
}

/// Returns the documents of a text, read as `options` say.
pub fn parse_with(
    text: impl AsRef<[u8]>,
    options: &ParseOptions,
) -> Result<Vec<Document>, ParseError> {
    let text = Text::decode(text.as_ref(), &options.limits)?;
    let mut documents = Vec::new();
    read_events(&text, options, &mut documents)?;
    Ok(documents)
}

fn read_events(
    text: &Text<'_>,
    options: &ParseOptions,
    documents: &mut Vec<Document>,
) -> Result<(), ParseError> {
    let base = text.base();
    let mut events = Events::new(text.as_str(), base);
    let mut stack = Stack::new(options);
    loop {
        let Event {
            kind,
            start,
            end,
            comments,
        } = events.next()?;
        let (start, end) = (start.position(base), end.position(base));
        let node = |value, properties, layout| node(value, properties, layout, start, end);
        let mut node = match kind {
            EventKind::StreamEnd => return Ok(()),
            EventKind::DocumentStart { explicit } => {
                stack.start_document(explicit, comments);
                continue;
            }
            EventKind::DocumentEnd => {
                documents.push(stack.finish_document(comments));
                continue;
            }
            EventKind::CollectionEnd => {
                stack.close(end, comments)?;
                continue;
            }
            EventKind::Alias(name) => node(
                Value::Alias(name.into()),
                Properties::default(),
                Layout::Block,
            ),
            EventKind::Scalar(properties, text, style) => {
                let scalar = Scalar {
                    text: text.into(),
                    style,
                };
                node(Value::Scalar(scalar), properties, Layout::Block)
            }
            EventKind::SequenceStart(properties, layout) => {
                node(Value::Sequence(Vec::new()), properties, layout)
            }
            EventKind::MappingStart(properties, layout) => {
                node(Value::Mapping(Mapping::new()), properties, layout)
            }
        };
        node.comments = comments;
        stack.begin(node)?;
    }
}

fn node(
    value: Value,
    properties: Properties<'_>,
    layout: Layout,
    start: Position,
    end: Position,
) -> Node {
    Node {
        value,
        // A lone `!` says nothing that go-yaml v3 would keep.
        tag: properties.tag.filter(|tag| &**tag != "!"),
        anchor: properties.anchor.map(Into::into),
        start,
        end,
        comments: None,
        layout,
    }
}
