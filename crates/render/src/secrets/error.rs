//! What can be wrong with a Secret, and what is odd about one.

use windlass_sops::{
    DecryptError, EmitError, Format, Located as _, ParseError, RevealError, Source,
};
use windlass_tree::{TreeError, TreePath};

use crate::decryption::MacFailure as _;

use super::nodes::DECRYPT;
use super::{SECRET, STUB, VALUES};

/// Why a Secret cannot be put together.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{path}{}: {problem}", shown_place(*line, *column))]
pub struct SecretError {
    /// The file that has to change: the stub or an encrypted value.
    pub path: TreePath,
    /// The line, counted from 1; 0 when the whole file is meant.
    pub line: u32,
    /// The column in characters, counted from 1; 0 when the whole line is meant.
    pub column: u32,
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
    /// The stub itself is encrypted.
    #[error(
        "is encrypted, and a stub has nothing to hide: open it (`windlass sops decrypt -i`), give each of its values a file of its own (`windlass secret set`), and leave their places empty"
    )]
    EncryptedStub,
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
    #[error("{_0}{}", advice(_0))]
    Decrypt(#[from] DecryptError),
    /// An encrypted value was not encrypted as a whole file.
    #[error("{0}")]
    Content(#[from] EmitError),
    /// A decrypted value is not UTF-8 where only text can stand.
    #[error("has a value that is not UTF-8; put it into data of a Secret, in Base64")]
    NotText,
    /// Something is wrong with one value.
    #[error("the value {key}: {problem}")]
    Value {
        /// The key of the value, or its place.
        key: String,
        /// What is wrong.
        problem: Box<SecretProblem>,
    },
    /// A replacement or the like took an encrypted value of one kind into an object of another.
    #[error("{_0}")]
    Spread(Box<Spread>),
    /// An object is still encrypted in part.
    #[error(
        "{object} is still encrypted at {field}: only manifests, patches, files of secretGenerator and .sops/NAME.enc are decrypted, each with its sops metadata; if something in the cluster decrypts this object, annotate it {DECRYPT}: Disabled"
    )]
    StillEncrypted {
        /// The object.
        object: String,
        /// The first such place.
        field: String,
    },
    /// A Secret is to stay encrypted, and cannot be applied so.
    #[error(
        "{object} is encrypted and has the annotation {DECRYPT}: Disabled; no cluster takes a Secret with sops metadata: remove the annotation"
    )]
    LeftAlone {
        /// The Secret.
        object: String,
    },
    /// A value of a Secret is a number or the like.
    #[error("{object} has at {field} no text; encrypt it again as a text, in quotes")]
    NotString {
        /// The Secret.
        object: String,
        /// The place of the value.
        field: String,
    },
    /// The tree did not answer.
    #[error("{0}")]
    Tree(TreeError),
    /// The merged Secret cannot be printed.
    #[error("{0}")]
    Print(windlass_yaml::PrintError),
}

/// An encrypted value of one kind in an object of another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{object} would have at {field} a value that is encrypted in {file} for a {kind}; a decrypted value may only be in the kind of object that it was encrypted in: read it from the {kind} in the cluster"
)]
pub struct Spread {
    /// The object that would have it.
    pub object: String,
    /// The place in it.
    pub field: String,
    /// The file that has it encrypted.
    pub file: TreePath,
    /// The kind of object that it was encrypted in.
    pub kind: String,
}

impl From<RevealError> for SecretProblem {
    fn from(error: RevealError) -> Self {
        match error {
            RevealError::Decrypt(error) => error.into(),
            RevealError::Emit(error) => error.into(),
        }
    }
}

impl SecretProblem {
    /// Returns whether it may be gone when tried again.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Decrypt(DecryptError::NoKey(error)) => error.is_transient(),
            Self::Value { problem, .. } => problem.is_transient(),
            _ => false,
        }
    }

    /// Returns the problem as one of a value.
    pub(super) fn in_value(self, key: &str) -> Self {
        let (key, problem) = (key.to_owned(), Box::new(self));
        Self::Value { key, problem }
    }

    /// Returns the error of the file at `path`, at the place that the problem knows.
    pub(super) fn at(self, path: TreePath) -> SecretError {
        let (line, column) = match &self {
            Self::Yaml(error) => (error.position().line, error.position().column),
            Self::Parse(ParseError::Syntax(error)) => (error.line, error.column),
            _ => (0, 0),
        };
        SecretError {
            column,
            ..self.at_line(path, line)
        }
    }

    /// Returns the error of the file at `path`, at the place in its text of what is wrong, if that is told.
    pub(super) fn in_text(self, path: TreePath, text: &[u8], format: Format) -> SecretError {
        let place = match &self {
            Self::Parse(error) => error.place(),
            Self::Decrypt(error) => error.place(),
            _ => None,
        };
        match place.and_then(|place| Source::new(text, format).position(&place)) {
            Some(at) => SecretError {
                column: at.column,
                ..self.at_line(path, at.line)
            },
            None => self.at(path),
        }
    }

    /// Returns the error of the file at `path` in this line; 0 means the whole file.
    pub(super) fn at_line(self, path: TreePath, line: u32) -> SecretError {
        SecretError {
            path,
            line,
            column: 0,
            problem: self,
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

fn advice(error: &DecryptError) -> &'static str {
    if error.is_of_mac() {
        "; if it has to be opened as it is, name it by --ignore-mac"
    } else {
        ""
    }
}

fn shown_place(line: u32, column: u32) -> String {
    match (line, column) {
        (0, _) => String::new(),
        (line, 0) => format!(":{line}"),
        (line, column) => format!(":{line}:{column}"),
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
    /// The MAC of a file is wrong, and the caller wanted it opened nonetheless.
    #[error(
        "{path}: does not match its MAC and was opened because --ignore-mac says so: values may have been altered, removed or reordered"
    )]
    MacIgnored {
        /// The file.
        path: TreePath,
    },
    /// A manifest of another kind than Secret is encrypted.
    #[error(
        "{path}: {object} has {count} decrypted value{} outside of a Secret, for everybody to see who can read it in the cluster", plural(*count)
    )]
    Exposed {
        /// The file that has the object.
        path: TreePath,
        /// The object.
        object: String,
        /// How many values.
        count: usize,
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

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

impl SecretWarning {
    /// Returns what was odd about a document of the file at `path`.
    pub(super) fn of_document(
        path: &TreePath,
        odd: &[windlass_sops::Warning],
        is_mac_wrong: bool,
    ) -> Vec<Self> {
        let odd = odd.iter().map(|warning| Self::Sops {
            path: path.clone(),
            warning: warning.clone(),
        });
        let ignored = is_mac_wrong.then(|| Self::MacIgnored { path: path.clone() });
        odd.chain(ignored).collect()
    }
}
