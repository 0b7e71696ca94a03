//! The text to tokens: indentation, and the dispatch on the next character.
//!
//! The tokens and the order of decisions are those of libyaml, which go-yaml v3 descends from, with
//! go-yaml's additions: two tokens of lookahead, and comments.

use std::collections::VecDeque;

use super::cursor::{Cursor, Mark};
use super::token::{Token, TokenKind};
use super::{ParseError, ScalarStyle};

mod block;
mod comments;
mod names;
mod scalar;
mod simple_key;

pub(super) use comments::Comment;
use simple_key::SimpleKey;

/// Makes tokens, a few at a time.
pub(super) struct Scanner<'a> {
    pub(super) cursor: Cursor<'a>,
    /// Where the text begins in what was given.
    pub(super) base: u32,
    tokens: VecDeque<Token<'a>>,
    /// How many tokens were taken.
    taken: usize,
    /// The next token may be handed out.
    ready: bool,
    /// The last two tokens that were taken, the later one second.
    history: [Option<(LastKind, Mark)>; 2],
    started: bool,
    flow_level: usize,
    indent: i64,
    indents: Vec<i64>,
    simple_key_allowed: bool,
    /// For each flow level what may turn out to be a key.
    simple_keys: Vec<SimpleKey>,
    pub(super) comments: VecDeque<Comment>,
}

/// What comments need to know about the tokens before them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LastKind {
    BlockSequenceStart,
    BlockEntry,
    FlowEntry,
    Value,
    Other,
}

impl From<&TokenKind<'_>> for LastKind {
    fn from(kind: &TokenKind<'_>) -> Self {
        match kind {
            TokenKind::BlockSequenceStart => Self::BlockSequenceStart,
            TokenKind::BlockEntry => Self::BlockEntry,
            TokenKind::FlowEntry => Self::FlowEntry,
            TokenKind::Value => Self::Value,
            _ => Self::Other,
        }
    }
}

type Result<T> = std::result::Result<T, ParseError>;

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str, base: u32) -> Self {
        Self {
            cursor: Cursor::new(text),
            base,
            tokens: VecDeque::with_capacity(16),
            taken: 0,
            ready: false,
            history: [None; 2],
            started: false,
            flow_level: 0,
            indent: -1,
            indents: Vec::new(),
            simple_key_allowed: true,
            simple_keys: vec![SimpleKey::default()],
            comments: VecDeque::new(),
        }
    }

    /// Returns the next token without taking it.
    #[inline]
    pub(super) fn peek(&mut self) -> Result<&Token<'a>> {
        if !self.ready {
            self.fetch_enough()?;
        }
        Ok(&self.tokens[0])
    }

    /// Takes the next token.
    pub(super) fn take(&mut self) -> Result<Token<'a>> {
        if !self.ready {
            self.fetch_enough()?;
        }
        let token = self.tokens.pop_front().expect("enough tokens were fetched");
        self.history = [
            self.history[1],
            Some((LastKind::from(&token.kind), token.start)),
        ];
        self.taken += 1;
        self.ready = false;
        Ok(token)
    }

    /// Comments after a token may belong to it, so it is handed out when two more are known; and a
    /// token that may be a key when it is known whether it is.
    fn fetch_enough(&mut self) -> Result<()> {
        while self.tokens.len() <= 2 || self.is_undecided_key()? {
            self.fetch_next()?;
        }
        self.ready = true;
        Ok(())
    }

    fn fetch_next(&mut self) -> Result<()> {
        if !self.started {
            self.started = true;
            let mark = self.cursor.mark;
            self.push(TokenKind::StreamStart, mark, mark);
            return Ok(());
        }
        let scan_mark = self.cursor.mark;
        self.scan_to_next_token();
        self.unroll_indent(i64::from(self.cursor.mark.column), scan_mark);
        if self.cursor.at_end() {
            return self.fetch_stream_end();
        }
        if self.cursor.mark.column == 0 && self.cursor.byte(0) == b'%' {
            return self.fetch_directive();
        }
        if self.cursor.is_document_indicator() {
            return self.fetch_document_indicator();
        }
        let comment_mark = self.comment_mark();
        self.fetch_content()?;
        // A dash alone has no line comment: what follows it has a head comment.
        if self
            .nth_last(0)
            .is_some_and(|(kind, _)| kind != LastKind::BlockEntry)
        {
            self.scan_line_comment(comment_mark);
        }
        Ok(())
    }

    /// Returns where a comment behind the next token belongs: a colon's and a comma's to the token
    /// before it.
    fn comment_mark(&self) -> Mark {
        let separator = if self.flow_level == 0 { b':' } else { b',' };
        match self.nth_last(0) {
            Some((_, mark)) if self.cursor.byte(0) == separator => mark,
            _ => self.cursor.mark,
        }
    }

    fn fetch_content(&mut self) -> Result<()> {
        let flow = self.flow_level > 0;
        match self.cursor.byte(0) {
            b'[' => self.fetch_flow_start(TokenKind::FlowSequenceStart),
            b'{' => self.fetch_flow_start(TokenKind::FlowMappingStart),
            b']' => self.fetch_flow_end(TokenKind::FlowSequenceEnd),
            b'}' => self.fetch_flow_end(TokenKind::FlowMappingEnd),
            b',' => self.fetch_flow_entry(),
            b'-' if self.cursor.is_blank_or_end(1) => self.fetch_block_entry(),
            b'?' if flow || self.cursor.is_blank_or_end(1) => self.fetch_key(),
            b':' if flow || self.cursor.is_blank_or_end(1) => self.fetch_value(),
            b'*' => self.fetch_name(TokenKind::Alias, "while scanning an alias"),
            b'&' => self.fetch_name(TokenKind::Anchor, "while scanning an anchor"),
            b'!' => self.fetch_tag(),
            b'|' if !flow => self.fetch_block_scalar(ScalarStyle::Literal),
            b'>' if !flow => self.fetch_block_scalar(ScalarStyle::Folded),
            b'\'' => self.fetch_quoted(ScalarStyle::SingleQuoted),
            b'"' => self.fetch_quoted(ScalarStyle::DoubleQuoted),
            b'#' | b'|' | b'>' | b'%' | b'@' | b'`' | b'\t' => self.fail(
                "while scanning for the next token",
                self.cursor.mark,
                "found character that cannot start any token",
            ),
            // Also a dash, and in block context ? and :, when no blank follows.
            _ => self.fetch_plain(),
        }
    }

    fn push(&mut self, kind: TokenKind<'a>, start: Mark, end: Mark) {
        self.tokens.push_back(Token { kind, start, end });
    }

    /// Takes an indicator of so many characters.
    fn push_indicator(&mut self, kind: TokenKind<'a>, length: u32) {
        let start = self.cursor.mark;
        self.cursor.skip_many(length);
        self.push(kind, start, self.cursor.mark);
    }

    /// Returns the last token but `n`, taken or not.
    fn nth_last(&self, n: usize) -> Option<(LastKind, Mark)> {
        match self.tokens.len().checked_sub(n + 1) {
            Some(at) => Some((LastKind::from(&self.tokens[at].kind), self.tokens[at].start)),
            None => self.history[1 - (n - self.tokens.len())],
        }
    }

    /// Opens a block collection when this column is deeper than the last one; its token goes before
    /// the token with this number, or last.
    fn roll_indent(&mut self, column: u32, before: Option<usize>, kind: TokenKind<'a>, mark: Mark) {
        if self.flow_level > 0 || self.indent >= i64::from(column) {
            return;
        }
        self.indents.push(self.indent);
        self.indent = i64::from(column);
        let token = Token {
            kind,
            start: mark,
            end: mark,
        };
        match before {
            Some(number) => self.insert(number, token),
            None => self.tokens.push_back(token),
        }
    }

    /// Puts a token before the one with this number; last, when that one was taken already.
    fn insert(&mut self, number: usize, token: Token<'a>) {
        let at = number.checked_sub(self.taken).unwrap_or(self.tokens.len());
        self.tokens.insert(at, token);
    }

    /// Closes the block collections that are deeper than this column.
    fn unroll_indent(&mut self, column: i64, scan_mark: Mark) {
        if self.flow_level > 0 || self.indent <= column {
            return;
        }
        // The end stands before the blanks and comments, where no comment of what follows is.
        let index = scan_mark.index.saturating_sub(1);
        let mut mark = Mark { index, ..scan_mark };
        while self.indent > column {
            self.find_block_end(&mut mark);
            self.push(TokenKind::BlockEnd, mark, mark);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    fn fetch_stream_end(&mut self) -> Result<()> {
        if self.cursor.mark.column != 0 {
            self.cursor.mark.column = 0;
            self.cursor.mark.line += 1;
        }
        self.unroll_indent(-1, self.cursor.mark);
        self.drop_last_simple_key()?;
        self.simple_key_allowed = false;
        let mark = self.cursor.mark;
        self.push(TokenKind::StreamEnd, mark, mark);
        Ok(())
    }

    fn fetch_document_indicator(&mut self) -> Result<()> {
        self.unroll_indent(-1, self.cursor.mark);
        self.drop_last_simple_key()?;
        self.simple_key_allowed = false;
        let kind = match self.cursor.byte(0) {
            b'-' => TokenKind::DocumentStart,
            _ => TokenKind::DocumentEnd,
        };
        self.push_indicator(kind, 3);
        Ok(())
    }

    fn fetch_flow_start(&mut self, kind: TokenKind<'a>) -> Result<()> {
        self.save_simple_key()?;
        self.simple_keys.push(SimpleKey {
            token: self.taken + self.tokens.len(),
            mark: self.cursor.mark,
            ..SimpleKey::default()
        });
        self.flow_level += 1;
        self.simple_key_allowed = true;
        self.push_indicator(kind, 1);
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: TokenKind<'a>) -> Result<()> {
        self.drop_last_simple_key()?;
        if self.flow_level > 0 {
            self.flow_level -= 1;
            self.pop_simple_key();
        }
        self.simple_key_allowed = false;
        self.push_indicator(kind, 1);
        Ok(())
    }

    fn fetch_flow_entry(&mut self) -> Result<()> {
        self.drop_last_simple_key()?;
        self.simple_key_allowed = true;
        self.push_indicator(TokenKind::FlowEntry, 1);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Result<()> {
        let mark = self.cursor.mark;
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return self.fail_here("block sequence entries are not allowed in this context");
            }
            self.roll_indent(mark.column, None, TokenKind::BlockSequenceStart, mark);
        }
        self.drop_last_simple_key()?;
        self.simple_key_allowed = true;
        self.push_indicator(TokenKind::BlockEntry, 1);
        Ok(())
    }

    fn fetch_key(&mut self) -> Result<()> {
        let mark = self.cursor.mark;
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return self.fail_here("mapping keys are not allowed in this context");
            }
            self.roll_indent(mark.column, None, TokenKind::BlockMappingStart, mark);
        }
        self.drop_last_simple_key()?;
        self.simple_key_allowed = self.flow_level == 0;
        self.push_indicator(TokenKind::Key, 1);
        Ok(())
    }

    fn fetch_value(&mut self) -> Result<()> {
        let level = self.simple_keys.len() - 1;
        if self.check_simple_key(level)? {
            self.insert_key(level);
        } else {
            self.start_complex_value()?;
        }
        self.push_indicator(TokenKind::Value, 1);
        Ok(())
    }

    fn start_complex_value(&mut self) -> Result<()> {
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return self.fail_here("mapping values are not allowed in this context");
            }
            let mark = self.cursor.mark;
            self.roll_indent(mark.column, None, TokenKind::BlockMappingStart, mark);
        }
        self.simple_key_allowed = self.flow_level == 0;
        Ok(())
    }

    /// Moves over blanks, line breaks and comments.
    fn scan_to_next_token(&mut self) {
        let scan_mark = self.cursor.mark;
        loop {
            // Tabs separate tokens, but do not indent.
            let tabs = self.flow_level > 0 || !self.simple_key_allowed;
            self.cursor
                .skip_until(|byte| byte != b' ' && !(tabs && byte == b'\t'));
            self.turn_line_comment_into_head();
            if self.cursor.byte(0) == b'#' {
                self.scan_comments(scan_mark);
            }
            if self.cursor.skip_break().is_none() {
                return;
            }
            if self.flow_level == 0 {
                self.simple_key_allowed = true;
            }
        }
    }

    fn fail<T>(&self, context: &'static str, mark: Mark, problem: &'static str) -> Result<T> {
        Err(ParseError::Syntax {
            at: self.cursor.mark.position(self.base),
            problem,
            context: Some((context, mark.position(self.base))),
        })
    }

    fn fail_here<T>(&self, problem: &'static str) -> Result<T> {
        let at = self.cursor.mark.position(self.base);
        Err(ParseError::Syntax {
            at,
            problem,
            context: None,
        })
    }
}
