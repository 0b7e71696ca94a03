//! JSON as sops keeps it: order and repeated keys stay, every number is a float.

use std::fmt::{self, Write as _};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{EmitError, Fault, Indent, SyntaxError};
use crate::SecretBytes;
use crate::value::{Branch, Item, Scalar, Value, float_text};

/// Reads a JSON object.
pub(super) fn parse(bytes: &[u8]) -> Result<Branch, SyntaxError> {
    match parse_value(bytes)? {
        Value::Branch(branch) => Ok(branch),
        _ => Err(SyntaxError::in_line(0, "the document is not a JSON object")),
    }
}

/// Reads any JSON value.
pub(crate) fn parse_value(bytes: &[u8]) -> Result<Value, SyntaxError> {
    serde_json::from_slice(bytes).map_err(|error| SyntaxError {
        line: u32::try_from(error.line()).unwrap_or(u32::MAX),
        column: u32::try_from(error.column()).unwrap_or(u32::MAX),
        reason: reason(&error).to_owned(),
        fault: Fault::Form,
    })
}

/// Returns whether there is a number that a float may not hold as it is written: 2^53 or more.
pub(super) fn has_large_number(branch: &[Item]) -> bool {
    branch.iter().any(|item| match item {
        Item::Pair(_, value) => is_large(value),
        Item::Comment(_) => false,
    })
}

fn is_large(value: &Value) -> bool {
    match value {
        Value::Scalar(Scalar::Float(number)) => number.abs() >= 9_007_199_254_740_992.0,
        Value::Branch(branch) => has_large_number(branch),
        Value::List(values) => values.iter().any(is_large),
        Value::Null | Value::Scalar(_) | Value::Comment(_) => false,
    }
}

/// The messages of the reader may quote the text, which may be a secret that nobody encrypted.
fn reason(error: &serde_json::Error) -> &'static str {
    if error.is_eof() {
        "the JSON text ends too early"
    } else {
        "this is not JSON"
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Scalar(Scalar::Bool(flag)))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "every number of JSON is a float to sops"
    )]
    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Scalar(Scalar::Float(number as f64)))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "every number of JSON is a float to sops"
    )]
    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Scalar(Scalar::Float(number as f64)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Scalar(Scalar::Float(number)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Scalar(Scalar::Text(text.into())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = elements.next_element()? {
            values.push(value);
        }
        Ok(Value::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut branch = Vec::new();
        while let Some((key, value)) = entries.next_entry()? {
            branch.push(Item::Pair(key, value));
        }
        Ok(Value::Branch(branch))
    }
}

/// Writes a JSON object as Go's `encoding/json` does. Comments are dropped.
pub(super) fn emit(branch: &[Item], indent: Indent) -> Result<SecretBytes, EmitError> {
    let mut writer = Writer::new(indent);
    writer.branch(branch)?;
    writer.text.push('\n');
    Ok(writer.text.into())
}

/// Writes any value, without a line feed behind it.
pub(super) fn emit_value(value: &Value, indent: Indent) -> Result<SecretBytes, EmitError> {
    let mut writer = Writer::new(indent);
    writer.value(value)?;
    Ok(writer.text.into())
}

struct Writer {
    text: String,
    depth: usize,
    indent: Indent,
}

impl Writer {
    fn new(indent: Indent) -> Self {
        Self {
            text: String::new(),
            depth: 0,
            indent,
        }
    }

    fn branch(&mut self, branch: &[Item]) -> Result<(), EmitError> {
        let pairs = branch.iter().filter_map(|item| match item {
            Item::Pair(key, value) => Some((key, value)),
            Item::Comment(_) => None,
        });
        self.enclosed(['{', '}'], pairs, |writer, (key, value)| {
            writer.string(key);
            writer.text.push_str(": ");
            writer.value(value)
        })
    }

    fn list(&mut self, values: &[Value]) -> Result<(), EmitError> {
        let values = values
            .iter()
            .filter(|value| !matches!(value, Value::Comment(_)));
        self.enclosed(['[', ']'], values, Self::value)
    }

    fn enclosed<T>(
        &mut self,
        [open, close]: [char; 2],
        entries: impl Iterator<Item = T>,
        mut write: impl FnMut(&mut Self, T) -> Result<(), EmitError>,
    ) -> Result<(), EmitError> {
        self.text.push(open);
        self.depth += 1;
        let mut empty = true;
        for entry in entries {
            if !empty {
                self.text.push(',');
            }
            empty = false;
            self.line();
            write(self, entry)?;
        }
        self.depth -= 1;
        if !empty {
            self.line();
        }
        self.text.push(close);
        Ok(())
    }

    fn line(&mut self) {
        self.text.push('\n');
        let (character, width) = match self.indent {
            Indent::Tab => ('\t', 1),
            Indent::Spaces(width) => (' ', usize::from(width)),
        };
        let indent = std::iter::repeat_n(character, self.depth * width);
        self.text.extend(indent);
    }

    fn value(&mut self, value: &Value) -> Result<(), EmitError> {
        match value {
            Value::Null | Value::Comment(_) => self.text.push_str("null"),
            Value::Branch(branch) => return self.branch(branch),
            Value::List(values) => return self.list(values),
            Value::Scalar(scalar) => return self.scalar(scalar),
        }
        Ok(())
    }

    fn scalar(&mut self, scalar: &Scalar) -> Result<(), EmitError> {
        match scalar {
            Scalar::Text(text) => self.string(text.expose_text().ok_or(EmitError::NotText)?),
            Scalar::Int(number) => self.text.push_str(&number.to_string()),
            Scalar::Float(number) if number.is_finite() => {
                self.text.push_str(&json_float(*number));
            }
            Scalar::Float(_) => return Err(EmitError::NotANumber),
            Scalar::Bool(flag) => self.text.push_str(if *flag { "true" } else { "false" }),
            Scalar::Time(time) => self.string(time.as_str()),
        }
        Ok(())
    }

    /// Writes a text with Go's escapes, which keep it harmless inside HTML.
    fn string(&mut self, text: &str) {
        self.text.push('"');
        for character in text.chars() {
            match character {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                '\u{8}' => self.text.push_str("\\b"),
                '\u{c}' => self.text.push_str("\\f"),
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                    let code = u32::from(character);
                    write!(self.text, "\\u{code:04x}").expect("writing to a String cannot fail");
                }
                other => self.text.push(other),
            }
        }
        self.text.push('"');
    }
}

/// Returns a float as ECMAScript writes it.
fn json_float(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{number:e}");
        if text.contains("e-") {
            text
        } else {
            text.replace('e', "e+")
        }
    } else {
        float_text(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Format, round_trip};

    #[test]
    fn order_and_repeated_keys_are_kept() {
        insta::assert_snapshot!(round_trip(Format::Json, r#"{"b":[1,{"x":null}],"a":{},"b":[],"<":"é\u0001"}"#), @r#"
        {
        	"b": [
        		1,
        		{
        			"x": null
        		}
        	],
        	"a": {},
        	"b": [],
        	"\u003c": "é\u0001"
        }
        "#);
    }

    #[test]
    fn floats_are_written_as_ecmascript_does() {
        assert_eq!(json_float(1e-7), "1e-7");
        assert_eq!(json_float(1e100), "1e+100");
        assert_eq!(
            json_float(12_345_678_901_234_567_000.0),
            "12345678901234567000"
        );
        assert_eq!(json_float(-0.0), "-0");
        assert_eq!(json_float(0.000_001), "0.000001");
    }

    #[test]
    fn errors_do_not_quote_the_text() {
        for text in [
            "my-secret",
            "{\"a\": my-secret}",
            "[1]",
            "{} x",
            "\"my-secret\"",
        ] {
            let error = parse(text.as_bytes()).unwrap_err().to_string();
            assert!(!error.contains("my-secret"), "{error}");
        }
    }
}
