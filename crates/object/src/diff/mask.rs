//! What must not be shown.

use serde_json::Value;

use super::{FieldPath, FingerprintKey, PathSegment};

/// kubectl writes the whole object into this annotation, Secrets included.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Says which values of an object are shown as fingerprints only.
///
/// Always masked: each value under `data` and `stringData` of a Secret, and the annotation in which kubectl
/// keeps the object that it last applied.
#[derive(Clone, Debug)]
pub struct Mask<'k> {
    key: &'k FingerprintKey,
    extra: Vec<Vec<String>>,
}

/// How a place in an object relates to what is masked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cover {
    /// Nothing below is masked.
    Open,
    /// Something below may be masked.
    Above,
    /// This value is masked.
    Masked,
}

impl<'k> Mask<'k> {
    /// Returns the mask that hides what is always masked.
    #[must_use]
    pub fn new(key: &'k FingerprintKey) -> Self {
        Self {
            key,
            extra: Vec::new(),
        }
    }

    /// Returns the mask that also hides the value at a JSON pointer (RFC 6901) and all below it, such as
    /// `/data` of a ConfigMap that was encrypted in the source. The empty pointer hides the whole object.
    /// A segment `*` stands for any key or position.
    #[must_use]
    pub fn hiding(mut self, pointer: &str) -> Self {
        let unescape = |token: &str| token.replace("~1", "/").replace("~0", "~");
        self.extra
            .push(pointer.split('/').skip(1).map(unescape).collect());
        self
    }

    /// Returns the key of the fingerprints.
    #[must_use]
    pub fn key(&self) -> &'k FingerprintKey {
        self.key
    }

    /// Returns the rules for an object of this kind.
    pub(super) fn rules(&self, is_secret: bool) -> Vec<Vec<String>> {
        let rule = |tokens: &[&str]| tokens.iter().map(|&token| token.to_owned()).collect();
        let mut rules = self.extra.clone();
        rules.push(rule(&["metadata", "annotations", LAST_APPLIED]));
        if is_secret {
            rules.push(rule(&["data", "*"]));
            rules.push(rule(&["stringData", "*"]));
        }
        rules
    }
}

/// Returns how `path`, which holds `value`, relates to `rules`.
pub(super) fn cover(rules: &[Vec<String>], path: &FieldPath, value: &Value) -> Cover {
    let tokens: Vec<&PathSegment> = path.segments().iter().collect();
    rules
        .iter()
        .map(|rule| cover_of(rule, &tokens, value))
        .fold(Cover::Open, Cover::or)
}

impl Cover {
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Masked, _) | (_, Self::Masked) => Self::Masked,
            (Self::Above, _) | (_, Self::Above) => Self::Above,
            _ => Self::Open,
        }
    }
}

fn cover_of(rule: &[String], path: &[&PathSegment], value: &Value) -> Cover {
    let fits = |(token, segment): (&String, &&PathSegment)| segment.matches(token);
    if !rule.iter().zip(path).all(fits) {
        return Cover::Open;
    }
    // A scalar where a rule expects a mapping is malformed, and so may be the secret itself.
    let ends_here = !value.is_object() && !value.is_array() && !value.is_null() && !path.is_empty();
    if rule.len() <= path.len() || (ends_here && rule.last().is_some_and(|token| token == "*")) {
        Cover::Masked
    } else {
        Cover::Above
    }
}
