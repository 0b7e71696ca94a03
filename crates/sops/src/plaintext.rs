//! A document in clear: read from a file, or opened.

mod edit;
mod loss;
mod warning;

use std::fmt;

use crate::document::{LimitError, check_limits, check_size};
use crate::store::{self, EmitError, Format, Style, SyntaxError};
use crate::value::{Branch, Item, get};
use crate::{Located, Place, Scalar, SecretBytes, Value};

pub use edit::{PathError, PlainValue};
pub use warning::Warning;

/// A document in clear. It is wiped when dropped, and its `Debug` form says nothing of its values.
#[derive(Clone)]
pub struct Plaintext {
    format: Format,
    /// More than one only in YAML.
    documents: Vec<Branch>,
    warnings: Vec<Warning>,
}

/// Why bytes are not a document that can be encrypted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaintextError {
    /// It is too large.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The bytes are not of the format.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// It has a key `sops`, where the metadata would stand.
    #[error(
        "the document has an entry called sops, so it is encrypted already; decrypt it first, or rename the entry"
    )]
    AlreadyEncrypted,
}

impl Located for PlaintextError {
    fn place(&self) -> Option<Place> {
        match self {
            Self::Limit(_) => None,
            Self::Syntax(error) => error.place(),
            Self::AlreadyEncrypted => Some(Place::metadata("")),
        }
    }

    fn reason(&self) -> String {
        match self {
            Self::Syntax(error) => error.reason(),
            other => other.to_string(),
        }
    }
}

impl Plaintext {
    pub(crate) fn new(format: Format, documents: Vec<Branch>, warnings: Vec<Warning>) -> Self {
        Self {
            format,
            documents,
            warnings,
        }
    }

    /// Parses a document in clear.
    pub fn parse(bytes: &[u8], format: Format) -> Result<Self, PlaintextError> {
        check_size(bytes)?;
        let store::Parsed {
            documents,
            warnings,
        } = store::parse_plain(bytes, format)?;
        check_limits(&documents)?;
        if documents
            .iter()
            .any(|document| get(document, "sops").is_some())
        {
            return Err(PlaintextError::AlreadyEncrypted);
        }
        Ok(Self::new(format, documents, warnings))
    }

    /// Returns the format that the document was read in.
    pub fn format(&self) -> Format {
        self.format
    }

    pub(crate) fn documents(&self) -> &[Branch] {
        &self.documents
    }

    /// Returns the document as `sops decrypt` prints it in its own format, with the default style.
    pub fn to_bytes(&self) -> Result<SecretBytes, EmitError> {
        self.to_bytes_as(self.format, Style::default())
    }

    /// Returns the first document as `sops decrypt --output-type json` prints it.
    pub fn to_json(&self) -> Result<SecretBytes, EmitError> {
        self.to_bytes_as(Format::Json, Style::default())
    }

    /// Returns the document as `sops decrypt --output-type FORMAT` prints it. All but YAML hold the first
    /// document only.
    pub fn to_bytes_as(&self, format: Format, style: Style) -> Result<SecretBytes, EmitError> {
        store::emit(&self.documents, format, style)
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

    /// Returns the pairs of the first document at its top, where they are single values: the text of each,
    /// as environments take it (`sops exec-env`). Null is `<nil>`, as in sops 3.11.
    pub fn flat_pairs(&self) -> Result<Vec<(String, SecretBytes)>, EmitError> {
        let first = self
            .documents
            .first()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let pairs = first.iter().filter_map(|item| match item {
            Item::Pair(key, value) => Some((key, value)),
            Item::Comment(_) => None,
        });
        pairs
            .map(|(key, value)| Ok((key.clone(), store::flat_text(key, value)?)))
            .collect()
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Plaintext({:?}, [redacted])", self.format)
    }
}
