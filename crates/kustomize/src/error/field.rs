//! Fields that transformers set.

use thiserror::Error;

use super::Problem;

/// What is wrong with a field that is to be set.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FieldProblem {
    /// Two specs of a field that do not agree about making it.
    #[error("conflicting fieldspecs")]
    ConflictingSpecs {
        /// The field.
        path: String,
    },
    /// A field that cannot be set.
    #[error("considering field '{field}' of object {object}: {problem}")]
    NotSet {
        /// The field.
        field: String,
        /// The identity of the object.
        object: String,
        /// Why.
        problem: Box<Problem>,
    },
    /// A namespace field that is no text.
    #[error("namespace field specs must target scalar nodes: {problem}")]
    Namespace {
        /// The field.
        problem: Box<Problem>,
    },
    /// A path that goes through a plain value.
    #[error("expected sequence or mapping node")]
    NotACollection,
    /// A part of a path that is empty.
    #[error("cannot set or create an empty field name")]
    EmptyName,
    /// A node of another kind than is needed.
    #[error("wrong node kind: expected {wanted} but got {found}")]
    WrongKind {
        /// The kind that is needed.
        wanted: &'static str,
        /// The kind that is there.
        found: &'static str,
    },
}

impl FieldProblem {
    pub(super) fn advice(&self) -> String {
        match self {
            Self::ConflictingSpecs { path } => {
                format!("one for {path} creates the field, the other does not")
            }
            Self::EmptyName => "name the field in `path`".to_owned(),
            _ => String::new(),
        }
    }
}
