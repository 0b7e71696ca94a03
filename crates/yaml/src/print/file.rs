//! Documents with comments and styles, as go-yaml v3 prints them.

use super::PrintError;
use super::analysis::{Analysis, Style, Version, analyse};
use super::writer::{Layout, Writer};
use crate::mapping::{Entry, Mapping};
use crate::node::{self, Comments, Document, Node, Scalar, ScalarStyle, Value};
use crate::parse::ParseOptions;
use crate::resolve::Resolved;

mod comments;
mod flow;
mod tag;

use comments::foot_of;
use tag::written_tag;

/// Bytes up to which a key stands before its colon on one line.
const SIMPLE_KEY: usize = 128;

/// How a file is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStyle {
    /// Spaces for each level, from 2 to 9; others count as 2.
    pub indent: usize,
    /// Where lists stand below their key.
    pub sequences: SequenceIndent,
}

/// Where a list stands below its key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SequenceIndent {
    /// Indented like everything else, as go-yaml v3 does by default.
    #[default]
    Wide,
    /// The dash counts as indentation: at 2 spaces it stands in the column of the key, as kyaml does.
    Compact,
}

impl Default for FileStyle {
    /// Returns the style of kyaml: 2 spaces, compact lists.
    fn default() -> Self {
        Self {
            indent: 2,
            sequences: SequenceIndent::Compact,
        }
    }
}

/// Returns the documents as go.yaml.in/yaml/v3 3.0.4 prints their nodes: with comments, anchors, tags
/// and scalar styles, lines as long as they get, and `---` between documents only.
///
/// What that library cannot keep is lost here as well: empty lines, the indentation of comments,
/// `---` before the first document, and directives. A folded text (`>`) whose lines are indented
/// further gets one empty line more, and a comment behind a text that keeps its line breaks (`|+`) gives
/// it one. A comment within brackets may come out where it cannot be read again.
///
/// Two things are not as that library has them, since it cannot read them again. Within the items of a list it names
/// the indentation of a whole level (`|4`) for a text that begins with a space or an empty line and is indented by 2;
/// here it says `|2`. A text that begins with a tab gets such a number as well.
///
/// ```
/// let text = "# top\na:   1 # one\nlist: [x,   'y']\n";
/// let documents = windlass_yaml::parse(text)?;
/// let printed = windlass_yaml::print_file(&documents, &Default::default());
/// assert_eq!(printed, "# top\na: 1 # one\nlist: [x, 'y']\n");
/// # Ok::<(), windlass_yaml::ParseError>(())
/// ```
pub fn print_file(documents: &[Document], style: &FileStyle) -> String {
    let mut out = String::new();
    let indent = if (2..=9).contains(&style.indent) {
        style.indent
    } else {
        2
    };
    let width = usize::MAX;
    let mut printer = Printer {
        writer: Writer::new(&mut out, Layout { width, indent }),
        compact: style.sequences == SequenceIndent::Compact,
        flow_level: 0,
        comments: Comments::default(),
        tail: String::new(),
        key_line: String::new(),
    };
    for (number, document) in documents.iter().enumerate() {
        printer.document(document, number == 0);
    }
    out
}

/// Returns a folded text as it comes back from go-yaml v3, whose printing and reading of one is not
/// always an identity.
pub(super) fn fold_and_read_back(text: &str) -> Result<String, PrintError> {
    let scalar = Scalar {
        text: text.into(),
        style: ScalarStyle::Folded,
    };
    let root = Node::mapping([("text", Node::new(Value::Scalar(scalar)))]);
    let read_back = print_and_read_back(&root)?;
    Ok(read_back.get_text("text").unwrap_or_default().to_owned())
}

/// Returns a node as it comes back from go-yaml v3.
pub(super) fn print_and_read_back(node: &Node) -> Result<Node, PrintError> {
    let document = Document {
        root: node.clone(),
        ..Document::default()
    };
    let printed = print_file(&[document], &FileStyle::default());
    let read = crate::parse::parse_first(printed, &ParseOptions::default());
    let document = read.map_err(|error| PrintError::NotReadBack {
        at: node.start,
        error,
    })?;
    Ok(document.unwrap_or_default().root)
}

/// The state of go-yaml's emitter. Comments wait here for the place where they are printed, which may
/// be a later node than the one they came with.
struct Printer<'a> {
    writer: Writer<'a>,
    compact: bool,
    flow_level: usize,
    comments: Comments,
    /// The foot of the entry before the next key.
    tail: String,
    /// The comment behind a key whose value begins on the next line.
    key_line: String,
}

/// What a node is printed in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Root,
    BlockItem,
    BlockValue,
    FlowItem,
    FlowValue,
    /// A key before its colon on one line.
    SimpleKey,
    /// A key behind a question mark.
    ComplexKey,
}

impl Context {
    fn is_mapping(self) -> bool {
        !matches!(self, Self::Root | Self::BlockItem | Self::FlowItem)
    }

    fn is_key(self) -> bool {
        matches!(self, Self::SimpleKey | Self::ComplexKey)
    }
}

impl Printer<'_> {
    fn document(&mut self, document: &Document, first: bool) {
        if !first {
            self.writer.write_indent();
            self.writer.put_indicator("---", true, false);
            self.writer.write_indent();
        }
        if !document.comments.head.is_empty() {
            self.comments.head.clone_from(&document.comments.head);
            self.write_head();
            self.writer.put_break('\n');
        }
        self.begin(&document.root);
        self.write_head();
        self.node(&document.root, Context::Root);
        if !document.comments.foot.is_empty() {
            self.comments.foot.clone_from(&document.comments.foot);
        }
        self.writer.foot_indent = Some(0);
        self.write_foot();
        self.writer.foot_indent = None;
        self.writer.write_indent();
    }

    fn node(&mut self, node: &Node, context: Context) {
        let trail = self.has_trailing_comments();
        match &node.value {
            Value::Alias(name) => {
                self.writer.put_indicator("*", true, false);
                self.writer.put_word(name);
                self.after(context, trail);
            }
            Value::Scalar(scalar) => {
                self.scalar(node, &scalar.text, scalar.style, context);
                self.after(context, trail);
            }
            Value::Sequence(items) => {
                self.properties(node);
                self.after(context, trail);
                if self.is_flow(node, items.is_empty()) {
                    self.flow_sequence(node, items, context);
                } else {
                    self.block_sequence(node, items, context);
                }
            }
            Value::Mapping(mapping) => {
                self.properties(node);
                self.after(context, trail);
                if self.is_flow(node, mapping.is_empty()) {
                    self.flow_mapping(node, mapping, context);
                } else {
                    self.block_mapping(node, mapping, context);
                }
            }
        }
    }

    fn is_flow(&self, node: &Node, empty: bool) -> bool {
        self.flow_level > 0 || node.layout() == node::Layout::Flow || empty
    }

    /// Writes what follows a scalar, an alias or the beginning of a collection: not behind a key.
    fn after(&mut self, context: Context, trail: bool) {
        match context {
            _ if context.is_key() => return,
            Context::FlowItem | Context::FlowValue if trail => {
                self.writer.put_indicator(",", false, false);
            }
            _ => {}
        }
        self.write_line();
        self.write_foot();
    }

    /// Writes anchor and tag.
    fn properties(&mut self, node: &Node) {
        if let Some(anchor) = node.anchor() {
            self.writer.put_indicator("&", true, false);
            self.writer.put_word(anchor);
        }
        if let Some(tag) = written_tag(node) {
            if !self.writer.whitespace {
                self.writer.put(' ');
            }
            self.writer.put_word(&tag);
        }
    }

    fn scalar(&mut self, node: &Node, text: &str, style: ScalarStyle, context: Context) {
        let analysis = analyse(text, Version::V3);
        let style = self.scalar_style(analysis, text, style, context);
        self.properties(node);
        let outer = self.increase_indent(context, self.writer.layout.indent, 0);
        if let (Some(outer), Some(indent)) = (outer, self.writer.indent) {
            self.writer.text_indent = Some(indent - outer);
        }
        let block = matches!(style, Style::Literal | Style::Folded);
        let comment = if block {
            std::mem::take(&mut self.comments.line)
        } else {
            String::new()
        };
        let fold = !matches!(context, Context::SimpleKey);
        self.writer.scalar(text, style, fold, &comment);
        self.writer.indent = outer;
    }

    fn scalar_style(
        &self,
        analysis: Analysis,
        text: &str,
        style: ScalarStyle,
        context: Context,
    ) -> Style {
        let simple_key = context == Context::SimpleKey;
        let plain_allowed = if self.flow_level > 0 {
            analysis.flow_plain
        } else {
            analysis.plain
        };
        let empty = text.is_empty() && (self.flow_level > 0 || simple_key);
        let block_allowed = analysis.block && self.flow_level == 0 && !simple_key;
        match style {
            _ if simple_key && analysis.multiline => Style::DoubleQuoted,
            ScalarStyle::Plain if text.contains('\n') && block_allowed => Style::Literal,
            ScalarStyle::Plain if text.contains('\n') => Style::DoubleQuoted,
            ScalarStyle::Plain if plain_allowed && !empty => Style::Plain,
            ScalarStyle::Plain | ScalarStyle::SingleQuoted => analysis.quoted(),
            ScalarStyle::Literal if block_allowed => Style::Literal,
            ScalarStyle::Folded if block_allowed => Style::Folded,
            _ => Style::DoubleQuoted,
        }
    }

    /// Indents what follows and returns the former indentation. At the root that is `root`; in the
    /// item of a list the dash is the indentation; elsewhere it is the next level less `dash`.
    fn increase_indent(&mut self, context: Context, root: usize, dash: usize) -> Option<usize> {
        let level = self.writer.layout.indent;
        let outer = self.writer.indent;
        self.writer.indent = Some(match outer {
            None => root,
            Some(indent) if context == Context::BlockItem => indent + 2,
            Some(indent) => level * ((indent + level) / level) - dash,
        });
        outer
    }

    fn block_sequence(&mut self, node: &Node, items: &[Node], context: Context) {
        let new_line = self.writer.column == 0 || !self.writer.indention;
        let compact = self.compact && context.is_mapping() && new_line;
        let outer = self.increase_indent(context, 0, if compact { 2 } else { 0 });
        for item in items {
            self.begin(item);
            self.write_head();
            self.writer.write_indent();
            self.writer.put_indicator("-", true, true);
            self.node(item, Context::BlockItem);
        }
        self.end(node, "", context);
        self.writer.indent = outer;
    }

    fn block_mapping(&mut self, node: &Node, mapping: &Mapping, context: Context) {
        let outer = self.increase_indent(context, 0, 0);
        let mut tail = "";
        for Entry { key, value } in mapping.entries() {
            self.begin_key(key, tail);
            tail = foot_of(key);
            let simple = self.block_key(key);
            self.begin(value);
            self.block_value_start(value, simple);
            self.node(value, Context::BlockValue);
        }
        self.end(node, tail, context);
        self.write_head();
        self.writer.indent = outer;
    }

    /// Writes a key without its colon; returns whether it stands before the colon on one line.
    fn block_key(&mut self, key: &Node) -> bool {
        self.write_head();
        self.writer.write_indent();
        if !self.comments.line.is_empty() {
            self.key_line = std::mem::take(&mut self.comments.line);
        }
        let simple = is_simple_key(key);
        if simple {
            self.node(key, Context::SimpleKey);
        } else {
            self.writer.put_indicator("?", true, true);
            self.node(key, Context::ComplexKey);
        }
        simple
    }

    fn block_value_start(&mut self, value: &Node, simple: bool) {
        if simple {
            self.writer.put_indicator(":", false, false);
        } else {
            self.writer.write_indent();
            self.writer.put_indicator(":", true, true);
        }
        if self.key_line.is_empty() {
            return;
        }
        let block = !value.is_scalar() && value.layout() == node::Layout::Block;
        if value.is_scalar() && self.comments.line.is_empty() {
            self.comments.line = std::mem::take(&mut self.key_line);
        } else if block && !matches!(value.value, Value::Alias(_)) {
            std::mem::swap(&mut self.comments.line, &mut self.key_line);
            self.write_line();
            std::mem::swap(&mut self.comments.line, &mut self.key_line);
        }
    }
}

fn is_simple_key(key: &Node) -> bool {
    let anchor = key.anchor().map_or(0, str::len);
    let tag = written_tag(key).map_or(0, |tag| tag.len());
    let length = match &key.value {
        Value::Alias(name) => name.len(),
        Value::Scalar(scalar) if analyse(&scalar.text, Version::V3).multiline => return false,
        Value::Scalar(scalar) => anchor + tag + scalar.text.len(),
        Value::Sequence(items) if items.is_empty() => anchor + tag,
        Value::Mapping(mapping) if mapping.is_empty() => anchor + tag,
        Value::Sequence(_) | Value::Mapping(_) => return false,
    };
    length <= SIMPLE_KEY
}
