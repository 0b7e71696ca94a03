//! The text written so far, and where on the line it stands.

use std::fmt::Write;

use super::analysis::{Style, is_break, is_printable};

/// Where and how far lines are indented and folded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// The column after which a text is folded at its next space.
    pub(super) width: usize,
    /// Spaces for each level.
    pub(super) indent: usize,
}

/// Writes the parts of YAML, as go-yaml's emitters.
pub(super) struct Writer<'a> {
    out: &'a mut String,
    pub(super) layout: Layout,
    pub(super) column: usize,
    /// The column of the collection that is open; none at first.
    pub(super) indent: Option<usize>,
    /// How much further a text on lines of its own is indented than what it belongs to, if that is known.
    pub(super) text_indent: Option<usize>,
    /// The last character was a space, or the line is new.
    pub(super) whitespace: bool,
    /// There are only spaces and `-`, `?` and `:` on the line so far.
    pub(super) indention: bool,
    /// An empty line goes before the next line that is indented so far: a comment is the foot of what
    /// stands before it.
    pub(super) foot_indent: Option<usize>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(out: &'a mut String, layout: Layout) -> Self {
        Self {
            out,
            layout,
            column: 0,
            indent: None,
            text_indent: None,
            whitespace: true,
            indention: true,
            foot_indent: None,
        }
    }

    /// Ends the last line.
    pub(super) fn finish(mut self) {
        self.indent = None;
        self.write_indent();
    }

    /// Writes a text in a style, folding it at spaces when `fold` says so, with a comment behind the
    /// indicator of a block (empty for none).
    pub(super) fn scalar(&mut self, text: &str, style: Style, fold: bool, comment: &str) {
        match style {
            Style::Plain => self.plain(text, fold),
            Style::SingleQuoted => self.single_quoted(text, fold),
            Style::DoubleQuoted => self.double_quoted(text, fold),
            Style::Literal => {
                self.block_header("|", text, comment);
                self.literal_lines(text);
            }
            Style::Folded => {
                self.block_header(">", text, comment);
                self.folded_lines(text);
            }
        }
    }

    /// Writes a text without quotes, folding it at spaces. It has no line breaks.
    fn plain(&mut self, text: &str, fold: bool) {
        if !fold || self.column + text.len() < self.layout.width {
            self.put_plain(text);
            return;
        }
        if !self.whitespace {
            self.put(' ');
        }
        let mut after_space = false;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let foldable = character == ' ' && !after_space && characters.peek() != Some(&' ');
            after_space = character == ' ';
            if foldable && self.column > self.layout.width {
                self.write_indent();
            } else {
                self.put(character);
                self.indention &= character == ' ';
            }
        }
        self.end_scalar();
    }

    /// Writes a text in single quotes, folding it at spaces when `fold` says so.
    fn single_quoted(&mut self, text: &str, fold: bool) {
        self.put_indicator("'", true, false);
        let (mut after_space, mut after_break) = (false, false);
        let mut characters = text.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            let next = characters.peek().map(|(_, next)| *next);
            if character == ' ' {
                let inside = at > 0 && next.is_some_and(|next| next != ' ');
                if fold && !after_space && self.column > self.layout.width && inside {
                    self.write_indent();
                } else {
                    self.put(' ');
                }
                after_space = true;
            } else if is_break(character) {
                if !after_break && character == '\n' {
                    self.put_break('\n');
                }
                self.put_break(character);
                after_break = true;
            } else {
                if after_break {
                    self.write_indent();
                }
                if character == '\'' {
                    self.put('\'');
                }
                self.put(character);
                self.indention = false;
                (after_space, after_break) = (false, false);
            }
        }
        self.put_indicator("'", false, false);
        self.end_scalar();
    }

    /// Writes a text in double quotes, folding it at spaces when `fold` says so.
    fn double_quoted(&mut self, text: &str, fold: bool) {
        self.put_indicator("\"", true, false);
        // go-yaml v2 looks for a byte order mark at the start of the text, whatever character it is at;
        // so a text with one is escaped altogether.
        let escape_all = text.starts_with('\u{feff}');
        let mut after_space = false;
        let mut characters = text.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            let next = characters.peek().map(|(_, next)| *next);
            let printable = is_printable(character) && !is_break(character);
            if escape_all || !printable || matches!(character, '"' | '\\') {
                self.put_escaped(character);
                after_space = false;
            } else if character == ' ' {
                let inside = at > 0 && next.is_some();
                if fold && !after_space && self.column > self.layout.width && inside {
                    self.write_indent();
                    if next == Some(' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(' ');
                }
                after_space = true;
            } else {
                self.put(character);
                after_space = false;
            }
        }
        self.put_indicator("\"", false, false);
        self.end_scalar();
    }

    /// Writes the indicator of a block text, `|2-` and the like, and ends its line.
    fn block_header(&mut self, indicator: &str, text: &str, comment: &str) {
        self.put_indicator(indicator, true, false);
        let is_tab = text.starts_with('\t') && self.text_indent.is_some();
        if is_tab || text.starts_with(|c| c == ' ' || is_break(c)) {
            let hint = self.text_indent.unwrap_or(self.layout.indent).to_string();
            self.put_indicator(&hint, false, false);
        }
        self.put_indicator(chomping(text), false, false);
        if comment.is_empty() {
            self.put_break('\n');
        } else {
            self.put(' ');
            self.comment(comment);
        }
    }

    /// Writes the lines of a literal text; the header's line has ended.
    fn literal_lines(&mut self, text: &str) {
        self.whitespace = true;
        for line in text.split_inclusive(is_break) {
            self.literal_line(line);
        }
    }

    /// Writes the lines of a folded text; the header's line has ended.
    fn folded_lines(&mut self, text: &str) {
        self.whitespace = true;
        let first = text.trim_start_matches(is_break).chars().next();
        let starts_blank = first.is_none_or(|c| matches!(c, ' ' | '\t'));
        let (mut after_break, mut leading_blank) = (true, true);
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            if is_break(character) {
                // go-yaml looks at the start of the text here, where it should look ahead; so a line
                // that is indented further gets one empty line too many before it.
                if !after_break && !leading_blank && character == '\n' && !starts_blank {
                    self.put_break('\n');
                }
                self.put_break(character);
                after_break = true;
                continue;
            }
            if after_break {
                self.write_indent();
                leading_blank = matches!(character, ' ' | '\t');
            }
            let single_space = character == ' ' && characters.peek() != Some(&' ');
            if !after_break && single_space && self.column > self.layout.width {
                self.write_indent();
            } else {
                self.put(character);
            }
            self.indention = false;
            after_break = false;
        }
    }

    /// Writes a comment, one `#` for each line.
    pub(super) fn comment(&mut self, text: &str) {
        let (mut after_break, mut pound) = (false, false);
        for character in text.chars() {
            if is_break(character) {
                self.put_break(character);
                (after_break, pound) = (true, false);
                continue;
            }
            if after_break {
                self.write_indent();
            }
            if !pound && character != '#' {
                self.put('#');
                self.put(' ');
            }
            pound = true;
            self.put(character);
            self.indention = false;
            after_break = false;
        }
        if !after_break {
            self.put_break('\n');
        }
        self.whitespace = true;
    }

    fn literal_line(&mut self, line: &str) {
        let content = line.trim_end_matches(is_break);
        if !content.is_empty() {
            self.write_indent();
            self.out.push_str(content);
            self.column += content.chars().count();
            self.indention = false;
        }
        if let Some(end) = line[content.len()..].chars().next() {
            self.put_break(end);
        }
    }

    fn end_scalar(&mut self) {
        self.whitespace = false;
        self.indention = false;
    }

    /// Writes a text that fits on the line.
    fn put_plain(&mut self, text: &str) {
        if text.is_empty() {
            self.indention = false;
            return;
        }
        if !self.whitespace {
            self.put(' ');
        }
        self.out.push_str(text);
        self.column += text.chars().count();
        self.end_scalar();
    }

    /// Writes an indicator such as `-` or `[`.
    pub(super) fn put_indicator(&mut self, text: &str, need_whitespace: bool, is_indention: bool) {
        if need_whitespace && !self.whitespace {
            self.put(' ');
        }
        self.out.push_str(text);
        self.column += text.len();
        self.whitespace = false;
        self.indention &= is_indention;
    }

    /// Writes a word that belongs to an indicator.
    pub(super) fn put_word(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
        self.end_scalar();
    }

    /// Starts a new line unless the line is still empty up to the indentation.
    pub(super) fn write_indent(&mut self) {
        let indent = self.indent.unwrap_or(0);
        let on_line = self.column > indent || (self.column == indent && !self.whitespace);
        if !self.indention || on_line {
            self.put_break('\n');
        }
        if self.foot_indent == Some(indent) {
            self.put_break('\n');
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        self.indention = true;
        self.foot_indent = None;
    }

    pub(super) fn put(&mut self, character: char) {
        self.out.push(character);
        self.column += 1;
    }

    pub(super) fn put_break(&mut self, character: char) {
        self.out.push(character);
        self.column = 0;
        self.indention = true;
    }

    fn put_escaped(&mut self, character: char) {
        let before = self.out.len();
        match character {
            '\0' => self.out.push_str("\\0"),
            '\u{7}' => self.out.push_str("\\a"),
            '\u{8}' => self.out.push_str("\\b"),
            '\t' => self.out.push_str("\\t"),
            '\n' => self.out.push_str("\\n"),
            '\u{b}' => self.out.push_str("\\v"),
            '\u{c}' => self.out.push_str("\\f"),
            '\r' => self.out.push_str("\\r"),
            '\u{1b}' => self.out.push_str("\\e"),
            '"' => self.out.push_str("\\\""),
            '\\' => self.out.push_str("\\\\"),
            '\u{85}' => self.out.push_str("\\N"),
            '\u{a0}' => self.out.push_str("\\_"),
            '\u{2028}' => self.out.push_str("\\L"),
            '\u{2029}' => self.out.push_str("\\P"),
            _ => self.put_code(u32::from(character)),
        }
        self.column += self.out.len() - before;
    }

    fn put_code(&mut self, code: u32) {
        let written = match code {
            0..=0xff => write!(self.out, "\\x{code:02X}"),
            0x100..=0xffff => write!(self.out, "\\u{code:04X}"),
            _ => write!(self.out, "\\U{code:08X}"),
        };
        written.expect("writing to a string does not fail");
    }
}

/// Returns the indicator for the line breaks at the end of a block: none for one, `-`, or `+`.
fn chomping(text: &str) -> &'static str {
    let mut from_end = text.chars().rev();
    match (from_end.next().map(is_break), from_end.next().map(is_break)) {
        (Some(true), Some(false)) => "",
        (Some(true), _) => "+",
        _ => "-",
    }
}
