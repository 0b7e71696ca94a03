//! JSON patches (RFC 6902) with the habits of evanphx/json-patch 4.13: `replace` makes a missing field,
//! array indices may be negative, and null is no value to go into.

mod pointer;

use windlass_yaml::{Node, Resolved, Value};

use crate::document;
use crate::edit;
use crate::error::{End, PatchProblem, Problem, Reached};
use crate::work::Work;
use crate::yaml11::{self, Json};
use pointer::Pointer;

/// A patch: operations in their order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct JsonPatch(Vec<Operation>);

#[derive(Clone, Debug, PartialEq)]
struct Operation {
    op: String,
    path: Option<String>,
    from: Option<String>,
    /// `None` when the field is missing.
    value: Option<Node>,
}

impl JsonPatch {
    /// Reads a patch, in JSON when it begins with `[`, else in YAML.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let root = if text.starts_with('[') {
            let value: serde_json::Value =
                serde_json::from_str(text).map_err(|error| PatchProblem::JsonSyntax {
                    reason: error.to_string(),
                })?;
            from_json(&value)
        } else {
            let root = document::first(text.as_bytes()).map_err(|fault| fault.problem)?;
            yaml11::modernise(&root)
        };
        if root.is_null() {
            return Ok(Self(Vec::new()));
        }
        let Some(items) = root.as_sequence() else {
            return Err(not_json(&root, "Patch").into());
        };
        items
            .iter()
            .map(operation)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Returns whether there is nothing to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Carries out the operations. The object goes through JSON on the way, which knows one type of
    /// number, and no styles.
    pub(crate) fn apply(&self, object: &mut Node, work: &mut Work) -> Result<(), Problem> {
        self.0.iter().try_for_each(|operation| {
            for path in [&operation.path, &operation.from].into_iter().flatten() {
                work.visit(Pointer::new(path).breadth(object))?;
            }
            operation.apply(object, work)
        })?;
        from_go(object);
        Ok(())
    }

    /// Returns whether an operation has to do with the annotations of an object.
    pub(crate) fn names_annotations(&self) -> bool {
        let names = |path: &Option<String>| {
            let path = path.as_deref().unwrap_or("/");
            matches!(path, "" | "/metadata") || path.starts_with("/metadata/annotations")
        };
        self.0
            .iter()
            .any(|operation| names(&operation.path) || names(&operation.from))
    }
}

fn not_json(node: &Node, wanted: &'static str) -> PatchProblem {
    let found = yaml11::json(node).type_name();
    PatchProblem::NotJson { found, wanted }
}

fn operation(node: &Node) -> Result<Operation, Problem> {
    if !node.is_mapping() {
        return Err(not_json(node, "Operation").into());
    }
    let field = |name: &str| match node.get(name) {
        None => Ok(None),
        Some(value) if value.is_null() => Ok(None),
        Some(value) => match yaml11::json(value) {
            Json::String(text) => Ok(Some(text.to_owned())),
            _ => Err(not_json(value, "Operation")),
        },
    };
    Ok(Operation {
        op: field("op")?.unwrap_or_else(|| "unknown".to_owned()),
        path: field("path")?,
        from: field("from")?,
        value: node.get("value").cloned(),
    })
}

impl Operation {
    fn apply(&self, object: &mut Node, work: &mut Work) -> Result<(), Problem> {
        let op = self.op.as_str();
        let path = || {
            self.path.as_deref().ok_or_else(|| PatchProblem::Field {
                op: op.to_owned(),
                field: "path",
            })
        };
        let levels = self
            .path
            .as_deref()
            .unwrap_or_default()
            .matches('/')
            .count();
        match op {
            "add" => {
                work.add(self.value.as_ref().map_or(1, edit::size))?;
                edit::check_nesting(levels, self.value.as_ref())?;
                add(object, path()?, self.value.clone(), "add")
            }
            "remove" => remove(object, path()?),
            "replace" => {
                let value = self.value.as_ref().filter(|value| !value.is_scalar());
                work.add(value.map_or(0, edit::size))?;
                self.replace(object, path()?)
            }
            "test" => self.test(object, path()?),
            "move" => {
                let value = take(object, self.from()?)?;
                edit::check_nesting(levels, Some(&value))?;
                add(object, path()?, Some(value), "move")
            }
            "copy" => {
                let value = get(object, self.from()?, "copy")?;
                if let Some(value) = value {
                    work.copy(value)?;
                }
                edit::check_nesting(levels, value)?;
                let value = value.cloned();
                add(object, path()?, value, "copy")
            }
            _ => Err(PatchProblem::Operation { op: op.to_owned() }.into()),
        }
    }

    fn from(&self) -> Result<&str, PatchProblem> {
        self.from.as_deref().ok_or_else(|| PatchProblem::Field {
            op: self.op.clone(),
            field: "from",
        })
    }

    fn replace(&self, object: &mut Node, path: &str) -> Result<(), Problem> {
        let value = self.value.clone().unwrap_or_default();
        if path.is_empty() {
            *object = value;
            return Ok(());
        }
        let (parent, key) = parent(object, path, "replace")?;
        match parent.as_sequence_mut() {
            Some(items) => {
                let index = pointer::index(&key, items.len());
                let index = index.ok_or_else(|| missing_key("replace", path, items.len()))?;
                items[index] = value;
            }
            None => put(parent, &key, value),
        }
        Ok(())
    }

    fn test(&self, object: &mut Node, path: &str) -> Result<(), Problem> {
        let found = if path.is_empty() {
            Some(&*object)
        } else {
            get(object, path, "test")?
        };
        let nothing = Node::null();
        let wanted = self.value.as_ref().unwrap_or(&nothing);
        let is_same = match found {
            None => wanted.is_null(),
            Some(found) => found.same_value(wanted),
        };
        if is_same {
            return Ok(());
        }
        let path = path.to_owned();
        Err(PatchProblem::Test { path }.into())
    }
}

fn add(
    object: &mut Node,
    path: &str,
    value: Option<Node>,
    op: &'static str,
) -> Result<(), Problem> {
    let value = value.unwrap_or_default();
    let (parent, key) = parent(object, path, op)?;
    let Some(items) = parent.as_sequence_mut() else {
        put(parent, &key, value);
        return Ok(());
    };
    if key == "-" {
        items.push(value);
        return Ok(());
    }
    let index = pointer::index(&key, items.len() + 1);
    let index = index.ok_or_else(|| invalid_index(op, path, &key, items.len()))?;
    items.insert(index, value);
    Ok(())
}

fn put(parent: &mut Node, key: &str, value: Node) {
    parent.set(key, value);
}

fn remove(object: &mut Node, path: &str) -> Result<(), Problem> {
    let (parent, key) = parent(object, path, "remove")?;
    if let Some(items) = parent.as_sequence_mut() {
        let index = pointer::index(&key, items.len());
        let index = index.ok_or_else(|| invalid_index("remove", path, &key, items.len()))?;
        items.remove(index);
        return Ok(());
    }
    if parent.remove(&key).is_some() {
        return Ok(());
    }
    Err(PatchProblem::Remove {
        path: path.to_owned(),
        key,
        reached: Box::new(Pointer::new(path).reached(object)),
    }
    .into())
}

fn take(object: &mut Node, path: &str) -> Result<Node, Problem> {
    let value = get(object, path, "move")?.cloned().unwrap_or_default();
    remove(object, path)?;
    Ok(value)
}

/// Returns what a path leads to; a missing field of an object is nothing, and no mistake.
fn get<'n>(
    object: &'n mut Node,
    path: &str,
    op: &'static str,
) -> Result<Option<&'n Node>, Problem> {
    let (parent, key) = parent(object, path, op)?;
    match parent.as_sequence() {
        Some(items) => {
            let index = pointer::index(&key, items.len());
            let index = index.ok_or_else(|| invalid_index(op, path, &key, items.len()))?;
            Ok(Some(&items[index]))
        }
        None => Ok(edit::present(parent, &key)),
    }
}

/// Returns the collection that holds the end of a path, and the last part of the path.
fn parent<'n>(
    object: &'n mut Node,
    path: &str,
    op: &'static str,
) -> Result<(&'n mut Node, String), PatchProblem> {
    let pointer = Pointer::new(path);
    if pointer.parent(object).is_none() {
        return Err(PatchProblem::Path {
            op,
            path: path.to_owned(),
            reached: Box::new(pointer.reached(object)),
        });
    }
    Ok(pointer
        .parent(object)
        .expect("what was just there is still there"))
}

fn missing_key(op: &'static str, path: &str, length: usize) -> PatchProblem {
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    PatchProblem::Key {
        op,
        path: path.to_owned(),
        reached: Box::new(Reached {
            path: parent.to_owned(),
            end: End::Elements(length),
        }),
    }
}

fn invalid_index(op: &'static str, path: &str, key: &str, length: usize) -> PatchProblem {
    PatchProblem::Index {
        op,
        path: path.to_owned(),
        index: key.to_owned(),
        length,
    }
}

/// Makes a node what it is after Go has read it as JSON and written it as YAML.
fn from_go(node: &mut Node) {
    match &mut node.value {
        Value::Sequence(items) => items.iter_mut().for_each(from_go),
        Value::Mapping(mapping) => mapping.values_mut().for_each(from_go),
        Value::Scalar(_) | Value::Alias(_) => scalar_from_go(node),
    }
    // What was one value in several places no longer is.
    node.set_anchor(None);
}

fn scalar_from_go(node: &mut Node) {
    let made = match node.resolve() {
        Resolved::Null => Node::plain("null"),
        Resolved::Bool(value) => Node::bool(value),
        #[expect(
            clippy::cast_precision_loss,
            reason = "kustomize loses the same digits"
        )]
        Resolved::Int(value) => Node::plain(yaml11::go_number(value as f64)),
        #[expect(
            clippy::cast_precision_loss,
            reason = "kustomize loses the same digits"
        )]
        Resolved::Uint(value) => Node::plain(yaml11::go_number(value as f64)),
        Resolved::Float(value) if value.is_finite() => Node::plain(yaml11::go_number(value)),
        Resolved::String(text) => edit::written(text),
        _ => return,
    };
    node.replace_value(made.value);
    node.set_tag(None);
}

/// Returns a JSON value as a node.
fn from_json(value: &serde_json::Value) -> Node {
    match value {
        serde_json::Value::Null => Node::null(),
        serde_json::Value::Bool(value) => Node::bool(*value),
        serde_json::Value::Number(number) => Node::plain(number.to_string()),
        serde_json::Value::String(text) => Node::string(text.as_str()),
        serde_json::Value::Array(items) => Node::sequence(items.iter().map(from_json)),
        serde_json::Value::Object(fields) => {
            Node::mapping(fields.iter().map(|(key, value)| (key, from_json(value))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patched(object: &str, patch: &str) -> Result<String, String> {
        let mut object = document::first(object.as_bytes()).unwrap();
        let patch = JsonPatch::parse(patch).map_err(|problem| problem.to_string())?;
        patch
            .apply(&mut object, &mut Work::default())
            .map_err(|problem| problem.to_string())?;
        Ok(windlass_yaml::print_build(&object)
            .unwrap()
            .replace('\n', ";"))
    }

    #[test]
    fn operations_do_what_the_rfc_says_and_replace_makes_missing_fields() {
        let object = "{a: 1, list: [x, z]}";
        for (patch, expected) in [
            (
                r#"[{"op": "add", "path": "/list/1", "value": "w"}]"#,
                "a: 1;list:;- x;- w;- z;",
            ),
            (
                "- {op: add, path: /list/-, value: w}",
                "a: 1;list:;- x;- z;- w;",
            ),
            (
                "- {op: replace, path: /b, value: yes}",
                "a: 1;b: true;list:;- x;- z;",
            ),
            ("- {op: remove, path: /list/-1}", "a: 1;list:;- x;"),
            ("- {op: move, from: /a, path: /c}", "c: 1;list:;- x;- z;"),
            (
                "- {op: copy, from: /a, path: /c}",
                "a: 1;c: 1;list:;- x;- z;",
            ),
            ("- {op: test, path: /a, value: 1}", "a: 1;list:;- x;- z;"),
        ] {
            assert_eq!(patched(object, patch).as_deref(), Ok(expected), "{patch}");
        }
    }

    #[test]
    fn a_path_that_leads_nowhere_is_an_error() {
        for patch in [
            "- {op: replace, path: /b/c, value: 1}",
            "- {op: remove, path: /b}",
            "- {op: test, path: /a, value: 2}",
            "- {op: add, path: /list/9, value: 1}",
            "- {op: nonsense, path: /a}",
            "- {op: add, value: 1}",
        ] {
            assert!(patched("{a: 1, list: [x]}", patch).is_err(), "{patch}");
        }
    }
}
