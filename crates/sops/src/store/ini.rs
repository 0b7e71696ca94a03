//! Sections of `key = value`, as Go's ini.v1 (1.67) reads and writes them.

mod read;

use super::dotenv::flat_text;
use super::flat::{self, WrongField};
use super::{EmitError, Parsed, SyntaxError};
use crate::SecretBytes;
use crate::value::{Branch, Item, Scalar, Value};

/// The section of the keys that stand before any other; its header is not written.
const DEFAULT: &str = "DEFAULT";

/// Reads the sections; the metadata is put together under the key `sops`.
pub(super) fn parse(text: &str) -> Result<Parsed, SyntaxError> {
    let mut parsed = read::sections(text)?;
    for item in parsed.documents.iter_mut().flatten() {
        if let Item::Pair(name, value) = item
            && name == "sops"
            && let Value::Branch(fields) = value
        {
            *value = Value::Branch(metadata(fields, text)?);
        }
    }
    Ok(parsed)
}

fn metadata(fields: &[Item], text: &str) -> Result<Branch, SyntaxError> {
    let fields = fields.iter().filter_map(|field| match field {
        Item::Pair(key, value) => Some((key.as_str(), unescape(value.as_text()?))),
        Item::Comment(_) => None,
    });
    flat::unflatten(fields.clone()).map_err(|WrongField(number)| {
        let key = fields.clone().nth(number).map_or("", |(key, _)| key);
        let mut lines = text.lines();
        let line = lines.position(|line| line.trim_start().starts_with(key));
        SyntaxError::in_line(line.unwrap_or_default(), flat::WRONG)
    })
}

/// Versions 3.13.0 and 3.13.1 wrote line feeds as `\n`, all others as `\\n`.
fn unescape(text: &str) -> String {
    text.replace("\\\\n", "\n").replace("\\n", "\n")
}

/// Writes the sections, each comment before what it stands behind in the tree.
pub(super) fn emit(sections: &[Item]) -> Result<SecretBytes, EmitError> {
    let mut out = Vec::new();
    for section in sections {
        let Item::Pair(name, value) = section else {
            continue;
        };
        let Value::Branch(keys) = value else {
            let key = name.clone();
            return Err(EmitError::Nested { key });
        };
        if name == DEFAULT && keys.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push(b'\n');
        }
        write_comment(&mut out, keys.first());
        if name != DEFAULT {
            out.extend_from_slice(format!("[{name}]\n").as_bytes());
        }
        write_keys(&mut out, keys)?;
    }
    Ok(SecretBytes::new(out))
}

/// Writes the sections, and behind them the metadata; its fields are sorted (sops has them in any order).
pub(super) fn emit_encrypted(sections: &[Item], block: &[Item]) -> Result<SecretBytes, EmitError> {
    let fields = flat::flatten(block);
    let pairs = fields
        .iter()
        .map(|(key, value)| text_pair(key, &flat::escape(value)));
    let metadata = [Item::Pair(
        "sops".to_owned(),
        Value::Branch(pairs.collect()),
    )];
    let written = emit(&metadata)?;
    let read = std::str::from_utf8(written.expose()).ok().map(parse);
    let read = read.and_then(Result::ok).unwrap_or_default();
    flat::check_kept(&fields, &read.documents.concat())?;
    let sections: Vec<_> = sections.iter().cloned().chain(metadata).collect();
    emit(&sections)
}

fn write_comment(out: &mut Vec<u8>, item: Option<&Item>) {
    if let Some(Item::Comment(text)) = item {
        out.extend_from_slice(b"; ");
        out.extend_from_slice(text.expose());
        out.push(b'\n');
    }
}

fn write_keys(out: &mut Vec<u8>, keys: &[Item]) -> Result<(), EmitError> {
    let widths = keys.iter().map(|item| match item {
        Item::Pair(key, _) => quoted_key(key).len(),
        Item::Comment(_) => 0,
    });
    let width = widths.max().unwrap_or_default();
    for (at, item) in keys.iter().enumerate() {
        if let Item::Pair(key, value) = item {
            write_comment(out, keys.get(at + 1));
            out.extend_from_slice(format!("{:width$} = ", quoted_key(key)).as_bytes());
            write_value(out, flat_text(key, value)?.expose());
            out.push(b'\n');
        }
    }
    Ok(())
}

fn quoted_key(key: &str) -> String {
    if key.contains('`') {
        format!("\"\"\"{key}\"\"\"")
    } else if key.contains(['"', '=', ':']) {
        format!("`{key}`")
    } else {
        key.to_owned()
    }
}

fn write_value(out: &mut Vec<u8>, value: &[u8]) {
    let has = |wanted: &[u8]| value.iter().any(|byte| wanted.contains(byte));
    let quote: &[u8] = if has(b"\n`") {
        b"\"\"\""
    } else if has(b"#;") || value.ends_with(b"\\") {
        // ini.v1 does not quote a last backslash, and then reads the next line as a part of the value.
        b"`"
    } else if value.trim_ascii().len() == value.len() {
        b""
    } else {
        b"\""
    };
    out.extend_from_slice(quote);
    out.extend_from_slice(value);
    out.extend_from_slice(quote);
}

/// Returns a key and its text.
fn text_pair(key: &str, value: &str) -> Item {
    let text = Scalar::Text(value.into());
    Item::Pair(key.to_owned(), Value::Scalar(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Format, round_trip};

    #[test]
    fn values_are_quoted_where_they_must_be() {
        insta::assert_snapshot!(round_trip(Format::Ini, "g = 1\n[s]\n# c\nlong key=`a ; b`\nd: \"\"\"m1\nm2\"\"\"\ne = 'x'\nd = again\n[empty]\n"), @r"
        g = 1

        [s]
        ; c
        long key = `a ; b`
        d        = again
        e        = x

        [empty]
        ");
    }

    #[test]
    fn metadata_that_would_be_read_as_something_else_is_not_written() {
        let written = |text: &str| {
            let printed = emit_encrypted(&[], &[text_pair("mac", text)]);
            printed.map(|printed| String::from_utf8(printed.expose().to_vec()).unwrap())
        };
        assert_eq!(written("a\nb").unwrap(), "[sops]\nmac = a\\nb\n");
        let error = written("a\\\nb").unwrap_err();
        insta::assert_snapshot!(error, @"the field mac of the sops metadata would be read as something else, so this format cannot hold it");
        assert!(written("C:\\new").is_err());
        assert!(written("` and \"\"\"").is_err());
    }

    #[test]
    fn a_last_backslash_does_not_take_the_next_line_along() {
        let text = round_trip(Format::Ini, "p = `C:\\dir\\`\nq = 1\n");
        assert_eq!(text, "p = `C:\\dir\\`\nq = 1\n");
    }

    #[test]
    fn a_sign_of_a_comment_ends_a_value() {
        insta::assert_snapshot!(round_trip(Format::Ini, "[s]\na = x#y\nb = 1 \\\n  2\n"), @r"
        [s]
        ; y
        a = x
        b = 1 2
        ");
    }

    #[test]
    fn a_line_without_a_sign_is_an_error_that_does_not_quote_it() {
        let error = parse("[s]\nmy-secret\n").unwrap_err();
        insta::assert_snapshot!(error, @"line 2, column 1: expected key = value, a [section] or a comment");
        assert!(parse("[s\na = 1\n").is_err());
        assert!(parse("a = \"\"\"open\n").is_err());
    }
}
