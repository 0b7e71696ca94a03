//! The inside of collections.

use super::{
    Event, EventKind, Events, Layout, Mark, Place, Properties, Result, State, Token, TokenKind,
    empty_scalar, event,
};

impl<'a> Events<'a> {
    pub(super) fn block_sequence_entry(&mut self) -> Result<Event<'a>> {
        let &Token {
            ref kind,
            start,
            end,
        } = self.peek()?;
        match kind {
            TokenKind::BlockEntry => {
                self.take_entry()?;
                let next = &self.peek()?.kind;
                let empty = matches!(next, TokenKind::BlockEntry | TokenKind::BlockEnd);
                let empty = empty.then_some(end);
                self.node_or_empty(empty, Place::Block, State::BlockSequenceEntry)
            }
            TokenKind::BlockEnd => {
                self.take()?;
                Ok(self.leave(start, end))
            }
            _ => self.fail_inside(
                "did not find expected '-' indicator",
                "while parsing a block collection",
                start,
            ),
        }
    }

    pub(super) fn indentless_sequence_entry(&mut self) -> Result<Event<'a>> {
        let &Token {
            ref kind,
            start,
            end,
        } = self.peek()?;
        if !matches!(kind, TokenKind::BlockEntry) {
            self.pop_state();
            return Ok(event(EventKind::CollectionEnd, start, start));
        }
        self.take_entry()?;
        let empty = matches!(
            self.peek()?.kind,
            TokenKind::BlockEntry | TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd
        );
        let empty = empty.then_some(end);
        self.node_or_empty(empty, Place::Block, State::IndentlessSequenceEntry)
    }

    /// Begins the node that comes next, or an empty one at a mark, and goes on with a state behind it.
    fn node_or_empty(
        &mut self,
        empty: Option<Mark>,
        place: Place,
        behind: State,
    ) -> Result<Event<'a>> {
        if let Some(mark) = empty {
            self.state = behind;
            return Ok(empty_scalar(mark));
        }
        self.states.push(behind);
        self.node(place)
    }

    /// Takes a dash. The comment before it belongs to the collection behind it, when there is one.
    fn take_entry(&mut self) -> Result<()> {
        let before = self.pending.head.len();
        self.take()?;
        let opens = matches!(
            self.peek()?.kind,
            TokenKind::BlockSequenceStart | TokenKind::BlockMappingStart
        );
        if before > 0 && opens {
            let mut stem = std::mem::take(&mut self.pending.head);
            if stem.len() > before {
                self.pending.head = stem.split_off(before + 1);
                stem.pop();
            }
            self.stem = Some(stem);
        }
        Ok(())
    }

    pub(super) fn block_mapping_key(&mut self) -> Result<Event<'a>> {
        let &Token {
            ref kind,
            start,
            end,
        } = self.peek()?;
        match kind {
            TokenKind::Key => {
                self.take()?;
                let empty = self.is_key_value_or_end()?.then_some(end);
                self.node_or_empty(empty, Place::BlockOrIndentless, State::BlockMappingValue)
            }
            TokenKind::BlockEnd => self.end_with_comments(start, end),
            _ => self.fail_inside(
                "did not find expected key",
                "while parsing a block mapping",
                start,
            ),
        }
    }

    pub(super) fn block_mapping_value(&mut self) -> Result<Event<'a>> {
        let &Token {
            ref kind,
            start,
            end,
        } = self.peek()?;
        if !matches!(kind, TokenKind::Value) {
            self.state = State::BlockMappingKey;
            return Ok(empty_scalar(start));
        }
        self.take()?;
        let empty = self.is_key_value_or_end()?.then_some(end);
        self.node_or_empty(empty, Place::BlockOrIndentless, State::BlockMappingKey)
    }

    fn is_key_value_or_end(&mut self) -> Result<bool> {
        let kind = &self.peek()?.kind;
        Ok(matches!(
            kind,
            TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd
        ))
    }

    pub(super) fn flow_sequence_entry(&mut self, first: bool) -> Result<Event<'a>> {
        if !first && !matches!(self.peek()?.kind, TokenKind::FlowSequenceEnd) {
            self.take_comma(
                "did not find expected ',' or ']'",
                "while parsing a flow sequence",
            )?;
        }
        let &Token {
            ref kind,
            start,
            end,
        } = self.peek()?;
        match kind {
            TokenKind::FlowSequenceEnd => self.end_with_comments(start, end),
            TokenKind::Key => {
                self.take()?;
                self.state = State::FlowPairKey;
                let kind = EventKind::MappingStart(Properties::default(), Layout::Flow);
                Ok(event(kind, start, end))
            }
            _ => {
                self.states.push(State::FlowSequenceEntry);
                self.node(Place::Flow)
            }
        }
    }

    /// The key of a pair that stands in a list: `[a: b]`.
    pub(super) fn flow_pair_key(&mut self) -> Result<Event<'a>> {
        let token = self.peek()?;
        let empty = matches!(
            token.kind,
            TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowSequenceEnd
        );
        if !empty {
            self.states.push(State::FlowPairValue);
            return self.node(Place::Flow);
        }
        // go-yaml takes the token here, and so does not see the value of `[? : b]`.
        let mark = token.end;
        self.take()?;
        self.state = State::FlowPairValue;
        Ok(empty_scalar(mark))
    }

    pub(super) fn flow_pair_value(&mut self) -> Result<Event<'a>> {
        let token = self.peek()?;
        let mark = token.start;
        if matches!(token.kind, TokenKind::Value) {
            self.take()?;
            let next = &self.peek()?.kind;
            if !matches!(next, TokenKind::FlowEntry | TokenKind::FlowSequenceEnd) {
                self.states.push(State::FlowPairEnd);
                return self.node(Place::Flow);
            }
        }
        self.state = State::FlowPairEnd;
        Ok(empty_scalar(mark))
    }

    pub(super) fn flow_pair_end(&mut self) -> Result<Event<'a>> {
        let mark = self.peek()?.start;
        self.state = State::FlowSequenceEntry;
        Ok(event(EventKind::CollectionEnd, mark, mark))
    }

    pub(super) fn flow_mapping_key(&mut self, first: bool) -> Result<Event<'a>> {
        if !first && !matches!(self.peek()?.kind, TokenKind::FlowMappingEnd) {
            self.take_comma(
                "did not find expected ',' or '}'",
                "while parsing a flow mapping",
            )?;
        }
        let &Token {
            ref kind,
            start,
            end,
        } = self.peek()?;
        match kind {
            TokenKind::FlowMappingEnd => self.end_with_comments(start, end),
            TokenKind::Key => {
                self.take()?;
                let &Token {
                    ref kind, start, ..
                } = self.peek()?;
                let empty = matches!(
                    kind,
                    TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowMappingEnd
                );
                self.node_or_empty(empty.then_some(start), Place::Flow, State::FlowMappingValue)
            }
            _ => {
                self.states.push(State::FlowMappingEmptyValue);
                self.node(Place::Flow)
            }
        }
    }

    pub(super) fn flow_mapping_value(&mut self) -> Result<Event<'a>> {
        let token = self.peek()?;
        let mut mark = token.start;
        if matches!(token.kind, TokenKind::Value) {
            self.take()?;
            let &Token {
                ref kind, start, ..
            } = self.peek()?;
            mark = start;
            if !matches!(kind, TokenKind::FlowEntry | TokenKind::FlowMappingEnd) {
                self.states.push(State::FlowMappingKey);
                return self.node(Place::Flow);
            }
        }
        self.state = State::FlowMappingKey;
        Ok(empty_scalar(mark))
    }

    fn take_comma(&mut self, problem: &'static str, context: &'static str) -> Result<()> {
        let &Token {
            ref kind, start, ..
        } = self.peek()?;
        if !matches!(kind, TokenKind::FlowEntry) {
            return self.fail_inside(problem, context, start);
        }
        self.take()?;
        Ok(())
    }

    /// Ends a collection whose last comments are its own.
    fn end_with_comments(&mut self, start: Mark, end: Mark) -> Result<Event<'a>> {
        let comments = self.take_comments();
        self.take()?;
        let mut event = self.leave(start, end);
        event.comments = comments;
        Ok(event)
    }

    /// Leaves a collection.
    fn leave(&mut self, start: Mark, end: Mark) -> Event<'a> {
        self.pop_state();
        self.marks.pop();
        event(EventKind::CollectionEnd, start, end)
    }

    fn fail_inside<T>(&self, problem: &'static str, context: &'static str, at: Mark) -> Result<T> {
        let began = self.marks.last().copied().unwrap_or_default();
        self.fail(problem, at, Some((context, began)))
    }
}
