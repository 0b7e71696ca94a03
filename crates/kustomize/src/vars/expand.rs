//! `$(NAME)` within a text, as Kubernetes expands it in commands.

use std::collections::{BTreeMap, BTreeSet};

use windlass_yaml::{Node, Resolved};

use crate::edit;

/// Returns the text with its vars replaced. A text that is one var alone takes the type of its value;
/// unknown vars stay as they are, and `$$` becomes `$`. What is replaced joins `used`.
pub(super) fn expand(
    text: &str,
    values: &BTreeMap<String, Node>,
    used: &mut BTreeSet<String>,
) -> Node {
    let whole = text
        .strip_prefix("$(")
        .and_then(|rest| rest.strip_suffix(')'));
    if let Some((name, value)) = whole.and_then(|name| Some((name, primitive(values.get(name)?)?)))
    {
        used.insert(name.to_owned());
        return value;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        rest = expand_one(&mut out, rest, values, used);
    }
    out.push_str(rest);
    Node::string(out)
}

/// Writes what stands for the text behind a `$`, and returns what follows.
fn expand_one<'t>(
    out: &mut String,
    rest: &'t str,
    values: &BTreeMap<String, Node>,
    used: &mut BTreeSet<String>,
) -> &'t str {
    if let Some(rest) = rest.strip_prefix('$') {
        out.push('$');
        return rest;
    }
    if let Some((name, after)) = rest
        .strip_prefix('(')
        .and_then(|inner| inner.split_once(')'))
    {
        if let Some(value) = values.get(name).and_then(primitive) {
            out.push_str(edit::text(&value));
            used.insert(name.to_owned());
        } else {
            out.extend(["$(", name, ")"]);
        }
        return after;
    }
    out.push('$');
    rest
}

/// Returns the value as it is written into other fields: a text, a number or a boolean.
fn primitive(value: &Node) -> Option<Node> {
    match value.resolve() {
        Resolved::Int(number) => Some(Node::int(number)),
        Resolved::Bool(value) => Some(Node::bool(value)),
        Resolved::Float(number) => Some(Node::plain(number.to_string())),
        _ => value.text().map(Node::string),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vars_are_replaced_and_unknown_ones_stay() {
        let values = BTreeMap::from([
            ("HOST".to_owned(), Node::string("db")),
            ("PORT".to_owned(), Node::int(80)),
        ]);
        let expanded = |text| edit::text(&expand(text, &values, &mut BTreeSet::new())).to_owned();
        assert_eq!(expanded("http://$(HOST):$(PORT)/"), "http://db:80/");
        assert_eq!(expanded("$$(HOST) $(NO) $x $"), "$(HOST) $(NO) $x $");
        assert_eq!(
            expand("$(PORT)", &values, &mut BTreeSet::new()).as_i64(),
            Some(80)
        );
        assert_eq!(
            expand("$(PORT) ", &values, &mut BTreeSet::new()).as_str(),
            Some("80 ")
        );
    }
}
