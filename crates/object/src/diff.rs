//! The difference of two objects, field by field, without noise and without secret values.

mod fingerprint;
mod mask;
mod path;
#[cfg(test)]
mod tests;
mod walk;

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use fingerprint::{Fingerprint, FingerprintKey, KeyedDigest};
pub use mask::Mask;
pub use path::{FieldPath, PathSegment};

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Where the field is.
    pub path: FieldPath,
    /// What it was; `None` when it was not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<FieldValue>,
    /// What it becomes; `None` when it goes away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<FieldValue>,
}

/// A value that may be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldValue {
    /// The value itself: nothing in it is masked.
    Plain(Value),
    /// A masked value. Only its fingerprint is left.
    Redacted(Fingerprint),
}

/// Returns the fields in which `after` differs from `before`, in the order of their paths.
///
/// Lists whose elements have a name are compared by that name, and when those that stay change places, that is
/// one more change, of the list; all other lists are compared by position. Not compared are
/// `apiVersion` and `kind`, `status`, and what the API server writes into `metadata` by itself
/// (`managedFields`, `resourceVersion`, `generation`, `uid`, `creationTimestamp`, `selfLink`). A subtree that
/// is only on one side is one change, unless something in it is masked.
///
/// ```
/// use serde_json::json;
/// use windlass_object::{FingerprintKey, Mask, diff};
///
/// let key = FingerprintKey::new([7; 32]);
/// let before = json!({"kind": "Deployment", "spec": {"containers": [{"name": "app", "image": "web:1"}]}});
/// let after = json!({"kind": "Deployment", "spec": {"containers": [{"name": "app", "image": "web:2"}]}});
/// let changes = diff(&before, &after, &Mask::new(&key));
/// assert_eq!(changes[0].to_string(), "spec.containers[name=app].image: web:1 → web:2");
/// ```
pub fn diff(before: &Value, after: &Value, mask: &Mask<'_>) -> Vec<FieldChange> {
    walk::objects(before, after, mask)
}

impl fmt::Display for FieldChange {
    /// Writes `path: before → after`, `path: + after`, `path: - before`, or for masked values
    /// `path: (fingerprint a1b2 → c3d4)`. A precision limits the characters of each value: `{:.80}`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        use FieldValue::Redacted;
        write!(formatter, "{}: ", self.path)?;
        match (&self.before, &self.after) {
            (Some(Redacted(before)), Some(Redacted(after))) => {
                write!(formatter, "(fingerprint {before} → {after})")
            }
            (Some(before), Some(after)) => {
                before.fmt(formatter)?;
                formatter.write_str(" → ")?;
                after.fmt(formatter)
            }
            (None, Some(after)) => {
                formatter.write_str("+ ")?;
                after.fmt(formatter)
            }
            (Some(before), None) => {
                formatter.write_str("- ")?;
                before.fmt(formatter)
            }
            (None, None) => formatter.write_str("unchanged"),
        }
    }
}

impl fmt::Display for FieldValue {
    /// Writes a simple text bare, text with control or direction characters quoted and escaped, and all
    /// else as JSON: what a cluster holds must not move the cursor of a terminal. A precision limits the
    /// characters; of a longer value its length is written, too.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Redacted(fingerprint) => write!(formatter, "(fingerprint {fingerprint})"),
            Self::Plain(Value::String(text)) if is_simple(text) => write_cut(formatter, text),
            Self::Plain(value) => write_cut(formatter, &printable(value)),
        }
    }
}

fn write_cut(formatter: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let limit = formatter.precision().unwrap_or(usize::MAX);
    match text.char_indices().nth(limit) {
        None => formatter.write_str(text),
        Some((end, _)) => write!(
            formatter,
            "{}… ({} characters)",
            &text[..end],
            text.chars().count()
        ),
    }
}

fn is_simple(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && !text.chars().any(is_unprintable)
        && serde_json::from_str::<Value>(text).is_err()
}

/// JSON escapes control characters below U+0020; those above it and the marks that reorder text are ours.
fn printable(value: &Value) -> String {
    let mut text = String::new();
    for character in value.to_string().chars() {
        if is_unprintable(character) {
            write!(text, "\\u{:04x}", u32::from(character))
                .expect("writing to a String cannot fail");
        } else {
            text.push(character);
        }
    }
    text
}

fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
