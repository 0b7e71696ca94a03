//! Comments, bound to the tokens beside them as go-yaml v3 binds them.
//!
//! A comment is a head (of the token that follows), a line comment (of the token before it on its
//! line) or a foot (of the token before it, when an empty line follows). Which one is a matter of empty
//! lines and columns; the rules are go-yaml's own and in no specification.

use super::super::cursor::Mark;
use super::{LastKind, Scanner};

/// How many blanks and line breaks are looked over between two comments.
const LOOKAHEAD: usize = 512;

/// A comment, waiting for its token.
#[derive(Debug, Default)]
pub(in super::super) struct Comment {
    /// Where the search began that found it.
    scan: Mark,
    /// It belongs to the token that starts here or later.
    pub(in super::super) token: Mark,
    start: Mark,
    /// The index behind it.
    end: u32,
    pub(in super::super) head: String,
    pub(in super::super) line: String,
    pub(in super::super) foot: String,
}

/// A search for comments between two tokens.
struct Search {
    scan: Mark,
    token: Mark,
    /// Where the pending text begins; its column counts from 1, as all columns here.
    start: Mark,
    text: String,
    /// How far we look ahead of the cursor, in bytes, and where that is.
    ahead: usize,
    line: u32,
    column: u32,
    /// The line on which a comment may be a foot.
    foot_line: i64,
    /// The token before allows a foot.
    foot_allowed: bool,
    /// No line was empty so far.
    first_empty: bool,
    /// The last line was empty.
    recent_empty: bool,
}

impl Scanner<'_> {
    /// Reads a comment behind a token on the same line.
    pub(super) fn scan_line_comment(&mut self, token: Mark) {
        if self.cursor.newlines > 0 {
            return;
        }
        let blanks = (0..LOOKAHEAD)
            .take_while(|ahead| self.cursor.is_blank(*ahead))
            .count();
        if blanks == LOOKAHEAD || self.cursor.byte(blanks) != b'#' {
            return;
        }
        self.cursor.skip_blanks();
        let start = self.cursor.mark;
        self.cursor.skip_to_break();
        self.comments.push_back(Comment {
            token,
            start,
            line: self.cursor.since(start.offset).to_owned(),
            ..Comment::default()
        });
    }

    /// `- # comment` before something deeper is the head of what follows.
    pub(super) fn turn_line_comment_into_head(&mut self) {
        if self.comments.is_empty() {
            return;
        }
        let first_entry = matches!(
            (self.nth_last(1), self.nth_last(0)),
            (
                Some((LastKind::BlockSequenceStart, _)),
                Some((LastKind::BlockEntry, _))
            )
        );
        if !first_entry || self.cursor.is_break(0) {
            return;
        }
        let mark = self.cursor.mark;
        let Some(comment) = self
            .comments
            .back_mut()
            .filter(|comment| !comment.line.is_empty())
        else {
            return;
        };
        comment.head = std::mem::take(&mut comment.line);
        if comment.start.line + 1 == mark.line {
            comment.token = mark;
        }
    }

    /// Finds where a block ends that is followed by comments: before those in its own column.
    pub(super) fn find_block_end(&self, mark: &mut Mark) {
        let mut stop = mark.index;
        for comment in self.comments.iter().rev() {
            if comment.end < stop {
                break;
            }
            if i64::from(comment.start.column) == self.indent + 1 {
                // The columns of comments count from 1, those of tokens from 0.
                let column = comment.start.column.saturating_sub(1);
                *mark = Mark {
                    column,
                    ..comment.start
                };
            }
            stop = comment.scan.index;
        }
    }

    /// Reads the comment that begins here and those in the lines after it.
    pub(super) fn scan_comments(&mut self, scan: Mark) {
        let mut search = self.start_search(scan);
        while search.ahead < LOOKAHEAD {
            search.column += 1;
            if self.cursor.is_blank(search.ahead) {
                search.ahead += 1;
                continue;
            }
            let byte = self.cursor.byte(search.ahead);
            let closes = self.flow_level > 0 && matches!(byte, b']' | b'}');
            if closes || self.cursor.is_break_or_end(search.ahead) {
                self.end_comment_line(&mut search, closes);
                if !self.cursor.is_break(search.ahead) {
                    break;
                }
                search.first_empty = false;
                search.recent_empty = true;
                search.column = 0;
                search.line += 1;
                search.ahead += 1;
                continue;
            }
            if search.column <= self.next_indent() && search.column != search.start.column {
                self.bind_foot(&mut search);
            }
            if byte != b'#' {
                break;
            }
            self.read_comment_line(&mut search);
        }
        self.bind_head(search);
    }

    fn start_search(&self, scan: Mark) -> Search {
        let (last, token) = self.token_before_comment();
        Search {
            scan,
            token,
            start: Mark::default(),
            text: String::new(),
            ahead: 0,
            line: self.cursor.mark.line,
            column: self.cursor.mark.column,
            foot_line: self.foot_line(scan),
            foot_allowed: last != LastKind::Value,
            first_empty: self.cursor.newlines <= 1,
            recent_empty: false,
        }
    }

    /// Decides at the end of an empty line, of the text or of a flow collection what the lines of
    /// comment before it are.
    fn end_comment_line(&mut self, search: &mut Search, closes: bool) {
        if search.recent_empty && !closes {
            return;
        }
        let on_foot_line = i64::from(search.start.line) == search.foot_line;
        let dedented = i64::from(search.start.column) - 1 < i64::from(self.next_indent());
        let is_foot = search.first_empty && (on_foot_line && search.foot_allowed || dedented);
        if closes || is_foot {
            if dedented && !search.text.is_empty() {
                search.token = search.start;
            }
            self.bind_foot(search);
        } else if !search.text.is_empty() && self.cursor.byte(search.ahead) != 0 {
            search.text.push('\n');
        }
    }

    fn next_indent(&self) -> u32 {
        u32::try_from(self.indent).unwrap_or(0)
    }

    fn token_before_comment(&self) -> (LastKind, Mark) {
        let last = match self.nth_last(0) {
            Some((LastKind::FlowEntry, mark)) => {
                self.nth_last(1).or(Some((LastKind::FlowEntry, mark)))
            }
            last => last,
        };
        last.unwrap_or((LastKind::Other, Mark::default()))
    }

    /// Returns the line on which a comment is a foot: the one after the last token.
    fn foot_line(&self, scan: Mark) -> i64 {
        if scan.line == 0 {
            return -1;
        }
        let line = i64::from(self.cursor.mark.line) - i64::from(self.cursor.newlines) + 1;
        let behind_token = self.cursor.newlines == 0 && self.cursor.mark.column > 1;
        line + i64::from(behind_token)
    }

    /// Moves to the `#` that was found and reads its line.
    fn read_comment_line(&mut self, search: &mut Search) {
        let target = self.cursor.mark.offset as usize + search.ahead;
        while (self.cursor.mark.offset as usize) < target {
            if self.cursor.skip_break().is_none() {
                self.cursor.skip();
            }
        }
        let Mark { offset, index, .. } = self.cursor.mark;
        if search.text.is_empty() {
            let (line, column) = (search.line, search.column);
            search.start = Mark {
                offset,
                index,
                line,
                column,
            };
        } else {
            search.text.push('\n');
        }
        self.cursor.skip_to_break();
        search.text.push_str(self.cursor.since(offset));
        search.recent_empty = false;
        search.line = self.cursor.mark.line;
        search.column = 0;
        // The line break that ends the comment is not looked at.
        search.ahead = 1;
    }

    /// Makes what was read a foot of the token before it; what follows begins anew.
    fn bind_foot(&mut self, search: &mut Search) {
        if search.text.is_empty() {
            return;
        }
        let end = Mark {
            offset: self.cursor.mark.offset + search.ahead as u32,
            index: self.cursor.mark.index + search.ahead as u32,
            line: search.line,
            column: search.column,
        };
        self.comments.push_back(Comment {
            scan: search.scan,
            token: search.token,
            start: search.start,
            end: end.index,
            foot: std::mem::take(&mut search.text),
            ..Comment::default()
        });
        search.scan = end;
        search.token = end;
    }

    /// Makes what was read last the head of the token that follows.
    fn bind_head(&mut self, search: Search) {
        if search.text.is_empty() {
            return;
        }
        let end = self.cursor.mark.index + search.ahead as u32;
        self.comments.push_back(Comment {
            scan: search.scan,
            token: search.start,
            start: search.start,
            end: end.saturating_sub(1),
            head: search.text,
            ..Comment::default()
        });
    }
}
