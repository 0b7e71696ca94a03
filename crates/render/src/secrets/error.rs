//! What can be wrong with a Secret, and what is odd about one.

use windlass_sops::{DecryptError, EmitError, ParseError};
use windlass_tree::{TreeError, TreePath};

use super::{SECRET, STUB, VALUES};

/// Why a Secret cannot be put together.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{path}{}: {problem}", shown_line(*line))]
pub struct SecretError {
    /// The file that has to change: the stub or an encrypted value.
    pub path: TreePath,
    /// The line, counted from 1; 0 when the whole file is meant.
    pub line: u32,
    /// What is wrong with it.
    pub problem: SecretProblem,
}

/// What is wrong with a stub or an encrypted value.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SecretProblem {
    /// There are encrypted values and no stub to put them into.
    #[error("is missing: write the Secret without its values there, or add a plain {SECRET}")]
    NoStub,
    /// There is a stub and no directory of values.
    #[error("is missing: put the encrypted values of the {STUB} beside it there, as NAME.enc")]
    NoValues,
    /// One of the values is a symbolic link that leads nowhere: without it, the Secret would lose a key.
    #[error("is a symbolic link that leads nowhere; correct it or remove it")]
    Dangling,
    /// The stub is not YAML.
    #[error("{}", without_line(_0))]
    Yaml(windlass_yaml::ParseError),
    /// The stub has not one document.
    #[error("has {count} documents; a stub is one Secret")]
    Documents {
        /// How many it has.
        count: usize,
    },
    /// The stub is no Secret, so its values would be shown in the clear.
    #[error("is not a Secret (kind: {kind}); decrypted values may only go into one")]
    NotSecret {
        /// Its kind, empty when it has none.
        kind: String,
    },
    /// The `data` of the stub is neither a mapping nor nothing.
    #[error("data is not a mapping")]
    Data,
    /// A value of the stub was to be replaced, and there is nothing to replace it with.
    #[error("the value of {key} is a placeholder, and {VALUES}/{key}.enc does not exist")]
    Placeholder {
        /// The key.
        key: String,
    },
    /// The name of an encrypted value cannot be a key of a Secret.
    #[error(
        "{key:?} cannot be a key of a Secret: use letters, digits, '-', '_' and '.', at most 253"
    )]
    Key {
        /// The key.
        key: String,
    },
    /// An encrypted value is no document of sops.
    #[error("{}", without_place(_0))]
    Parse(#[from] ParseError),
    /// An encrypted value cannot be opened.
    #[error("{0}")]
    Decrypt(#[from] DecryptError),
    /// An encrypted value was not encrypted as a whole file.
    #[error("{0}")]
    Content(#[from] EmitError),
    /// The tree did not answer.
    #[error("{0}")]
    Tree(TreeError),
    /// The merged Secret cannot be printed.
    #[error("{0}")]
    Print(windlass_yaml::PrintError),
}

impl SecretProblem {
    /// Returns the error of the file at `path`, at the line that the problem knows.
    pub(super) fn at(self, path: TreePath) -> SecretError {
        let line = match &self {
            Self::Yaml(error) => error.position().line,
            Self::Parse(ParseError::Syntax(error)) => error.line,
            _ => 0,
        };
        self.at_line(path, line)
    }

    /// Returns the error of the file at `path` in this line; 0 means the whole file.
    pub(super) fn at_line(self, path: TreePath, line: u32) -> SecretError {
        let problem = self;
        SecretError {
            path,
            line,
            problem,
        }
    }
}

fn without_place(error: &ParseError) -> String {
    match error {
        ParseError::Syntax(error) => format!(
            "{}, so it was not encrypted by sops (or is damaged)",
            error.reason
        ),
        other => other.to_string(),
    }
}

fn shown_line(line: u32) -> String {
    match line {
        0 => String::new(),
        line => format!(":{line}"),
    }
}

/// The message of the reader begins with the line, which the error shows behind the path.
fn without_line(error: &windlass_yaml::ParseError) -> String {
    let message = error.to_string();
    match message.split_once(": ") {
        Some((line, rest)) if line.starts_with("line ") => rest.to_owned(),
        _ => message,
    }
}

/// Something about a Secret that works and should be changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretWarning {
    /// A value ends in a line feed, which hardly ever belongs to it.
    #[error("{path}: the value ends in a line feed; encrypt it without one (printf, not echo)")]
    TrailingNewline {
        /// The encrypted value.
        path: TreePath,
    },
    /// A Secret in the clear stands where the merged one goes.
    #[error(
        "{path}: a Secret in the clear is committed; it is not used, because {STUB} and {VALUES} make it anew: remove it and change what it holds"
    )]
    Committed {
        /// The file.
        path: TreePath,
    },
    /// There are encrypted values, and the build did not ask for the Secret.
    #[error(
        "{path}: the encrypted values beside this stub are not deployed; list {SECRET} under resources"
    )]
    Unused {
        /// The stub.
        path: TreePath,
    },
    /// Something about an encrypted value.
    #[error("{path}: {warning}")]
    Sops {
        /// The encrypted value.
        path: TreePath,
        /// What is odd.
        warning: windlass_sops::Warning,
    },
}
