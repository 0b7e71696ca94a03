//! Building, reading and changing nodes.

use crate::extras::End;
use crate::mapping::Mapping;
use crate::node::{Node, Position, Scalar, ScalarStyle, Value};
use crate::resolve::{self, Resolved};

impl Node {
    /// Returns a node that holds this value, without tag, anchor, position or comments.
    pub fn new(value: Value) -> Self {
        // Not from `default`, which would make the text of a null only to drop it.
        Self {
            value,
            extras: None,
            start: Position::default(),
            end: End::default(),
        }
    }

    /// Returns a string: plain when it reads back as that string, else in double quotes.
    pub fn string(text: impl Into<Box<str>>) -> Self {
        let text = text.into();
        let style = resolve::string_style(&text);
        Self::new(Value::Scalar(Scalar { text, style }))
    }

    /// Returns a plain scalar: what type it has follows from its text.
    pub fn plain(text: impl Into<Box<str>>) -> Self {
        Self::new(Value::Scalar(Scalar {
            text: text.into(),
            style: ScalarStyle::Plain,
        }))
    }

    /// Returns `null`.
    pub fn null() -> Self {
        Self::plain("null")
    }

    /// Returns `true` or `false`.
    pub fn bool(value: bool) -> Self {
        Self::plain(if value { "true" } else { "false" })
    }

    /// Returns an integer.
    pub fn int(value: i64) -> Self {
        Self::plain(value.to_string())
    }

    /// Returns a list.
    pub fn sequence(items: impl IntoIterator<Item = Node>) -> Self {
        Self::new(Value::Sequence(items.into_iter().collect()))
    }

    /// Returns a mapping of these pairs.
    ///
    /// ```
    /// use windlass_yaml::Node;
    /// let node = Node::mapping([("name", Node::string("web")), ("replicas", Node::int(2))]);
    /// assert_eq!(windlass_yaml::print_build(&node)?, "name: web\nreplicas: 2\n");
    /// # Ok::<(), windlass_yaml::PrintError>(())
    /// ```
    pub fn mapping<K: AsRef<str>>(pairs: impl IntoIterator<Item = (K, Node)>) -> Self {
        Self::new(Value::Mapping(pairs.into_iter().collect()))
    }

    /// Returns the scalar, if this is one.
    pub fn as_scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// Returns the text of a scalar, whatever type it has (`1` and `"1"` both give `1`).
    pub fn text(&self) -> Option<&str> {
        self.as_scalar().map(|scalar| &*scalar.text)
    }

    /// Returns the text of a scalar that is a string, so neither of `1`, `true` nor `null`.
    pub fn as_str(&self) -> Option<&str> {
        self.text().filter(|_| self.is_string())
    }

    /// Returns the value of a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self.resolve() {
            Resolved::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// Returns the value of an integer that fits.
    pub fn as_i64(&self) -> Option<i64> {
        match self.resolve() {
            Resolved::Int(value) => Some(value),
            _ => None,
        }
    }

    /// Returns the items of a list.
    pub fn as_sequence(&self) -> Option<&[Node]> {
        match &self.value {
            Value::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the items of a list, to be changed.
    pub fn as_sequence_mut(&mut self) -> Option<&mut Vec<Node>> {
        match &mut self.value {
            Value::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the mapping, if this is one.
    pub fn as_mapping(&self) -> Option<&Mapping> {
        match &self.value {
            Value::Mapping(mapping) => Some(mapping),
            _ => None,
        }
    }

    /// Returns the mapping, if this is one, to be changed.
    pub fn as_mapping_mut(&mut self) -> Option<&mut Mapping> {
        match &mut self.value {
            Value::Mapping(mapping) => Some(mapping),
            _ => None,
        }
    }

    /// Returns whether this is a scalar.
    pub fn is_scalar(&self) -> bool {
        matches!(self.value, Value::Scalar(_))
    }

    /// Returns whether this is a list.
    pub fn is_sequence(&self) -> bool {
        matches!(self.value, Value::Sequence(_))
    }

    /// Returns whether this is a mapping.
    pub fn is_mapping(&self) -> bool {
        matches!(self.value, Value::Mapping(_))
    }

    /// Returns whether this is null: `null`, `~`, nothing at all, or tagged so.
    pub fn is_null(&self) -> bool {
        matches!(self.resolve(), Resolved::Null)
    }

    /// Returns whether this is a scalar that resolves to a string.
    pub fn is_string(&self) -> bool {
        matches!(self.resolve(), Resolved::String(_))
    }

    /// Returns the value of this key, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_mapping()?.get(key)
    }

    /// Returns the value of this key to be changed, if this is a mapping that has it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.as_mapping_mut()?.get_mut(key)
    }

    /// Returns the text of the scalar with this key.
    pub fn get_text(&self, key: &str) -> Option<&str> {
        self.get(key)?.text()
    }

    /// Returns what stands at the end of these keys.
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Returns what stands at the end of these keys, to be changed.
    pub fn at_mut(&mut self, path: &[&str]) -> Option<&mut Node> {
        path.iter().try_fold(self, |node, key| node.get_mut(key))
    }

    /// Sets the value of this key and returns the former one. What is not a mapping becomes one.
    pub fn set(&mut self, key: &str, value: Node) -> Option<Node> {
        self.make_mapping().insert(key, value)
    }

    /// Removes this key, keeping the order of the others.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        self.as_mapping_mut()?.remove(key)
    }

    /// Returns the mapping; what is not one loses its value and becomes an empty one.
    pub fn make_mapping(&mut self) -> &mut Mapping {
        if !self.is_mapping() {
            self.replace_value(Value::Mapping(Mapping::new()));
        }
        match &mut self.value {
            Value::Mapping(mapping) => mapping,
            _ => unreachable!("it was made a mapping"),
        }
    }

    /// Returns the items; what is not a list loses its value and becomes an empty one.
    pub fn make_sequence(&mut self) -> &mut Vec<Node> {
        if !self.is_sequence() {
            self.replace_value(Value::Sequence(Vec::new()));
        }
        match &mut self.value {
            Value::Sequence(items) => items,
            _ => unreachable!("it was made a list"),
        }
    }

    /// Makes this a string with this text. Quotes stay; a plain scalar stays plain where that reads
    /// back as the string; tag and block style go.
    pub fn set_string(&mut self, text: impl Into<Box<str>>) {
        let text = text.into();
        let style = match self.as_scalar().map(|scalar| scalar.style) {
            Some(quoted @ (ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted)) => quoted,
            _ => resolve::string_style(&text),
        };
        self.replace_value(Value::Scalar(Scalar { text, style }));
    }

    /// Replaces the value and drops the tag; anchor, position and comments stay.
    pub fn replace_value(&mut self, value: Value) {
        self.value = value;
        self.set_tag(None);
    }

    /// Forgets positions and comments, here and below.
    pub fn forget_source(&mut self) {
        self.start = Position::default();
        self.set_end(0);
        self.forget_comments();
        match &mut self.value {
            Value::Sequence(items) => items.iter_mut().for_each(Self::forget_source),
            Value::Mapping(mapping) => {
                for entry in mapping.entries_mut() {
                    entry.key.forget_source();
                    entry.value.forget_source();
                }
            }
            Value::Scalar(_) | Value::Alias(_) => {}
        }
    }

    /// Returns whether both hold the same value, whatever the styles: `"a"` and `a` are the same,
    /// `"1"` and `1` are not. The order of a mapping's keys does not count; that of a list does.
    ///
    /// ```
    /// let read = |text| windlass_yaml::parse(text).map(|mut documents| documents.remove(0).root);
    /// assert!(read("{b: 'x', a: 0x10}")?.same_value(&read("a: 16\nb: x\n")?));
    /// assert!(!read("a: '16'")?.same_value(&read("a: 16")?));
    /// # Ok::<(), windlass_yaml::ParseError>(())
    /// ```
    pub fn same_value(&self, other: &Self) -> bool {
        match (&self.value, &other.value) {
            (Value::Sequence(a), Value::Sequence(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same_value(b))
            }
            (Value::Mapping(a), Value::Mapping(b)) => same_mapping(a, b),
            (Value::Alias(a), Value::Alias(b)) => a == b,
            (Value::Scalar(_), Value::Scalar(_)) => self.resolve() == other.resolve(),
            _ => false,
        }
    }
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::string(text)
    }
}

impl From<String> for Node {
    fn from(text: String) -> Self {
        Self::string(text)
    }
}

fn same_mapping(a: &Mapping, b: &Mapping) -> bool {
    let in_b = |key: &Node, value: &Node| match key.text().and_then(|text| b.get_entry(text)) {
        Some(entry) => entry.key.same_value(key) && entry.value.same_value(value),
        None => b
            .iter()
            .any(|(other, other_value)| other.same_value(key) && other_value.same_value(value)),
    };
    a.len() == b.len() && a.iter().all(|(key, value)| in_b(key, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_value_looks_at_types_not_at_styles() {
        assert!(Node::string("a").same_value(&Node::plain("a")));
        assert!(!Node::string("1").same_value(&Node::plain("1")));
        assert!(Node::plain("0x10").same_value(&Node::int(16)));
        let one = Node::mapping([("a", Node::int(1)), ("b", Node::int(2))]);
        let other = Node::mapping([("b", Node::int(2)), ("a", Node::int(1))]);
        assert!(one.same_value(&other));
        assert_ne!(one, other);
    }

    #[test]
    fn setting_a_string_keeps_quotes_and_adds_them_where_needed() {
        let style = |node: &Node| node.as_scalar().map(|scalar| scalar.style);
        let mut quoted = Node::new(Value::Scalar(Scalar {
            text: "a".into(),
            style: ScalarStyle::SingleQuoted,
        }));
        quoted.set_string("b");
        assert_eq!(style(&quoted), Some(ScalarStyle::SingleQuoted));
        let mut plain = Node::plain("a");
        plain.set_string("true");
        assert_eq!(style(&plain), Some(ScalarStyle::DoubleQuoted));
        assert_eq!(plain.as_str(), Some("true"));
    }

    #[test]
    fn a_path_leads_through_mappings() {
        let mut root = Node::default();
        root.set("a", Node::mapping([("b", Node::string("c"))]));
        assert_eq!(root.at(&["a", "b"]).and_then(Node::as_str), Some("c"));
        assert!(root.at(&["a", "x"]).is_none());
    }
}
