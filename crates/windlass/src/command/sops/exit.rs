//! The exit codes of sops 3.11.0, by which scripts tell failures apart.

use crate::failure::Failure;

/// Why the program ends, as sops 3.11.0 counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Exit {
    /// Anything without a code of its own: configuration, metadata, keys that do not encrypt.
    Generic = 1,
    /// The input cannot be read, or is not of its format.
    CannotRead = 2,
    /// The output cannot be written.
    CannotWrite = 3,
    /// The values do not fit into the format of the output.
    CannotDump = 4,
    /// An encryption context is no list of pairs.
    BadContext = 6,
    /// The path or the value of `set` and `unset` is malformed.
    BadSet = 7,
    /// Options contradict each other.
    Conflict = 8,
    /// A value cannot be encrypted.
    Encrypting = 23,
    /// A value cannot be decrypted.
    Decrypting = 25,
    /// Keys of a file are to change that is not there.
    KeysOfNoFile = 49,
    /// The MAC is missing or wrong.
    Mac = 51,
    /// A person or another program asked for an end.
    Interrupted = 85,
    /// The path of `--extract` is malformed.
    BadExtract = 91,
    /// The input has no document.
    NoDocument = 92,
    /// No file was named, or it is not there.
    NoFile = 100,
    /// The decryption order names a type twice.
    DuplicateOrder = 112,
    /// No key opens the document.
    NoDataKey = 128,
    /// The editor was left without a change.
    Unchanged = 200,
    /// There is no editor, or it failed.
    NoEditor = 201,
    /// The document is encrypted already.
    AlreadyEncrypted = 203,
}

impl Exit {
    /// Returns the failure with this code and one cause.
    pub(super) fn because(self, text: impl Into<String>) -> Failure {
        self.with(Failure::of([text.into()]))
    }

    /// Returns a failure with this code.
    pub(super) fn with(self, failure: impl Into<Failure>) -> Failure {
        failure.into().with_code(self as u8)
    }
}
