//! Collections in brackets and braces.

use super::{Context, Entry, Mapping, Node, Printer, foot_of, is_simple_key};

impl Printer<'_> {
    pub(super) fn flow_sequence(&mut self, node: &Node, items: &[Node], context: Context) {
        self.writer.put_indicator("[", true, false);
        self.writer.whitespace = true;
        let outer = self.increase_indent(context, self.writer.layout.indent, 0);
        self.flow_level += 1;
        let mut comma = false;
        for item in items {
            self.begin(item);
            self.start_entry(comma);
            comma = !self.has_trailing_comments();
            self.node(item, Context::FlowItem);
        }
        self.end(node, "", context);
        self.flow_level -= 1;
        self.writer.indent = outer;
        if self.writer.column == 0 {
            self.writer.write_indent();
        }
        self.close("]");
    }

    pub(super) fn flow_mapping(&mut self, node: &Node, mapping: &Mapping, context: Context) {
        self.writer.put_indicator("{", true, false);
        self.writer.whitespace = true;
        let outer = self.increase_indent(context, self.writer.layout.indent, 0);
        self.flow_level += 1;
        let mut comma = false;
        let mut tail = "";
        for Entry { key, value } in mapping.entries() {
            self.begin_key(key, tail);
            tail = foot_of(key);
            self.start_entry(comma);
            self.flow_key(key);
            self.begin(value);
            comma = !self.has_trailing_comments();
            self.node(value, Context::FlowValue);
        }
        self.end(node, tail, context);
        let more = !self.comments.head.is_empty() || !self.comments.foot.is_empty();
        if comma && (more || !self.tail.is_empty()) {
            self.writer.put_indicator(",", false, false);
        }
        self.write_head();
        self.flow_level -= 1;
        self.writer.indent = outer;
        self.close("}");
    }

    fn start_entry(&mut self, comma: bool) {
        if comma {
            self.writer.put_indicator(",", false, false);
        }
        self.write_head();
        if self.writer.column == 0 {
            self.writer.write_indent();
        }
    }

    fn flow_key(&mut self, key: &Node) {
        if is_simple_key(key) {
            self.node(key, Context::SimpleKey);
            self.writer.put_indicator(":", false, false);
        } else {
            self.writer.put_indicator("?", true, false);
            self.node(key, Context::ComplexKey);
            self.writer.put_indicator(":", true, false);
        }
    }

    fn close(&mut self, bracket: &str) {
        self.writer.put_indicator(bracket, false, false);
        self.write_line();
        self.write_foot();
    }
}
