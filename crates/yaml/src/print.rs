//! Printing as `kustomize build` does.

use std::borrow::Cow;

use serde_json::Value as Json;

use crate::json;
use crate::mapping::Mapping;
use crate::node::{Layout, Node, Position, Value};
use crate::number::{format_general, format_json, parse_int, parse_uint};
use crate::resolve::Resolved;

mod analysis;
mod error;
mod keys;
mod writer;

pub use error::PrintError;
pub(crate) use keys::is_old_word_or_base60;

use analysis::{Style, analyse};
use writer::Writer;

/// Returns the text that `kustomize build` 5.8.1 prints for this object.
///
/// That program turns an object into JSON, reads the JSON with go.yaml.in/yaml/v2 2.4.2 and prints it
/// with the same library. So comments, styles and tags are lost, keys are sorted in natural order
/// (`a2` before `a10`), lists stand at the column of their key, and texts are folded at 80 columns.
/// Quirks of both steps are kept: U+0085 is folded to a space, times get a zone, floats that are whole
/// become integers, nothing within brackets (`[a, , b]` or `{a, b: }`) is an empty string, not null.
///
/// Keys that go-yaml's natural order does not order consistently (`a1`, `a01`, `a1b`) come out in an
/// order that depends on the input there; here it depends on their order in the node.
///
/// # Errors
///
/// What JSON or go-yaml v2 cannot hold: infinities and NaN, keys that are not strings, control
/// characters from U+007F on, aliases and merge keys that were not expanded, the same key twice.
///
/// ```
/// let documents = windlass_yaml::parse("b: 'yes'\na: {y: 0x10, list: [1.0, text]} # gone\n")?;
/// let printed = windlass_yaml::print_build(&documents[0].root)?;
/// assert_eq!(printed, "a:\n  list:\n  - 1\n  - text\n  \"y\": 16\nb: \"yes\"\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn print_build(node: &Node) -> Result<String, PrintError> {
    let mut out = String::new();
    print_build_into(node, &mut out)?;
    Ok(out)
}

/// Appends what [`print_build`] returns; after an error `out` holds a part of it.
pub fn print_build_into(node: &Node, out: &mut String) -> Result<(), PrintError> {
    let mut writer = Writer::new(out);
    print_node(&mut writer, node, Place::default())?;
    writer.finish();
    Ok(())
}

/// Returns the text that `kustomize build` prints for this JSON value (sigs.k8s.io/yaml's
/// `JSONToYAML`).
pub fn print_build_json(value: &Json) -> Result<String, PrintError> {
    print_build(&Node::from(value))
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
        let flow = self.flow || collection.layout == Layout::Flow;
        Self {
            inner: true,
            of_key: false,
            flow,
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
            let indentless = place.of_key && !writer.is_indention();
            print_sequence(writer, items, indentless, place.item_of(node))
        }
        Value::Mapping(mapping) => {
            let pairs = sorted_pairs(mapping, place)?;
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
        writer.indicator("[]");
        return Ok(());
    }
    let outer = writer.increase_indent(indentless);
    for item in items {
        writer.start_item();
        print_node(writer, item, place)?;
    }
    writer.restore_indent(outer);
    Ok(())
}

fn print_mapping(
    writer: &mut Writer<'_>,
    pairs: &[(Cow<'_, str>, &Node)],
    place: Place,
) -> Result<(), PrintError> {
    if pairs.is_empty() {
        writer.indicator("{}");
        return Ok(());
    }
    let outer = writer.increase_indent(false);
    for (key, value) in pairs {
        writer.key(key);
        print_node(writer, value, place)?;
    }
    writer.restore_indent(outer);
    Ok(())
}

fn sorted_pairs(mapping: &Mapping, place: Place) -> Result<Vec<(Cow<'_, str>, &Node)>, PrintError> {
    let mut pairs = Vec::with_capacity(mapping.len());
    for (key, value) in mapping.iter() {
        let text = key_text(key, place)?;
        pairs.push((json::key_through_json(text, key.start)?, value));
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
pub(crate) fn key_text(key: &Node, place: Place) -> Result<&str, PrintError> {
    match (key.resolve(), key.text()) {
        (Resolved::String(text), _) => Ok(text),
        (Resolved::Merge, _) => Err(PrintError::MergeKey { at: key.start }),
        (Resolved::Null, Some("")) if key.tag.is_none() => Ok(""),
        (resolved, Some(text)) if !place.inner && resolved != Resolved::Null => Ok(text),
        (_, text) => Err(PrintError::KeyNotString {
            at: key.start,
            key: text.unwrap_or("a collection").to_owned(),
        }),
    }
}

/// Returns whether this is a null that kyaml turns into an empty string: it prints what it has read
/// with go-yaml v3 before it makes JSON of it, and that writes an empty text within brackets as `''`.
pub(crate) fn is_quoted_null(node: &Node, place: Place) -> bool {
    place.flow && node.tag.is_none() && node.text() == Some("")
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
    match node.resolve() {
        Resolved::Null if is_quoted_null(node, place) => print_string(writer, "", at)?,
        Resolved::Null => writer.plain("null"),
        Resolved::Bool(true) => writer.plain("true"),
        Resolved::Bool(false) => writer.plain("false"),
        Resolved::Int(value) => writer.plain(&value.to_string()),
        Resolved::Uint(value) => writer.plain(&value.to_string()),
        Resolved::Float(value) => writer.plain(&float_text(value, at)?),
        Resolved::String(text) => print_string(writer, text, at)?,
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
        text: node.text().unwrap_or_default().to_owned(),
        tag: node.tag.as_deref().unwrap_or_default().to_owned(),
    }
}

fn print_string(writer: &mut Writer<'_>, text: &str, at: Position) -> Result<(), PrintError> {
    let text = json::through_json(text, at)?;
    let analysis = analyse(&text);
    match analysis.value_style(&text) {
        Style::Plain => writer.plain(&text),
        Style::SingleQuoted => writer.single_quoted(&text, true),
        Style::DoubleQuoted => writer.double_quoted(&text, true),
        Style::Literal => writer.literal(&text),
    }
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
