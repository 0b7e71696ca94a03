//! A document that sops encrypted, before it is opened.

mod open;

use std::fmt;

use crate::metadata::{Metadata, MetadataError, Recipient};
use crate::store::{self, Format, SyntaxError};
use crate::value::{Branch, Item, Value, get};
use crate::{Keyring, NoKey, Plaintext, ValueProblem, data_key};

use open::Opener;

/// The largest document that is read, in bytes: 16 MiB.
pub const MAX_SIZE: usize = 16 * 1024 * 1024;

/// The deepest nesting of mappings and lists in a document.
pub const MAX_DEPTH: usize = 100;

/// The largest number of values and comments in a document.
pub const MAX_VALUES: usize = 500_000;

/// A document that sops encrypted. Its values are still ciphertext.
pub struct Document {
    format: Format,
    /// The contents without the metadata; more than one only in YAML.
    documents: Vec<Branch>,
    metadata: Metadata,
}

/// Why bytes are not a document encrypted by sops.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
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
    /// No identity of the key ring opens it.
    #[error(transparent)]
    NoKey(#[from] NoKey),
    /// One of its values cannot be opened.
    #[error("the value {value} {problem}")]
    Value {
        /// Where the value stands, as `sops --extract` takes it: `["data"]["password"]`.
        value: String,
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

impl Document {
    /// Parses the encrypted document that `bytes` are.
    pub fn parse(bytes: &[u8], format: Format) -> Result<Self, ParseError> {
        let size = bytes.len();
        if size > MAX_SIZE {
            return Err(ParseError::TooLarge { size });
        }
        let mut documents = store::parse(bytes, format)?;
        check_limits(&documents)?;
        let metadata = Metadata::parse(documents.first().and_then(|first| get(first, "sops")))?;
        for document in &mut documents {
            document.retain(|item| !matches!(item, Item::Pair(key, _) if key == "sops"));
        }
        Ok(Self {
            format,
            documents,
            metadata,
        })
    }

    /// Returns the keys that the document was encrypted for, as it labels them, group by group.
    pub fn recipients(&self) -> impl Iterator<Item = &Recipient> {
        self.metadata.keys().map(|key| &key.recipient)
    }

    /// Opens the document and verifies its MAC.
    pub fn decrypt(&self, keyring: &Keyring) -> Result<Plaintext, DecryptError> {
        let mut opener = self.opener(keyring)?;
        let plaintext = self.open_with(&mut opener)?;
        opener.verify_mac(&self.metadata)?;
        Ok(plaintext)
    }

    /// Opens the document and ignores its MAC, as `sops --ignore-mac` and Flux do.
    ///
    /// Each value is still what was once encrypted at its place, but values may have been reordered,
    /// removed or replaced by older ones, and those in clear may be anything.
    pub fn decrypt_unverified(&self, keyring: &Keyring) -> Result<Plaintext, DecryptError> {
        self.open_with(&mut self.opener(keyring)?)
    }

    fn opener(&self, keyring: &Keyring) -> Result<Opener<'_>, DecryptError> {
        let key = data_key::open(&self.metadata, keyring)?;
        Ok(Opener::new(key, &self.metadata))
    }

    fn open_with(&self, opener: &mut Opener<'_>) -> Result<Plaintext, DecryptError> {
        let documents = self
            .documents
            .iter()
            .map(|document| opener.open_document(document))
            .collect::<Result<_, _>>()?;
        Ok(Plaintext::new(
            self.format,
            documents,
            opener.take_warnings(),
        ))
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Document")
            .field("format", &self.format)
            .field("recipients", &self.recipients().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

fn check_limits(documents: &[Branch]) -> Result<(), ParseError> {
    let mut left = MAX_VALUES;
    for document in documents {
        check_branch(document, MAX_DEPTH, &mut left)?;
    }
    Ok(())
}

fn check_branch(branch: &[Item], depth: usize, left: &mut usize) -> Result<(), ParseError> {
    let depth = depth.checked_sub(1).ok_or(ParseError::TooDeep)?;
    for item in branch {
        take_one(left)?;
        if let Item::Pair(_, value) = item {
            check_value(value, depth, left)?;
        }
    }
    Ok(())
}

fn check_value(value: &Value, depth: usize, left: &mut usize) -> Result<(), ParseError> {
    match value {
        Value::Branch(branch) => check_branch(branch, depth, left),
        Value::List(values) => {
            let depth = depth.checked_sub(1).ok_or(ParseError::TooDeep)?;
            values.iter().try_for_each(|value| {
                take_one(left)?;
                check_value(value, depth, left)
            })
        }
        Value::Null | Value::Scalar(_) | Value::Comment(_) => Ok(()),
    }
}

fn take_one(left: &mut usize) -> Result<(), ParseError> {
    *left = left.checked_sub(1).ok_or(ParseError::TooManyValues)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> ParseError {
        Document::parse(text.as_bytes(), Format::Json).unwrap_err()
    }

    #[test]
    fn sizes_beyond_the_limits_are_refused() {
        let size = MAX_SIZE + 1;
        let large = vec![b' '; size];
        let error = Document::parse(&large, Format::Binary).unwrap_err();
        assert_eq!(error, ParseError::TooLarge { size });
        let deep = format!("{}{}", "{\"a\":".repeat(101), "1") + &"}".repeat(101);
        assert_eq!(parse(&deep), ParseError::TooDeep);
        let long = format!("{{\"a\":[{}0]}}", "0,".repeat(MAX_VALUES));
        assert_eq!(parse(&long), ParseError::TooManyValues);
    }

    #[test]
    fn a_document_without_metadata_is_not_encrypted() {
        let missing = ParseError::Metadata(MetadataError::Missing);
        assert_eq!(parse(r#"{"data": "x"}"#), missing);
        assert_eq!(parse(r#"{"data": "x", "sops": null}"#), missing);
    }
}
