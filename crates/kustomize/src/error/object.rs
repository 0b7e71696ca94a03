//! Objects as they are read and written.

use thiserror::Error;

use super::Place;

/// What is wrong with an object.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ObjectProblem {
    /// A document that is no object.
    #[error("missing Resource metadata: a Kubernetes object has apiVersion, kind and metadata")]
    MissingMetadata,
    /// An object without a kind.
    #[error("missing kind in object (apiVersion {api_version:?}, name {name:?})")]
    MissingKind {
        /// Its version.
        api_version: String,
        /// Its name.
        name: String,
    },
    /// An object without a name.
    #[error("missing metadata.name in object {kind} (apiVersion {api_version:?})")]
    MissingName {
        /// Its version.
        api_version: String,
        /// Its kind.
        kind: String,
    },
    /// A list whose items are none.
    #[error("expected array in {kind}/items")]
    ItemsNotAList {
        /// The kind of the list.
        kind: String,
    },
    /// Two objects with the same identity.
    #[error(
        "may not add resource with an already registered id: {id}; the first one is at {first}"
    )]
    DuplicateId {
        /// The identity.
        id: String,
        /// Where the first one was read.
        first: Place,
    },
    /// An object that cannot be printed.
    #[error("{reason}")]
    Unprintable {
        /// Why.
        reason: String,
    },
}
