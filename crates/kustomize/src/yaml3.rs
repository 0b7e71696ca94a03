//! YAML in block style as go-yaml v3 prints it for a text within a text; comments are lost.

use windlass_yaml::{Node, ScalarStyle, Value};

use crate::edit;

/// Returns the node as lines, without the last line feed.
pub(crate) fn print(node: &Node) -> Option<String> {
    let mut out = String::new();
    write(&mut out, node, 0, false);
    Some(out.trim().to_owned())
}

fn write(out: &mut String, node: &Node, indent: usize, is_inline: bool) {
    match &node.value {
        Value::Mapping(mapping) if !mapping.is_empty() => {
            for (index, (key, value)) in mapping.iter().enumerate() {
                start_line(out, indent, is_inline && index == 0);
                scalar(out, key, indent);
                out.push(':');
                child(out, value, indent);
            }
        }
        Value::Sequence(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                start_line(out, indent, is_inline && index == 0);
                out.push_str("- ");
                write(out, item, indent + 2, true);
                end_line(out);
            }
        }
        Value::Mapping(_) => out.push_str("{}"),
        Value::Sequence(_) => out.push_str("[]"),
        _ => scalar(out, node, indent),
    }
}

fn start_line(out: &mut String, indent: usize, is_inline: bool) {
    if !is_inline {
        end_line(out);
        out.extend(std::iter::repeat_n(' ', indent));
    }
}

fn end_line(out: &mut String) {
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
}

fn child(out: &mut String, value: &Node, indent: usize) {
    match &value.value {
        Value::Mapping(mapping) if !mapping.is_empty() => write(out, value, indent + 2, false),
        // Lists stand at the column of their key.
        Value::Sequence(items) if !items.is_empty() => write(out, value, indent, false),
        _ => {
            if !(value.is_null() && edit::text(value).is_empty()) {
                out.push(' ');
            }
            write(out, value, indent + 2, true);
            end_line(out);
        }
    }
}

fn scalar(out: &mut String, node: &Node, indent: usize) {
    let text = edit::text(node);
    match node
        .as_scalar()
        .map(|scalar| scalar.style)
        .unwrap_or_default()
    {
        ScalarStyle::SingleQuoted => {
            out.push('\'');
            out.push_str(&text.replace('\'', "''"));
            out.push('\'');
        }
        ScalarStyle::DoubleQuoted => out.push_str(&format!("{text:?}")),
        ScalarStyle::Literal | ScalarStyle::Folded => block(out, text, indent),
        ScalarStyle::Plain if text.contains('\n') => block(out, text, indent),
        ScalarStyle::Plain => out.push_str(text),
    }
}

fn block(out: &mut String, text: &str, indent: usize) {
    out.push_str(if text.ends_with("\n\n") {
        "|+"
    } else if text.ends_with('\n') {
        "|"
    } else {
        "|-"
    });
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        out.push('\n');
        if !line.is_empty() {
            out.extend(std::iter::repeat_n(' ', indent));
            out.push_str(line);
        }
    }
}
