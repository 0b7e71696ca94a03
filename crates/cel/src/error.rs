//! What can be wrong with a program, and what can go wrong when it runs.

use kube_cel::cel::ExecutionError;

/// Why a text is no program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// The text is too long, or nested too deeply, to be compiled safely.
    #[error("the expression has {found} {what}, and at most {limit} are allowed")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        found: usize,
        /// How much is allowed.
        limit: usize,
    },
    /// The text is not in the language.
    #[error("{line}:{column}: {message}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// A name is none of the variables.
    #[error("{line}:{column}: undeclared reference to '{name}' (in container '')")]
    Undeclared {
        /// The name.
        name: String,
        /// The line where it is, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// A part of the language that is not evaluated here.
    #[error("{what} is not supported here")]
    Unsupported {
        /// What it is.
        what: String,
    },
}

impl CompileError {
    /// Returns the line and column where the mistake is, both from 1, where that is known.
    #[must_use]
    pub fn place(&self) -> Option<(usize, usize)> {
        match self {
            Self::Syntax { line, column, .. } | Self::Undeclared { line, column, .. } => {
                Some((*line, *column))
            }
            Self::TooLarge { .. } | Self::Unsupported { .. } => None,
        }
    }

    /// Returns what is wrong, without the place.
    #[must_use]
    pub fn message(&self) -> String {
        let text = self.to_string();
        match self.place() {
            Some((line, column)) => {
                let place = format!("{line}:{column}: ");
                text.strip_prefix(&place).unwrap_or(&text).to_owned()
            }
            None => text,
        }
    }
}

/// Why a program has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// It could take too long.
    #[error("the expression may cost {cost}, and at most {limit} are allowed")]
    TooCostly {
        /// The upper bound of its cost.
        cost: u64,
        /// What is allowed.
        limit: u64,
    },
    /// It fails with these values, in the words of cel-go 0.26.
    #[error("{0}")]
    Failed(String),
    /// The result is of another type.
    #[error("the expression gives {found}, not {wanted}")]
    Type {
        /// The type of the result.
        found: String,
        /// The type that was wanted.
        wanted: &'static str,
    },
}

/// Errors carry no values: an object may be a Secret.
impl From<ExecutionError> for EvaluationError {
    fn from(error: ExecutionError) -> Self {
        Self::Failed(match error {
            ExecutionError::NoSuchKey(key) => format!("no such key: {key}"),
            ExecutionError::UndeclaredReference(name) => format!("no such attribute(s): {name}"),
            ExecutionError::DivisionByZero(_) => "division by zero".to_owned(),
            ExecutionError::RemainderByZero(_) => "modulus by zero".to_owned(),
            ExecutionError::Overflow(..) => "integer overflow".to_owned(),
            ExecutionError::IndexOutOfBounds(_) => "index out of bounds".to_owned(),
            ExecutionError::FunctionError { function, .. } if function == "quantity" => {
                "quantities must match the regular expression \
                 '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
                    .to_owned()
            }
            ExecutionError::FunctionError { function, .. } if function == "value" => {
                "optional.none() dereference".to_owned()
            }
            ExecutionError::FunctionError { function, .. } => {
                format!("{function} does not take what it is given")
            }
            _ => "no such overload".to_owned(),
        })
    }
}
