//! The nodes of a document.

use std::fmt;

use crate::extras::{End, Extras};
use crate::mapping::Mapping;

/// Where something stands in a text. Lines and columns count from 1, `offset` is in bytes from 0.
///
/// The default (line 0) means that the node was made by a program and stands nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, counted from 1; 0 when the node was not read from a text.
    pub line: u32,
    /// The column in characters, counted from 1.
    pub column: u32,
    /// The byte offset from the start of the text.
    pub offset: u32,
}

impl Position {
    /// Returns whether this is a place in a text.
    pub fn is_known(self) -> bool {
        self.line > 0
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A YAML value with everything that its text said beside the value.
///
/// Two nodes are equal when their values, tags and styles are; positions, comments and layouts do not
/// count. [`Node::same_value`] ignores styles too.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// What the node holds.
    pub value: Value,
    /// Tag, anchor and comments: large builds hold millions of nodes, of which few have any.
    pub(crate) extras: Option<Box<Extras>>,
    /// Where the node starts.
    pub start: Position,
    /// Where the node ends, and the layout.
    pub(crate) end: End,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A single value as it was written; what type it has is a question of the schema.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Node>),
    /// Pairs in the order of the text.
    Mapping(Mapping),
    /// A reference to the anchor of this name.
    Alias(Box<str>),
}

/// The text of a scalar and the style it was written in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// The text after unquoting and unfolding.
    pub text: Box<str>,
    /// How it was written.
    pub style: ScalarStyle,
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ScalarStyle {
    /// Without quotes: its type follows from its text.
    #[default]
    Plain,
    /// `'single quotes'`: always a string.
    SingleQuoted,
    /// `"double quotes"`: always a string.
    DoubleQuoted,
    /// `|`: always a string.
    Literal,
    /// `>`: always a string.
    Folded,
}

/// How a collection was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Layout {
    /// One line for each entry, structured by indentation.
    #[default]
    Block,
    /// In brackets or braces, as in JSON.
    Flow,
}

/// The comments of a node, each with its `#`, lines separated by line feeds (as go-yaml v3 binds them).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comments {
    /// In the lines before the node.
    pub head: String,
    /// At the end of the node's line.
    pub line: String,
    /// In the lines after the node.
    pub foot: String,
}

/// One document of a text.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// The value; null when the document is empty.
    pub root: Node,
    /// Whether the document started with `---`.
    pub explicit_start: bool,
    /// The comments before and after the root (only `head` and `foot` are used).
    pub comments: Comments,
}

impl Document {
    /// Returns the root with the comment at the end of the document, which is a part of what
    /// [`print_build`](crate::print_build) and [`Node::to_json`] look at: behind a block that keeps its
    /// line breaks (`|+`) it adds one.
    pub fn into_root(self) -> Node {
        let mut root = self.root;
        if !self.comments.foot.is_empty() {
            root.comments_mut().foot = self.comments.foot;
        }
        root
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value && self.tag() == other.tag() && self.anchor() == other.anchor()
    }
}

impl Default for Value {
    fn default() -> Self {
        Self::Scalar(Scalar {
            text: "null".into(),
            style: ScalarStyle::Plain,
        })
    }
}
