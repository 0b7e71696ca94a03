//! What may be wrong with a document.

use super::limits::{MAX_DEPTH, MAX_SIZE, MAX_VALUES};
use crate::store::SyntaxError;
use crate::{InvalidPattern, Located, MetadataError, NoKey, Place, ValuePath, ValueProblem};

/// A document is larger than what is read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// There are more than [`MAX_SIZE`] bytes.
    #[error("the document has {size} bytes; the limit is {MAX_SIZE}")]
    TooLarge {
        /// The number of bytes.
        size: usize,
    },
    /// Mappings and lists are nested deeper than [`MAX_DEPTH`].
    #[error("the document is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// There are more than [`MAX_VALUES`] values.
    #[error("the document has more than {MAX_VALUES} values")]
    TooManyValues,
}

/// Why bytes are not a document encrypted by sops.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The document is too large.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The bytes are not of the format.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// The metadata is missing or damaged.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

/// Why a document cannot be decrypted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecryptError {
    /// No key that could be used opens it.
    #[error(transparent)]
    NoKey(#[from] NoKey),
    /// One of its values cannot be opened.
    #[error("the value {path} {problem}")]
    Value {
        /// Which of the documents of a YAML text has the value, counted from 0.
        document: usize,
        /// Where the value stands in it: `["data"]["password"]`.
        path: ValuePath,
        /// What is wrong with it.
        problem: ValueProblem,
    },
    /// It has no MAC, so nobody can tell whether values were removed or changed.
    #[error(
        "the MAC is missing, so the document may have been altered; encrypt it again from its source"
    )]
    MissingMac,
    /// The MAC itself cannot be opened.
    #[error("the MAC {problem}, so the document may have been altered")]
    Mac {
        /// What is wrong with it.
        problem: ValueProblem,
    },
    /// The MAC is not that of the values.
    #[error(
        "the MAC does not match: values were altered, added, removed or reordered after encryption"
    )]
    MacMismatch,
}

/// Why a plaintext cannot be encrypted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncryptError {
    /// The rule is no regular expression.
    #[error(transparent)]
    Rule(#[from] InvalidPattern),
    /// The document is too large.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The rule would take an encrypted comment for one that turns encryption off.
    #[error(
        "unencrypted_comment_regex {pattern:?} matches a comment that is encrypted, so the document could not be decrypted; make it more specific"
    )]
    CommentMatches {
        /// The expression.
        pattern: String,
        /// The comment.
        at: Place,
    },
}

impl Located for ParseError {
    fn place(&self) -> Option<Place> {
        match self {
            Self::Limit(_) => None,
            Self::Syntax(error) => error.place(),
            Self::Metadata(error) => error.place(),
        }
    }

    fn reason(&self) -> String {
        match self {
            Self::Syntax(error) => error.reason(),
            other => other.to_string(),
        }
    }
}

impl Located for DecryptError {
    fn place(&self) -> Option<Place> {
        match self {
            Self::NoKey(_) => None,
            Self::Value { document, path, .. } => Some(Place::Value {
                document: *document,
                path: path.clone(),
            }),
            Self::MissingMac | Self::Mac { .. } | Self::MacMismatch => Some(Place::metadata("mac")),
        }
    }
}

impl Located for EncryptError {
    fn place(&self) -> Option<Place> {
        match self {
            Self::Rule(_) | Self::Limit(_) => None,
            Self::CommentMatches { at, .. } => Some(at.clone()),
        }
    }
}
