//! The lines of a text.

use std::ops::Range;

use crate::node::{Layout, Node, ScalarStyle, Value};

/// A text, asked by byte offsets.
#[derive(Clone, Copy)]
pub(super) struct Source<'t> {
    text: &'t str,
}

impl<'t> Source<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text }
    }

    pub(super) fn len(self) -> usize {
        self.text.len()
    }

    pub(super) fn slice(self, range: Range<usize>) -> &'t str {
        &self.text[range]
    }

    /// Returns how the first line ends; a text of one line counts as one with line feeds.
    pub(super) fn line_break(self) -> &'static str {
        match self.text.find('\n') {
            Some(at) if self.text[..at].ends_with('\r') => "\r\n",
            _ => "\n",
        }
    }

    pub(super) fn line_start(self, offset: usize) -> usize {
        self.text[..offset].rfind('\n').map_or(0, |at| at + 1)
    }

    /// Returns where the line of `offset` ends, before its line break.
    pub(super) fn line_end(self, offset: usize) -> usize {
        let end = self.line_after_break(offset);
        let line = &self.text[offset..end];
        offset + line.trim_end_matches(['\r', '\n']).len()
    }

    fn line_after_break(self, offset: usize) -> usize {
        self.text[offset..]
            .find('\n')
            .map_or(self.text.len(), |at| offset + at + 1)
    }

    /// Returns where the next line begins when something ends at `offset`.
    pub(super) fn line_after(self, offset: usize) -> usize {
        if offset > 0 && self.text[..offset].ends_with('\n') {
            return offset;
        }
        self.line_after_break(offset)
    }

    /// Returns the column of an offset in characters from 0; a byte order mark does not count.
    pub(super) fn column(self, offset: usize) -> usize {
        let line = &self.text[self.line_start(offset)..offset];
        line.trim_start_matches('\u{feff}').chars().count()
    }

    /// Returns whether nothing but blanks stands before `offset` on its line.
    pub(super) fn begins_line(self, offset: usize) -> bool {
        let line = &self.text[self.line_start(offset)..offset];
        line.trim_start_matches('\u{feff}')
            .chars()
            .all(|c| c == ' ')
    }

    /// Returns where an anchor and a tag end.
    pub(super) fn skip_properties(self, mut offset: usize) -> usize {
        while self.text[offset..].starts_with(['&', '!']) {
            let rest = &self.text[offset..];
            let word = rest.find([' ', '\t', '\r', '\n']).unwrap_or(rest.len());
            offset = self.skip_blank(offset + word);
        }
        offset
    }

    /// Returns where the next thing stands that is neither blank nor a comment.
    pub(super) fn skip_blank(self, mut offset: usize) -> usize {
        loop {
            let rest = &self.text[offset..];
            offset += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
            if !self.text[offset..].starts_with('#') {
                return offset;
            }
            offset = self.line_after_break(offset);
        }
    }

    /// Returns the end of the lines behind `offset` that are comments indented further than `column`.
    pub(super) fn skip_inner_comments(self, mut offset: usize, column: usize) -> usize {
        loop {
            let end = self.line_after_break(offset);
            let line = &self.text[offset..end];
            let content = line.trim_start_matches(' ');
            if !content.starts_with('#') || line.len() - content.len() <= column {
                return offset;
            }
            offset = end;
        }
    }

    /// Returns where a new entry at the end of the root stands: behind all comments when there is nothing
    /// else behind `offset`.
    pub(super) fn tail(self, offset: usize) -> usize {
        if self.skip_blank(offset) < self.text.len() {
            return offset;
        }
        let end = self.text.trim_end().len().max(offset);
        self.line_after(end)
    }

    /// Returns where a node ends, without empty lines that a block scalar does not keep.
    pub(super) fn end(self, node: &Node) -> usize {
        let last = last_leaf(node);
        if is_block_scalar(last) {
            self.block_scalar_end(last)
        } else {
            last.end()
        }
    }

    fn block_scalar_end(self, node: &Node) -> usize {
        let (start, end) = (node.start.offset as usize, node.end());
        if self.header(start).contains('+') {
            return end;
        }
        let content = self.slice(start..end).trim_end().len();
        self.line_after(start + content).min(end)
    }

    /// Returns the indicators of the block scalar that starts here, and its anchor and tag.
    fn header(self, start: usize) -> &'t str {
        let header = self.slice(start..self.line_end(start));
        header.split(" #").next().unwrap_or_default()
    }

    /// Returns where a block scalar that ends with the text, without a line break, says what becomes of its
    /// last one, if it says anything but that there is none.
    pub(super) fn unfinished(self, root: &Node) -> Option<Range<usize>> {
        let last = last_leaf(root);
        let is_last = last.end() == self.text.len();
        if !is_block_scalar(last) || !is_last || self.text.ends_with('\n') {
            return None;
        }
        let start = self.skip_properties(last.start.offset as usize);
        let header = self.header(start);
        match header.find(['+', '-']) {
            Some(at) if header[at..].starts_with('-') => None,
            Some(at) => Some(start + at..start + at + 1),
            None => Some(start + 1..start + 1),
        }
    }

    /// Returns lines as they are inserted at `offset`.
    pub(super) fn lines_at(self, offset: usize, lines: String) -> String {
        if offset == 0 || self.text[..offset].ends_with('\n') {
            return lines;
        }
        format!("{}{lines}", self.line_break())
    }
}

/// Returns the blanks that a text begins with.
pub(super) fn blanks(text: &str) -> &str {
    &text[..text.len() - text.trim_start_matches(' ').len()]
}

/// Returns what ends where a block collection does.
pub(super) fn last_leaf(node: &Node) -> &Node {
    let last = match &node.value {
        Value::Sequence(items) => items.last(),
        Value::Mapping(mapping) => mapping.entries().last().map(|entry| &entry.value),
        Value::Scalar(_) | Value::Alias(_) => None,
    };
    last.filter(|_| node.layout() == Layout::Block)
        .map_or(node, last_leaf)
}

fn is_block_scalar(node: &Node) -> bool {
    let style = node.as_scalar().map(|scalar| scalar.style);
    matches!(style, Some(ScalarStyle::Literal | ScalarStyle::Folded))
}
