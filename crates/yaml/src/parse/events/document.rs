//! Where documents begin and end.

use super::{
    Comments, Event, EventKind, Events, Place, Result, State, Token, TokenKind, empty_scalar, event,
};

impl<'a> Events<'a> {
    pub(super) fn document_start(&mut self, implicit: bool) -> Result<Event<'a>> {
        while !implicit && matches!(self.peek()?.kind, TokenKind::DocumentEnd) {
            self.take()?;
        }
        let &Token {
            ref kind,
            start,
            end,
        } = self.peek()?;
        let opens = matches!(
            kind,
            TokenKind::Version(..) | TokenKind::TagDirective(..) | TokenKind::DocumentStart
        );
        if matches!(kind, TokenKind::StreamEnd) {
            self.take()?;
            self.state = State::End;
            return Ok(event(EventKind::StreamEnd, start, end));
        }
        if implicit && !opens {
            self.process_directives()?;
            self.states.push(State::DocumentEnd);
            self.state = State::BlockNode;
            let mut event = event(EventKind::DocumentStart { explicit: false }, start, end);
            event.comments = self.document_head();
            return Ok(event);
        }
        self.process_directives()?;
        let token = self.peek()?;
        if !matches!(token.kind, TokenKind::DocumentStart) {
            let at = token.start;
            return self.fail("did not find expected <document start>", at, None);
        }
        let end = self.take()?.end;
        self.states.push(State::DocumentEnd);
        self.state = State::DocumentContent;
        Ok(event(
            EventKind::DocumentStart { explicit: true },
            start,
            end,
        ))
    }

    /// Takes the part of the first comment up to its last empty line: it is the document's, the rest
    /// is the first node's.
    fn document_head(&mut self) -> Option<Box<Comments>> {
        let text = &self.pending.head;
        let (head, rest) = match text.strip_suffix('\n') {
            Some(head) if !head.is_empty() => (head.to_owned(), String::new()),
            _ => {
                let at = text.rfind("\n\n").filter(|at| *at > 0)?;
                (text[..at].to_owned(), text[at + 2..].to_owned())
            }
        };
        self.pending.head = rest;
        Some(Box::new(Comments {
            head,
            ..Comments::default()
        }))
    }

    pub(super) fn document_content(&mut self) -> Result<Event<'a>> {
        let token = self.peek()?;
        let empty = matches!(
            token.kind,
            TokenKind::Version(..)
                | TokenKind::TagDirective(..)
                | TokenKind::DocumentStart
                | TokenKind::DocumentEnd
                | TokenKind::StreamEnd
        );
        if empty {
            let mark = token.start;
            self.pop_state();
            return Ok(empty_scalar(mark));
        }
        self.node(Place::Block)
    }

    pub(super) fn document_end(&mut self) -> Result<Event<'a>> {
        let token = self.peek()?;
        let (start, mut end) = (token.start, token.start);
        if matches!(token.kind, TokenKind::DocumentEnd) {
            end = self.take()?.end;
        }
        self.tag_directives.clear();
        self.state = State::DocumentStart;
        let mut event = event(EventKind::DocumentEnd, start, end);
        event.comments = self.take_comments();
        if let Some(comments) = &mut event.comments
            && comments.foot.is_empty()
        {
            comments.foot = std::mem::take(&mut comments.head);
        }
        Ok(event)
    }
}
