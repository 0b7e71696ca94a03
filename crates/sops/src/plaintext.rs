//! A document after it was opened.

use std::fmt;

use crate::store::{self, EmitError, Format};
use crate::value::{Branch, get};
use crate::{Scalar, SecretBytes, Value};

/// A decrypted document. It is wiped when dropped, and its `Debug` form says nothing of its values.
pub struct Plaintext {
    format: Format,
    documents: Vec<Branch>,
    warnings: Vec<Warning>,
}

/// Something odd in a document that opened nonetheless.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// The rule that says what is encrypted is no regular expression, so it matches nothing.
    #[error(
        "the regular expression {pattern:?} in the sops metadata is invalid, so nothing matches it; correct it and encrypt the document again"
    )]
    InvalidPattern {
        /// The expression.
        pattern: String,
    },
    /// A comment looks encrypted and cannot be opened; it was left as it is.
    #[error("a comment below {below:?} cannot be decrypted and was left as it is")]
    CommentLeftEncrypted {
        /// The value that holds the comment; empty at the top.
        below: String,
    },
}

impl Plaintext {
    pub(crate) fn new(format: Format, documents: Vec<Branch>, warnings: Vec<Warning>) -> Self {
        Self {
            format,
            documents,
            warnings,
        }
    }

    /// Returns the document as `sops decrypt` prints it in its own format.
    pub fn to_bytes(&self) -> Result<SecretBytes, EmitError> {
        store::emit(&self.documents, self.format)
    }

    /// Returns the first document as `sops decrypt --output-type json` prints it.
    pub fn to_json(&self) -> Result<SecretBytes, EmitError> {
        store::emit(&self.documents, Format::Json)
    }

    /// Returns the content of a document of the binary format: the bytes under its key `data`.
    pub fn into_data(self) -> Result<SecretBytes, EmitError> {
        match self.documents.first().and_then(|first| get(first, "data")) {
            Some(Value::Scalar(Scalar::Text(data))) => Ok(data.clone()),
            _ => Err(EmitError::NoData),
        }
    }

    /// Returns what was odd.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Plaintext({:?}, [redacted])", self.format)
    }
}
