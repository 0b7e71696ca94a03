//! Metadata in formats without nesting: `age__list_0__map_enc` stands for `age[0].enc`.

use std::collections::BTreeMap;

use super::EmitError;
use crate::value::{Branch, Item, Scalar, Value, get};

/// Positions beyond this are no list that sops wrote; they would cost memory.
const MAX_POSITION: usize = 10_000;

/// Metadata is three levels deep; what is deeper than this was not written by sops.
const MAX_STEPS: usize = 20;

enum Tree {
    Leaf(String),
    Map(BTreeMap<String, Tree>),
    List(BTreeMap<usize, Tree>),
}

enum Step<'k> {
    Key(&'k str),
    Position(usize),
}

/// What is said of a [`WrongField`].
pub(super) const WRONG: &str =
    "this field of the sops metadata contradicts one above, or its name is none of a field";

/// A field that contradicts one before it, or that has no name of a field: its number, counted from 0.
#[derive(Debug, PartialEq)]
pub(super) struct WrongField(pub(super) usize);

/// Builds the metadata from its flat fields.
pub(super) fn unflatten<'t>(
    fields: impl IntoIterator<Item = (&'t str, String)>,
) -> Result<Branch, WrongField> {
    let mut root = Tree::Map(BTreeMap::new());
    for (number, (key, value)) in fields.into_iter().enumerate() {
        let inserted = steps(key).and_then(|steps| insert(&mut root, &steps, value));
        inserted.ok_or(WrongField(number))?;
    }
    match into_value(root) {
        Value::Branch(branch) => Ok(branch),
        _ => unreachable!("the root is a map"),
    }
}

/// Splits `a__list_0__map_b` into the key a, the position 0 and the key b.
fn steps(key: &str) -> Option<Vec<Step<'_>>> {
    let mut steps = Vec::new();
    let mut rest = key;
    let mut position = false;
    loop {
        let next_list = rest.find("__list_").map(|at| (at, "__list_".len(), true));
        let next_map = rest.find("__map_").map(|at| (at, "__map_".len(), false));
        let next = [next_list, next_map].into_iter().flatten().min();
        let (part, after) = match next {
            Some((at, length, _)) => (&rest[..at], &rest[at + length..]),
            None => (rest, ""),
        };
        steps.push(if position {
            Step::Position(part.parse().ok().filter(|at| *at <= MAX_POSITION)?)
        } else {
            Step::Key(part)
        });
        let Some((_, _, list)) = next else {
            return Some(steps);
        };
        if steps.len() == MAX_STEPS {
            return None;
        }
        (rest, position) = (after, list);
    }
}

fn insert(tree: &mut Tree, steps: &[Step<'_>], value: String) -> Option<()> {
    let (step, rest) = steps.split_first()?;
    let empty = match rest.first() {
        None => Tree::Leaf(String::new()),
        Some(Step::Key(_)) => Tree::Map(BTreeMap::new()),
        Some(Step::Position(_)) => Tree::List(BTreeMap::new()),
    };
    let child = match (tree, step) {
        (Tree::Map(map), Step::Key(key)) => map.entry((*key).to_owned()).or_insert(empty),
        (Tree::List(list), Step::Position(at)) => list.entry(*at).or_insert(empty),
        _ => return None,
    };
    match (child, rest) {
        (Tree::Leaf(leaf), []) => {
            *leaf = value;
            Some(())
        }
        (child, rest) => insert(child, rest, value),
    }
}

fn into_value(tree: Tree) -> Value {
    match tree {
        Tree::Leaf(text) => Value::Scalar(Scalar::Text(text.into())),
        Tree::List(list) => Value::List(list.into_values().map(into_value).collect()),
        Tree::Map(map) => Value::Branch(
            map.into_iter()
                .map(|(key, tree)| Item::Pair(key, into_value(tree)))
                .collect(),
        ),
    }
}

/// Returns the flat fields of metadata, sorted; what is null is left out.
pub(super) fn flatten(block: &[Item]) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    flatten_branch("", block, &mut fields);
    fields
}

/// Returns the text of a field as it is written. As in sops, a backslash is not escaped.
pub(super) fn escape(value: &str) -> String {
    value.replace('\n', "\\n")
}

/// Checks that the fields that were written are those of `read`, a document made of what was written.
///
/// A list that is empty cannot be written, so positions are counted anew on both sides.
pub(super) fn check_kept(
    written: &BTreeMap<String, String>,
    read: &[Item],
) -> Result<(), EmitError> {
    let wrong = |field: &str| EmitError::Metadata {
        field: field.to_owned(),
    };
    let fields = written.iter();
    let meant = unflatten(fields.map(|(key, value)| (key.as_str(), value.clone())));
    let meant =
        meant.map_err(|WrongField(at)| wrong(written.keys().nth(at).map_or("", |key| key)))?;
    let read = match get(read, "sops") {
        Some(Value::Branch(block)) => flatten(block),
        _ => BTreeMap::new(),
    };
    let meant = flatten(&meant);
    let lost = meant
        .iter()
        .find(|(key, value)| read.get(*key) != Some(value));
    lost.map_or(Ok(()), |(key, _)| Err(wrong(key)))
}

fn flatten_branch(at: &str, branch: &[Item], fields: &mut BTreeMap<String, String>) {
    for item in branch {
        if let Item::Pair(key, value) = item {
            let separator = if at.is_empty() { "" } else { "__map_" };
            flatten_value(format!("{at}{separator}{key}"), value, fields);
        }
    }
}

fn flatten_value(at: String, value: &Value, fields: &mut BTreeMap<String, String>) {
    match value {
        Value::Branch(branch) => flatten_branch(&at, branch, fields),
        Value::List(values) => {
            for (position, value) in values.iter().enumerate() {
                flatten_value(format!("{at}__list_{position}"), value, fields);
            }
        }
        Value::Scalar(Scalar::Bool(flag)) => {
            fields.insert(at, flag.to_string());
        }
        Value::Scalar(scalar) => {
            let bytes = scalar.to_bytes();
            fields.insert(at, String::from_utf8_lossy(bytes.expose()).into_owned());
        }
        Value::Null | Value::Comment(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_maps_are_found_again() {
        let fields = [
            ("age__list_0__map_recipient", "age1a".to_owned()),
            ("age__list_1__map_recipient", "age1b".to_owned()),
            ("version", "3.11.0".to_owned()),
        ];
        let branch = unflatten(fields).unwrap();
        let Some(Value::List(keys)) = get(&branch, "age") else {
            panic!("age is a list");
        };
        assert_eq!(keys.len(), 2);
        assert_eq!(get(&branch, "version").unwrap().as_text(), Some("3.11.0"));
    }

    #[test]
    fn contradicting_fields_are_refused() {
        let fields = |a: &'static str, b: &'static str| {
            unflatten([(a, String::new()), (b, String::new())])
                .unwrap_err()
                .0
        };
        assert_eq!(fields("age", "age__list_0"), 1);
        assert_eq!(fields("age__map_a", "age__list_0"), 1);
        assert_eq!(fields("age__list_x", "b"), 0);
        assert_eq!(fields("a", "age__list_999999999"), 1);
        let deep = "a__map_".repeat(100_000);
        assert!(unflatten([(deep.as_str(), String::new())]).is_err());
    }
}
