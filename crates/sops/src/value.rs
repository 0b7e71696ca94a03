//! The tree of a document, the same for all formats: pairs and comments in order, with typed scalars.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::SecretBytes;
use crate::time::Timestamp;

/// The contents of a mapping, in the order of the text. Keys may repeat (JSON allows it).
pub(crate) type Branch = Vec<Item>;

/// One line of a mapping.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    /// A comment of its own line, without its `#`.
    Comment(SecretBytes),
    /// A key and its value.
    Pair(String, Value),
}

/// A value of a mapping or a list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// Nothing; never encrypted and not covered by the MAC.
    Null,
    /// A single value.
    Scalar(Scalar),
    /// Values in order.
    List(Vec<Value>),
    /// Pairs in order.
    Branch(Branch),
    /// A comment between the elements of a list, without its `#`.
    Comment(SecretBytes),
}

/// A single value with its type. After decryption it is a secret, whatever its type.
#[derive(Clone, PartialEq, Zeroize, ZeroizeOnDrop)]
pub(crate) enum Scalar {
    Text(SecretBytes),
    Int(i64),
    Float(f64),
    Bool(bool),
    Time(Timestamp),
}

impl Scalar {
    /// Calls `take` with the bytes that are encrypted and that the MAC covers.
    pub(crate) fn with_bytes<T>(&self, take: impl FnOnce(&[u8]) -> T) -> T {
        match self {
            Self::Text(text) => take(text.expose()),
            other => take(other.to_bytes().expose()),
        }
    }

    /// Returns whether this is an encrypted comment, which sops writes as an element where it stands in a
    /// list.
    pub(crate) fn is_encrypted_comment(&self) -> bool {
        matches!(self, Self::Text(text) if text.expose().ends_with(b",type:comment]"))
    }

    /// Returns the bytes that are encrypted and that the MAC covers.
    pub(crate) fn to_bytes(&self) -> SecretBytes {
        match self {
            Self::Text(text) => text.clone(),
            Self::Int(number) => number.to_string().into(),
            Self::Float(number) => float_text(*number).into(),
            Self::Bool(true) => "True".into(),
            Self::Bool(false) => "False".into(),
            Self::Time(time) => time.as_str().into(),
        }
    }
}

/// Returns a float as Go's `strconv.FormatFloat(f, 'f', -1, 64)` does: shortest, without exponent.
pub(crate) fn float_text(number: f64) -> String {
    if number.is_infinite() {
        (if number > 0.0 { "+Inf" } else { "-Inf" }).to_owned()
    } else {
        number.to_string()
    }
}

impl fmt::Debug for Scalar {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

impl Value {
    /// Returns the text that this is, when it is one.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Scalar(Scalar::Text(text)) => text.expose_text(),
            _ => None,
        }
    }
}

/// Returns the first value of `key`.
pub(crate) fn get<'b>(branch: &'b [Item], key: &str) -> Option<&'b Value> {
    branch.iter().find_map(|item| match item {
        Item::Pair(name, value) if name == key => Some(value),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_without_exponent() {
        assert_eq!(float_text(1e100).len(), 101);
        assert_eq!(float_text(0.1), "0.1");
        assert_eq!(float_text(3.0), "3");
        assert_eq!(float_text(1e-7), "0.0000001");
        assert_eq!(float_text(f64::INFINITY), "+Inf");
        assert_eq!(float_text(f64::NAN), "NaN");
    }

    #[test]
    fn no_scalar_shows_its_value() {
        let numbers = Value::List(vec![
            Value::Scalar(Scalar::Int(987_654)),
            Value::Scalar(Scalar::Text("canary".into())),
        ]);
        let shown = format!("{numbers:?}");
        assert!(
            !shown.contains("987654") && !shown.contains("canary"),
            "{shown}"
        );
    }
}
