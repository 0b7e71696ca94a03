//! Texts to documents.
//!
//! `encoding` makes text of bytes, `scanner` tokens of text, `events` events of tokens and `stack`
//! nodes of events.

use crate::error::{LimitKind, ParseError};
use crate::extras::{End, Extras};
use crate::mapping::{Entry, Mapping};
use crate::node::{Comments, Document, Layout, Node, Position, Scalar, ScalarStyle, Value};

mod cursor;
mod encoding;
mod events;
mod scanner;
mod stack;
mod token;

use encoding::Text;
use events::{EventKind, Events, Properties};
use stack::Stack;

/// How much a text may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the text; 64 MiB unless set, and never more than 2 GiB.
    pub bytes: usize,
    /// Collections within each other; 256 unless set. Trees are walked recursively, so a high limit
    /// needs large stacks.
    pub depth: usize,
    /// Nodes of all documents together; 5 million unless set.
    pub nodes: usize,
    /// Nodes that may be copied for the anchors and aliases of one document; 500,000 unless set. A node
    /// counts once more for every 128 bytes of its texts.
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
///
/// # Errors
///
/// As [`parse_with`].
pub fn parse(text: impl AsRef<[u8]>) -> Result<Vec<Document>, ParseError> {
    parse_with(text, &ParseOptions::default())
}

/// Returns the documents of a text, read as `options` say.
///
/// ```
/// use windlass_yaml::{DuplicateKeys, ParseError, Limits, ParseOptions, parse_with};
/// let options = ParseOptions {
///     limits: Limits { depth: 2, ..Limits::default() },
///     duplicate_keys: DuplicateKeys::Keep,
/// };
/// let documents = parse_with("a: 1\na: [2]\n", &options)?;
/// assert_eq!(documents[0].root.as_mapping().map(|mapping| mapping.len()), Some(2));
/// let error = parse_with("a: [[3]]\n", &options).expect_err("it is too deep");
/// assert!(matches!(error, ParseError::Limit { limit: 2, .. }));
/// # Ok::<(), ParseError>(())
/// ```
///
/// # Errors
///
/// What is not YAML, and what exceeds a limit; the first mistake ends the reading.
pub fn parse_with(
    text: impl AsRef<[u8]>,
    options: &ParseOptions,
) -> Result<Vec<Document>, ParseError> {
    let text = Text::decode(text.as_ref(), &options.limits)?;
    let mut reader = Reader::new(&text, options);
    let mut documents = Vec::new();
    while let Some(document) = reader.next_document()? {
        documents.push(document);
    }
    Ok(documents)
}

/// Returns the first document of a text, if it has one, and does not read what follows: mistakes there
/// are no errors, as when go-yaml decodes a text.
///
/// ```
/// let text = "a: 1\n---\nb: [\n";
/// let document = windlass_yaml::parse_first(text, &Default::default())?.expect("there is one");
/// assert_eq!(document.root.get_text("a"), Some("1"));
/// assert!(windlass_yaml::parse(text).is_err());
/// # Ok::<(), windlass_yaml::ParseError>(())
/// ```
///
/// # Errors
///
/// As [`parse_with`]. Bytes and characters that no YAML has are refused in the whole text.
pub fn parse_first(
    text: impl AsRef<[u8]>,
    options: &ParseOptions,
) -> Result<Option<Document>, ParseError> {
    let text = Text::decode(text.as_ref(), &options.limits)?;
    Reader::new(&text, options).next_document()
}

/// Makes documents, one at a time.
struct Reader<'t> {
    events: Events<'t>,
    stack: Stack,
    base: u32,
}

impl<'t> Reader<'t> {
    fn new(text: &'t Text<'_>, options: &ParseOptions) -> Self {
        let base = text.base();
        Self {
            events: Events::new(text.as_str(), base),
            stack: Stack::new(options),
            base,
        }
    }

    fn next_document(&mut self) -> Result<Option<Document>, ParseError> {
        loop {
            let event = self.events.next()?;
            match event.kind {
                EventKind::StreamEnd => return Ok(None),
                EventKind::DocumentStart { explicit } => {
                    self.stack.start_document(explicit, event.comments);
                }
                EventKind::DocumentEnd => {
                    return Ok(Some(self.stack.finish_document(event.comments)));
                }
                EventKind::CollectionEnd => {
                    let end = event.end.position(self.base);
                    self.stack.close(end, event.comments)?;
                }
                kind => {
                    let (value, properties, layout) = parts_of(kind);
                    self.stack.begin(Node {
                        value,
                        extras: Extras::new(
                            // A lone `!` says nothing that go-yaml v3 would keep.
                            properties.tag.filter(|tag| &**tag != "!"),
                            properties.anchor.map(Into::into),
                            event.comments,
                        ),
                        start: event.start.position(self.base),
                        end: End::new(event.end.position(self.base), layout),
                    })?;
                }
            }
        }
    }
}

/// Returns what the event of a node says about it.
fn parts_of(kind: EventKind<'_>) -> (Value, Properties<'_>, Layout) {
    match kind {
        EventKind::Alias(name) => {
            let value = Value::Alias(name.into());
            (value, Properties::default(), Layout::Block)
        }
        EventKind::Scalar(properties, text, style) => {
            let text = text.into();
            let value = Value::Scalar(Scalar { text, style });
            (value, properties, Layout::Block)
        }
        EventKind::SequenceStart(properties, layout) => {
            (Value::Sequence(Vec::new()), properties, layout)
        }
        EventKind::MappingStart(properties, layout) => {
            (Value::Mapping(Mapping::new()), properties, layout)
        }
        EventKind::StreamEnd
        | EventKind::DocumentStart { .. }
        | EventKind::DocumentEnd
        | EventKind::CollectionEnd => unreachable!("these events are no nodes"),
    }
}
