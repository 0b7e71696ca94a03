//! The fields of a kustomization file.

use thiserror::Error;

use super::Problem;
use super::show::{DidYouMean, advice, without_prefix};
use crate::schema::SchemaError;

/// What is wrong with a kustomization file itself.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum KustomizationProblem {
    /// A kustomization that cannot be read.
    #[error("invalid Kustomization: {}", without_prefix(problem))]
    Invalid {
        /// Why.
        problem: Box<Problem>,
    },
    /// A field that no kustomization has.
    #[error("invalid Kustomization: json: unknown field {field:?}{}", DidYouMean(nearest.as_deref()))]
    UnknownField {
        /// The field.
        field: String,
        /// The known field that is most like it.
        nearest: Option<String>,
    },
    /// A value of the wrong type.
    #[error(
        "invalid Kustomization: json: cannot unmarshal {found} into Go struct field {field} of type {wanted}{}",
        advice(found, wanted)
    )]
    WrongType {
        /// The type that the value has.
        found: &'static str,
        /// The field, as kustomize names it.
        field: String,
        /// The type that it should have.
        wanted: &'static str,
    },
    /// A kustomization that says nothing.
    #[error("kustomization.yaml is empty; list what it builds under `resources`")]
    Empty,
    /// A `kind` that no kustomization has.
    #[error("kind should be Kustomization or Component, not {kind:?}")]
    WrongKind {
        /// The kind.
        kind: String,
    },
    /// An `apiVersion` that does not belong to the kind.
    #[error("apiVersion for {kind} should be {wanted}")]
    WrongApiVersion {
        /// The kind.
        kind: String,
        /// The right version.
        wanted: String,
    },
    /// A schema that cannot be read.
    #[error("invalid schema file: {0}")]
    Schema(SchemaError),
    /// Both a version and a schema of the user's own.
    #[error("builtin version and custom schema provided, cannot use both")]
    OpenApiBoth,
    /// A version that is not built in.
    #[error("the specified OpenAPI version is not built in: {version}; v1.21.2 is")]
    OpenApiVersion {
        /// The version.
        version: String,
    },
    /// An order that there is not.
    #[error("the field 'sortOptions.order' must be one of [fifo, legacy], not {order:?}")]
    SortOrder {
        /// The word.
        order: String,
    },
    /// Options of an order that was not chosen.
    #[error(
        "the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', not 'legacy'"
    )]
    SortOptionsUnused,
}
