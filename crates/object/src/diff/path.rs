//! Where a field is in an object.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The path of a field. Prints as `spec.template.spec.containers[name=app].image`; keys that are no plain
/// words are quoted: `metadata.annotations["example.com/team"]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath(Vec<PathSegment>);

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathSegment {
    /// A key of a mapping.
    Key(String),
    /// A position in a list, counted from 0.
    Index(usize),
    /// The element of a list that has these values under these keys, such as `name=app` or
    /// `containerPort=80,protocol=TCP`.
    Element(Vec<(String, String)>),
}

/// Why a text is no field path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a field path; one looks like spec.containers[name=app].image")]
pub struct NotAPath {
    text: String,
}

impl FieldPath {
    /// Returns the steps, from the root of the object.
    #[must_use]
    pub fn segments(&self) -> &[PathSegment] {
        &self.0
    }

    /// Returns the path of what is under `segment` here.
    #[must_use]
    pub fn join(&self, segment: PathSegment) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Self(segments)
    }

    /// Returns the path that `text` spells, as [`Display`](fmt::Display) writes it.
    pub fn parse(text: &str) -> Result<Self, NotAPath> {
        let mut rest = text;
        let mut segments = Vec::new();
        while !rest.is_empty() {
            let (segment, after) = take_segment(rest, segments.is_empty()).ok_or(NotAPath {
                text: text.to_owned(),
            })?;
            segments.push(segment);
            rest = after;
        }
        Ok(Self(segments))
    }
}

impl PathSegment {
    /// Whether a token of a JSON pointer (or `*`) means this step.
    pub(super) fn matches(&self, token: &str) -> bool {
        token == "*"
            || match self {
                Self::Key(key) => key == token,
                Self::Index(index) => token.parse() == Ok(*index),
                // Lists with something masked in them are walked by position.
                Self::Element(_) => false,
            }
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            if position > 0 && matches!(segment, PathSegment::Key(key) if is_word(key)) {
                formatter.write_str(".")?;
            }
            write!(formatter, "{segment}")?;
        }
        Ok(())
    }
}

impl fmt::Display for PathSegment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) if is_word(key) => formatter.write_str(key),
            Self::Key(key) => write!(formatter, "[{}]", quoted(key)),
            Self::Index(index) => write!(formatter, "[{index}]"),
            Self::Element(keys) => {
                for (position, (key, value)) in keys.iter().enumerate() {
                    formatter.write_str(if position == 0 { "[" } else { "," })?;
                    write!(formatter, "{}={}", bare(key), bare(value))?;
                }
                formatter.write_str("]")
            }
        }
    }
}

impl Serialize for FieldPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FieldPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Returns whether `key` can stand between dots.
fn is_word(key: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    !key.is_empty() && key.bytes().all(plain)
}

/// Returns `text` as it is where nothing in it could end it early, quoted otherwise.
fn bare(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// JSON, in ASCII: a key from a cluster must not steer a terminal.
fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    for unit in serde_json::Value::from(text).to_string().encode_utf16() {
        match char::from_u32(u32::from(unit)) {
            Some(character @ ' '..='~') => quoted.push(character),
            _ => write!(quoted, "\\u{unit:04x}").expect("writing to a String cannot fail"),
        }
    }
    quoted
}

fn take_segment(text: &str, is_first: bool) -> Option<(PathSegment, &str)> {
    if let Some(inside) = text.strip_prefix('[') {
        return take_bracket(inside);
    }
    let text = if is_first {
        text
    } else {
        text.strip_prefix('.')?
    };
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    is_word(word).then(|| (PathSegment::Key(word.to_owned()), rest))
}

/// Takes what follows an opening bracket: a position, a quoted key, or `key=value` pairs.
fn take_bracket(text: &str) -> Option<(PathSegment, &str)> {
    let (first, mut rest) = take_text(text)?;
    if let Some(after) = rest.strip_prefix(']') {
        let is_quoted = text.starts_with('"');
        let segment = match first.parse() {
            Ok(index) if !is_quoted => PathSegment::Index(index),
            _ if is_quoted => PathSegment::Key(first),
            _ => return None,
        };
        return Some((segment, after));
    }
    let mut keys = Vec::new();
    let mut key = first;
    loop {
        let (value, after) = take_text(rest.strip_prefix('=')?)?;
        keys.push((key, value));
        if let Some(after) = after.strip_prefix(']') {
            return Some((PathSegment::Element(keys), after));
        }
        (key, rest) = take_text(after.strip_prefix(',')?)?;
    }
}

/// Takes a bare or a quoted text.
fn take_text(text: &str) -> Option<(String, &str)> {
    if text.starts_with('"') {
        let mut stream = serde_json::Deserializer::from_str(text).into_iter::<String>();
        let value = stream.next()?.ok()?;
        let end = stream.byte_offset();
        return Some((value, &text[end..]));
    }
    let end = text.find(['=', ',', ']']).unwrap_or(text.len());
    Some((text[..end].to_owned(), &text[end..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn segment() -> impl Strategy<Value = PathSegment> {
        prop_oneof![
            any::<String>().prop_map(PathSegment::Key),
            (0usize..1000).prop_map(PathSegment::Index),
            proptest::collection::vec(any::<(String, String)>(), 1..3)
                .prop_map(PathSegment::Element),
        ]
    }

    proptest! {
        #[test]
        fn a_printed_path_reads_back_as_itself(segments in proptest::collection::vec(segment(), 0..6)) {
            let path = FieldPath(segments);
            let text = path.to_string();
            prop_assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{text}");
            prop_assert_eq!(FieldPath::parse(&text).unwrap(), path);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>()) {
            let _ = FieldPath::parse(&text);
        }
    }

    #[test]
    fn what_is_no_path_is_refused_with_its_text() {
        for text in [".a", "a..b", "a[", "a[b]", "a[=", "a[b=c", "a[1", "a b"] {
            let error = FieldPath::parse(text).unwrap_err();
            assert!(
                error.to_string().starts_with(&format!("`{text}`")),
                "{error}"
            );
        }
    }
}
