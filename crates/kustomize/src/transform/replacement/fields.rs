//! Paths of replacements: `spec.containers.[name=web].image`, `spec.ports.0`, `rules.*.host`.

use windlass_yaml::{Mapping, Node, ScalarStyle, Value};

use crate::document;
use crate::edit;
use crate::error::{Problem, ReplacementProblem};
use crate::fieldspec::{split_path, wrong_kind};
use crate::selector;

/// What a missing field is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Scalar,
    Sequence,
    Mapping,
}

impl Kind {
    pub(super) fn of(node: &Node) -> Self {
        match node.value {
            Value::Sequence(_) => Self::Sequence,
            Value::Mapping(_) => Self::Mapping,
            _ => Self::Scalar,
        }
    }

    fn node(self) -> Node {
        match self {
            Self::Scalar => Node::plain(""),
            Self::Sequence => Node::new(Value::Sequence(Vec::new())),
            Self::Mapping => Node::new(Value::Mapping(Mapping::new())),
        }
    }

    /// Returns what the part before `next` is made of.
    fn before(next: Option<&String>, last: Self) -> Self {
        match next {
            None => last,
            Some(next) if is_bracketed(next) || next.parse::<u32>().is_ok() => Self::Sequence,
            Some(_) => Self::Mapping,
        }
    }
}

fn is_bracketed(part: &str) -> bool {
    part.starts_with('[') && part.ends_with(']')
}

/// Splits a path at its dots, except within brackets. Brackets without `=` only quote.
pub(crate) fn smart_split(path: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = split_path(path, '.').into_iter();
    while let Some(part) = rest.next() {
        if !part.starts_with('[') || part.ends_with(']') {
            parts.push(part);
            continue;
        }
        let mut bracketed = part;
        for next in rest.by_ref() {
            bracketed.push('.');
            bracketed.push_str(&next);
            if next.ends_with(']') {
                break;
            }
        }
        if bracketed.contains('=') {
            parts.push(bracketed);
        } else {
            parts.push(bracketed.trim_matches(['[', ']']).to_owned());
        }
    }
    parts
}

/// Returns the name and value of `[name=value]`.
fn name_and_value(part: &str) -> Result<(&str, &str), ReplacementProblem> {
    let inner = part
        .strip_prefix('[')
        .and_then(|part| part.strip_suffix(']'))
        .unwrap_or(part);
    inner
        .split_once('=')
        .ok_or_else(|| ReplacementProblem::PathElement {
            part: part.to_owned(),
        })
}

fn elements(node: &Node) -> Result<&[Node], Problem> {
    match &node.value {
        Value::Sequence(items) => Ok(items),
        _ if node.is_null() => Ok(&[]),
        _ => Err(wrong_kind("SequenceNode", node)),
    }
}

fn field<'n>(node: &'n Node, name: &str) -> Result<Option<&'n Node>, Problem> {
    match &node.value {
        Value::Mapping(mapping) => Ok(mapping.get(name)),
        _ if node.is_null() => Ok(None),
        _ => Err(wrong_kind("MappingNode", node)),
    }
}

/// Returns what a path leads to; elements of lists are named by number, `-` for the last, or
/// `[name=value]`.
pub(crate) fn lookup<'n>(node: &'n Node, path: &[String]) -> Result<Option<&'n Node>, Problem> {
    let mut node = node;
    for part in path
        .iter()
        .map(|part| part.trim())
        .filter(|part| !part.is_empty())
    {
        let next = match part.parse::<i64>() {
            Ok(index) if index < 0 => return Err(ReplacementProblem::PathIndex { index }.into()),
            Ok(index) => elements(node)?.get(usize::try_from(index).unwrap_or(usize::MAX)),
            Err(_) if part == "-" => elements(node)?.last(),
            Err(_) if part == "*" => return Err(ReplacementProblem::PathWildcard.into()),
            Err(_) if is_bracketed(part) => find_element(node, part)?,
            Err(_) => field(node, part)?,
        };
        match next {
            Some(next) => node = next,
            None => return Ok(None),
        }
    }
    Ok(Some(node))
}

fn find_element<'n>(node: &'n Node, part: &str) -> Result<Option<&'n Node>, Problem> {
    let (name, value) = name_and_value(part)?;
    let fits = |element: &&Node| {
        if name.is_empty() {
            edit::text(element) == value
        } else {
            element.get_text(name) == Some(value)
        }
    };
    Ok(elements(node)?.iter().find(fits))
}

/// Calls `set` with every field that a path leads to, and returns how many there are. Here the value in
/// `[name=value]` is a regular expression, and `*` stands for all elements.
pub(super) fn visit(
    node: &mut Node,
    path: &[String],
    create: Option<Kind>,
    set: &mut dyn FnMut(&mut Node) -> Result<(), Problem>,
) -> Result<usize, Problem> {
    let Some((part, rest)) = path.split_first() else {
        set(node)?;
        return Ok(1);
    };
    if let Ok(index) = part.parse::<u32>() {
        return visit_index(node, index as usize, rest, create, set);
    }
    if is_bracketed(part) {
        return visit_elements(node, part, rest, create, set);
    }
    if part == "*" {
        elements(node)?;
        let items = node.as_sequence_mut().into_iter().flatten();
        return items.map(|item| visit(item, rest, create, set)).sum();
    }
    visit_field(node, part, rest, create, set)
}

fn visit_field(
    node: &mut Node,
    name: &str,
    rest: &[String],
    create: Option<Kind>,
    set: &mut dyn FnMut(&mut Node) -> Result<(), Problem>,
) -> Result<usize, Problem> {
    if field(node, name)?.is_none() {
        let Some(kind) = create else { return Ok(0) };
        node.set(name, Kind::before(rest.first(), kind).node());
    }
    let Some(field) = node.get_mut(name) else {
        return Ok(0);
    };
    if field.is_scalar() && !rest.is_empty() {
        // kustomize goes on in a copy of what the text holds, and so changes nothing.
        let mut inner =
            document::first(edit::text(field).as_bytes()).map_err(|fault| fault.problem)?;
        return visit(&mut inner, rest, create, set);
    }
    visit(field, rest, create, set)
}

fn visit_index(
    node: &mut Node,
    index: usize,
    rest: &[String],
    create: Option<Kind>,
    set: &mut dyn FnMut(&mut Node) -> Result<(), Problem>,
) -> Result<usize, Problem> {
    let count = elements(node)?.len();
    if let Some(kind) = create.filter(|_| count == index) {
        node.make_sequence()
            .push(Kind::before(rest.first(), kind).node());
    }
    match node
        .as_sequence_mut()
        .and_then(|items| items.get_mut(index))
    {
        Some(item) => visit(item, rest, create, set),
        None => Err(ReplacementProblem::PathTooFar { index, count }.into()),
    }
}

fn visit_elements(
    node: &mut Node,
    part: &str,
    rest: &[String],
    create: Option<Kind>,
    set: &mut dyn FnMut(&mut Node) -> Result<(), Problem>,
) -> Result<usize, Problem> {
    let (name, value) = name_and_value(part)?;
    elements(node)?;
    let pattern = selector::compile(value)?;
    let mut count = 0;
    for item in node.as_sequence_mut().into_iter().flatten() {
        if name.is_empty() {
            if pattern.is_match(&printed(item)) {
                set(item)?;
                count += 1;
            }
        } else if item
            .get(name)
            .is_some_and(|field| pattern.is_match(&printed(field)))
        {
            count += visit(item, rest, create, set)?;
        }
    }
    if count > 0 || create.is_none() {
        return Ok(count);
    }
    let made = if name.is_empty() {
        Node::plain(value)
    } else {
        Node::mapping([(name, Node::plain(value))])
    };
    let items = node.make_sequence();
    items.push(made);
    match items.last_mut() {
        Some(item) if name.is_empty() => set(item).map(|()| 1),
        Some(item) => visit(item, rest, create, set),
        None => Ok(0),
    }
}

/// Returns a node as it is written, which is what the expressions see: quotes included.
fn printed(node: &Node) -> String {
    let text = edit::text(node);
    match node.as_scalar().map(|scalar| scalar.style) {
        Some(ScalarStyle::SingleQuoted) => format!("'{text}'"),
        Some(ScalarStyle::DoubleQuoted) => format!("\"{text}\""),
        _ => text.trim().to_owned(),
    }
}

/// Puts a value into a field: a scalar takes the text and keeps its own type.
pub(super) fn put(field: &mut Node, value: &Node) {
    if field.is_scalar() {
        put_text(field, edit::text(value));
    } else {
        *field = value.clone();
    }
}

/// Puts a text into a scalar. One that a replacement has made has no type.
pub(super) fn put_text(field: &mut Node, text: &str) {
    let is_free = edit::text(field).is_empty() || !field.is_string();
    if is_free && !field.start.is_known() {
        edit::assign_loose(field, text);
    } else {
        edit::assign_text(field, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_within_brackets_do_not_split() {
        assert_eq!(smart_split("a.[name=x.y].b"), ["a", "[name=x.y]", "b"]);
        assert_eq!(
            smart_split("metadata.annotations.[a.b/c]"),
            ["metadata", "annotations", "a.b/c"]
        );
        assert_eq!(smart_split(r"data.a\.b"), ["data", "a.b"]);
    }
}
