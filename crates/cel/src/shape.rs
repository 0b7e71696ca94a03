//! What can be said of a value before there is one.

use std::collections::BTreeMap;

/// What the values at a place have in common, and how large they can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// What they are.
    pub kind: Kind,
    /// How many bytes a text, or items a list or mapping has at most; 0 for others.
    pub most: u64,
    /// How short their JSON can be, in bytes.
    pub least_json: u64,
    /// The items of a list, or the values of a mapping.
    pub element: Option<Box<Shape>>,
    /// The fields of an object, by the names that expressions have for them.
    pub fields: BTreeMap<String, Shape>,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One of the five that follow; nobody knows which.
    Scalar,
    /// A truth value.
    Bool,
    /// A whole number.
    Int,
    /// A floating-point number.
    Double,
    /// An instant.
    Timestamp,
    /// A duration.
    Duration,
    /// A text.
    Text,
    /// Bytes.
    Bytes,
    /// A list.
    List,
    /// A mapping whose keys anyone chooses.
    Map,
    /// A mapping with fields that are known.
    Object,
    /// Anything.
    Any,
}

impl Kind {
    /// Returns the kind as far as costs depend on it.
    pub(crate) fn broad(self) -> Self {
        match self {
            Self::Bool | Self::Int | Self::Double | Self::Timestamp | Self::Duration => {
                Self::Scalar
            }
            other => other,
        }
    }
}

impl Shape {
    /// Returns the shape of a kind without elements and fields.
    pub fn new(kind: Kind, most: u64, least_json: u64) -> Self {
        Self {
            kind,
            most,
            least_json,
            element: None,
            fields: BTreeMap::new(),
        }
    }
}
