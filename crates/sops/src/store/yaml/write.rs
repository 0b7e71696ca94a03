//! YAML as sops writes it: go-yaml v3 with an indentation of 4, styles chosen anew.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use windlass_yaml::{
    Document, FileStyle, Mapping, Node, Scalar as Text, ScalarStyle, SequenceIndent, print_file,
};

use crate::SecretBytes;
use crate::store::EmitError;
use crate::value::{Branch, Item, Scalar, Value};

fn style(indent: u8) -> FileStyle {
    FileStyle {
        indent: indent.into(),
        sequences: SequenceIndent::Wide,
    }
}

/// Writes any value.
pub(in crate::store) fn emit_value(value: &Value, indent: u8) -> Result<SecretBytes, EmitError> {
    let document = Document {
        root: value_node(value)?,
        ..Document::default()
    };
    Ok(print_file(&[document], &style(indent)).into())
}

/// Writes the documents.
pub(in crate::store) fn emit(documents: &[Branch], indent: u8) -> Result<SecretBytes, EmitError> {
    let documents = documents
        .iter()
        .map(|branch| {
            Ok(Document {
                root: branch_node(branch)?,
                ..Document::default()
            })
        })
        .collect::<Result<Vec<_>, EmitError>>()?;
    Ok(print_file(&documents, &style(indent)).into())
}

/// Comments go to the key that follows them, those at the beginning to the mapping, those at the end to
/// the last key.
fn branch_node(branch: &[Item]) -> Result<Node, EmitError> {
    let mut mapping = Mapping::new();
    let mut head = String::new();
    let mut comments = Pending::default();
    for item in branch {
        match item {
            Item::Comment(text) => comments.add(text)?,
            Item::Pair(key, value) => {
                let mut key = key_node(key);
                if mapping.is_empty() {
                    head = comments.take();
                } else {
                    key.comments_mut().head = comments.take();
                }
                mapping.push(key, value_node(value)?);
            }
        }
    }
    let foot = comments.take();
    match mapping.entries_mut().last_mut() {
        Some(last) => last.key.comments_mut().foot = foot,
        None => head = foot,
    }
    let mut node = Node::new(windlass_yaml::Value::Mapping(mapping));
    node.comments_mut().head = head;
    Ok(node)
}

/// Comments before the first element go to the list.
fn list_node(values: &[Value]) -> Result<Node, EmitError> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut head = String::new();
    let mut comments = Pending::default();
    for value in values {
        if let Value::Comment(text) = value {
            comments.add(text)?;
            continue;
        }
        let mut node = value_node(value)?;
        if nodes.is_empty() {
            head = comments.take();
        } else {
            // A mapping has a comment of its own when it begins with one.
            let head = std::mem::take(&mut node.comments_mut().head);
            node.comments_mut().head = joined(comments.take(), head);
        }
        nodes.push(node);
    }
    match nodes.last_mut() {
        Some(last) => last.comments_mut().foot = comments.take(),
        None => head = comments.take(),
    }
    let mut list = Node::sequence(nodes);
    list.comments_mut().head = head;
    Ok(list)
}

fn joined(first: String, second: String) -> String {
    match (first.is_empty(), second.is_empty()) {
        (true, _) => second,
        (_, true) => first,
        (false, false) => format!("{first}\n{second}"),
    }
}

fn value_node(value: &Value) -> Result<Node, EmitError> {
    Ok(match value {
        Value::Null | Value::Comment(_) => Node::null(),
        Value::Branch(branch) => branch_node(branch)?,
        Value::List(values) => list_node(values)?,
        Value::Scalar(Scalar::Text(text)) => match text.expose_text() {
            Some(text) => text_node(text),
            None => binary_node(text),
        },
        Value::Scalar(Scalar::Int(number)) => Node::int(*number),
        Value::Scalar(Scalar::Float(number)) => Node::plain(float_text(*number)),
        Value::Scalar(Scalar::Bool(flag)) => Node::bool(*flag),
        Value::Scalar(Scalar::Time(time)) => Node::plain(time.as_str()),
    })
}

fn key_node(key: &str) -> Node {
    let mut node = text_node(key);
    if key == "<<" {
        node = Node::plain(key);
        node.set_tag(Some("tag:yaml.org,2002:merge".into()));
    }
    node
}

/// Texts of several lines are literal blocks, where the printer can write them so.
fn text_node(text: &str) -> Node {
    if !text.contains('\n') {
        return Node::string(text);
    }
    Node::new(windlass_yaml::Value::Scalar(Text {
        text: text.into(),
        style: ScalarStyle::Literal,
    }))
}

fn binary_node(bytes: &SecretBytes) -> Node {
    let mut node = Node::plain(STANDARD.encode(bytes.expose()));
    node.set_tag(Some("tag:yaml.org,2002:binary".into()));
    node
}

/// Returns a float as Go's `strconv.FormatFloat(f, 'g', -1, 64)` does, infinities as in YAML.
fn float_text(number: f64) -> String {
    if number.is_nan() {
        return ".nan".to_owned();
    }
    if number.is_infinite() {
        return (if number > 0.0 { ".inf" } else { "-.inf" }).to_owned();
    }
    let size = number.abs();
    if size == 0.0 || (1e-4..1e6).contains(&size) {
        return number.to_string();
    }
    let text = format!("{number:e}");
    match text.split_once('e') {
        Some((digits, exponent)) => {
            let (sign, exponent) = match exponent.strip_prefix('-') {
                Some(exponent) => ('-', exponent),
                None => ('+', exponent),
            };
            format!("{digits}e{sign}{exponent:0>2}")
        }
        None => text,
    }
}

/// Comment lines that wait for what they belong to.
#[derive(Default)]
struct Pending(String);

impl Pending {
    fn add(&mut self, text: &SecretBytes) -> Result<(), EmitError> {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        self.0.push('#');
        self.0
            .push_str(text.expose_text().ok_or(EmitError::NotText)?);
        Ok(())
    }

    fn take(&mut self) -> String {
        std::mem::take(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_go_does() {
        assert_eq!(float_text(1.5), "1.5");
        assert_eq!(float_text(999_999.5), "999999.5");
        assert_eq!(float_text(1e6), "1e+06");
        assert_eq!(float_text(1e-5), "1e-05");
        assert_eq!(float_text(f64::NEG_INFINITY), "-.inf");
    }
}
