//! What can be wrong with a text.

use std::fmt;

use thiserror::Error;

use crate::node::Position;

/// A text that cannot be read as YAML.
///
/// Messages begin with `line N: ` as go-yaml's do and carry its wording where that is well known; the
/// full place is [`ParseError::position`], and [`ParseError::in_file`] prints it before the message.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ParseError {
    /// The bytes are not UTF-8 (nor UTF-16 with a byte order mark).
    #[error("line {}: invalid UTF-8: save the file as UTF-8 text", at.line)]
    Encoding {
        /// The first byte that is wrong.
        at: Position,
    },
    /// A character that YAML does not allow.
    #[error("line {}: control characters are not allowed: remove {:?} or write it as an escape in double quotes", at.line, character)]
    ControlCharacter {
        /// Where it is.
        at: Position,
        /// The character.
        character: char,
    },
    /// The structure is wrong.
    #[error("line {}: {problem}{}{}", at.line, Context(*context), advice(problem))]
    Syntax {
        /// Where the problem was found.
        at: Position,
        /// The problem in libyaml's and go-yaml's words.
        problem: &'static str,
        /// What was being read, and where that began.
        context: Option<(&'static str, Position)>,
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
    /// An alias names an anchor that no earlier node of the document has. The name is not printed, since it
    /// may be a secret whose quotes were forgotten.
    #[error("line {}: unknown anchor referenced: define the anchor before this alias, or quote a text that begins with *", at.line)]
    UnknownAnchor {
        /// The alias.
        at: Position,
    },
    /// An alias stands inside the node that it refers to.
    #[error("line {}: anchor '{name}' value contains itself", at.line)]
    RecursiveAnchor {
        /// The alias.
        at: Position,
        /// The name.
        name: String,
    },
    /// A merge key whose value cannot be merged.
    #[error("line {}: map merge requires map or sequence of maps as the value", at.line)]
    Merge {
        /// The value of the merge key.
        at: Position,
    },
    /// A mapping has two merge keys.
    #[error("line {}: duplicate merge key, the first is at line {}: merge a list instead, <<: [*a, *b]", at.line, first.line)]
    DuplicateMerge {
        /// The later merge key.
        at: Position,
        /// The earlier one.
        first: Position,
    },
    /// One of the [`Limits`](crate::Limits) is exceeded.
    #[error("line {}: {what} over the limit of {limit}", at.line)]
    Limit {
        /// Where the limit was reached.
        at: Position,
        /// What there is too much of.
        what: LimitKind,
        /// The limit.
        limit: usize,
    },
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitKind {
    /// Bytes of the text.
    Bytes,
    /// Collections within each other.
    Depth,
    /// Nodes of all documents.
    Nodes,
    /// Nodes that aliases expand to.
    Expansion,
    /// `%TAG` directives of a document.
    Directives,
    /// Bytes of the prefix that a `%TAG` directive declares.
    TagPrefix,
}

impl fmt::Display for LimitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytes => "number of bytes",
            Self::Depth => "exceeded max depth: nesting",
            Self::Nodes => "number of nodes",
            Self::Expansion => "document contains excessive aliasing: number of nodes",
            Self::Directives => "number of %TAG directives",
            Self::TagPrefix => "bytes of the prefix of a %TAG directive",
        })
    }
}

impl ParseError {
    /// Returns where the error is.
    pub fn position(&self) -> Position {
        match self {
            Self::Encoding { at }
            | Self::ControlCharacter { at, .. }
            | Self::Syntax { at, .. }
            | Self::DuplicateKey { at, .. }
            | Self::UnknownAnchor { at }
            | Self::RecursiveAnchor { at, .. }
            | Self::Merge { at }
            | Self::DuplicateMerge { at, .. }
            | Self::Limit { at, .. } => *at,
        }
    }

    /// Returns the error as `file:line:column: message`.
    pub fn in_file(&self, file: &str) -> String {
        format!("{file}:{}: {self}", self.position())
    }
}

/// Prints what was being read, with the line when there is one.
struct Context(Option<(&'static str, Position)>);

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some((context, at)) if at.is_known() => write!(f, " {context} at line {}", at.line),
            Some((context, _)) => write!(f, " {context}"),
            None => Ok(()),
        }
    }
}

/// Says what to do about the mistakes that people make most.
fn advice(problem: &str) -> &'static str {
    match problem {
        "found character that cannot start any token" => {
            ": indent with spaces, not tabs, and quote texts that begin with @, ` or %"
        }
        "mapping values are not allowed in this context" => {
            ": quote a text that contains a colon and a space, or correct the indentation"
        }
        "could not find expected ':'" => ": add the colon, or correct the indentation",
        "did not find expected key" | "did not find expected '-' indicator" => {
            ": correct the indentation"
        }
        "found unexpected end of stream" => ": close the quote",
        _ => "",
    }
}
