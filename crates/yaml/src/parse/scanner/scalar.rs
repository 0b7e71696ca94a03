//! Plain and quoted scalars.

use std::borrow::Cow;

use super::super::cursor::Mark;
use super::{Result, ScalarStyle, Scanner, TokenKind};

const QUOTED: &str = "while scanning a quoted scalar";
const ESCAPE: &str = "while parsing a quoted scalar";

/// Blanks and line breaks between two words.
#[derive(Default)]
struct Gap {
    /// The first line break.
    first: Option<char>,
    /// The others.
    more: String,
    /// There was a line break, or an escaped one.
    broken: bool,
}

impl Gap {
    fn add(&mut self, line_break: char) {
        if self.broken {
            self.more.push(line_break);
        } else {
            self.first = Some(line_break);
            self.broken = true;
        }
    }

    /// Appends what the line breaks fold to.
    fn fold_into(self, text: &mut String) {
        match self.first {
            Some('\n') if self.more.is_empty() => text.push(' '),
            Some('\n') => {}
            first => text.extend(first),
        }
        text.push_str(&self.more);
    }
}

impl<'a> Scanner<'a> {
    pub(super) fn fetch_quoted(&mut self, style: ScalarStyle) -> Result<()> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.cursor.mark;
        self.cursor.skip();
        let text = self.quoted_text(style, start)?;
        self.cursor.skip();
        self.push(TokenKind::Scalar(text, style), start, self.cursor.mark);
        Ok(())
    }

    /// Reads up to the closing quote.
    fn quoted_text(&mut self, style: ScalarStyle, start: Mark) -> Result<Cow<'a, str>> {
        if let Some(text) = self.simple_quoted_text(style) {
            return Ok(Cow::Borrowed(text));
        }
        let quote = quote_of(style);
        let mut text = String::new();
        loop {
            if self.cursor.is_document_indicator() {
                return self.fail(QUOTED, start, "found unexpected document indicator");
            }
            if self.cursor.at_end() {
                return self.fail(QUOTED, start, "found unexpected end of stream");
            }
            let mut gap = Gap::default();
            self.quoted_word(style, start, &mut text, &mut gap)?;
            if self.cursor.byte(0) == quote {
                return Ok(Cow::Owned(text));
            }
            self.quoted_gap(gap, &mut text);
        }
    }

    /// Returns the text when it stands on one line and has no escapes, and so needs no copy.
    fn simple_quoted_text(&mut self, style: ScalarStyle) -> Option<&'a str> {
        let quote = quote_of(style);
        let from = self.cursor.mark;
        let simple = |byte: u8| byte != quote && byte != b'\\' && matches!(byte, b' '..=b'~');
        self.cursor.skip_until(|byte| !simple(byte));
        if self.cursor.byte(0) == quote && self.cursor.byte(1) != quote {
            return Some(self.cursor.since(from.offset));
        }
        self.cursor.mark = from;
        None
    }

    fn quoted_word(
        &mut self,
        style: ScalarStyle,
        start: Mark,
        text: &mut String,
        gap: &mut Gap,
    ) -> Result<()> {
        let quote = quote_of(style);
        while !self.cursor.is_blank_or_end(0) {
            let byte = self.cursor.byte(0);
            if byte == b'\'' && quote == byte && self.cursor.byte(1) == byte {
                text.push('\'');
                self.cursor.skip_many(2);
            } else if byte == quote {
                break;
            } else if byte == b'\\' && quote == b'"' && self.cursor.is_break(1) {
                self.cursor.skip();
                self.cursor.skip_break();
                gap.broken = true;
                break;
            } else if byte == b'\\' && quote == b'"' {
                text.push(self.escaped(start)?);
            } else {
                let from = self.cursor.mark.offset;
                self.cursor.skip();
                self.cursor.skip_until(
                    |byte| !matches!(byte, b'!' | b'#'..=b'&' | b'('..=b'[' | b']'..=b'~'),
                );
                text.push_str(self.cursor.since(from));
            }
        }
        Ok(())
    }

    /// Reads blanks and line breaks and appends what they stand for.
    fn quoted_gap(&mut self, mut gap: Gap, text: &mut String) {
        let from = self.cursor.mark.offset;
        loop {
            if self.cursor.is_blank(0) {
                self.cursor.skip();
            } else if let Some(line_break) = self.cursor.skip_break() {
                gap.add(line_break);
            } else {
                break;
            }
        }
        if gap.broken {
            gap.fold_into(text);
        } else {
            text.push_str(self.cursor.since(from));
        }
    }

    /// Reads an escape in double quotes.
    fn escaped(&mut self, start: Mark) -> Result<char> {
        let digits = match self.cursor.byte(1) {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            other => {
                let Some(character) = simple_escape(other) else {
                    return self.fail(ESCAPE, start, "found unknown escape character");
                };
                self.cursor.skip_many(2);
                return Ok(character);
            }
        };
        self.cursor.skip_many(2);
        let mut code = 0u32;
        for ahead in 0..digits {
            let Some(digit) = char::from(self.cursor.byte(ahead)).to_digit(16) else {
                return self.fail(ESCAPE, start, "did not find expected hexdecimal number");
            };
            code = code.wrapping_shl(4) | digit;
        }
        let Some(character) = char::from_u32(code) else {
            return self.fail(ESCAPE, start, "found invalid Unicode character escape code");
        };
        self.cursor.skip_many(digits as u32);
        Ok(character)
    }

    pub(super) fn fetch_plain(&mut self) -> Result<()> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.cursor.mark;
        let mut end = start;
        // Borrowed up to the first line break within the text.
        let mut text = Cow::Borrowed("");
        let mut gap = Gap::default();
        loop {
            if self.cursor.is_document_indicator() || self.cursor.byte(0) == b'#' {
                break;
            }
            let word = self.cursor.mark;
            self.plain_word();
            if self.cursor.mark.offset > word.offset {
                self.add_word(&mut text, start, end, word, std::mem::take(&mut gap));
                end = self.cursor.mark;
            }
            if !self.cursor.is_blank(0) && !self.cursor.is_break(0) {
                break;
            }
            self.plain_gap(&mut gap, start)?;
            if self.flow_level == 0 && i64::from(self.cursor.mark.column) <= self.indent {
                break;
            }
        }
        if gap.broken {
            self.simple_key_allowed = true;
        }
        self.push(TokenKind::Scalar(text, ScalarStyle::Plain), start, end);
        Ok(())
    }

    /// Moves over characters up to a blank, a line break or what ends a plain text.
    fn plain_word(&mut self) {
        let flow = self.flow_level > 0;
        loop {
            self.cursor.skip_until(|byte| match byte {
                b' ' | b'\t' | b'\n' | b'\r' | b':' | 0xc2 | 0xe2 => true,
                b',' | b'?' | b'[' | b']' | b'{' | b'}' => flow,
                _ => false,
            });
            let goes_on = match self.cursor.byte(0) {
                b':' => !self.cursor.is_blank_or_end(1),
                0xc2 | 0xe2 => !self.cursor.is_break(0),
                _ => false,
            };
            if !goes_on {
                return;
            }
            self.cursor.skip();
        }
    }

    /// Appends the word that was just read, and the gap before it.
    fn add_word(&self, text: &mut Cow<'a, str>, start: Mark, end: Mark, word: Mark, gap: Gap) {
        if let (Cow::Borrowed(_), false) = (&text, gap.broken) {
            *text = Cow::Borrowed(self.cursor.since(start.offset));
            return;
        }
        let owned = text.to_mut();
        if gap.broken {
            gap.fold_into(owned);
        } else {
            owned.push_str(self.cursor.between(end.offset, word.offset));
        }
        owned.push_str(self.cursor.since(word.offset));
    }

    fn plain_gap(&mut self, gap: &mut Gap, start: Mark) -> Result<()> {
        loop {
            if self.cursor.is_blank(0) {
                let outside = i64::from(self.cursor.mark.column) <= self.indent;
                if gap.broken && outside && self.cursor.byte(0) == b'\t' {
                    let problem = "found a tab character that violates indentation";
                    return self.fail("while scanning a plain scalar", start, problem);
                }
                self.cursor.skip();
            } else if let Some(line_break) = self.cursor.skip_break() {
                gap.add(line_break);
            } else {
                return Ok(());
            }
        }
    }
}

fn quote_of(style: ScalarStyle) -> u8 {
    match style {
        ScalarStyle::SingleQuoted => b'\'',
        _ => b'"',
    }
}

fn simple_escape(byte: u8) -> Option<char> {
    Some(match byte {
        b'0' => '\0',
        b'a' => '\u{7}',
        b'b' => '\u{8}',
        b't' | b'\t' => '\t',
        b'n' => '\n',
        b'v' => '\u{b}',
        b'f' => '\u{c}',
        b'r' => '\r',
        b'e' => '\u{1b}',
        b' ' | b'"' | b'\'' | b'\\' => char::from(byte),
        b'N' => '\u{85}',
        b'_' => '\u{a0}',
        b'L' => '\u{2028}',
        b'P' => '\u{2029}',
        _ => return None,
    })
}
