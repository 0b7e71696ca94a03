//! The texts of new nodes.

use crate::mapping::{Entry, Mapping};
use crate::node::{Document, Layout, Node, Scalar, ScalarStyle, Value};
use crate::print::{FileStyle, SequenceIndent, print_file};

/// Prints nodes in the style of a text.
pub(super) struct Printer {
    style: FileStyle,
    line_break: &'static str,
}

impl Printer {
    /// Returns a printer that indents lists as the first one of the text is.
    pub(super) fn like(root: Option<&Node>, line_break: &'static str) -> Self {
        let style = match root.and_then(list_indent) {
            // At 2 spaces the dashes stand in the column of the key.
            None | Some(0) => FileStyle::default(),
            Some(indent) => FileStyle {
                indent,
                sequences: SequenceIndent::Wide,
            },
        };
        Self { style, line_break }
    }

    /// Returns the lines of a root.
    pub(super) fn root(&self, node: &Node) -> String {
        self.lines(node.clone(), 0)
    }

    /// Returns the lines of an entry whose key stands in this column; the first is not indented.
    pub(super) fn entry(&self, entry: &Entry, column: usize) -> String {
        let mapping = Mapping::from_iter([entry.clone()]);
        self.lines(Node::new(Value::Mapping(mapping)), column)
    }

    /// Returns the lines of an item whose dash stands in this column; the first is not indented.
    pub(super) fn item(&self, item: &Node, column: usize) -> String {
        self.lines(Node::sequence([item.clone()]), column)
    }

    /// Returns an item between brackets.
    pub(super) fn flow_item(&self, item: &Node) -> String {
        let sequence = Node::sequence([in_brackets(item.clone())]);
        self.between_brackets(sequence)
    }

    /// Returns an entry between braces.
    pub(super) fn flow_entry(&self, entry: &Entry) -> String {
        let entry = Entry {
            key: in_brackets(entry.key.clone()),
            value: in_brackets(entry.value.clone()),
        };
        self.between_brackets(Node::new(Value::Mapping(Mapping::from_iter([entry]))))
    }

    fn between_brackets(&self, mut collection: Node) -> String {
        collection.set_layout(Layout::Flow);
        let text = self.lines(collection, 0);
        let text = text.trim();
        text.get(1..text.len().saturating_sub(1))
            .unwrap_or_default()
            .to_owned()
    }

    fn lines(&self, mut root: Node, column: usize) -> String {
        spell_nulls(&mut root, false);
        let document = Document {
            root,
            ..Document::default()
        };
        let text = print_file(&[document], &self.style);
        let indent = " ".repeat(column);
        let mut lines = String::new();
        for (number, line) in text.lines().enumerate() {
            if number > 0 && !line.is_empty() {
                lines.push_str(&indent);
            }
            lines.push_str(line);
            lines.push_str(self.line_break);
        }
        lines
    }
}

/// Returns the node on one line, without comments.
fn in_brackets(mut node: Node) -> Node {
    node.set_layout(Layout::Flow);
    node.forget_comments();
    match &mut node.value {
        Value::Sequence(items) => items
            .iter_mut()
            .for_each(|item| *item = in_brackets(std::mem::take(item))),
        Value::Mapping(mapping) => {
            for entry in mapping.entries_mut() {
                entry.key = in_brackets(std::mem::take(&mut entry.key));
                entry.value = in_brackets(std::mem::take(&mut entry.value));
            }
        }
        Value::Scalar(scalar) => scalar.style = one_line(scalar),
        Value::Alias(_) => {}
    }
    node
}

/// Writes out nulls between brackets, where go-yaml prints nothing at all as a string.
fn spell_nulls(node: &mut Node, is_inside: bool) {
    let is_inside = is_inside || node.layout() == Layout::Flow;
    let is_tagged = node.tag().is_some();
    match &mut node.value {
        Value::Sequence(items) => items
            .iter_mut()
            .for_each(|item| spell_nulls(item, is_inside)),
        Value::Mapping(mapping) => mapping
            .values_mut()
            .for_each(|value| spell_nulls(value, is_inside)),
        Value::Scalar(scalar) if is_inside && scalar.text.is_empty() => {
            if scalar.style == ScalarStyle::Plain && !is_tagged {
                scalar.text = "null".into();
            }
        }
        Value::Scalar(_) | Value::Alias(_) => {}
    }
}

fn one_line(scalar: &Scalar) -> ScalarStyle {
    match scalar.style {
        ScalarStyle::Literal | ScalarStyle::Folded => ScalarStyle::DoubleQuoted,
        style => style,
    }
}

/// Returns how far the first list of a text stands behind its key.
fn list_indent(node: &Node) -> Option<usize> {
    if node.layout() == Layout::Flow {
        return None;
    }
    match &node.value {
        Value::Mapping(mapping) => mapping
            .iter()
            .find_map(|(key, value)| own_indent(key, value).or_else(|| list_indent(value))),
        Value::Sequence(items) => items.iter().find_map(list_indent),
        Value::Scalar(_) | Value::Alias(_) => None,
    }
}

fn own_indent(key: &Node, value: &Node) -> Option<usize> {
    let is_below = value.layout() == Layout::Block && value.start.line > key.start.line;
    let indent = value.start.column.checked_sub(key.start.column)?;
    (value.is_sequence() && is_below).then_some(indent as usize)
}
