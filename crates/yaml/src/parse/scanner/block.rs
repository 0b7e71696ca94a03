//! Literal and folded block scalars.

use super::super::cursor::Mark;
use super::{Result, ScalarStyle, Scanner, TokenKind};

const CONTEXT: &str = "while scanning a block scalar";

/// What happens to the line breaks at the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomping {
    Clip,
    Strip,
    Keep,
}

impl Scanner<'_> {
    pub(super) fn fetch_block_scalar(&mut self, style: ScalarStyle) -> Result<()> {
        self.drop_last_simple_key()?;
        self.simple_key_allowed = true;
        let start = self.cursor.mark;
        self.cursor.skip();
        let (chomping, increment) = self.block_header(start)?;
        let (text, end) = self.block_text(style, chomping, increment, start)?;
        self.push(TokenKind::Scalar(text.into(), style), start, end);
        Ok(())
    }

    /// Reads chomping and indentation, in any order, a comment, and the line break.
    fn block_header(&mut self, start: Mark) -> Result<(Chomping, i64)> {
        let mut chomping = self.chomping();
        let increment = self.indentation(start)?;
        if chomping.is_none() {
            chomping = self.chomping();
        }
        self.cursor.skip_blanks();
        if self.cursor.byte(0) == b'#' {
            self.scan_line_comment(start);
            self.cursor.skip_to_break();
        }
        if !self.cursor.is_break_or_end(0) {
            return self.fail(
                CONTEXT,
                start,
                "did not find expected comment or line break",
            );
        }
        self.cursor.skip_break();
        Ok((chomping.unwrap_or(Chomping::Clip), increment))
    }

    fn chomping(&mut self) -> Option<Chomping> {
        let chomping = match self.cursor.byte(0) {
            b'+' => Chomping::Keep,
            b'-' => Chomping::Strip,
            _ => return None,
        };
        self.cursor.skip();
        Some(chomping)
    }

    /// Returns the indentation that was asked for, 0 for none.
    fn indentation(&mut self, start: Mark) -> Result<i64> {
        let digit = self.cursor.byte(0);
        if digit == b'0' {
            return self.fail(CONTEXT, start, "found an indentation indicator equal to 0");
        }
        if !digit.is_ascii_digit() {
            return Ok(0);
        }
        self.cursor.skip();
        Ok(i64::from(digit - b'0'))
    }

    fn block_text(
        &mut self,
        style: ScalarStyle,
        chomping: Chomping,
        increment: i64,
        start: Mark,
    ) -> Result<(String, Mark)> {
        let mut indent = match increment {
            0 => 0,
            increment => self.indent.max(0) + increment,
        };
        let mut text = String::new();
        let mut end = self.cursor.mark;
        let mut breaks = self.block_breaks(&mut indent, start, &mut end)?;
        let mut line_break: Option<char> = None;
        let mut after_blank = false;
        while i64::from(self.cursor.mark.column) == indent && !self.cursor.at_end() {
            let blank = self.cursor.is_blank(0);
            let folds = style == ScalarStyle::Folded && !after_blank && !blank;
            if folds && line_break == Some('\n') {
                if breaks.is_empty() {
                    text.push(' ');
                }
            } else {
                text.extend(line_break);
            }
            text.push_str(&breaks);
            after_blank = blank;
            let from = self.cursor.mark.offset;
            self.cursor.skip_to_break();
            text.push_str(self.cursor.since(from));
            line_break = self.cursor.skip_break();
            breaks = self.block_breaks(&mut indent, start, &mut end)?;
        }
        if chomping != Chomping::Strip {
            text.extend(line_break);
        }
        if chomping == Chomping::Keep {
            text.push_str(&breaks);
        }
        Ok((text, end))
    }

    /// Reads indentation and empty lines, and finds the indentation when it is not known yet.
    fn block_breaks(&mut self, indent: &mut i64, start: Mark, end: &mut Mark) -> Result<String> {
        *end = self.cursor.mark;
        let mut deepest = 0;
        let mut breaks = String::new();
        loop {
            let inside = |column: u32| *indent == 0 || i64::from(column) < *indent;
            while inside(self.cursor.mark.column) && self.cursor.byte(0) == b' ' {
                self.cursor.skip();
            }
            deepest = deepest.max(i64::from(self.cursor.mark.column));
            if inside(self.cursor.mark.column) && self.cursor.byte(0) == b'\t' {
                let problem = "found a tab character where an indentation space is expected";
                return self.fail(CONTEXT, start, problem);
            }
            let Some(line_break) = self.cursor.skip_break() else {
                break;
            };
            breaks.push(line_break);
            *end = self.cursor.mark;
        }
        if *indent == 0 {
            *indent = deepest.max(self.indent + 1).max(1);
        }
        Ok(breaks)
    }
}
