//! Reading and changing nodes the way kyaml does, including what it does to styles.
//!
//! kyaml sets a scalar by giving it the new text and tag and keeping the style of the old one. So a
//! number that takes the place of a quoted text becomes a text, and a text that takes the place of a
//! plain number stays a text. Without a tag, what a plain text means follows from the text.

use std::collections::HashSet;

use windlass_yaml::{Mapping, Node, Scalar, ScalarStyle, Value};

use crate::error::{Problem, Refusal};
use crate::yaml11;

const TAGS: &str = "tag:yaml.org,2002:";
const STRING: &str = "tag:yaml.org,2002:str";

/// Returns the value of a field unless it is missing or null.
pub(crate) fn present<'n>(node: &'n Node, field: &str) -> Option<&'n Node> {
    node.get(field).filter(|value| !value.is_null())
}

/// Returns whether there is nothing in the node: null, an empty mapping or an empty list.
pub(crate) fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::Mapping(mapping) => mapping.is_empty(),
        Value::Sequence(items) => items.is_empty(),
        _ => node.is_null(),
    }
}

/// Returns whether this is null or a mapping without entries.
pub(crate) fn is_empty_map(node: &Node) -> bool {
    node.as_mapping()
        .map_or_else(|| node.is_null(), Mapping::is_empty)
}

/// Returns the text of a scalar, and nothing for anything else.
pub(crate) fn text(node: &Node) -> &str {
    node.text().unwrap_or_default()
}

/// Returns the text of a field that is a scalar, and nothing otherwise.
pub(crate) fn field_text<'n>(node: &'n Node, field: &str) -> &'n str {
    node.get_text(field).unwrap_or_default()
}

/// Returns the text of a field of `metadata`, and nothing when it is missing or null.
pub(crate) fn metadata_text<'n>(node: &'n Node, field: &str) -> &'n str {
    node.get("metadata")
        .and_then(|metadata| present(metadata, field))
        .map(text)
        .unwrap_or_default()
}

/// Returns the pairs of `metadata.labels` or `metadata.annotations` as texts, in their order; of a key
/// that is there several times, the last.
pub(crate) fn metadata_map(node: &Node, field: &str) -> Vec<(String, String)> {
    let Some(mapping) = node.at(&["metadata", field]).and_then(Node::as_mapping) else {
        return Vec::new();
    };
    let mut seen = HashSet::with_capacity(mapping.len());
    let last = |(key, _): &(&Node, &Node)| seen.insert(text(key).to_owned());
    let mut pairs: Vec<_> = mapping
        .iter()
        .rev()
        .filter(last)
        .map(|(key, value)| (text(key).to_owned(), text(value).to_owned()))
        .collect();
    pairs.reverse();
    pairs
}

/// Sets `metadata.labels` or `metadata.annotations` to these pairs, sorted; removes it when there are
/// none. All values become strings, and keys lose their quotes, whatever that makes of them.
pub(crate) fn set_metadata_map(node: &mut Node, field: &str, mut pairs: Vec<(String, String)>) {
    if pairs.is_empty() && node.get("metadata").is_some_and(Node::is_null) {
        return;
    }
    let metadata = child(node, "metadata");
    let Some(metadata) = metadata.as_mapping_mut() else {
        return;
    };
    metadata.remove(field);
    if pairs.is_empty() {
        return;
    }
    pairs.sort();
    let mut map = Mapping::with_capacity(pairs.len());
    for (key, value) in pairs {
        map.push(Node::plain(key), Node::string(value));
    }
    metadata.push(Node::plain(field), Node::new(Value::Mapping(map)));
}

/// Returns the mapping in a field, made when it is missing or null.
fn child<'n>(node: &'n mut Node, field: &str) -> &'n mut Node {
    let value = node
        .make_mapping()
        .get_or_insert_with(field, || Node::new(Value::Mapping(Mapping::new())));
    if value.is_null() {
        value.replace_value(Value::Mapping(Mapping::new()));
    }
    value
}

/// Sets a field of `metadata` to a text, as [`set_loose`] does.
pub(crate) fn set_metadata_text(node: &mut Node, field: &str, value: &str) {
    let metadata = child(node, "metadata");
    if metadata.is_mapping() {
        set_loose(metadata, field, value);
    }
}

/// Removes a field of `metadata`.
pub(crate) fn remove_metadata(node: &mut Node, field: &str) {
    if let Some(metadata) = node.get_mut("metadata") {
        metadata.remove(field);
    }
}

/// Sets a field to a text without saying of what type: where the field is there, its quotes decide.
pub(crate) fn set_loose(node: &mut Node, field: &str, value: &str) {
    let Some(mapping) = node.as_mapping_mut() else {
        return;
    };
    match mapping.get_mut(field) {
        Some(old) => assign_loose(old, value),
        None => mapping.push(Node::plain(field), loose(value)),
    }
}

/// Returns a text as kyaml adds it: in quotes when YAML 1.1 would not read it as a string.
pub(crate) fn loose(value: &str) -> Node {
    if yaml11::is_string(value) {
        Node::plain(value)
    } else {
        quoted(value)
    }
}

/// Returns a text in the style in which go-yaml v3 writes it.
pub(crate) fn written(value: &str) -> Node {
    if value.contains('\n') {
        return scalar(value, ScalarStyle::Literal);
    }
    let is_special = |character: char| "-?:,[]{}#&*!|>'\"%@`".contains(character);
    if value.starts_with(is_special)
        || value.contains(": ")
        || value.contains(" #")
        || value.ends_with(':')
        || value.trim() != value
    {
        return scalar(value, ScalarStyle::SingleQuoted);
    }
    let plain = loose(value);
    if plain.is_string() {
        plain
    } else {
        quoted(value)
    }
}

/// Returns a text in double quotes.
pub(crate) fn quoted(value: &str) -> Node {
    scalar(value, ScalarStyle::DoubleQuoted)
}

fn scalar(text: &str, style: ScalarStyle) -> Node {
    Node::new(Value::Scalar(Scalar {
        text: text.into(),
        style,
    }))
}

/// Gives a scalar a new text and leaves its style; what a plain text then is, its text says.
pub(crate) fn assign_loose(old: &mut Node, value: &str) {
    let style = old
        .as_scalar()
        .map(|scalar| scalar.style)
        .unwrap_or_default();
    old.replace_value(Value::Scalar(Scalar {
        text: value.into(),
        style,
    }));
}

/// Puts a value in the place of another; a scalar takes over the style of the one that was there.
pub(crate) fn assign(old: &mut Node, mut value: Node) {
    let style = old
        .as_scalar()
        .map(|scalar| scalar.style)
        .unwrap_or_default();
    if value.is_scalar() {
        restyle(&mut value, style);
    }
    value.set_anchor(old.set_anchor(None));
    *old = value;
}

/// Returns an empty scalar that takes the place of a node when a value is assigned: with its style, and
/// its anchor, which marks values that are one in kustomize.
pub(crate) fn style_of(node: &Node) -> Node {
    let mut place = scalar(
        "",
        node.as_scalar()
            .map(|scalar| scalar.style)
            .unwrap_or_default(),
    );
    place.set_anchor(node.anchor().map(Into::into));
    place
}

/// Gives a scalar another style. A string stays a string; anything else becomes one in quotes.
fn restyle(value: &mut Node, style: ScalarStyle) {
    let was_string = value.is_string();
    if style != ScalarStyle::Plain {
        value.set_tag(None);
    }
    if let Value::Scalar(scalar) = &mut value.value {
        scalar.style = style;
    }
    if was_string && !value.is_string() {
        // Quotes would tell later changes to make it a string as well; kyaml only remembers the type.
        value.set_tag(Some(STRING.into()));
    }
}

/// Gives quotes to a string that only its tag makes one. kyaml does so with the fields that a merge visits.
pub(crate) fn quoted_if_tagged(mut node: Node) -> Node {
    let is_plain = |scalar: &Scalar| scalar.style == ScalarStyle::Plain;
    let is_tagged = node.tag() == Some(STRING) && node.as_scalar().is_some_and(is_plain);
    if is_tagged && !yaml11::is_string(text(&node)) {
        let text = text(&node).to_owned();
        node.replace_value(quoted(&text).value);
        node.set_tag(None);
    }
    node
}

/// Gives a scalar the text of another and leaves its type: a string stays a string, and a number
/// cannot become a word.
pub(crate) fn assign_text(old: &mut Node, value: &str) {
    let kind = type_tag(old);
    if let Value::Scalar(scalar) = &mut old.value {
        scalar.text = value.into();
    }
    if type_tag(old) != kind {
        old.set_tag(Some(format!("{TAGS}{kind}").into()));
    }
}

/// Returns the short name of a scalar's type.
pub(crate) fn type_tag(node: &Node) -> &'static str {
    use windlass_yaml::Resolved;
    match node.resolve() {
        Resolved::Null => "null",
        Resolved::Bool(_) => "bool",
        Resolved::Int(_) | Resolved::Uint(_) => "int",
        Resolved::Float(_) => "float",
        Resolved::Timestamp(_) => "timestamp",
        _ => "str",
    }
}

/// What the patches and replacements of a build copy, and what its vars write, in nodes; a long text counts as
/// several.
pub(crate) const MAX_COPIED: usize = 1_000_000;

/// Values within each other that a patch or replacement may make: as many as can be read.
const MAX_NESTING: usize = 256;

/// A text counts once more for every so many bytes.
const BYTES_PER_NODE: usize = 128;

/// Returns the number of nodes of a tree.
pub(crate) fn size(node: &Node) -> usize {
    1 + match &node.value {
        Value::Sequence(items) => items.iter().map(size).sum(),
        Value::Mapping(mapping) => mapping.values().map(size).sum(),
        Value::Scalar(scalar) => scalar.text.len() / BYTES_PER_NODE,
        Value::Alias(_) => 0,
    }
}

/// Takes the size of a text from what may still be copied.
pub(crate) fn spend_bytes(budget: &mut usize, bytes: usize) -> Result<(), Problem> {
    let nodes = 1 + bytes / BYTES_PER_NODE;
    let limit = MAX_COPIED;
    *budget = budget.checked_sub(nodes).ok_or(Refusal::Size { limit })?;
    Ok(())
}

/// Checks how deep an object gets with a value behind a path of so many fields.
pub(crate) fn check_nesting(fields: usize, value: Option<&Node>) -> Result<(), Problem> {
    let limit = MAX_NESTING;
    if fields + value.map_or(0, depth) > limit {
        return Err(Refusal::Nesting { limit }.into());
    }
    Ok(())
}

fn depth(node: &Node) -> usize {
    match &node.value {
        Value::Sequence(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Value::Mapping(mapping) => 1 + mapping.values().map(depth).max().unwrap_or_default(),
        Value::Scalar(_) | Value::Alias(_) => 0,
    }
}

/// Returns what kind of node this is, in kyaml's words.
pub(crate) fn kind_name(node: &Node) -> &'static str {
    match node.value {
        Value::Scalar(_) => "ScalarNode",
        Value::Sequence(_) => "SequenceNode",
        Value::Mapping(_) => "MappingNode",
        Value::Alias(_) => "AliasNode",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_in_the_place_of_a_quoted_text_becomes_a_text() {
        let mut old = quoted("80");
        assign(&mut old, Node::int(8080));
        assert_eq!(old.as_str(), Some("8080"));
    }

    #[test]
    fn a_text_in_the_place_of_a_plain_number_stays_a_text() {
        let mut old = Node::int(80);
        assign(&mut old, quoted("8080"));
        assert_eq!(old.as_str(), Some("8080"));
    }

    #[test]
    fn a_number_in_the_place_of_such_a_text_is_a_number_again() {
        let mut old = Node::int(80);
        assign(&mut old, quoted("8080"));
        assign(&mut old, Node::int(5));
        assert_eq!(old.as_i64(), Some(5));
    }

    #[test]
    fn the_text_of_a_string_can_become_a_number_without_becoming_one() {
        let mut old = Node::plain("web");
        assign_text(&mut old, "80");
        assert_eq!(old.as_str(), Some("80"));
        let mut old = Node::int(1);
        assign_text(&mut old, "2");
        assert_eq!(old.as_i64(), Some(2));
    }

    #[test]
    fn annotations_are_sorted_and_become_strings() {
        let mut node = Node::mapping([("metadata", Node::null())]);
        set_metadata_map(
            &mut node,
            "annotations",
            vec![("b".into(), "1".into()), ("a".into(), String::new())],
        );
        let map = node.at(&["metadata", "annotations"]).unwrap();
        assert_eq!(
            map.as_mapping().unwrap().keys().collect::<Vec<_>>(),
            ["a", "b"]
        );
        assert_eq!(map.get("b").and_then(Node::as_str), Some("1"));
    }
}
