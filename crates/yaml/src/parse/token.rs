//! What the scanner hands to the parser.

use std::borrow::Cow;

use super::ScalarStyle;
use super::cursor::Mark;

/// A token and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: TokenKind<'a>,
    pub(super) start: Mark,
    pub(super) end: Mark,
}

/// The tokens of YAML, as libyaml has them.
#[derive(Clone, Debug)]
pub(super) enum TokenKind<'a> {
    StreamStart,
    StreamEnd,
    /// `%YAML` with its version.
    Version(u32, u32),
    /// `%TAG` with handle and prefix.
    TagDirective(&'a str, String),
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(&'a str),
    Anchor(&'a str),
    /// Handle and suffix.
    Tag(&'a str, String),
    Scalar(Cow<'a, str>, ScalarStyle),
}
