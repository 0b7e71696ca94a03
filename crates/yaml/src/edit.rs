//! Edits that leave the rest of a text as it is.

use std::ops::Range;

use thiserror::Error;

use crate::error::ParseError;
use crate::node::{Document, Node, Position, ScalarStyle, Value};
use crate::parse::{DuplicateKeys, ParseOptions, parse_with};
use crate::resolve;

/// A scalar that cannot be replaced in its text.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum EditError {
    /// The node has no place in the text, or another text stands there.
    #[error("{at}: the text has no such scalar here: read it again before the edit")]
    NotHere {
        /// Where the node should be.
        at: Position,
    },
    /// A block scalar or one over several lines.
    #[error(
        "{at}: a text over several lines cannot be replaced in its place: write it on one line first"
    )]
    SeveralLines {
        /// The scalar.
        at: Position,
    },
    /// The new text has line breaks or characters that only escapes can write.
    #[error(
        "{at}: a text with line breaks or control characters cannot be put here: edit the file by hand"
    )]
    NotOneLine {
        /// The scalar.
        at: Position,
    },
    /// The text cannot be read before or after the edit.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// The edit would have changed something else too.
    #[error("{at}: the edit would change more than this scalar: edit the file by hand")]
    ChangesMore {
        /// The scalar.
        at: Position,
    },
}

/// Returns the text with one scalar replaced by another string, and every other byte as it was.
///
/// `node` comes from [`parse`](crate::parse()) of this very text and must be a plain or quoted scalar on
/// one line. Its quotes stay; a plain one gets double quotes only when it would not read back as the
/// string otherwise. Line ends, indentation, comments and a byte order mark are not touched. The result
/// is read again, and the edit is refused when anything but this scalar has changed.
///
/// ```
/// let text = "image:   nginx:1.2  # keep\r\nother: [ 1,2 ]\r\n";
/// let documents = windlass_yaml::parse(text)?;
/// let image = documents[0].root.get("image").expect("it is there");
/// let edited = windlass_yaml::replace_scalar(text, image, "nginx:1.3")?;
/// assert_eq!(edited, "image:   nginx:1.3  # keep\r\nother: [ 1,2 ]\r\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn replace_scalar(text: &str, node: &Node, value: &str) -> Result<String, EditError> {
    let at = node.start;
    let options = ParseOptions {
        duplicate_keys: DuplicateKeys::Keep,
        ..ParseOptions::default()
    };
    let before = parse_with(text, &options)?;
    let range = range_in(text, &before, node)?;
    let written = written(node, value).ok_or(EditError::NotOneLine { at })?;
    let edited = [&text[..range.start], &written, &text[range.end..]].concat();
    let after = parse_with(&edited, &options)?;
    if only_differ_at(&before, &after, at, value) {
        Ok(edited)
    } else {
        Err(EditError::ChangesMore { at })
    }
}

/// What ends a line, as in YAML 1.1.
const LINE_BREAKS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];

/// Returns where the text of the scalar stands, without its anchor and tag.
fn range_in(text: &str, documents: &[Document], node: &Node) -> Result<Range<usize>, EditError> {
    let at = node.start;
    let here = documents
        .iter()
        .any(|document| contains(&document.root, node));
    let scalar = node.as_scalar().filter(|_| here && at.is_known());
    let scalar = scalar.ok_or(EditError::NotHere { at })?;
    let (start, end) = (at.offset as usize, node.end());
    let block = matches!(scalar.style, ScalarStyle::Literal | ScalarStyle::Folded);
    if block || text[start..end].contains(LINE_BREAKS) {
        return Err(EditError::SeveralLines { at });
    }
    Ok(start + properties_length(&text[start..end])..end)
}

/// Returns the length of the anchor and tag, and the blanks behind them.
fn properties_length(text: &str) -> usize {
    let mut rest = text;
    while rest.starts_with(['&', '!']) {
        let word = rest.find([' ', '\t']).unwrap_or(rest.len());
        rest = rest[word..].trim_start_matches([' ', '\t']);
    }
    text.len() - rest.len()
}

fn contains(tree: &Node, node: &Node) -> bool {
    if tree.start == node.start && tree.end() == node.end() && tree == node {
        return true;
    }
    match &tree.value {
        Value::Sequence(items) => items.iter().any(|item| contains(item, node)),
        Value::Mapping(mapping) => mapping
            .iter()
            .any(|(key, value)| contains(key, node) || contains(value, node)),
        Value::Scalar(_) | Value::Alias(_) => false,
    }
}

/// Returns the string as it is written in the node's place; `None` when that takes escapes.
fn written(node: &Node, value: &str) -> Option<String> {
    if value
        .chars()
        .any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}'))
    {
        return None;
    }
    let style = node
        .as_scalar()
        .map_or(ScalarStyle::Plain, |scalar| scalar.style);
    Some(match style {
        ScalarStyle::SingleQuoted => format!("'{}'", value.replace('\'', "''")),
        ScalarStyle::Plain if stays_plain(value) => value.to_owned(),
        _ => format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")),
    })
}

/// Returns whether a text without quotes reads back as this string, in brackets as well.
fn stays_plain(value: &str) -> bool {
    resolve::string_style(value) == ScalarStyle::Plain && crate::print::is_plain_anywhere(value)
}

fn only_differ_at(before: &[Document], after: &[Document], at: Position, value: &str) -> bool {
    let mut changed = 0;
    let same = before.len() == after.len()
        && before
            .iter()
            .zip(after)
            .all(|(before, after)| compare(&before.root, &after.root, at, value, &mut changed));
    same && changed == 1
}

/// Returns whether two trees are the same but for the scalar at `at`, and counts that one.
fn compare(before: &Node, after: &Node, at: Position, value: &str, changed: &mut usize) -> bool {
    if before.anchor() != after.anchor() || before.tag() != after.tag() {
        return false;
    }
    match (&before.value, &after.value) {
        (Value::Sequence(a), Value::Sequence(b)) => {
            a.len() == b.len()
                && a.iter()
                    .zip(b)
                    .all(|(a, b)| compare(a, b, at, value, changed))
        }
        (Value::Mapping(a), Value::Mapping(b)) => {
            a.len() == b.len()
                && a.iter().zip(b.iter()).all(|((ka, va), (kb, vb))| {
                    compare(ka, kb, at, value, changed) && compare(va, vb, at, value, changed)
                })
        }
        (Value::Scalar(_), Value::Scalar(scalar)) if before.start == at => {
            *changed += 1;
            &*scalar.text == value && (after.is_string() || after.tag().is_some())
        }
        (a, b) => a == b && before.comments() == after.comments(),
    }
}
