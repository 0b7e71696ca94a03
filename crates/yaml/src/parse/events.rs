//! The tokens to events: the grammar of YAML as a state machine, after libyaml's.

use std::borrow::Cow;

use super::cursor::Mark;
use super::scanner::{Comment, Scanner};
use super::token::{Token, TokenKind};
use super::{Comments, Layout, LimitKind, ParseError, ScalarStyle};

mod collection;
mod directives;
mod document;

/// A step of the text's structure.
#[derive(Debug)]
pub(super) struct Event<'a> {
    pub(super) kind: EventKind<'a>,
    pub(super) start: Mark,
    pub(super) end: Mark,
    pub(super) comments: Option<Box<Comments>>,
}

#[derive(Debug)]
pub(super) enum EventKind<'a> {
    StreamEnd,
    DocumentStart { explicit: bool },
    DocumentEnd,
    Alias(&'a str),
    Scalar(Properties<'a>, Cow<'a, str>, ScalarStyle),
    SequenceStart(Properties<'a>, Layout),
    MappingStart(Properties<'a>, Layout),
    CollectionEnd,
}

/// What stands before a node.
#[derive(Debug, Default)]
pub(super) struct Properties<'a> {
    pub(super) anchor: Option<&'a str>,
    pub(super) tag: Option<Box<str>>,
}

/// Makes events, one at a time.
pub(super) struct Events<'a> {
    scanner: Scanner<'a>,
    state: State,
    states: Vec<State>,
    /// Where the open collections began.
    marks: Vec<Mark>,
    tag_directives: Vec<(&'a str, Cow<'a, str>)>,
    /// The comments of the tokens so far that no event has had.
    pending: Comments,
    /// A comment that belongs to the collection that begins.
    stem: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    StreamStart,
    ImplicitDocumentStart,
    DocumentStart,
    DocumentContent,
    DocumentEnd,
    BlockNode,
    BlockSequenceFirstEntry,
    BlockSequenceEntry,
    IndentlessSequenceEntry,
    BlockMappingFirstKey,
    BlockMappingKey,
    BlockMappingValue,
    FlowSequenceFirstEntry,
    FlowSequenceEntry,
    FlowPairKey,
    FlowPairValue,
    FlowPairEnd,
    FlowMappingFirstKey,
    FlowMappingKey,
    FlowMappingValue,
    FlowMappingEmptyValue,
    End,
}

/// Where a node may stand, which decides what it may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Block,
    /// A list may begin in the column of the key.
    BlockOrIndentless,
    Flow,
}

type Result<T> = std::result::Result<T, ParseError>;

impl<'a> Events<'a> {
    pub(super) fn new(text: &'a str, base: u32) -> Self {
        Self {
            scanner: Scanner::new(text, base),
            state: State::StreamStart,
            states: Vec::new(),
            marks: Vec::new(),
            tag_directives: Vec::new(),
            pending: Comments::default(),
            stem: None,
        }
    }

    /// Returns the next event; after [`EventKind::StreamEnd`] there is no other.
    pub(super) fn next(&mut self) -> Result<Event<'a>> {
        match self.state {
            State::StreamStart => {
                self.take()?;
                self.state = State::ImplicitDocumentStart;
                self.next()
            }
            State::ImplicitDocumentStart => self.document_start(true),
            State::DocumentStart => self.document_start(false),
            State::DocumentContent => self.document_content(),
            State::DocumentEnd => self.document_end(),
            State::BlockNode => self.node(Place::Block),
            State::BlockSequenceFirstEntry => {
                self.enter()?;
                self.block_sequence_entry()
            }
            State::BlockSequenceEntry => self.block_sequence_entry(),
            State::IndentlessSequenceEntry => self.indentless_sequence_entry(),
            State::BlockMappingFirstKey => {
                self.enter()?;
                self.block_mapping_key()
            }
            State::BlockMappingKey => self.block_mapping_key(),
            State::BlockMappingValue => self.block_mapping_value(),
            State::FlowSequenceFirstEntry => {
                self.enter()?;
                self.flow_sequence_entry(true)
            }
            State::FlowSequenceEntry => self.flow_sequence_entry(false),
            State::FlowPairKey => self.flow_pair_key(),
            State::FlowPairValue => self.flow_pair_value(),
            State::FlowPairEnd => self.flow_pair_end(),
            State::FlowMappingFirstKey => {
                self.enter()?;
                self.flow_mapping_key(true)
            }
            State::FlowMappingKey => self.flow_mapping_key(false),
            State::FlowMappingValue => self.flow_mapping_value(),
            State::FlowMappingEmptyValue => {
                let mark = self.peek()?.start;
                self.state = State::FlowMappingKey;
                Ok(empty_scalar(mark))
            }
            State::End => {
                let mark = self.scanner.cursor.mark;
                Ok(event(EventKind::StreamEnd, mark, mark))
            }
        }
    }

    /// Returns the next token, having collected the comments up to it.
    fn peek(&mut self) -> Result<&Token<'a>> {
        let token = self.scanner.peek()?;
        let index = token.start.index;
        let block_end = matches!(token.kind, TokenKind::BlockEnd);
        if !self.scanner.comments.is_empty() {
            self.collect_comments(index, block_end);
        }
        self.scanner.peek()
    }

    fn take(&mut self) -> Result<Token<'a>> {
        self.peek()?;
        self.scanner.take()
    }

    fn collect_comments(&mut self, index: u32, block_end: bool) {
        let comments = &mut self.scanner.comments;
        while let Some(comment) = comments
            .front()
            .filter(|comment| index >= comment.token.index)
        {
            // The head of what follows the block does not belong into it.
            if block_end && !comment.head.is_empty() {
                return;
            }
            let Some(Comment {
                head, line, foot, ..
            }) = comments.pop_front()
            else {
                return;
            };
            append(&mut self.pending.head, &head);
            append(&mut self.pending.foot, &foot);
            append(&mut self.pending.line, &line);
        }
    }

    fn take_comments(&mut self) -> Option<Box<Comments>> {
        self.stem = None;
        if self.pending == Comments::default() {
            return None;
        }
        Some(Box::new(std::mem::take(&mut self.pending)))
    }

    /// Enters a collection.
    fn enter(&mut self) -> Result<()> {
        let token = self.take()?;
        self.marks.push(token.start);
        Ok(())
    }

    fn pop_state(&mut self) {
        self.state = self.states.pop().unwrap_or(State::End);
    }

    fn node(&mut self, place: Place) -> Result<Event<'a>> {
        if matches!(self.peek()?.kind, TokenKind::Alias(_)) {
            return self.alias();
        }
        let start = self.peek()?.start;
        let (properties, end) = self.properties(start)?;
        let token = self.peek()?;
        let at = token.start;
        let token_end = token.end;
        let (kind, state, comments_now) = match &token.kind {
            TokenKind::BlockEntry if place == Place::BlockOrIndentless => {
                let kind = EventKind::SequenceStart(properties, Layout::Block);
                (kind, State::IndentlessSequenceEntry, false)
            }
            TokenKind::Scalar(..) => return self.scalar(properties, start),
            TokenKind::FlowSequenceStart => {
                let kind = EventKind::SequenceStart(properties, Layout::Flow);
                (kind, State::FlowSequenceFirstEntry, true)
            }
            TokenKind::FlowMappingStart => {
                let kind = EventKind::MappingStart(properties, Layout::Flow);
                (kind, State::FlowMappingFirstKey, true)
            }
            TokenKind::BlockSequenceStart if place != Place::Flow => {
                let kind = EventKind::SequenceStart(properties, Layout::Block);
                return Ok(self.block_start(
                    kind,
                    State::BlockSequenceFirstEntry,
                    start,
                    token_end,
                ));
            }
            TokenKind::BlockMappingStart if place != Place::Flow => {
                let kind = EventKind::MappingStart(properties, Layout::Block);
                return Ok(self.block_start(kind, State::BlockMappingFirstKey, start, token_end));
            }
            _ if properties.anchor.is_some() || properties.tag.is_some() => {
                self.pop_state();
                let kind = EventKind::Scalar(properties, "".into(), ScalarStyle::Plain);
                return Ok(event(kind, start, end));
            }
            _ => {
                let context = match place {
                    Place::Flow => "while parsing a flow node",
                    _ => "while parsing a block node",
                };
                return self.fail(
                    "did not find expected node content",
                    at,
                    Some((context, start)),
                );
            }
        };
        self.state = state;
        let mut event = event(kind, start, token_end);
        if comments_now {
            event.comments = self.take_comments();
        }
        Ok(event)
    }

    fn block_start(
        &mut self,
        kind: EventKind<'a>,
        state: State,
        start: Mark,
        end: Mark,
    ) -> Event<'a> {
        self.state = state;
        let mut event = event(kind, start, end);
        if let Some(head) = self.stem.take() {
            event.comments = Some(Box::new(Comments {
                head,
                ..Comments::default()
            }));
        }
        event
    }

    fn alias(&mut self) -> Result<Event<'a>> {
        self.pop_state();
        let comments = self.take_comments();
        let Token { kind, start, end } = self.take()?;
        let TokenKind::Alias(name) = kind else {
            unreachable!("it was seen to be an alias");
        };
        Ok(Event {
            kind: EventKind::Alias(name),
            start,
            end,
            comments,
        })
    }

    fn scalar(&mut self, properties: Properties<'a>, start: Mark) -> Result<Event<'a>> {
        self.pop_state();
        let comments = self.take_comments();
        let Token { kind, end, .. } = self.take()?;
        let TokenKind::Scalar(text, style) = kind else {
            unreachable!("it was seen to be a scalar");
        };
        let kind = EventKind::Scalar(properties, text, style);
        Ok(Event {
            kind,
            start,
            end,
            comments,
        })
    }

    /// Reads anchor and tag, in any order; returns where they end.
    fn properties(&mut self, start: Mark) -> Result<(Properties<'a>, Mark)> {
        let (mut anchor, mut tag) = (None, None);
        let mut end = start;
        loop {
            match self.peek()?.kind {
                TokenKind::Anchor(name) if anchor.is_none() => {
                    anchor = Some(name);
                    end = self.take()?.end;
                }
                TokenKind::Tag(..) if tag.is_none() => {
                    let token = self.take()?;
                    end = token.end;
                    tag = Some(token);
                }
                _ => break,
            }
        }
        let tag = tag.map(|token| self.resolve_tag(token, start));
        let tag = tag.transpose()?;
        Ok((Properties { anchor, tag }, end))
    }

    fn fail<T>(
        &self,
        problem: &'static str,
        at: Mark,
        context: Option<(&'static str, Mark)>,
    ) -> Result<T> {
        let base = self.scanner.base;
        Err(ParseError::Syntax {
            at: at.position(base),
            problem,
            context: context.map(|(context, mark)| (context, mark.position(base))),
        })
    }
}

fn event(kind: EventKind<'_>, start: Mark, end: Mark) -> Event<'_> {
    Event {
        kind,
        start,
        end,
        comments: None,
    }
}

/// Returns the event of a node that is not there.
fn empty_scalar<'a>(mark: Mark) -> Event<'a> {
    let kind = EventKind::Scalar(Properties::default(), "".into(), ScalarStyle::Plain);
    event(kind, mark, mark)
}

fn append(text: &mut String, more: &str) {
    if !text.is_empty() && !more.is_empty() {
        text.push('\n');
    }
    text.push_str(more);
}
