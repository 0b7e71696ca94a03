//! The fields of a kustomization file.

use thiserror::Error;

use super::Problem;
use super::show::{did_you_mean, without_prefix};
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
    #[error("invalid Kustomization: json: unknown field {field:?}")]
    UnknownField {
        /// The field.
        field: String,
        /// The known field that is most like it.
        nearest: Option<String>,
    },
    /// A file that is no mapping.
    #[error(
        "invalid Kustomization: json: cannot unmarshal {found} into Go value of type types.{type_name}"
    )]
    NotAMapping {
        /// The type that the value has.
        found: &'static str,
        /// What it should be.
        type_name: &'static str,
    },
    /// A value of the wrong type.
    #[error(
        "invalid Kustomization: json: cannot unmarshal {found} into Go struct field {field} of type {wanted}"
    )]
    WrongType {
        /// The type that the value has.
        found: &'static str,
        /// The field, as kustomize names it.
        field: String,
        /// The Go type that it should have.
        wanted: String,
    },
    /// A kustomization that says nothing.
    #[error("kustomization.yaml is empty")]
    Empty,
    /// A `kind` that no kustomization has.
    #[error("kind should be Kustomization or Component")]
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
    #[error("the specified OpenAPI version is not built in")]
    OpenApiVersion {
        /// The version.
        version: String,
    },
    /// An order that there is not.
    #[error("the field 'sortOptions.order' must be one of [fifo, legacy]")]
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

impl KustomizationProblem {
    pub(super) fn advice(&self) -> String {
        match self {
            Self::UnknownField { nearest, .. } => did_you_mean(nearest.as_deref()),
            Self::NotAMapping { .. } => "write fields, such as `resources:`".to_owned(),
            Self::WrongType { found, wanted, .. } => advice_on_type(found, wanted),
            Self::Empty => "list what it builds under `resources`".to_owned(),
            Self::WrongKind { kind } => format!("it is {kind:?}"),
            Self::OpenApiBoth => "remove `version` or `path`".to_owned(),
            Self::OpenApiVersion { version } => format!("it is {version:?}; v1.21.2 is built in"),
            Self::SortOrder { order } => format!("it is {order:?}"),
            Self::SortOptionsUnused => "remove it, or choose `order: legacy`".to_owned(),
            Self::Invalid { .. } | Self::WrongApiVersion { .. } | Self::Schema(_) => String::new(),
        }
    }
}

/// Says what to do about the wrong type that people write most.
fn advice_on_type(found: &str, wanted: &str) -> String {
    match (found, wanted) {
        ("number" | "bool", "string") => "quote the value",
        ("string", "int64" | "bool") => "write the value without quotes",
        ("string", list) if list.starts_with("[]") => "write a list: put `- ` before each entry",
        ("object", list) if list.starts_with("[]") => {
            "write a list: put `- ` before the first field"
        }
        ("array", "string") => "write one value, not a list",
        _ => "",
    }
    .to_owned()
}
