//! Scalars as YAML 1.1 reads them, which is how kustomize reads kustomization files and JSON patches
//! (go-yaml v2.4), unlike the manifests themselves.

use std::borrow::Cow;

use windlass_yaml::{Node, ScalarStyle, Value};

/// What a value is in JSON.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json<'n> {
    Null,
    Bool(bool),
    /// A number; the text is JSON's.
    Number(String),
    String(&'n str),
    Array(&'n [Node]),
    Object(&'n windlass_yaml::Mapping),
}

impl Json<'_> {
    /// Returns the name that Go's JSON decoder has for the type.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }
}

/// Returns what a node is in JSON.
pub(crate) fn json(node: &Node) -> Json<'_> {
    match &node.value {
        Value::Sequence(items) => Json::Array(items),
        Value::Mapping(mapping) => Json::Object(mapping),
        Value::Alias(_) => Json::Null,
        Value::Scalar(scalar) => match node.tag() {
            Some(tag) if tag.ends_with(":str") || tag.ends_with(":binary") => {
                Json::String(&scalar.text)
            }
            _ if scalar.style != ScalarStyle::Plain => Json::String(&scalar.text),
            _ => plain(&scalar.text),
        },
    }
}

/// Returns whether kyaml leaves a text without quotes, as YAML 1.1 reads it as a string. It does so with
/// the empty text too, which is then null.
pub(crate) fn is_string(text: &str) -> bool {
    text.is_empty() || text.contains('\n') || matches!(plain(text), Json::String(_))
}

fn plain(text: &str) -> Json<'_> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Json::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" => {
            return Json::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False" | "FALSE" => {
            return Json::Bool(false);
        }
        _ => {}
    }
    number(text).map_or(Json::String(text), Json::Number)
}

fn number(text: &str) -> Option<String> {
    let first = text.bytes().next()?;
    if !(first.is_ascii_digit() || b"+-.".contains(&first)) {
        return None;
    }
    let digits = text.replace('_', "");
    integer(&digits)
        .map(|value| value.to_string())
        .or_else(|| float(&digits))
}

/// Octal numbers begin with `0`, also without an `o`.
fn integer(text: &str) -> Option<i128> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.get(..2) {
        Some("0x") => (16, &lower[2..]),
        Some("0b") => (2, &lower[2..]),
        Some("0o") => (8, &lower[2..]),
        _ if lower.len() > 1 && lower.starts_with('0') => (8, &lower[1..]),
        _ => (10, &lower[..]),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let value = i128::from(u64::from_str_radix(digits, radix).ok()?);
    (sign > 0 || value <= i128::from(i64::MAX) + 1).then_some(sign * value)
}

fn float(text: &str) -> Option<String> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut has_digit = false;
    for byte in unsigned.bytes() {
        has_digit |= byte.is_ascii_digit();
        if !(byte.is_ascii_digit() || b".eE+-".contains(&byte)) {
            return None;
        }
    }
    let value: f64 = text.parse().ok().filter(|_| has_digit)?;
    if !value.is_finite() {
        return None;
    }
    Some(go_float(value))
}

/// Returns a float as Go's JSON encoder prints it.
pub(crate) fn go_float(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || (1e-6..1e21).contains(&size) {
        return value.to_string();
    }
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) if !exponent.starts_with('-') => {
            format!("{mantissa}e+{exponent}")
        }
        _ => text,
    }
}

/// Returns a float as go-yaml v3 writes it: with an exponent from a million on.
pub(crate) fn go_number(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || (1e-4..1e6).contains(&size) {
        return value.to_string();
    }
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// Returns a node that means in YAML 1.2 what this one means in YAML 1.1.
pub(crate) fn modernise(node: &Node) -> Node {
    let mut made = match json(node) {
        Json::Null => Node::null(),
        Json::Bool(value) => Node::bool(value),
        Json::Number(text) => Node::plain(text),
        Json::String(text) => Node::string(text),
        Json::Array(items) => Node::sequence(items.iter().map(modernise)),
        Json::Object(mapping) => Node::mapping(
            mapping
                .iter()
                .map(|(key, value)| (key_text(key), modernise(value))),
        ),
    };
    made.start = node.start;
    made
}

/// Returns a key as JSON has it: a text, whatever it was in YAML.
pub(crate) fn key_text(key: &Node) -> Cow<'_, str> {
    match json(key) {
        Json::Bool(value) => value.to_string().into(),
        Json::Number(text) => text.into(),
        _ => key.text().unwrap_or_default().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_octals_are_what_yaml_1_1_says() {
        assert_eq!(plain("yes"), Json::Bool(true));
        assert_eq!(plain("n"), Json::Bool(false));
        assert_eq!(plain("0777"), Json::Number("511".into()));
        assert_eq!(plain("1.10"), Json::Number("1.1".into()));
        assert_eq!(plain("1e3"), Json::Number("1000".into()));
        assert_eq!(plain("0888"), Json::Number("888".into()));
        assert_eq!(plain("1.2.3"), Json::String("1.2.3"));
        assert_eq!(plain("-"), Json::String("-"));
        assert_eq!(plain("e5"), Json::String("e5"));
    }
}
