//! Why a file cannot be edited, and what an edit found to say.

use std::fmt;

use thiserror::Error;
use windlass_yaml::{ParseError, Position, RewriteError};

use super::pattern::PatternError;
use crate::error::BuildErrors;

/// An edit that cannot be made. Nothing has changed then.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FileError {
    /// The file is not YAML.
    #[error("{}", error.in_file(file))]
    Yaml {
        /// The file.
        file: String,
        /// What is wrong.
        error: ParseError,
    },
    /// The file is no kustomization.
    #[error(transparent)]
    Invalid(BuildErrors),
    /// The text cannot hold the change.
    #[error("{file}:{error}")]
    Rewrite {
        /// The file.
        file: String,
        /// Why not.
        error: RewriteError,
    },
    /// The edit would change something that is written elsewhere.
    #[error(
        "{file}:{at}: `{field}` is written with an alias or a merge key: write its values out before the edit"
    )]
    Alias {
        /// The file.
        file: String,
        /// Where the alias is.
        at: Position,
        /// The field.
        field: String,
    },
    /// A field that is removed would still come from a merge key.
    #[error("{file}:{at}: `{field}` comes from this merge key: remove it from what is merged")]
    Merged {
        /// The file.
        file: String,
        /// Where the merge key is.
        at: Position,
        /// The field.
        field: String,
    },
    /// Something is added that is there.
    #[error("{file}: {what} {name} is already there{advice}")]
    Present {
        /// The file.
        file: String,
        /// What it is, such as `label`.
        what: &'static str,
        /// Its name.
        name: String,
        /// What to do, after a separator; may be empty.
        advice: &'static str,
    },
    /// Something is to be changed or removed that is not there.
    #[error("{file}: there is no {what} {name}{}", Known(known))]
    Absent {
        /// The file.
        file: String,
        /// What it is, such as `label`.
        what: &'static str,
        /// Its name.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A label is in `commonLabels` and in `labels`.
    #[error("{file}: label {name} is in both commonLabels and labels: remove it from one of them")]
    LabelTwice {
        /// The file.
        file: String,
        /// The label.
        name: String,
    },
    /// A literal that is not a key and a value.
    #[error("{file}: literal {key}… is not of the form key=value with a single =")]
    Literal {
        /// The file.
        file: String,
        /// What stands before the first `=`; the value may be a secret.
        key: String,
    },
    /// A pattern that means nothing.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// A var that no delimiter cuts out of its text.
    #[error(
        "{file}:{line}: cannot convert all vars to replacements; {var} is not delimited: write the same character before and behind it"
    )]
    VarBetween {
        /// The file with the text.
        file: String,
        /// The line.
        line: u32,
        /// The var as it is written.
        var: String,
    },
    /// A var in a JSON patch, where no replacement reaches.
    #[error(
        "{file}: {var} stands in a JSON patch, where no replacement reaches: make it a strategic merge patch"
    )]
    VarInJsonPatch {
        /// The file with the patch.
        file: String,
        /// The var as it is written.
        var: String,
    },
}

/// Prints what there is.
struct Known<'a>(&'a [String]);

impl fmt::Display for Known<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => f.write_str("; there are none"),
            names => write!(f, "; there is {}", names.join(", ")),
        }
    }
}

/// Something that was asked for and needed no edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// It is there already.
    Present {
        /// What it is, such as `resource`.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// It is not there.
    Absent {
        /// What it is, such as `resource`.
        what: &'static str,
        /// Its name or pattern.
        name: String,
    },
    /// A field of `helmChartInflationGenerator` that `helmCharts` has nothing for.
    Dropped(&'static str),
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Present { what, name } => {
                write!(f, "{what} {name} already in kustomization file")
            }
            Self::Absent { what, name } => {
                write!(f, "{what} {name} doesn't exist in kustomization file")
            }
            Self::Dropped(field) => {
                write!(
                    f,
                    "{field} of a Helm chart is gone: helmCharts has no such field"
                )
            }
        }
    }
}
