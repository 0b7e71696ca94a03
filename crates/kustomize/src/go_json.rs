//! JSON as Go prints it: keys sorted, and characters escaped that could end an HTML script.

use std::fmt::Write as _;

use serde_json::{Map, Value};
use windlass_yaml::{Node, Resolved};

use crate::edit;
use crate::yaml11::go_float;

/// Returns a node as a JSON value.
pub(crate) fn value(node: &Node) -> Value {
    match &node.value {
        windlass_yaml::Value::Sequence(items) => items.iter().map(value).collect(),
        windlass_yaml::Value::Mapping(mapping) => Value::Object(
            mapping
                .iter()
                .map(|(key, node)| (edit::text(key).to_owned(), value(node)))
                .collect(),
        ),
        _ => scalar(node),
    }
}

fn scalar(node: &Node) -> Value {
    match node.resolve() {
        Resolved::Null => Value::Null,
        Resolved::Bool(value) => value.into(),
        Resolved::Int(value) => value.into(),
        Resolved::Uint(value) => value.into(),
        Resolved::Float(value) => serde_json::from_str(&go_float(value)).unwrap_or_default(),
        _ => edit::text(node).into(),
    }
}

/// Returns the value on one line.
pub(crate) fn compact(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value, None);
    out
}

/// Returns the value on lines, indented by two spaces.
pub(crate) fn indented(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value, Some(0));
    out
}

fn write_value(out: &mut String, value: &Value, level: Option<usize>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => write_object(out, fields, level),
        Value::Array(items) if !items.is_empty() => {
            let inner = level.map(|level| level + 1);
            write_all(out, ('[', ']'), level, items.iter(), |out, item| {
                write_value(out, item, inner);
            });
        }
        Value::String(text) => write_text(out, text),
        _ => out.push_str(&value.to_string()),
    }
}

fn write_object(out: &mut String, fields: &Map<String, Value>, level: Option<usize>) {
    let mut sorted: Vec<_> = fields.iter().collect();
    sorted.sort_by_key(|(key, _)| *key);
    let inner = level.map(|level| level + 1);
    write_all(
        out,
        ('{', '}'),
        level,
        sorted.into_iter(),
        |out, (key, value)| {
            write_text(out, key);
            out.push_str(if level.is_some() { ": " } else { ":" });
            write_value(out, value, inner);
        },
    );
}

fn write_all<T>(
    out: &mut String,
    brackets: (char, char),
    level: Option<usize>,
    items: impl Iterator<Item = T>,
    mut each: impl FnMut(&mut String, T),
) {
    let new_line = |out: &mut String, levels: usize| {
        if level.is_some() {
            out.push('\n');
            out.extend(std::iter::repeat_n("  ", levels));
        }
    };
    let level_here = level.unwrap_or_default();
    out.push(brackets.0);
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(',');
        }
        new_line(out, level_here + 1);
        each(out, item);
    }
    new_line(out, level_here);
    out.push(brackets.1);
}

fn write_text(out: &mut String, text: &str) {
    let escaped = Value::String(text.to_owned()).to_string();
    for character in escaped.chars() {
        match character {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_and_html_is_escaped() {
        let value = serde_json::json!({"b": [1, "<a>"], "a": {}});
        assert_eq!(compact(&value), r#"{"a":{},"b":[1,"\u003ca\u003e"]}"#);
        assert_eq!(
            indented(&value),
            "{\n  \"a\": {},\n  \"b\": [\n    1,\n    \"\\u003ca\\u003e\"\n  ]\n}"
        );
    }
}
