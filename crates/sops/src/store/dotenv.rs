//! Lines of `KEY=value`: nothing is unquoted, and `\n` in a value stands for a line feed.

use super::flat::{self, WrongField};
use super::{EmitError, SyntaxError};
use crate::SecretBytes;
use crate::value::{Branch, Item, Scalar, Value, float_text};

/// The beginning of the lines that hold the metadata.
const METADATA: &str = "sops_";

/// Reads the lines; the metadata is put together under the key `sops`.
pub(super) fn parse(bytes: &[u8]) -> Result<Branch, SyntaxError> {
    let mut branch = Vec::new();
    let mut metadata = Vec::new();
    let mut lines = Vec::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.is_empty() {
            continue;
        }
        if let Some(comment) = line.strip_prefix(b"#") {
            branch.push(Item::Comment(SecretBytes::new(comment.to_vec())));
            continue;
        }
        let (key, value) = split(line)
            .ok_or_else(|| SyntaxError::in_line(index, "expected KEY=value or a comment"))?;
        let value = unescape(value);
        match key.strip_prefix(METADATA) {
            Some(field) => {
                metadata.push((field, String::from_utf8_lossy(&value).into_owned()));
                lines.push(index);
            }
            None => branch.push(text_pair(key, value)),
        }
    }
    if !metadata.is_empty() {
        let wrong = |WrongField(number)| SyntaxError::in_line(lines[number], flat::WRONG);
        let metadata = flat::unflatten(metadata).map_err(wrong)?;
        branch.push(Item::Pair("sops".to_owned(), Value::Branch(metadata)));
    }
    Ok(branch)
}

fn split(line: &[u8]) -> Option<(&str, &[u8])> {
    let at = line.iter().position(|byte| *byte == b'=')?;
    let key = std::str::from_utf8(&line[..at]).ok()?;
    Some((key, &line[at + 1..]))
}

fn text_pair(key: &str, value: Vec<u8>) -> Item {
    let text = Scalar::Text(SecretBytes::new(value));
    Item::Pair(key.to_owned(), Value::Scalar(text))
}

fn unescape(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((first, after)) = rest.split_first() {
        if rest.starts_with(b"\\n") {
            out.push(b'\n');
            rest = &rest[2..];
        } else {
            out.push(*first);
            rest = after;
        }
    }
    out
}

/// Writes the lines.
pub(super) fn emit(branch: &[Item]) -> Result<SecretBytes, EmitError> {
    let mut out = Vec::new();
    for item in branch {
        match item {
            Item::Comment(text) => {
                out.push(b'#');
                out.extend_from_slice(text.expose());
            }
            Item::Pair(key, value) => {
                out.extend_from_slice(key.as_bytes());
                out.push(b'=');
                escape_into(&mut out, flat_text(key, value)?.expose());
            }
        }
        out.push(b'\n');
    }
    Ok(SecretBytes::new(out))
}

/// Writes the lines, and behind them the metadata.
pub(super) fn emit_encrypted(branch: &[Item], block: &[Item]) -> Result<SecretBytes, EmitError> {
    let fields = flat::flatten(block);
    let lines = fields
        .iter()
        .map(|(key, value)| format!("{METADATA}{key}={}\n", flat::escape(value)));
    let lines: String = lines.collect();
    flat::check_kept(&fields, &parse(lines.as_bytes()).unwrap_or_default())?;
    let mut out = emit(branch)?.expose().to_vec();
    out.extend_from_slice(lines.as_bytes());
    Ok(SecretBytes::new(out))
}

fn escape_into(out: &mut Vec<u8>, value: &[u8]) {
    for byte in value {
        match byte {
            b'\n' => out.extend_from_slice(b"\\n"),
            byte => out.push(*byte),
        }
    }
}

/// Returns a scalar as the formats without types write it.
pub(crate) fn flat_text(key: &str, value: &Value) -> Result<SecretBytes, EmitError> {
    match value {
        Value::Scalar(Scalar::Bool(flag)) => Ok(flag.to_string().into()),
        Value::Scalar(Scalar::Float(number)) if number.fract() == 0.0 => {
            Ok(format!("{}.0", float_text(*number)).into())
        }
        Value::Scalar(scalar) => Ok(scalar.to_bytes()),
        Value::Null => Ok("<nil>".into()),
        Value::List(_) | Value::Branch(_) | Value::Comment(_) => {
            let key = key.to_owned();
            Err(EmitError::Nested { key })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Format, round_trip};

    #[test]
    fn lines_stay_as_they_are_but_for_blank_ones() {
        let text = "# c\nA=1=2\nexport B=\"q\"\r\nC=a\\nb\nA=again\nE=\n";
        assert_eq!(round_trip(Format::Dotenv, text), text);
        assert_eq!(round_trip(Format::Dotenv, "\n\nA=1\n\n"), "A=1\n");
    }

    #[test]
    fn metadata_that_would_be_read_as_something_else_is_not_written() {
        let written = |text: &str| emit_encrypted(&[], &[text_pair("mac", text.into())]);
        assert_eq!(written("a\nb").unwrap().expose(), b"sops_mac=a\\nb\n");
        assert_eq!(written("a\\\nb").unwrap().expose(), b"sops_mac=a\\\\nb\n");
        assert!(written("C:\\new").is_err());
    }

    #[test]
    fn a_line_without_a_sign_is_an_error_that_does_not_quote_it() {
        let error = parse(b"A=1\nmy-secret\n").unwrap_err();
        insta::assert_snapshot!(error, @"line 2, column 1: expected KEY=value or a comment");
    }
}
