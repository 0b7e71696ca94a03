//! The text written so far, and where on the line it stands.

use std::fmt::Write;

use super::analysis::{Style, analyse, is_break, is_printable};

/// The column after which a text is folded at its next space.
const BEST_WIDTH: usize = 80;
/// Spaces for each level.
const INDENT: usize = 2;
/// Bytes up to which a key stands before its colon on one line.
const SIMPLE_KEY: usize = 128;

/// Writes the parts of block style, as go-yaml v2's emitter.
pub(super) struct Writer<'a> {
    out: &'a mut String,
    column: usize,
    /// The column of the collection that is open; none at first.
    indent: Option<usize>,
    /// The last character was a space, or the line is new.
    whitespace: bool,
    /// There are only spaces and `-`, `?` and `:` on the line so far.
    indention: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn new(out: &'a mut String) -> Self {
        Self {
            out,
            column: 0,
            indent: None,
            whitespace: true,
            indention: true,
        }
    }

    /// Ends the last line.
    pub(super) fn finish(mut self) {
        self.indent = None;
        self.write_indent();
    }

    pub(super) fn is_indention(&self) -> bool {
        self.indention
    }

    /// Indents what follows and returns the former indentation.
    pub(super) fn increase_indent(&mut self, indentless: bool) -> Option<usize> {
        let outer = self.indent;
        self.indent = match outer {
            None => Some(0),
            Some(indent) if indentless => Some(indent),
            Some(indent) => Some(indent + INDENT),
        };
        outer
    }

    pub(super) fn restore_indent(&mut self, outer: Option<usize>) {
        self.indent = outer;
    }

    /// Starts an item of a list.
    pub(super) fn start_item(&mut self) {
        self.write_indent();
        self.put_indicator("-", true, true);
    }

    /// Writes `[]` or `{}`.
    pub(super) fn indicator(&mut self, text: &str) {
        self.put_indicator(text, true, false);
    }

    /// Writes a key with its colon, or with a question mark when it is too long for one line.
    pub(super) fn key(&mut self, key: &str) {
        self.write_indent();
        let analysis = analyse(key);
        if !analysis.multiline && key.len() <= SIMPLE_KEY {
            match analysis.simple_key_style(key) {
                Style::Plain if !key.is_empty() => self.put_plain(key),
                Style::Plain | Style::SingleQuoted => self.single_quoted(key, false),
                _ => self.double_quoted(key, false),
            }
            self.put_indicator(":", false, false);
            return;
        }
        self.put_indicator("?", true, true);
        match analysis.value_style(key) {
            Style::Plain => self.plain(key),
            Style::SingleQuoted => self.single_quoted(key, true),
            Style::DoubleQuoted => self.double_quoted(key, true),
            Style::Literal => self.literal(key),
        }
        self.write_indent();
        self.put_indicator(":", true, true);
    }

    /// Writes a text without quotes, folding it at spaces. It has no line breaks.
    pub(super) fn plain(&mut self, text: &str) {
        if self.column + text.len() < BEST_WIDTH {
            self.put_plain(text);
            return;
        }
        if !self.whitespace {
            self.put(' ');
        }
        let outer = self.indent_scalar();
        let mut after_space = false;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let foldable = character == ' ' && !after_space && characters.peek() != Some(&' ');
            after_space = character == ' ';
            if foldable && self.column > BEST_WIDTH {
                self.write_indent();
            } else {
                self.put(character);
                self.indention &= character == ' ';
            }
        }
        self.restore_indent(outer);
        self.end_scalar();
    }

    /// Writes a text in single quotes, folding it at spaces when `fold` says so.
    pub(super) fn single_quoted(&mut self, text: &str, fold: bool) {
        self.put_indicator("'", true, false);
        let outer = self.indent_scalar();
        let (mut after_space, mut after_break) = (false, false);
        let mut characters = text.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            let next = characters.peek().map(|(_, next)| *next);
            if character == ' ' {
                let inside = at > 0 && next.is_some_and(|next| next != ' ');
                if fold && !after_space && self.column > BEST_WIDTH && inside {
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
                self.indention = true;
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
        self.restore_indent(outer);
        self.end_scalar();
    }

    /// Writes a text in double quotes, folding it at spaces when `fold` says so.
    pub(super) fn double_quoted(&mut self, text: &str, fold: bool) {
        self.put_indicator("\"", true, false);
        let outer = self.indent_scalar();
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
                if fold && !after_space && self.column > BEST_WIDTH && inside {
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
        self.restore_indent(outer);
        self.end_scalar();
    }

    /// Writes a text as a block that keeps its line breaks.
    pub(super) fn literal(&mut self, text: &str) {
        self.put_indicator("|", true, false);
        let outer = self.indent_scalar();
        if text.starts_with(|c| c == ' ' || is_break(c)) {
            self.put_indicator("2", false, false);
        }
        self.put_indicator(chomping(text), false, false);
        self.put_break('\n');
        self.indention = true;
        self.whitespace = true;
        for line in text.split_inclusive(is_break) {
            self.literal_line(line);
        }
        self.restore_indent(outer);
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
            self.indention = true;
        }
    }

    fn indent_scalar(&mut self) -> Option<usize> {
        let outer = self.indent;
        self.indent = Some(outer.map_or(INDENT, |indent| indent + INDENT));
        outer
    }

    fn end_scalar(&mut self) {
        self.whitespace = false;
        self.indention = false;
    }

    /// Writes a text that fits on the line.
    fn put_plain(&mut self, text: &str) {
        if !self.whitespace {
            self.put(' ');
        }
        self.out.push_str(text);
        self.column += text.chars().count();
        self.end_scalar();
    }

    fn put_indicator(&mut self, text: &str, need_whitespace: bool, is_indention: bool) {
        if need_whitespace && !self.whitespace {
            self.put(' ');
        }
        self.out.push_str(text);
        self.column += text.len();
        self.whitespace = false;
        self.indention &= is_indention;
    }

    /// Starts a new line unless the line is still empty up to the indentation.
    fn write_indent(&mut self) {
        let indent = self.indent.unwrap_or(0);
        let on_line = self.column > indent || (self.column == indent && !self.whitespace);
        if !self.indention || on_line {
            self.put_break('\n');
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        self.indention = true;
    }

    fn put(&mut self, character: char) {
        self.out.push(character);
        self.column += 1;
    }

    fn put_break(&mut self, character: char) {
        self.out.push(character);
        self.column = 0;
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
