//! The `sops` block of a document: who can open it, what is encrypted, and the MAC.

mod keys;
mod read;
mod write;

pub(crate) use keys::MAX_WRAPPED_KEY;

use crate::selection::Rules;
use crate::time::Timestamp;
use crate::{Located, Place, WrappedKey, WrappedKeys};

/// The largest number of recipients that a document may have.
pub const MAX_RECIPIENTS: usize = 200;

/// The largest size of all wrapped data keys of a document, in bytes: 512 KiB. Those of 200 PGP keys of 4096
/// bits fit; an age file has a stanza for each 150 bytes, which costs an attempt for every identity.
pub const MAX_WRAPPED: usize = 512 * 1024;

/// The version that new documents say they are written by: the one whose format this is.
pub(crate) const VERSION: &str = "3.11.0";

/// What is wrong with the `sops` block of a document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// There is no such block.
    #[error("the document has no sops metadata, so it is not encrypted by sops")]
    Missing,
    /// The block is not a mapping.
    #[error("the sops metadata is not a mapping")]
    NotMapping,
    /// A field is missing or is not what it must be.
    #[error("the sops metadata is damaged: {field} {expected}")]
    Field {
        /// The field, such as `lastmodified` or `age[0].enc`.
        field: String,
        /// What the field must be: "must be …".
        expected: &'static str,
    },
    /// Two rules contradict each other.
    #[error("the sops metadata is damaged: {first} and {second} exclude each other")]
    TwoRules {
        /// One field.
        first: &'static str,
        /// The other field.
        second: &'static str,
    },
    /// There is no key at all.
    #[error("the sops metadata names no key, so nothing can open the document")]
    NoKeys,
    /// There are more than [`MAX_RECIPIENTS`].
    #[error("the document has {count} recipients; the limit is {MAX_RECIPIENTS}")]
    TooManyRecipients {
        /// How many there are.
        count: usize,
    },
    /// What they are wrapped as is more than [`MAX_WRAPPED`] bytes.
    #[error("the wrapped data keys have {size} bytes together; the limit is {MAX_WRAPPED}")]
    TooMuchWrapped {
        /// How many bytes there are.
        size: usize,
    },
}

impl Located for MetadataError {
    fn place(&self) -> Option<Place> {
        match self {
            Self::Missing => None,
            Self::NotMapping
            | Self::NoKeys
            | Self::TooManyRecipients { .. }
            | Self::TooMuchWrapped { .. } => Some(Place::metadata("")),
            Self::Field { field, .. } => Some(Place::metadata(field)),
            Self::TwoRules { second, .. } => Some(Place::metadata(second)),
        }
    }
}

/// The `sops` block.
#[derive(Clone, Debug)]
pub(crate) struct Metadata {
    pub(crate) keys: WrappedKeys,
    pub(crate) last_modified: Timestamp,
    /// The encrypted MAC; empty when there is none.
    pub(crate) mac: String,
    pub(crate) rules: Rules,
    pub(crate) version: String,
}

impl Metadata {
    /// Returns all keys, group by group.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &WrappedKey> {
        self.keys.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Item, Scalar, Value};

    fn pair(key: &str, value: &str) -> Item {
        Item::Pair(key.to_owned(), Value::Scalar(Scalar::Text(value.into())))
    }

    fn age_key(recipient: &str) -> Value {
        Value::Branch(vec![pair("recipient", recipient), pair("enc", "wrapped")])
    }

    fn block(change: impl FnOnce(&mut Vec<Item>)) -> Result<Metadata, MetadataError> {
        let mut block = vec![
            Item::Pair("age".to_owned(), Value::List(vec![age_key("age1abc")])),
            Item::Pair("kms".to_owned(), Value::List(Vec::new())),
            Item::Pair("pgp".to_owned(), Value::Null),
            pair("lastmodified", "2026-01-31T09:05:00Z"),
            pair("mac", "ENC[…]"),
            pair("version", "3.11.0"),
        ];
        change(&mut block);
        Metadata::parse(Some(&Value::Branch(block)))
    }

    fn without(field: &'static str) -> impl FnOnce(&mut Vec<Item>) {
        move |block| block.retain(|item| !matches!(item, Item::Pair(key, _) if key == field))
    }

    #[test]
    fn empty_lists_of_older_programs_are_accepted() {
        let metadata = block(|_| ()).unwrap();
        assert_eq!(metadata.keys().count(), 1);
        assert_eq!(metadata.keys.needed(), 1);
    }

    #[test]
    fn a_version_is_required() {
        assert!(block(without("version")).is_err());
        for (version, accepted) in [
            ("3.7", false),
            ("foo", false),
            ("1.14", true),
            ("99.0.0-rc1", true),
        ] {
            let metadata = block(|block| {
                without("version")(block);
                block.push(pair("version", version));
            });
            assert_eq!(metadata.is_ok(), accepted, "{version}");
        }
    }

    #[test]
    fn each_mistake_names_its_field() {
        let message = |result: Result<Metadata, MetadataError>| result.unwrap_err().to_string();
        insta::assert_snapshot!(message(block(without("lastmodified"))), @"the sops metadata is damaged: lastmodified must be a timestamp such as 2026-01-31T09:05:00Z");
        insta::assert_snapshot!(message(block(without("age"))), @"the sops metadata names no key, so nothing can open the document");
        insta::assert_snapshot!(message(block(|block| {
            block.push(pair("encrypted_suffix", "_x"));
            block.push(pair("encrypted_regex", "^data$"));
        })), @"the sops metadata is damaged: encrypted_suffix and encrypted_regex exclude each other");
        insta::assert_snapshot!(message(block(|block| block[0] = pair("age", "age1abc"))), @"the sops metadata is damaged: age must be a list");
    }

    #[test]
    fn too_many_recipients_are_refused() {
        let many = vec![age_key("age1abc"); MAX_RECIPIENTS + 1];
        let error = block(|block| block[0] = Item::Pair("age".to_owned(), Value::List(many)));
        let count = MAX_RECIPIENTS + 1;
        assert_eq!(
            error.unwrap_err(),
            MetadataError::TooManyRecipients { count }
        );
    }
}
