//! Replacements and the paths of their fields.

use thiserror::Error;

use super::show::{Because, Listed};
use super::{Place, Problem, Reached, There};

/// What is wrong with a replacement.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ReplacementProblem {
    /// A replacement that lacks a part.
    #[error("replacements must specify a source and at least one target")]
    Incomplete,
    /// A replacement with two sources.
    #[error("value and resource selectors are mutually exclusive")]
    TwoSources,
    /// A replacement that is both in a file and inline.
    #[error("cannot specify both path and inline replacement")]
    PathAndInline,
    /// A file that has no replacement.
    #[error("unsupported replacement type encountered within replacement path: {found}")]
    File {
        /// What it has.
        found: &'static str,
    },
    /// A source that is not there.
    #[error("nothing selected by {source_name}", source_name = name)]
    SourceMissing {
        /// The source.
        name: String,
        /// What the build has.
        there: There,
    },
    /// A source that is several objects.
    #[error("multiple matches for selector {source_name}", source_name = name)]
    SourceAmbiguous {
        /// The source.
        name: String,
        /// Where the objects were read.
        places: Vec<Place>,
    },
    /// A source that lacks the field.
    #[error("fieldPath `{path}` is missing for replacement source {object}")]
    SourceField {
        /// The field.
        path: String,
        /// The object.
        object: String,
        /// Which part of the path exists.
        reached: Option<Box<Reached>>,
    },
    /// A source whose field cannot be taken.
    #[error("fieldPath `{path}` of replacement source {object}: {problem}")]
    SourceValue {
        /// The field.
        path: String,
        /// The object.
        object: String,
        /// Why.
        problem: Box<Problem>,
        /// Which part of the path exists.
        reached: Box<Reached>,
    },
    /// A part of a value that there is not. The value is not printed, since it may be a secret.
    #[error("options.index {index} is out of bounds for value")]
    Index {
        /// The number of the part.
        index: i64,
        /// How many there are.
        count: usize,
    },
    /// A delimiter for a value that is no text.
    #[error("delimiter option can only be used with scalar nodes")]
    DelimiterNeedsScalar,
    /// A target that selects nothing.
    #[error("target must specify resources to select")]
    NoTarget,
    /// A target that lacks the field.
    #[error("unable to find{} field {path:?} in replacement target{}", if *creates { " or create" } else { "" }, Because(problem.as_deref()))]
    Field {
        /// The field.
        path: String,
        /// Whether it would be made.
        creates: bool,
        /// Why it was not found.
        problem: Option<Box<Problem>>,
        /// Which part of the path exists.
        reached: Option<Box<Reached>>,
    },
    /// An element of a path that is not `[name=value]`.
    #[error("list path element must contain fieldName=fieldValue for element to match")]
    PathElement {
        /// The element.
        part: String,
    },
    /// A negative array index.
    #[error("array index {index} cannot be negative")]
    PathIndex {
        /// The index.
        index: i64,
    },
    /// An array index behind the end.
    #[error("index {index} specified but only {count} elements found")]
    PathTooFar {
        /// The index.
        index: usize,
        /// The number of elements.
        count: usize,
    },
    /// A `*` where one field is wanted.
    #[error("wildcard is not supported in PathGetter")]
    PathWildcard,
}

impl ReplacementProblem {
    pub(super) fn advice(&self) -> String {
        match self {
            Self::File { .. } => "write a replacement or a list of them".to_owned(),
            Self::SourceMissing { there, .. } => format!("the build has {there}"),
            Self::SourceAmbiguous { places, .. } => {
                format!(
                    "name the object more closely; they are at {}",
                    Listed(places)
                )
            }
            Self::SourceField { reached, .. } | Self::Field { reached, .. } => reached
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            Self::SourceValue {
                problem, reached, ..
            } => match problem.advice() {
                advice if advice.is_empty() => reached.to_string(),
                advice => advice,
            },
            Self::Index { count: 1, .. } => "the value has 1 part; the first one is 0".to_owned(),
            Self::Index { count, .. } => {
                format!("the value has {count} parts; the first one is 0")
            }
            Self::NoTarget => "add `select`".to_owned(),
            Self::PathElement { part } => format!("it is {part}; write [name=value]"),
            Self::Incomplete
            | Self::TwoSources
            | Self::PathAndInline
            | Self::DelimiterNeedsScalar
            | Self::PathIndex { .. }
            | Self::PathTooFar { .. }
            | Self::PathWildcard => String::new(),
        }
    }
}
