//! The comments that wait for their place, and where they are written.

use super::{Context, Node, Printer, Value};

impl Printer<'_> {
    /// Takes the comments that come with the beginning of a node.
    pub(super) fn begin(&mut self, node: &Node) {
        if node.is_scalar() || matches!(node.value, Value::Alias(_)) {
            set(&mut self.comments.foot, foot_of(node));
        }
        self.begin_key(node, "");
    }

    /// Takes the comments that come with a key, and the foot of the entry before it. The key's own
    /// foot is printed behind its value.
    pub(super) fn begin_key(&mut self, key: &Node, tail: &str) {
        if let Some(comments) = key.comments() {
            set(&mut self.comments.head, &comments.head);
            if key.is_scalar() || matches!(key.value, Value::Alias(_)) {
                set(&mut self.comments.line, &comments.line);
            }
        }
        if key.is_scalar() || key.is_mapping() {
            set(&mut self.tail, tail);
        }
    }

    /// Takes the comments that come with the end of a collection; the foot of a key waits for its value.
    pub(super) fn end(&mut self, node: &Node, tail: &str, context: Context) {
        set(&mut self.tail, tail);
        if let Some(comments) = node.comments() {
            set(&mut self.comments.line, &comments.line);
            if !context.is_key() {
                set(&mut self.comments.foot, &comments.foot);
            }
        }
    }

    pub(super) fn has_trailing_comments(&self) -> bool {
        !self.comments.line.is_empty() || !self.comments.foot.is_empty() || !self.tail.is_empty()
    }

    pub(super) fn write_head(&mut self) {
        if !self.tail.is_empty() {
            let tail = std::mem::take(&mut self.tail);
            self.writer.write_indent();
            self.writer.comment(&tail);
            self.writer.foot_indent = Some(self.writer.indent.unwrap_or(0));
        }
        if !self.comments.head.is_empty() {
            let head = std::mem::take(&mut self.comments.head);
            self.writer.write_indent();
            self.writer.comment(&head);
        }
    }

    pub(super) fn write_line(&mut self) {
        if self.comments.line.is_empty() {
            return;
        }
        if !self.writer.whitespace {
            self.writer.put(' ');
        }
        let line = std::mem::take(&mut self.comments.line);
        self.writer.comment(&line);
    }

    pub(super) fn write_foot(&mut self) {
        if self.comments.foot.is_empty() {
            return;
        }
        let foot = std::mem::take(&mut self.comments.foot);
        self.writer.write_indent();
        self.writer.comment(&foot);
        self.writer.foot_indent = Some(self.writer.indent.unwrap_or(0));
    }
}

pub(super) fn foot_of(node: &Node) -> &str {
    node.comments().map_or("", |comments| &comments.foot)
}

/// go-yaml takes a comment over when there is one, and else keeps what it has.
fn set(waiting: &mut String, comment: &str) {
    if !comment.is_empty() {
        comment.clone_into(waiting);
    }
}
