//! The printer of `kustomize build`: JSON values as go-yaml v2 prints them.

use std::borrow::Cow;

use super::PrintError;
use super::analysis::{Style, Version, analyse};
use super::writer::{Layout, Writer};
use super::{file, keys};
use crate::json;
use crate::mapping::Mapping;
use crate::node::{self, Node, Position, ScalarStyle, Value};
use crate::number::{format_general, format_json, parse_int, parse_uint};
use crate::resolve::Resolved;

const LAYOUT: Layout = Layout {
    width: 80,
    indent: 2,
};
/// Bytes up to which a key stands before its colon on one line.
const SIMPLE_KEY: usize = 128;

/// The tags of keys that go-yaml v3 takes for strings.
const STRING_TAGS: [&str; 2] = ["tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"];

/// Appends the text of an object.
pub(super) fn print(node: &Node, out: &mut String) -> Result<(), PrintError> {
    let mut writer = Writer::new(out, LAYOUT);
    let read_back = read_back(node)?;
    let node = read_back.as_ref().unwrap_or(node);
    print_node(&mut writer, node, Place::default())?;
    writer.finish();
    Ok(())
}

/// Returns an object as kyaml makes JSON of it, where that cannot be told node by node; see
/// [`resolve_again`] for where it can.
///
/// The text that kyaml reads again has the comments. One behind a block that keeps its line breaks
/// stands behind an empty line, which that block then keeps too; and with one in brackets, behind the key
/// of an empty collection, or over two lines behind a value go-yaml may print something else than it has
/// read.
///
/// # Errors
///
/// What go-yaml prints but cannot read.
pub(crate) fn read_back(node: &Node) -> Result<Option<Node>, PrintError> {
    if !(keeps_breaks(node) && has_comments(node) || has_odd_comments(node)) {
        return Ok(None);
    }
    let mut node = file::print_and_read_back(node)?;
    quote_blocks(&mut node);
    Ok(Some(node))
}

/// What was read back is not printed and read once more.
fn quote_blocks(node: &mut Node) {
    match &mut node.value {
        Value::Scalar(scalar) if scalar.style != ScalarStyle::Plain => {
            scalar.style = ScalarStyle::DoubleQuoted;
        }
        Value::Scalar(_) | Value::Alias(_) => {}
        Value::Sequence(items) => items.iter_mut().for_each(quote_blocks),
        Value::Mapping(mapping) => {
            for entry in mapping.entries_mut() {
                quote_blocks(&mut entry.key);
                quote_blocks(&mut entry.value);
            }
        }
    }
}

fn keeps_breaks(node: &Node) -> bool {
    match &node.value {
        Value::Scalar(scalar) => scalar.text.ends_with("\n\n") || &*scalar.text == "\n",
        _ => any_child(node, keeps_breaks),
    }
}

fn has_comments(node: &Node) -> bool {
    node.comments().is_some() || any_child(node, has_comments)
}

fn has_odd_comments(node: &Node) -> bool {
    if line_comment(node).contains('\n') {
        return true;
    }
    match (&node.value, node.layout()) {
        (_, node::Layout::Flow) => any_child(node, has_comments),
        (Value::Mapping(mapping), _) if mapping.iter().any(has_comment_before_nothing) => true,
        _ => any_child(node, has_odd_comments),
    }
}

fn has_comment_before_nothing((key, value): (&Node, &Node)) -> bool {
    let empty = match &value.value {
        Value::Sequence(items) => items.is_empty(),
        Value::Mapping(mapping) => mapping.is_empty(),
        Value::Scalar(_) | Value::Alias(_) => false,
    };
    empty && !line_comment(key).is_empty()
}

fn line_comment(node: &Node) -> &str {
    node.comments().map_or("", |comments| &comments.line)
}

fn any_child(node: &Node, is: impl Fn(&Node) -> bool) -> bool {
    match &node.value {
        Value::Scalar(_) | Value::Alias(_) => false,
        Value::Sequence(items) => items.iter().any(is),
        Value::Mapping(mapping) => mapping.iter().any(|(key, value)| is(key) || is(value)),
    }
}

/// Where a node stands.
#[derive(Clone, Copy, Default)]
pub(crate) struct Place {
    /// Below the root.
    inner: bool,
    /// The value of a key.
    of_key: bool,
    /// Within brackets or braces in the text.
    flow: bool,
}

impl Place {
    /// Returns the place of the items of this collection.
    pub(crate) fn item_of(self, collection: &Node) -> Self {
        let flow = self.flow || collection.layout() == node::Layout::Flow;
        Self {
            inner: true,
            of_key: false,
            flow,
        }
    }

    /// Returns the place of the keys of this mapping.
    pub(crate) fn keys_of(self, collection: &Node) -> Self {
        Self {
            inner: self.inner,
            ..self.item_of(collection)
        }
    }

    fn value_of(self, collection: &Node) -> Self {
        Self {
            of_key: true,
            ..self.item_of(collection)
        }
    }
}

fn print_node(writer: &mut Writer<'_>, node: &Node, place: Place) -> Result<(), PrintError> {
    match &node.value {
        Value::Scalar(_) => print_scalar(writer, node, place),
        Value::Sequence(items) => {
            let indentless = place.of_key && !writer.indention;
            print_sequence(writer, items, indentless, place.item_of(node))
        }
        Value::Mapping(mapping) => {
            let pairs = sorted_pairs(mapping, place.keys_of(node))?;
            print_mapping(writer, &pairs, place.value_of(node))
        }
        Value::Alias(name) => Err(PrintError::Alias {
            at: node.start,
            name: name.to_string(),
        }),
    }
}

fn print_sequence(
    writer: &mut Writer<'_>,
    items: &[Node],
    indentless: bool,
    place: Place,
) -> Result<(), PrintError> {
    if items.is_empty() {
        writer.put_indicator("[]", true, false);
        return Ok(());
    }
    let outer = increase_indent(writer, indentless);
    for item in items {
        writer.write_indent();
        writer.put_indicator("-", true, true);
        print_node(writer, item, place)?;
    }
    writer.indent = outer;
    Ok(())
}

fn print_mapping(
    writer: &mut Writer<'_>,
    pairs: &[(Cow<'_, str>, &Node)],
    place: Place,
) -> Result<(), PrintError> {
    if pairs.is_empty() {
        writer.put_indicator("{}", true, false);
        return Ok(());
    }
    let outer = increase_indent(writer, false);
    for (key, value) in pairs {
        print_key(writer, key);
        print_node(writer, value, place)?;
    }
    writer.indent = outer;
    Ok(())
}

/// Indents what follows and returns the former indentation.
fn increase_indent(writer: &mut Writer<'_>, indentless: bool) -> Option<usize> {
    let outer = writer.indent;
    writer.indent = match outer {
        None => Some(0),
        Some(indent) if indentless => Some(indent),
        Some(indent) => Some(indent + LAYOUT.indent),
    };
    outer
}

/// Writes a key with its colon, or with a question mark when it is too long for one line.
fn print_key(writer: &mut Writer<'_>, key: &str) {
    writer.write_indent();
    let analysis = analyse(key, Version::V2);
    if !analysis.multiline && key.len() <= SIMPLE_KEY {
        writer.scalar(key, analysis.simple_key_style(key), false, "");
        writer.put_indicator(":", false, false);
        return;
    }
    writer.put_indicator("?", true, true);
    print_text(writer, key, analysis.value_style(key));
    writer.write_indent();
    writer.put_indicator(":", true, true);
}

fn print_text(writer: &mut Writer<'_>, text: &str, style: Style) {
    let outer = writer.indent;
    writer.indent = Some(outer.map_or(LAYOUT.indent, |indent| indent + LAYOUT.indent));
    writer.scalar(text, style, true, "");
    writer.indent = outer;
}

fn sorted_pairs(mapping: &Mapping, place: Place) -> Result<Vec<(Cow<'_, str>, &Node)>, PrintError> {
    let mut pairs = Vec::with_capacity(mapping.len());
    for (key, value) in mapping.iter() {
        let text = key_text(key, place)?;
        json::check_key(&text, key.start)?;
        pairs.push((text, value));
    }
    let pairs = keys::sorted(pairs, |pair| &pair.0);
    match pairs.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(twice) => Err(duplicate_key(mapping, &twice[0].0)),
        None => Ok(pairs),
    }
}

/// Returns the key as JSON has it.
///
/// The object itself is decoded into a map of strings, which takes any scalar but null by its text;
/// maps within it keep the types of their keys, which JSON then refuses.
pub(crate) fn key_text(key: &Node, place: Place) -> Result<Cow<'_, str>, PrintError> {
    let is_string = key.tag().is_none_or(|tag| STRING_TAGS.contains(&tag));
    match (resolve_again(key, place), key.text()) {
        (Resolved::String(text), _) if is_string || !place.inner => text_again(key, text, place),
        (Resolved::Merge, _) => Err(PrintError::MergeKey { at: key.start }),
        (Resolved::Mismatch(_), _) => Err(tag_mismatch(key)),
        (Resolved::Null, Some("")) if key.tag().is_none() => Ok("".into()),
        (Resolved::Binary(text), _) if !place.inner => {
            json::binary_text(text, key.start).map(Cow::Owned)
        }
        (resolved, Some(text)) if !place.inner && resolved != Resolved::Null => Ok(text.into()),
        (_, text) => Err(PrintError::KeyNotString {
            at: key.start,
            key: text.unwrap_or("a collection").to_owned(),
        }),
    }
}

/// Returns the type and value that a node has when kyaml makes JSON of it: before that it prints what it
/// has read with go-yaml v3 and reads it again. Nothing within brackets comes back as an empty text, and
/// a time as a text, since both need quotes there; a folded text may get more line breaks.
pub(crate) fn resolve_again(node: &Node, place: Place) -> Resolved<'_> {
    match node.resolve() {
        Resolved::Null if place.flow && node.tag().is_none() && node.text() == Some("") => {
            Resolved::String("")
        }
        Resolved::Timestamp(text) if place.flow && node.tag().is_none() && text.contains(':') => {
            Resolved::String(text)
        }
        resolved => resolved,
    }
}

/// Returns a text as kyaml makes JSON of it: see [`resolve_again`].
///
/// # Errors
///
/// A text that begins with a tab and is written as a block, which go-yaml v3 prints but does not read.
pub(crate) fn text_again<'a>(
    node: &Node,
    text: &'a str,
    place: Place,
) -> Result<Cow<'a, str>, PrintError> {
    let style = node
        .as_scalar()
        .map_or(ScalarStyle::Plain, |scalar| scalar.style);
    let block = match style {
        ScalarStyle::Literal | ScalarStyle::Folded => true,
        ScalarStyle::Plain => text.contains('\n'),
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => false,
    };
    if !block || place.flow {
        return Ok(Cow::Borrowed(text));
    }
    if text.starts_with('\t') && analyse(text, Version::V3).block {
        return Err(PrintError::LeadingTab { at: node.start });
    }
    if style == ScalarStyle::Folded
        && let Ok(text) = file::fold_and_read_back(text)
    {
        return Ok(Cow::Owned(text));
    }
    Ok(Cow::Borrowed(text))
}

pub(crate) fn duplicate_key(mapping: &Mapping, key: &str) -> PrintError {
    let mut places = mapping
        .iter()
        .filter(|(other, _)| other.text() == Some(key))
        .map(|(key, _)| key.start);
    let first = places.next().unwrap_or_default();
    PrintError::DuplicateKey {
        at: places.next().unwrap_or_default(),
        key: key.to_owned(),
        first,
    }
}

fn print_scalar(writer: &mut Writer<'_>, node: &Node, place: Place) -> Result<(), PrintError> {
    let at = node.start;
    match resolve_again(node, place) {
        Resolved::Null => print_text(writer, "null", Style::Plain),
        Resolved::Bool(true) => print_text(writer, "true", Style::Plain),
        Resolved::Bool(false) => print_text(writer, "false", Style::Plain),
        Resolved::Int(value) => print_text(writer, &value.to_string(), Style::Plain),
        Resolved::Uint(value) => print_text(writer, &value.to_string(), Style::Plain),
        Resolved::Float(value) => print_text(writer, &float_text(value, at)?, Style::Plain),
        Resolved::String(text) => print_string(writer, &text_again(node, text, place)?, at)?,
        Resolved::Merge => print_string(writer, "<<", at)?,
        Resolved::Timestamp(text) => print_string(writer, &json::timestamp_text(text), at)?,
        Resolved::Binary(text) => print_string(writer, &json::binary_text(text, at)?, at)?,
        Resolved::Mismatch(_) => return Err(tag_mismatch(node)),
        Resolved::Sequence | Resolved::Mapping | Resolved::Alias => {
            unreachable!("only scalars come here")
        }
    }
    Ok(())
}

pub(crate) fn tag_mismatch(node: &Node) -> PrintError {
    PrintError::Tag {
        at: node.start,
        tag: node
            .tag()
            .unwrap_or_default()
            .replace("tag:yaml.org,2002:", "!!"),
    }
}

fn print_string(writer: &mut Writer<'_>, text: &str, at: Position) -> Result<(), PrintError> {
    let text = json::through_json(text, at)?;
    let style = analyse(&text, Version::V2).value_style(&text);
    print_text(writer, &text, style);
    Ok(())
}

/// Returns a float as it looks after JSON, which has no floats that look like integers.
pub(crate) fn float_text(value: f64, at: Position) -> Result<String, PrintError> {
    if !value.is_finite() {
        return Err(PrintError::NotFinite { at, value });
    }
    let text = format_json(value);
    Ok(parse_int(&text)
        .map(|int| int.to_string())
        .or_else(|| parse_uint(&text).map(|uint| uint.to_string()))
        .unwrap_or_else(|| format_general(value)))
}
