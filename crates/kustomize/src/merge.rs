//! Strategic merge, as kyaml's `merge2` does it for kustomize (new elements of lists come first).
//!
//! The merge walks the whole object, not only what the patch names. That has effects which kustomize's
//! users see and which are kept: an empty value (`key:`) goes away, elements of a merged list that have
//! the same key become one, and null in a patch removes a field wherever it stands.

mod comments;
mod directive;
mod keys;
mod list;

use std::collections::HashSet;

use windlass_yaml::{Entry, Mapping, Node, Value};

use crate::edit;
use crate::error::{PatchProblem, Problem};
use crate::schema::{Schemas, TypeRef};
use comments::CommentSchemas;
use directive::Directive;

/// Merges `patch` into `object` and returns what becomes of it; nothing when the patch deletes it. A patch
/// that is to replace the whole object does nothing: kustomize 5.8.1 makes the new object and drops it.
pub(crate) fn merge(object: Node, patch: Node, schemas: &Schemas) -> Result<Option<Node>, Problem> {
    if directive::replaces(&patch) {
        return Ok(Some(object));
    }
    let comments = CommentSchemas::of([&object, &patch]);
    let walker = Walker {
        schemas,
        comments: &comments,
    };
    Ok(walker
        .walk(Some(object), Some(patch), None)?
        .map(|merged| merged.node))
}

#[derive(Clone, Copy)]
struct Walker<'s> {
    schemas: &'s Schemas,
    comments: &'s CommentSchemas,
}

/// What a merge leaves, and whether that is the patch's node or the object's.
struct Merged {
    node: Node,
    is_patch: bool,
}

/// Nothing is left when the value is to be removed.
type Outcome = Result<Option<Merged>, Problem>;

fn kept(node: Node) -> Merged {
    Merged {
        node,
        is_patch: false,
    }
}

fn patched(node: Node) -> Merged {
    Merged {
        node,
        is_patch: true,
    }
}

/// Returns a patch without the repetitions of its keys, of which kustomize sees only the first.
fn firsts(mut mapping: Mapping) -> Mapping {
    let mut seen = HashSet::with_capacity(mapping.len());
    mapping.retain(|key, _| seen.insert(edit::text(key).to_owned()));
    mapping
}

impl<'s> Walker<'s> {
    /// Merges what may be missing on either side.
    fn walk(
        self,
        object: Option<Node>,
        patch: Option<Node>,
        schema: Option<TypeRef<'s>>,
    ) -> Outcome {
        let sides = [object.as_ref(), patch.as_ref()];
        let schema = self.schema_of(sides, schema);
        let Some(first) = sides.into_iter().flatten().find(|node| !node.is_null()) else {
            return self.walk_mapping(object, patch, schema);
        };
        require_same_kind(first, sides)?;
        match first.value {
            Value::Mapping(_) => self.walk_mapping(object, patch, schema),
            Value::Sequence(_) if schema.is_some_and(|schema| schema.get().merges()) => {
                self.walk_list(object, patch, schema)
            }
            _ => match (object, patch) {
                (_, Some(patch)) => Ok(Some(patched(patch))),
                (Some(object), None) => Ok(Some(kept(object))),
                (None, None) => Ok(None),
            },
        }
    }

    /// Returns the schema in a comment, else the one of the place. An object that brings its own kind has
    /// a schema wherever it stands.
    fn schema_of(
        self,
        sides: [Option<&Node>; 2],
        schema: Option<TypeRef<'s>>,
    ) -> Option<TypeRef<'s>> {
        let sides = || sides.into_iter().flatten().filter(|node| !node.is_null());
        self.comments.first(sides()).or(schema).or_else(|| {
            sides()
                .filter(|node| node.is_mapping())
                .find_map(|node| self.schema_of_kind(node))
        })
    }

    fn schema_of_kind(self, node: &Node) -> Option<TypeRef<'s>> {
        let kind = edit::field_text(node, "kind");
        let api_version = edit::field_text(node, "apiVersion");
        if kind.is_empty() || api_version.is_empty() {
            return None;
        }
        self.schemas.kind(api_version, kind)
    }

    /// Returns the schema of a field that stands in these entries: in the comment of the value or of the
    /// key, else what is known of the mapping.
    fn field_schema<'e>(
        self,
        entries: impl IntoIterator<Item = &'e Entry>,
        schema: Option<TypeRef<'s>>,
        key: &str,
    ) -> Option<TypeRef<'s>> {
        let nodes = entries
            .into_iter()
            .flat_map(|entry| [&entry.value, &entry.key]);
        let commented = self.comments.first(nodes);
        commented.or_else(|| schema.and_then(|schema| schema.field(key)))
    }

    fn walk_mapping(
        self,
        object: Option<Node>,
        patch: Option<Node>,
        schema: Option<TypeRef<'s>>,
    ) -> Outcome {
        let Some(object) = object.filter(Node::is_mapping) else {
            return Ok(None);
        };
        let Some(mut patch) = patch else {
            return self.merge_fields(object, None, schema);
        };
        if patch.is_null() {
            return Ok(None);
        }
        match directive::take_from_mapping(&mut patch)? {
            Directive::Delete => Ok(None),
            Directive::Replace => self.settle(patch, schema),
            Directive::Merge => self.merge_fields(object, Some(patch), schema),
        }
    }

    fn merge_fields(
        self,
        mut object: Node,
        patch: Option<Node>,
        schema: Option<TypeRef<'s>>,
    ) -> Outcome {
        let mut rest = match patch.map(|patch| patch.value) {
            Some(Value::Mapping(mapping)) => firsts(mapping),
            _ => Mapping::new(),
        };
        let Some(mapping) = object.as_mapping_mut() else {
            return Ok(Some(kept(object)));
        };
        let fields = std::mem::take(mapping.entries_mut());
        mapping
            .entries_mut()
            .reserve_exact(fields.len() + rest.len());
        for mut entry in fields {
            let key = edit::text(&entry.key);
            let patch = if rest.is_empty() {
                None
            } else {
                rest.remove_entry(key)
            };
            let schema = self.field_schema([&entry].into_iter().chain(&patch), schema, key);
            let patch = patch.map(|patch| patch.value);
            if let Some(value) = self.merge_field(Some(entry.value), patch, schema)? {
                entry.value = value;
                mapping.push(entry.key, entry.value);
            }
        }
        for mut entry in rest {
            let schema = self.field_schema([&entry], schema, edit::text(&entry.key));
            if let Some(value) = self.merge_field(None, Some(entry.value), schema)? {
                entry.key.forget_comments();
                mapping.push(entry.key, value);
            }
        }
        Ok(Some(kept(object)))
    }

    /// Returns what becomes of a field; a scalar takes over the style of the one that was there.
    fn merge_field(
        self,
        old: Option<Node>,
        patch: Option<Node>,
        schema: Option<TypeRef<'s>>,
    ) -> Result<Option<Node>, Problem> {
        let Some(old) = old else {
            let merged = patch.map_or(Ok(None), |patch| self.add(patch, schema))?;
            return Ok(merged.map(|merged| merged.node));
        };
        let mut place = edit::style_of(&old);
        let merged = match patch {
            Some(patch) if old.is_null() => self.add(patch, schema)?,
            // `key: null` stays when no patch names it; `key:` does not.
            None if old.is_null() => return Ok((!edit::text(&old).is_empty()).then_some(old)),
            patch => self.walk(Some(old), patch, schema)?,
        };
        Ok(match merged.filter(|merged| !merged.node.is_null()) {
            Some(Merged {
                node,
                is_patch: true,
            }) => {
                edit::assign(&mut place, node);
                Some(place)
            }
            other => other.map(|merged| edit::quoted_if_tagged(merged.node)),
        })
    }

    /// Returns what a patch adds where there was nothing.
    fn add(self, mut patch: Node, schema: Option<TypeRef<'s>>) -> Outcome {
        // kyaml looks for the directive twice here, and takes an unknown one for none the first time.
        if patch.is_mapping() && directive::take_from_mapping(&mut patch) == Ok(Directive::Delete) {
            return Ok(None);
        }
        self.settle(patch, schema)
    }

    /// Merges a node with itself: directives in it are carried out, and nulls go away.
    fn settle(self, mut node: Node, schema: Option<TypeRef<'s>>) -> Outcome {
        let schema = self.schema_of([Some(&node), None], schema);
        if node.is_null() {
            return Ok(None);
        }
        if node.is_sequence() {
            return match schema.filter(|schema| schema.get().merges()) {
                Some(schema) => self.settle_list(node, schema),
                None => Ok(Some(patched(node))),
            };
        }
        if node.is_mapping() && directive::take_from_mapping(&mut node)? == Directive::Delete {
            return Ok(None);
        }
        let Some(mapping) = node.as_mapping_mut() else {
            return Ok(Some(patched(node)));
        };
        for mut entry in std::mem::take(mapping.entries_mut()) {
            let schema = self.field_schema([&entry], schema, edit::text(&entry.key));
            if let Some(settled) = self.settle(entry.value, schema)? {
                entry.value = settled.node;
                mapping.push(entry.key, entry.value);
            }
        }
        Ok(Some(patched(node)))
    }
}

fn require_same_kind(first: &Node, sides: [Option<&Node>; 2]) -> Result<(), Problem> {
    let wanted = edit::kind_name(first);
    let other = sides
        .into_iter()
        .flatten()
        .find(|node| !node.is_null() && edit::kind_name(node) != wanted);
    match other {
        None => Ok(()),
        Some(other) => Err(PatchProblem::WrongKind {
            wanted,
            found: edit::kind_name(other),
            line: other.start.line,
        }
        .into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Merges two manifests and prints what `kustomize build` would.
    fn merged(object: &str, patch: &str) -> String {
        let parse = |text| crate::document::first(str::as_bytes(text)).unwrap();
        let merged = merge(parse(object), parse(patch), &Schemas::default()).unwrap();
        merged.map_or("deleted".to_owned(), |node| {
            windlass_yaml::print_build(&node).unwrap()
        })
    }

    #[test]
    fn containers_are_merged_by_name_and_new_ones_come_first() {
        let object = "{apiVersion: v1, kind: Pod, spec: {containers: [{name: a, image: x}]}}";
        let patch = "{spec: {containers: [{name: b, image: y}, {name: a, tty: true}]}}";
        let expected = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: \"y\"\n    name: b\n  \
                        - image: x\n    name: a\n    tty: true\n";
        // The order of the patch counts for what the patch names.
        assert_eq!(merged(object, patch), expected);
    }

    #[test]
    fn a_list_of_an_unknown_kind_is_replaced() {
        let object =
            "{apiVersion: example.com/v1, kind: Web, spec: {containers: [{name: a, image: x}]}}";
        let patch = "{spec: {containers: [{name: b}]}}";
        assert_eq!(
            merged(object, patch),
            "apiVersion: example.com/v1\nkind: Web\nspec:\n  containers:\n  - name: b\n"
        );
    }

    #[test]
    fn a_schema_in_a_comment_says_how_a_list_is_merged() {
        let object =
            "apiVersion: example.com/v1\nkind: Web\nitems: [b, c]\nports:\n- {name: a, x: 1}\n";
        let merge = r#"# {"type":"array","x-kubernetes-patch-strategy":"merge""#;
        let keyed = format!(r#"{merge},"x-kubernetes-patch-merge-key":"name"}}"#);
        let patch = format!(
            "apiVersion: example.com/v1\nkind: Web\nitems: {merge}}}\n- a\n- b\nports: {keyed}\n- {{name: a, y: 2}}\n"
        );
        assert_eq!(
            merged(object, &patch),
            "apiVersion: example.com/v1\nitems:\n- a\n- b\n- c\nkind: Web\nports:\n- name: a\n  x: 1\n  \"y\": 2\n"
        );
        // A comment that is JSON but knows nothing of lists takes their merge away.
        let object = "apiVersion: v1\nkind: Pod\nspec:\n  containers: [{name: a, image: x}]\n";
        let patch = "spec:\n  containers: # {\"note\": 1}\n  - {name: b}\n";
        assert_eq!(
            merged(object, patch),
            "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: b\n"
        );
    }

    #[test]
    fn null_removes_a_field_and_a_directive_the_object() {
        let object = "{apiVersion: v1, kind: Pod, spec: {a: 1, b: 2}}";
        assert_eq!(
            merged(object, "{spec: {a: null}}"),
            "apiVersion: v1\nkind: Pod\nspec:\n  b: 2\n"
        );
        assert_eq!(merged(object, "{$patch: delete}"), "deleted");
        assert_eq!(
            merged(object, "{spec: {$patch: replace, c: 3}}"),
            "apiVersion: v1\nkind: Pod\nspec:\n  c: 3\n"
        );
    }
}
