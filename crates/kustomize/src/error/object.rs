//! Objects as they are read and written.

use thiserror::Error;

use super::Place;

/// What is wrong with an object.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ObjectProblem {
    /// A document that is no object.
    #[error("missing Resource metadata")]
    MissingMetadata,
    /// An object without a kind.
    #[error("missing kind in object {object}")]
    MissingKind {
        /// What it is called, as far as it says so.
        object: String,
        /// What it has of type, name and labels, in Go's notation.
        summary: String,
    },
    /// An object without a name.
    #[error("missing metadata.name in object {object}")]
    MissingName {
        /// What it is called, as far as it says so.
        object: String,
        /// What it has of type, name and labels, in Go's notation.
        summary: String,
        /// Whether it asks the API server for a name, which a build cannot.
        is_generated: bool,
    },
    /// A list whose items are none.
    #[error("expected array in {kind}/items, but found {found}")]
    ItemsNotAList {
        /// The kind of the list.
        kind: String,
        /// The Go type of what is there.
        found: &'static str,
    },
    /// Two objects with the same identity.
    #[error("may not add resource with an already registered id: {id}")]
    DuplicateId {
        /// The identity.
        id: String,
        /// Where the first one was read.
        first: Box<Place>,
    },
    /// An object that cannot be printed.
    #[error("{reason}")]
    Unprintable {
        /// Why.
        reason: String,
    },
}

impl ObjectProblem {
    /// Returns the message with the object in Go's notation.
    pub(crate) fn in_go(&self) -> String {
        match self {
            Self::MissingKind { summary, .. } => format!("missing kind in object {summary}"),
            Self::MissingName { summary, .. } => {
                format!("missing metadata.name in object {summary}")
            }
            other => other.to_string(),
        }
    }

    pub(super) fn advice(&self) -> String {
        match self {
            Self::MissingMetadata => {
                "a Kubernetes object has apiVersion, kind and metadata".to_owned()
            }
            Self::MissingName {
                is_generated: true, ..
            } => "a build needs a name: `generateName` works with `kubectl create` only".to_owned(),
            Self::MissingKind { .. } => "add `kind`".to_owned(),
            Self::MissingName { .. } => "add `metadata.name`".to_owned(),
            Self::DuplicateId { first, .. } => {
                format!("the first one is at {first}; remove one of them, or make it a patch")
            }
            Self::ItemsNotAList { .. } | Self::Unprintable { .. } => String::new(),
        }
    }
}
