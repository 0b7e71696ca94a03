//! A place in the text, moved forwards.

use super::Position;

/// A place in the text. `line` and `column` count from 0 here, `index` counts characters.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark {
    pub(super) offset: u32,
    pub(super) index: u32,
    pub(super) line: u32,
    pub(super) column: u32,
}

impl Mark {
    /// Returns the position in what was given, of which the text begins at `base`.
    pub(super) fn position(self, base: u32) -> Position {
        Position {
            line: self.line + 1,
            column: self.column + 1,
            offset: self.offset + base,
        }
    }
}

/// The text and how far it was read. Beyond its end there are zero bytes, which no text has.
pub(super) struct Cursor<'a> {
    text: &'a str,
    pub(super) mark: Mark,
    /// Line breaks since the last character that is not blank.
    pub(super) newlines: u32,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            mark: Mark::default(),
            newlines: 0,
        }
    }

    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    /// Returns the byte that stands `ahead` bytes before us.
    pub(super) fn byte(&self, ahead: usize) -> u8 {
        let at = self.mark.offset as usize + ahead;
        self.bytes().get(at).copied().unwrap_or(0)
    }

    pub(super) fn at_end(&self) -> bool {
        self.mark.offset as usize >= self.text.len()
    }

    /// Returns the text from an offset up to here.
    pub(super) fn since(&self, offset: u32) -> &'a str {
        self.between(offset, self.mark.offset)
    }

    pub(super) fn between(&self, from: u32, to: u32) -> &'a str {
        &self.text[from as usize..to as usize]
    }

    pub(super) fn is_blank(&self, ahead: usize) -> bool {
        matches!(self.byte(ahead), b' ' | b'\t')
    }

    pub(super) fn is_break(&self, ahead: usize) -> bool {
        match self.byte(ahead) {
            b'\n' | b'\r' => true,
            0xc2 => self.byte(ahead + 1) == 0x85,
            0xe2 => self.byte(ahead + 1) == 0x80 && matches!(self.byte(ahead + 2), 0xa8 | 0xa9),
            _ => false,
        }
    }

    pub(super) fn is_break_or_end(&self, ahead: usize) -> bool {
        self.byte(ahead) == 0 || self.is_break(ahead)
    }

    pub(super) fn is_blank_or_end(&self, ahead: usize) -> bool {
        self.is_blank(ahead) || self.is_break_or_end(ahead)
    }

    /// Returns whether `---` or `...` stands here alone at the start of a line.
    pub(super) fn is_document_indicator(&self) -> bool {
        self.mark.column == 0
            && matches!(
                (self.byte(0), self.byte(1), self.byte(2)),
                (b'-', b'-', b'-') | (b'.', b'.', b'.')
            )
            && self.is_blank_or_end(3)
    }

    /// Moves over one character that is not a line break.
    pub(super) fn skip(&mut self) {
        let first = self.byte(0);
        if !matches!(first, b' ' | b'\t') {
            self.newlines = 0;
        }
        self.mark.index += 1;
        self.mark.column += 1;
        self.mark.offset += match first {
            0..0x80 => 1,
            0x80..0xe0 => 2,
            0xe0..0xf0 => 3,
            _ => 4,
        };
    }

    /// Moves over so many one-byte characters.
    pub(super) fn skip_many(&mut self, count: u32) {
        for _ in 0..count {
            self.skip();
        }
    }

    /// Moves over the bytes up to the first one for which `stop` says so, all on this line. What `stop`
    /// refuses must be the first byte of a character.
    pub(super) fn skip_until(&mut self, stop: impl Fn(u8) -> bool) {
        let rest = &self.bytes()[self.mark.offset as usize..];
        let run = rest
            .iter()
            .position(|byte| stop(*byte))
            .unwrap_or(rest.len());
        self.skip_run(run);
    }

    /// Moves over so many bytes, all on this line.
    fn skip_run(&mut self, bytes: usize) {
        let from = self.mark.offset as usize;
        let run = &self.bytes()[from..from + bytes];
        let continued = run.iter().filter(|byte| **byte & 0xc0 == 0x80).count();
        let characters = (bytes - continued) as u32;
        if run.iter().any(|byte| !matches!(byte, b' ' | b'\t')) {
            self.newlines = 0;
        }
        self.mark.offset += bytes as u32;
        self.mark.index += characters;
        self.mark.column += characters;
    }

    /// Moves over spaces and tabs.
    pub(super) fn skip_blanks(&mut self) {
        self.skip_until(|byte| !matches!(byte, b' ' | b'\t'));
    }

    /// Moves to the end of the line.
    pub(super) fn skip_to_break(&mut self) {
        loop {
            self.skip_until(|byte| matches!(byte, b'\n' | b'\r' | 0xc2 | 0xe2));
            if self.is_break_or_end(0) {
                return;
            }
            self.skip();
        }
    }

    /// Moves over a line break, if there is one, and returns what it is in a scalar: a line feed, or
    /// the line or paragraph separator.
    pub(super) fn skip_break(&mut self) -> Option<char> {
        let (bytes, characters, value) = match self.byte(0) {
            b'\r' if self.byte(1) == b'\n' => (2, 2, '\n'),
            b'\r' | b'\n' => (1, 1, '\n'),
            0xc2 if self.is_break(0) => (2, 1, '\n'),
            0xe2 if self.is_break(0) && self.byte(2) == 0xa8 => (3, 1, '\u{2028}'),
            0xe2 if self.is_break(0) => (3, 1, '\u{2029}'),
            _ => return None,
        };
        self.mark.offset += bytes;
        self.mark.index += characters;
        self.mark.column = 0;
        self.mark.line += 1;
        self.newlines += 1;
        Some(value)
    }
}

pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}
