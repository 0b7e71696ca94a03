//! Something that should be changed.

use serde::Serialize;
use windlass_tree::TreePath;

use super::super::checkout::Checkout;

/// Something that should be changed. It never holds a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Finding {
    pub(super) file: String,
    /// Counted from 1; 0 when the whole file is meant.
    pub(super) line: u32,
    pub(super) severity: Severity,
    /// What kind of finding it is, for programs.
    pub(super) kind: Kind,
    pub(super) message: String,
    /// What to do.
    pub(super) advice: String,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Severity {
    /// A secret is in the open, or something does not work.
    Error,
    /// Something is odd.
    Warning,
}

/// What kind of finding it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    PrivateKey,
    SecretInClear,
    GeneratorInClear,
    NotEncrypted,
    NotDeployed,
    Placeholder,
    Damaged,
    NotOpened,
    OtherKeys,
    Configuration,
    TrailingNewline,
    MalformedUrl,
    SameValue,
    LeftBehind,
}

impl Finding {
    pub(super) fn error(
        path: &TreePath,
        line: u32,
        kind: Kind,
        message: impl Into<String>,
    ) -> Self {
        Self {
            file: path.as_str().to_owned(),
            line,
            severity: Severity::Error,
            kind,
            message: message.into(),
            advice: kind.advice().to_owned(),
        }
    }

    pub(super) fn warning(
        path: &TreePath,
        line: u32,
        kind: Kind,
        message: impl Into<String>,
    ) -> Self {
        let severity = Severity::Warning;
        Self {
            severity,
            ..Self::error(path, line, kind, message)
        }
    }

    /// Names the file as seen from where people are.
    pub(super) fn shorten(&mut self, checkout: &Checkout) {
        if let Ok(path) = TreePath::new(&self.file) {
            self.file = checkout.shown(&path);
        }
    }

    /// Returns `file:line`, or the file alone.
    pub(super) fn place(&self) -> String {
        match self.line {
            0 => self.file.clone(),
            line => format!("{}:{line}", self.file),
        }
    }
}

impl Kind {
    /// Returns what to do.
    fn advice(self) -> &'static str {
        match self {
            Self::PrivateKey => "remove it, and make a new key: the history of Git keeps this one",
            Self::SecretInClear => {
                "move the value into .sops/ with `windlass secret set`, and change it: the history of Git keeps it"
            }
            Self::GeneratorInClear => {
                "if it is no secret, a configMapGenerator says so; if it is one, encrypt it with sops"
            }
            Self::NotEncrypted => {
                "encrypt it with `windlass secret set`; if it was committed, change the value too"
            }
            Self::NotDeployed => "list secret.yaml under resources, or remove what is not used",
            Self::Placeholder => "set the value with `windlass secret set`, or remove the key",
            Self::Damaged => "take the file from the last good commit, or set the value again",
            Self::NotOpened => {
                "get one of these keys, or have the file encrypted for yours: `windlass secret rekey`"
            }
            Self::OtherKeys => {
                "encrypt it anew with `windlass secret rekey`, or correct .sops.yaml"
            }
            Self::Configuration => "correct it: new values are encrypted by it",
            Self::TrailingNewline => "set it again with --trim, unless the line feed belongs to it",
            Self::MalformedUrl => "set it again; --postgres and --mongodb escape what must be",
            Self::SameValue => "who learns one knows all; give each its own",
            Self::LeftBehind => "remove it, or have --clean do so: nobody needs it",
        }
    }
}
