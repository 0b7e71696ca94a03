//! The nodes of a document.

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

/// A YAML value with everything that its text said beside the value.
///
/// Two nodes are equal when their values, tags and styles are; positions and comments do not count.
/// `same_value` ignores styles too.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// What the node holds.
    pub value: Value,
    /// The explicit tag, such as `!!str` written out as `tag:yaml.org,2002:str`.
    pub tag: Option<Box<str>>,
    /// The anchor, without `&`.
    pub anchor: Option<Box<str>>,
    /// Where the node starts.
    pub start: Position,
    /// Where the node ends, exclusive.
    pub end: Position,
    /// The comments that belong to the node.
    pub comments: Option<Box<Comments>>,
}

/// What a node holds.
#[derive(Clone, Debug)]
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

/// Pairs of key and value in the order of the text, and how they were written.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    /// The pairs.
    pub entries: Vec<Entry>,
}

/// One pair of a mapping.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key, nearly always a scalar.
    pub key: Node,
    /// The value.
    pub value: Node,
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

impl Default for Value {
    fn default() -> Self {
        Self::Scalar(Scalar {
            text: "null".into(),
            style: ScalarStyle::Plain,
        })
    }
}
