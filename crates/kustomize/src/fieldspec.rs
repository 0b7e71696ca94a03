//! Fields of some kinds: where a transformer writes.

use std::borrow::Cow;
use std::collections::HashMap;

use windlass_yaml::{Mapping, Node, Value};

use crate::edit;
use crate::error::{FieldProblem, Problem};
use crate::id::{self, GvkSelector};
use crate::shared;

/// A field of all objects of some kinds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldSpec {
    pub(crate) gvk: GvkSelector,
    /// As it was written, parts separated by `/`.
    pub(crate) path: String,
    /// Whether the field is made where it is missing.
    pub(crate) create: bool,
}

impl FieldSpec {
    /// Returns the spec of a field of all kinds.
    pub(crate) fn of_all(path: &str, create: bool) -> Self {
        Self {
            gvk: GvkSelector::default(),
            path: path.to_owned(),
            create,
        }
    }

    /// Returns whether the object is of a kind that has the field.
    pub(crate) fn selects(&self, object: &Node) -> bool {
        let api_version = edit::field_text(object, "apiVersion");
        let kind = edit::field_text(object, "kind");
        self.gvk.selects_named(api_version, kind)
    }

    /// Returns whether this spec covers the same field, for kinds that the other one selects.
    fn covers(&self, other: &Self) -> bool {
        let mine = &self.gvk;
        self.path == other.path
            && other
                .gvk
                .selects_parts(&mine.group, &mine.version, &mine.kind)
    }
}

/// Adds the specs that are not covered yet; one that is covered must agree about making the field.
pub(crate) fn merge_all(into: &mut Vec<FieldSpec>, more: &[FieldSpec]) -> Result<(), Problem> {
    // Configurations may have many thousands of them, so that each looks only at those of its path.
    let mut of_path: HashMap<&str, Vec<usize>> = HashMap::with_capacity(more.len());
    for spec in more {
        of_path.entry(&spec.path).or_default();
    }
    for (index, there) in into.iter().enumerate() {
        if let Some(indices) = of_path.get_mut(there.path.as_str()) {
            indices.push(index);
        }
    }
    for spec in more {
        let indices = of_path.entry(&spec.path).or_default();
        let mut there = indices.iter().map(|index| &into[*index]);
        match there.find(|there| there.covers(spec)) {
            Some(there) if there.create != spec.create => {
                let path = spec.path.clone();
                return Err(FieldProblem::ConflictingSpecs { path }.into());
            }
            Some(_) => {}
            None => {
                indices.push(into.len());
                into.push(spec.clone());
            }
        }
    }
    Ok(())
}

/// What a missing field is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Make {
    Nothing,
    Scalar,
    Mapping,
}

impl Make {
    fn node(self) -> Node {
        match self {
            Self::Mapping => empty_mapping(),
            _ => Node::plain(""),
        }
    }
}

/// Sets one field.
pub(crate) type Setter<'s> = dyn FnMut(&mut Node) -> Result<(), Problem> + 's;

/// Calls `set` with the field of `object` that the spec names, in every element where the path leads
/// through lists.
pub(crate) fn apply(
    object: &mut Node,
    spec: &FieldSpec,
    make: Make,
    set: &mut Setter<'_>,
) -> Result<(), Problem> {
    if spec.selects(object) {
        apply_here(object, spec, make, set)
    } else {
        Ok(())
    }
}

/// Does as [`apply`] for an object whose kind is known to be selected.
pub(crate) fn apply_here(
    object: &mut Node,
    spec: &FieldSpec,
    make: Make,
    set: &mut Setter<'_>,
) -> Result<(), Problem> {
    let path = spec.path.strip_prefix('/').unwrap_or(&spec.path);
    let make = if spec.create { make } else { Make::Nothing };
    edit::check_nesting(path.matches('/').count(), None)?;
    walk(object, Some(path), make, set).map_err(|problem| {
        let not_set = FieldProblem::NotSet {
            field: spec.path.clone(),
            object: describe(object),
            problem: Box::new(problem),
        };
        not_set.into()
    })
}

/// Returns the identity of an object for a message.
pub(crate) fn describe(object: &Node) -> String {
    id::ResId {
        gvk: id::gvk(
            edit::field_text(object, "apiVersion"),
            edit::field_text(object, "kind"),
        ),
        name: edit::metadata_text(object, "name").to_owned(),
        namespace: edit::metadata_text(object, "namespace").to_owned(),
        is_cluster_scoped: false,
    }
    .to_string()
}

/// Walks down a path; `None` is behind its end.
fn walk(
    node: &mut Node,
    path: Option<&str>,
    make: Make,
    set: &mut Setter<'_>,
) -> Result<(), Problem> {
    let Some(path) = path else {
        return set(node);
    };
    if node.is_null() {
        return Ok(());
    }
    match &mut node.value {
        Value::Sequence(items) => items
            .iter_mut()
            .try_for_each(|item| walk(item, Some(path), make, set)),
        Value::Mapping(mapping) => walk_mapping(mapping, path, make, set),
        _ => Err(FieldProblem::NotACollection.into()),
    }
}

fn walk_mapping(
    mapping: &mut Mapping,
    path: &str,
    make: Make,
    set: &mut Setter<'_>,
) -> Result<(), Problem> {
    let (first, rest) = split_first(path, '/');
    let name = first.strip_suffix("[]").unwrap_or(&first);
    let is_list = name.len() < first.len();
    if name.is_empty() {
        return Err(FieldProblem::EmptyName.into());
    }
    let missing = || match (is_list, make) {
        (true, _) => Some(Node::new(Value::Sequence(Vec::new()))),
        (false, Make::Nothing) => None,
        (false, make) if rest.is_none() => Some(make.node()),
        (false, _) => Some(empty_mapping()),
    };
    if !mapping.contains_key(name) {
        match missing() {
            Some(node) if !is_list => mapping.push(Node::plain(name), node),
            _ => return Ok(()),
        }
    }
    let Some(field) = mapping.get_mut(name) else {
        return Ok(());
    };
    if field.is_null()
        && let Some(missing) = missing()
    {
        field.replace_value(missing.value);
    }
    walk(field, rest, make, set)
}

fn empty_mapping() -> Node {
    Node::new(Value::Mapping(Mapping::new()))
}

/// Splits a path at its delimiter; one behind a backslash belongs to the part.
pub(crate) fn split_path(path: &str, delimiter: char) -> Vec<String> {
    let mut rest = Some(path.strip_prefix(delimiter).unwrap_or(path));
    let next = || {
        let (part, behind) = split_first(rest?, delimiter);
        rest = behind;
        Some(part.into_owned())
    };
    std::iter::from_fn(next).collect()
}

/// Takes the first part off a path; nothing is behind the last one.
fn split_first(path: &str, delimiter: char) -> (Cow<'_, str>, Option<&str>) {
    let (first, mut rest) = cut(path, delimiter);
    let mut first = Cow::Borrowed(first);
    while let (Some(stem), Some(behind)) = (first.strip_suffix('\\'), rest) {
        let (more, behind) = cut(behind, delimiter);
        first = format!("{stem}{delimiter}{more}").into();
        rest = behind;
    }
    (first, rest)
}

fn cut(path: &str, delimiter: char) -> (&str, Option<&str>) {
    path.split_once(delimiter)
        .map_or((path, None), |(first, rest)| (first, Some(rest)))
}

/// Sets an entry of a mapping to a string. One that is added shares its value with others of its mark.
pub(crate) fn set_entry(
    node: &mut Node,
    key: &str,
    value: &str,
    mark: Option<usize>,
) -> Result<(), Problem> {
    if node.is_null() {
        return Ok(());
    }
    let mapping = require_mapping(node)?;
    let mut value = Node::string(value);
    if let Some(old) = mapping.get_mut(key) {
        edit::assign(old, value);
        return Ok(());
    }
    if let Some(mark) = mark {
        shared::mark(&mut value, mark);
    }
    mapping.push(Node::plain(key), value);
    Ok(())
}

/// Returns an error unless the node is a scalar.
pub(crate) fn require_scalar(node: &Node) -> Result<(), Problem> {
    if node.is_scalar() {
        Ok(())
    } else {
        Err(wrong_kind("ScalarNode", node))
    }
}

/// Returns the mapping that the node is, or an error.
pub(crate) fn require_mapping(node: &mut Node) -> Result<&mut Mapping, Problem> {
    let (wanted, found) = ("MappingNode", edit::kind_name(node));
    node.as_mapping_mut()
        .ok_or_else(|| FieldProblem::WrongKind { wanted, found }.into())
}

/// Returns the error for a node of another kind than is needed.
pub(crate) fn wrong_kind(wanted: &'static str, node: &Node) -> Problem {
    let found = edit::kind_name(node);
    FieldProblem::WrongKind { wanted, found }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delimiter_behind_a_backslash_belongs_to_the_part() {
        assert_eq!(
            split_path(r"metadata/annotations/a.io\/b", '/'),
            ["metadata", "annotations", "a.io/b"]
        );
        assert_eq!(split_path("/spec/x", '/'), ["spec", "x"]);
    }

    #[test]
    fn a_missing_field_is_made_only_when_the_spec_says_so() {
        for (create, expected) in [(true, Some("x")), (false, None)] {
            let mut object = Node::mapping([("kind", Node::string("Web"))]);
            let spec = FieldSpec::of_all("spec/a/b", create);
            apply(&mut object, &spec, Make::Scalar, &mut |node: &mut Node| {
                *node = Node::string("x");
                Ok(())
            })
            .unwrap();
            assert_eq!(
                object.at(&["spec", "a", "b"]).and_then(Node::as_str),
                expected
            );
        }
    }
}
