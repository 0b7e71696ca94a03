//! What type a scalar has, as go-yaml v3 resolves it.

use std::borrow::Cow;

use crate::node::{Node, Scalar, ScalarStyle, Value};
use crate::number::{parse_float, parse_int, parse_signed_radix, parse_uint};

mod timestamp;

use timestamp::is_timestamp;

const TAG_PREFIX: &str = "tag:yaml.org,2002:";

/// The type and value of a node.
///
/// Integers are read as in YAML 1.1 and 1.2 both (`0x1F`, `0b11`, `0o17` and `017`, `_` between digits
/// ignored); sexagesimals are strings, and so are YAML 1.1's `yes`, `no`, `on`, `off`, `y` and `n`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Resolved<'a> {
    /// Nothing.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// An integer over `i64::MAX`.
    Uint(u64),
    /// A float; infinities and NaN included.
    Float(f64),
    /// A string.
    String(&'a str),
    /// A date, or date and time; the text as written.
    Timestamp(&'a str),
    /// `<<`, the merge key.
    Merge,
    /// Base64, tagged `!!binary`; the text as written.
    Binary(&'a str),
    /// A scalar whose text does not fit its tag, such as `!!int x`.
    Mismatch(&'a str),
    /// A list.
    Sequence,
    /// A mapping.
    Mapping,
    /// An alias, which is not followed here.
    Alias,
}

impl Node {
    /// Returns the type and value of the node, as go-yaml v3 resolves them.
    ///
    /// ```
    /// use windlass_yaml::{Node, Resolved};
    /// assert_eq!(Node::plain("0o17").resolve(), Resolved::Int(15));
    /// assert_eq!(Node::plain("yes").resolve(), Resolved::String("yes"));
    /// assert_eq!(Node::string("15").resolve(), Resolved::String("15"));
    /// ```
    pub fn resolve(&self) -> Resolved<'_> {
        match &self.value {
            Value::Scalar(scalar) => resolve_scalar(scalar, self.tag()),
            Value::Sequence(_) => Resolved::Sequence,
            Value::Mapping(_) => Resolved::Mapping,
            Value::Alias(_) => Resolved::Alias,
        }
    }
}

fn resolve_scalar<'a>(scalar: &'a Scalar, tag: Option<&str>) -> Resolved<'a> {
    let text = &*scalar.text;
    let Some(tag) = tag else {
        return match scalar.style {
            ScalarStyle::Plain => resolve_plain(text),
            _ => Resolved::String(text),
        };
    };
    let resolved = || resolve_plain(text);
    let mismatch = Resolved::Mismatch(text);
    match tag.strip_prefix(TAG_PREFIX) {
        Some("binary") => Resolved::Binary(text),
        Some("merge") if text == "<<" => Resolved::Merge,
        Some("null") => only(resolved(), |r| matches!(r, Resolved::Null), mismatch),
        Some("bool") => only(resolved(), |r| matches!(r, Resolved::Bool(_)), mismatch),
        Some("int") => only(
            resolved(),
            |r| matches!(r, Resolved::Int(_) | Resolved::Uint(_)),
            mismatch,
        ),
        Some("timestamp") => only(
            resolved(),
            |r| matches!(r, Resolved::Timestamp(_)),
            mismatch,
        ),
        Some("float") => match resolved() {
            Resolved::Int(value) => Resolved::Float(int_to_float(value)),
            float @ Resolved::Float(_) => float,
            _ => mismatch,
        },
        // Of tags that it does not know, go-yaml takes the text.
        _ => Resolved::String(text),
    }
}

#[expect(clippy::cast_precision_loss, reason = "Go's float64(int) rounds too")]
fn int_to_float(value: i64) -> f64 {
    value as f64
}

fn only<'a>(
    resolved: Resolved<'a>,
    fits: impl Fn(&Resolved<'a>) -> bool,
    mismatch: Resolved<'a>,
) -> Resolved<'a> {
    if fits(&resolved) { resolved } else { mismatch }
}

/// Returns the type and value of a plain scalar with this text.
pub(crate) fn resolve_plain(text: &str) -> Resolved<'_> {
    let Some(first) = text.bytes().next() else {
        return Resolved::Null;
    };
    match first {
        b'~' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'<' => resolve_word(text),
        b'.' => resolve_point(text),
        b'0'..=b'9' | b'+' | b'-' => resolve_number(text),
        _ => Resolved::String(text),
    }
}

fn resolve_word(text: &str) -> Resolved<'_> {
    match text {
        "~" | "null" | "Null" | "NULL" => Resolved::Null,
        "true" | "True" | "TRUE" => Resolved::Bool(true),
        "false" | "False" | "FALSE" => Resolved::Bool(false),
        "<<" => Resolved::Merge,
        _ => Resolved::String(text),
    }
}

fn resolve_point(text: &str) -> Resolved<'_> {
    match text {
        ".nan" | ".NaN" | ".NAN" => Resolved::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" => Resolved::Float(f64::INFINITY),
        _ => parse_float(&without_separators(text)).map_or(Resolved::String(text), Resolved::Float),
    }
}

/// Takes out the `_` of a float if each stands between two digits, as Go's `strconv.ParseFloat` does.
fn without_separators(text: &str) -> Cow<'_, str> {
    let separate = |window: &[u8]| {
        window[1] != b'_' || window[0].is_ascii_digit() && window[2].is_ascii_digit()
    };
    if text.contains('_') && !text.ends_with('_') && text.as_bytes().windows(3).all(separate) {
        Cow::Owned(text.replace('_', ""))
    } else {
        Cow::Borrowed(text)
    }
}

fn resolve_number(text: &str) -> Resolved<'_> {
    match text {
        "+.inf" | "+.Inf" | "+.INF" => return Resolved::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Resolved::Float(f64::NEG_INFINITY),
        _ if is_timestamp(text) => return Resolved::Timestamp(text),
        _ => {}
    }
    // No number has another character; this keeps IP addresses and image names off the slow path.
    let possible = |byte: u8| byte.is_ascii_hexdigit() || b"xXoO_.+-".contains(&byte);
    if !text.bytes().all(possible) {
        return Resolved::String(text);
    }
    let without_underscores;
    let plain = if text.contains('_') {
        without_underscores = text.replace('_', "");
        &*without_underscores
    } else {
        text
    };
    resolve_digits(plain).unwrap_or(Resolved::String(text))
}

fn resolve_digits(plain: &str) -> Option<Resolved<'static>> {
    parse_int(plain)
        .map(Resolved::Int)
        .or_else(|| parse_uint(plain).map(Resolved::Uint))
        .or_else(|| parse_float(plain).map(Resolved::Float))
        .or_else(|| parse_own_prefix(plain).map(Resolved::Int))
}

/// On top of Go's rules go-yaml has its own for `0b` and `0o`, which let a sign stand behind the
/// prefix: `0b-1` is an integer.
fn parse_own_prefix(plain: &str) -> Option<i64> {
    let (digits, base) = match plain.as_bytes() {
        [b'0', b'b', ..] => (&plain[2..], 2),
        [b'0', b'o', ..] => (&plain[2..], 8),
        _ => return None,
    };
    parse_signed_radix(digits, base)
}

/// Returns how a string with this text is written so that it reads back as that string. One that begins
/// with a tab cannot be a block, which a plain one with line breaks is printed as.
pub(crate) fn string_style(text: &str) -> ScalarStyle {
    let quoted = text.starts_with('\t') || crate::print::is_old_word_or_base60(text);
    match resolve_plain(text) {
        Resolved::String(_) if !quoted => ScalarStyle::Plain,
        _ => ScalarStyle::DoubleQuoted,
    }
}
