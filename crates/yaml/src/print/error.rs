//! What cannot be printed.

use thiserror::Error;

use crate::error::ParseError;
use crate::node::Position;

/// A value that `kustomize build` cannot print either.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum PrintError {
    /// An infinity or NaN.
    #[error("line {}: json: unsupported value: {}: JSON has finite numbers only, quote it to have a string", at.line, GoFloat(*value))]
    NotFinite {
        /// Where it is.
        at: Position,
        /// The number.
        value: f64,
    },
    /// A key of another type than string, below the top of an object.
    #[error("line {}: json: unsupported type: map[interface {{}}]interface {{}}: quote the key {key}, which is not a string", at.line)]
    KeyNotString {
        /// The key.
        at: Position,
        /// Its text.
        key: String,
    },
    /// A key that is too long.
    #[error("line {}: a key of more than {limit} characters cannot be read back", at.line)]
    KeyTooLong {
        /// The key.
        at: Position,
        /// The most characters that its JSON form may have, quotes included.
        limit: usize,
    },
    /// A mapping has the same key twice.
    #[error("line {}: mapping key {key:?} already defined at line {}", at.line, first.line)]
    DuplicateKey {
        /// The later key.
        at: Position,
        /// The key.
        key: String,
        /// The earlier key.
        first: Position,
    },
    /// A character that go-yaml does not read, not even in quotes.
    #[error("line {}: yaml: control characters are not allowed: {character:?}", at.line)]
    ControlCharacter {
        /// The scalar.
        at: Position,
        /// The character.
        character: char,
    },
    /// A block text that begins with a tab.
    #[error("line {}: yaml: found a tab character where an indentation space is expected: begin the text with something else, or write it in double quotes", at.line)]
    LeadingTab {
        /// The scalar.
        at: Position,
    },
    /// Comments in brackets that go-yaml v3 prints in places where it cannot read them.
    #[error("line {}: printed with its comments the object cannot be read again ({error}): write its lists and mappings without brackets, or without comments in them", at.line)]
    NotReadBack {
        /// The object.
        at: Position,
        /// What is wrong with the text that was printed.
        error: ParseError,
    },
    /// `!!binary` with something else than base64.
    #[error("line {}: !!binary value contains invalid base64 data", at.line)]
    Base64 {
        /// The scalar.
        at: Position,
    },
    /// A tag that does not fit the value, which is not printed, since it may be a secret.
    #[error("line {}: cannot decode the value as a {tag}: remove the tag, or write a value of its type", at.line)]
    Tag {
        /// The scalar.
        at: Position,
        /// Its tag.
        tag: String,
    },
    /// An alias that was not expanded.
    #[error("line {}: the alias *{name} was not expanded", at.line)]
    Alias {
        /// The alias.
        at: Position,
        /// The name of the anchor.
        name: String,
    },
    /// A merge key that was not expanded.
    #[error("line {}: the merge key << was not expanded", at.line)]
    MergeKey {
        /// The key.
        at: Position,
    },
}

impl PrintError {
    /// Returns where the value stood in its text; unknown when a program made it.
    pub fn position(&self) -> Position {
        match self {
            Self::NotFinite { at, .. }
            | Self::KeyNotString { at, .. }
            | Self::KeyTooLong { at, .. }
            | Self::DuplicateKey { at, .. }
            | Self::ControlCharacter { at, .. }
            | Self::LeadingTab { at }
            | Self::NotReadBack { at, .. }
            | Self::Base64 { at }
            | Self::Tag { at, .. }
            | Self::Alias { at, .. }
            | Self::MergeKey { at } => *at,
        }
    }
}

/// Prints infinities and NaN as Go does.
struct GoFloat(f64);

impl std::fmt::Display for GoFloat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            f64::INFINITY => f.write_str("+Inf"),
            f64::NEG_INFINITY => f.write_str("-Inf"),
            other => write!(f, "{other}"),
        }
    }
}
