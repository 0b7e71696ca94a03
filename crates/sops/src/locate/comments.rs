//! Comments of a text, found by what they say: the tree of a document has their order, not their lines.

use std::collections::{HashMap, VecDeque};

use super::Position;
use crate::value::{Branch, Item, Scalar, Value};
use crate::{Format, SecretBytes, store};

/// How many signs of a comment are looked at in one line; a value may hold some, too.
const MAX_SIGNS: usize = 16;

/// Returns the positions of the comments of each document, in the order of its tree.
pub(super) fn positions(text: &[u8], format: Format) -> Vec<Vec<Option<Position>>> {
    let parsed = store::parse_plain(text, format).unwrap_or_default();
    let text = String::from_utf8_lossy(text);
    let mut found = candidates(&text);
    let documents = parsed.documents.iter().map(|document| {
        let comments = comments(document).into_iter();
        comments
            .map(|comment| found.get_mut(shown(comment))?.pop_front())
            .collect()
    });
    documents.collect()
}

/// Returns the part of a comment that is in its first line.
fn shown(comment: &SecretBytes) -> &str {
    let text = comment.expose_text().unwrap_or_default();
    text.lines().next().unwrap_or_default().trim()
}

/// Returns every end of a line that may be a comment, with where it stands.
fn candidates(text: &str) -> HashMap<&str, VecDeque<Position>> {
    let mut found: HashMap<&str, VecDeque<Position>> = HashMap::new();
    for (number, line) in text.lines().enumerate() {
        let signs = line.match_indices(['#', ';']).map(|(at, _)| (at, at + 1));
        let element = line.find("- ENC[").map(|at| (at + 2, at + 2));
        for (sign, comment) in element.into_iter().chain(signs).take(MAX_SIGNS) {
            let position = Position::at(number, line[..sign].chars().count());
            let same = found.entry(line[comment..].trim()).or_default();
            same.push_back(position);
        }
    }
    found
}

fn comments(branch: &Branch) -> Vec<&SecretBytes> {
    let mut found = Vec::new();
    add_branch(branch, &mut found);
    found
}

fn add_branch<'b>(branch: &'b [Item], found: &mut Vec<&'b SecretBytes>) {
    for item in branch {
        match item {
            Item::Comment(text) => found.push(text),
            Item::Pair(_, value) => add_value(value, found),
        }
    }
}

fn add_value<'b>(value: &'b Value, found: &mut Vec<&'b SecretBytes>) {
    match value {
        Value::Comment(text) => found.push(text),
        Value::Scalar(scalar @ Scalar::Text(text)) if scalar.is_encrypted_comment() => {
            found.push(text);
        }
        Value::Branch(branch) => add_branch(branch, found),
        Value::List(values) => values.iter().for_each(|value| add_value(value, found)),
        Value::Null | Value::Scalar(_) => {}
    }
}
