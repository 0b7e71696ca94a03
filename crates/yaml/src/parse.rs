//! Texts to documents, over the events of libyaml's parser.

use std::borrow::Cow;

use libyaml_safer::{Event, EventData, MappingStyle, Parser, ScalarStyle as Style, SequenceStyle};

use crate::error::{LimitKind, ParseError};
use crate::mapping::{Entry, Mapping};
use crate::node::{Document, Layout, Node, Position, Scalar, ScalarStyle, Value};

mod encoding;
mod stack;

use encoding::Text;
use stack::Stack;

/// How much a text may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the text; 64 MiB unless set, and never more than 4 GiB.
    pub bytes: usize,
    /// Collections within each other; 500 unless set. Trees are walked recursively, so a high limit
    /// needs large stacks.
    pub depth: usize,
    /// Nodes of all documents together; 5 million unless set.
    pub nodes: usize,
    /// Nodes that aliases of one document may expand to; 500,000 unless set.
    pub expansion: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            depth: 500,
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
    let input = with_final_break(text.as_str());
    let mut bytes = input.as_bytes();
    let mut parser = Parser::new();
    parser.set_input_string(&mut bytes);
    let mut stack = Stack::new(options);
    let mut document = Document::default();
    // The parser must not be asked again after an error or the end.
    loop {
        let Event {
            data,
            start_mark,
            end_mark,
            ..
        } = parser.parse().map_err(|error| syntax_error(&error, text))?;
        let (start, end) = (text.position(start_mark), text.position(end_mark));
        match data {
            EventData::StreamStart { .. } => {}
            EventData::StreamEnd => return Ok(()),
            EventData::DocumentStart { implicit, .. } => {
                document = Document {
                    explicit_start: !implicit,
                    ..Document::default()
                };
                stack.start_document();
            }
            EventData::DocumentEnd { .. } => {
                document.root = stack.finish_document();
                documents.push(std::mem::take(&mut document));
            }
            EventData::Alias { anchor } => stack.alias(anchor, start, end)?,
            EventData::Scalar {
                anchor,
                tag,
                value,
                style,
                ..
            } => {
                let added_break = end_mark.index as usize > text.as_str().len();
                let value = if added_break {
                    without_added_break(value, text)
                } else {
                    value
                };
                let scalar = Scalar {
                    text: value.into(),
                    style: scalar_style(style),
                };
                let node = node(Value::Scalar(scalar), anchor, tag, start, end);
                stack.scalar(node)?;
            }
            EventData::SequenceStart {
                anchor, tag, style, ..
            } => {
                let mut node = node(Value::Sequence(Vec::new()), anchor, tag, start, end);
                node.layout = layout(style == SequenceStyle::Flow);
                stack.open(node)?;
            }
            EventData::MappingStart {
                anchor, tag, style, ..
            } => {
                let mut node = node(Value::Mapping(Mapping::new()), anchor, tag, start, end);
                node.layout = layout(style == MappingStyle::Flow);
                stack.open(node)?;
            }
            EventData::SequenceEnd | EventData::MappingEnd => stack.close(end)?,
        }
    }
}

/// libyaml-safer 0.3.0 panics when the text ends inside a block scalar or behind a backslash, where
/// libyaml reads a NUL: a line break at the end keeps it from getting there.
fn with_final_break(text: &str) -> Cow<'_, str> {
    if text.is_empty() || text.ends_with('\n') {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(format!("{text}\n"))
    }
}

/// Takes the added line break off a block scalar that it became a part of.
fn without_added_break(mut value: String, text: &Text<'_>) -> String {
    let last_line = text.as_str().rsplit('\n').next().unwrap_or_default();
    if value.ends_with('\n') && !last_line.trim().is_empty() {
        value.pop();
    }
    value
}

fn node(
    value: Value,
    anchor: Option<String>,
    tag: Option<String>,
    start: Position,
    end: Position,
) -> Node {
    Node {
        value,
        // A lone `!` says nothing that go-yaml v3 would keep.
        tag: tag.filter(|tag| tag != "!").map(Into::into),
        anchor: anchor.map(Into::into),
        start,
        end,
        comments: None,
        layout: Layout::Block,
    }
}

fn layout(flow: bool) -> Layout {
    if flow { Layout::Flow } else { Layout::Block }
}

fn scalar_style(style: Style) -> ScalarStyle {
    match style {
        Style::SingleQuoted => ScalarStyle::SingleQuoted,
        Style::DoubleQuoted => ScalarStyle::DoubleQuoted,
        Style::Literal => ScalarStyle::Literal,
        Style::Folded => ScalarStyle::Folded,
        _ => ScalarStyle::Plain,
    }
}

fn syntax_error(error: &libyaml_safer::Error, text: &Text<'_>) -> ParseError {
    let at = error.problem_mark().map(|mark| text.position(mark));
    let context = error.context().map(|context| {
        let at = error.context_mark().unwrap_or_default();
        (context, text.position(at))
    });
    ParseError::Syntax {
        at: at.unwrap_or(Position {
            line: 1,
            column: 1,
            offset: 0,
        }),
        problem: error.problem(),
        context,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_may_end_inside_a_block_scalar() {
        for (text, value) in [
            ("a: |\n  foo", "foo"),
            ("a: |+\n  foo\n", "foo\n"),
            ("a: >\n  foo\n  bar", "foo bar"),
            ("a: |\n  foo\n  ", "foo\n"),
        ] {
            let documents = parse(text).unwrap();
            let node = documents[0].root.get("a").unwrap();
            assert_eq!(node.text(), Some(value), "{text:?}");
            assert!(node.end.offset as usize <= text.len(), "{text:?}");
        }
    }

    #[test]
    fn a_text_that_ends_behind_a_backslash_is_an_error() {
        assert!(parse("a: \"x\\").is_err());
    }
}
