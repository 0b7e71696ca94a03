//! What is odd about a document, or lost from it, though nothing fails.

use crate::{Format, Located, Place, ValuePath};

/// How many warnings one document gets; what is beyond is only counted.
const MAX_WARNINGS: usize = 100;

/// Something odd about a document that was read, opened, encrypted or converted nonetheless.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// The rule that says what is encrypted is no regular expression, so it matches nothing.
    #[error(
        "the regular expression {pattern:?} in the sops metadata is invalid, so nothing matches it; correct it and encrypt the document again"
    )]
    InvalidPattern {
        /// The field of the metadata.
        field: &'static str,
        /// The expression.
        pattern: String,
    },
    /// The rule that says what is encrypted is valid and matches no key, or comment, of the document.
    #[error("{field} {pattern:?} matches nothing in the document, so {}", consequence(.field))]
    NothingMatches {
        /// The field of the metadata, or of the creation rule.
        field: &'static str,
        /// The suffix or the expression.
        pattern: String,
    },
    /// A comment looks encrypted and cannot be opened; it was left as it is.
    #[error("a comment below {below} cannot be decrypted and was left as it is")]
    CommentLeftEncrypted {
        /// The value that holds the comment, as `sops --extract` takes it; `the top` for the document.
        below: String,
        /// The comment.
        at: Place,
    },
    /// A comment is not written, since the format has none, or none at its place.
    #[error("the comment is lost in the format {format}")]
    CommentLost {
        /// The comment.
        at: Place,
        /// The format that the document is written in.
        format: Format,
    },
    /// Only the first of several documents is written.
    #[error("{count} documents behind the first are lost in the format {format}")]
    DocumentsLost {
        /// How many are lost.
        count: usize,
        /// The format that the document is written in.
        format: Format,
    },
    /// A whole number of JSON is another one as a float, which is how sops 3.11 reads it.
    #[error("the number {} is changed: sops keeps numbers of JSON as floats, which are not exact beyond 2^53; put it into quotes", shown(.at))]
    NumberChanged {
        /// The number.
        at: Place,
    },
    /// What follows `#` or `;` in a value of an ini file is a comment.
    #[error("the value {} ends before # or ;, which begins a comment; put the value into backquotes if it is meant as a whole", shown(.at))]
    ValueCut {
        /// The value.
        at: Place,
    },
    /// There are more warnings than are worth reading.
    #[error("{count} more warnings like these were left out")]
    More {
        /// How many.
        count: usize,
    },
}

fn consequence(field: &str) -> &'static str {
    if field.starts_with("un") {
        "every value is encrypted"
    } else {
        "no value is encrypted"
    }
}

fn shown(at: &Place) -> &dyn std::fmt::Display {
    match at {
        Place::Value { path, .. } => path,
        Place::Text(_) | Place::Comment { .. } => &"",
    }
}

impl Warning {
    /// Adds a warning, or counts it when there are too many.
    pub(crate) fn push(self, warnings: &mut Vec<Self>) {
        if warnings.len() < MAX_WARNINGS {
            warnings.push(self);
        } else if let Some(Self::More { count }) = warnings.last_mut() {
            *count += 1;
        } else {
            warnings.push(Self::More { count: 1 });
        }
    }

    pub(crate) fn comment_left_encrypted(below: &ValuePath, at: Place) -> Self {
        let below = match below.steps[..] {
            [] => "the top".to_owned(),
            _ => below.to_string(),
        };
        Self::CommentLeftEncrypted { below, at }
    }
}

impl Located for Warning {
    fn place(&self) -> Option<Place> {
        match self {
            Self::InvalidPattern { field, .. } | Self::NothingMatches { field, .. } => {
                Some(Place::metadata(field))
            }
            Self::CommentLeftEncrypted { at, .. }
            | Self::CommentLost { at, .. }
            | Self::NumberChanged { at }
            | Self::ValueCut { at } => Some(at.clone()),
            Self::DocumentsLost { .. } | Self::More { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_beyond_the_limit_are_counted() {
        let mut warnings = Vec::new();
        for count in 0..MAX_WARNINGS + 3 {
            let format = Format::Json;
            Warning::DocumentsLost { count, format }.push(&mut warnings);
        }
        assert_eq!(warnings.len(), MAX_WARNINGS + 1);
        assert_eq!(warnings.last(), Some(&Warning::More { count: 3 }));
    }
}
