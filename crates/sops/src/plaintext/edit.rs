//! Values of a plaintext, found and changed by path.

use std::fmt;

use super::Plaintext;
use crate::store::{self, EmitError, Fault, Format, Style, SyntaxError};
use crate::value::{Branch, Item, Scalar, Value};
use crate::{SecretBytes, Step, ValuePath};

/// A value of a document in clear: what [`Plaintext::get`] finds and [`Plaintext::set`] takes.
#[derive(Clone, PartialEq)]
pub struct PlainValue(pub(super) Value);

/// A path that leads to no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// There is nothing at this place.
    #[error("there is no value {path}")]
    Missing {
        /// The first part of the path that leads nowhere.
        path: String,
    },
    /// The step is a key, and there is no mapping; or a position, and there is no list.
    #[error("{} is no {expected}", place(.path))]
    WrongKind {
        /// The part of the path that leads to something else.
        path: String,
        /// What it would have to be: `mapping` or `list`.
        expected: &'static str,
    },
    /// The path has no step.
    #[error("the path is empty")]
    Empty,
}

fn place(path: &str) -> &str {
    if path.is_empty() {
        "the document"
    } else {
        path
    }
}

impl PlainValue {
    /// Returns the value that a text is.
    pub fn text(text: impl Into<SecretBytes>) -> Self {
        Self(Value::Scalar(Scalar::Text(text.into())))
    }

    /// Parses JSON as `sops set` takes it: anything but a list at the top. All numbers are floats.
    ///
    /// ```
    /// use windlass_sops::PlainValue;
    ///
    /// assert!(PlainValue::from_json(br#"{"user": "hydra", "port": 5432}"#).is_ok());
    /// assert!(PlainValue::from_json(b"not quoted").is_err());
    /// ```
    pub fn from_json(bytes: &[u8]) -> Result<Self, SyntaxError> {
        match store::parse_json_value(bytes)? {
            Value::List(_) => Err(SyntaxError {
                line: 1,
                column: 1,
                reason: "the value is a list; set its elements one by one".to_owned(),
                fault: Fault::Form,
            }),
            value => Ok(Self(value)),
        }
    }

    /// Returns the text, when the value is one.
    pub fn as_text(&self) -> Option<&SecretBytes> {
        match &self.0 {
            Value::Scalar(Scalar::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Returns the value as `sops decrypt --extract` prints it: a text as it is; a mapping as a document of
    /// this format; anything else as a value of it.
    pub fn to_bytes(&self, format: Format, style: Style) -> Result<SecretBytes, EmitError> {
        store::emit_value(&self.0, format, style)
    }
}

impl Plaintext {
    /// Returns the value at `path` of the first document.
    pub fn get(&self, path: &ValuePath) -> Result<PlainValue, PathError> {
        let first = self.documents.first();
        let first = first.map(Vec::as_slice).unwrap_or_default();
        let missing = |depth: usize| PathError::Missing {
            path: shown(path, depth + 1),
        };
        let mut found = match path.steps.first() {
            None => return Ok(PlainValue(Value::Branch(first.to_vec()))),
            Some(Step::Key(key)) => crate::value::get(first, key).ok_or_else(|| missing(0))?,
            Some(Step::Index(_)) => return Err(wrong_kind(path, 0, "list")),
        };
        for (depth, step) in path.steps.iter().enumerate().skip(1) {
            found = child(found, step, path, depth)?.ok_or_else(|| missing(depth))?;
        }
        Ok(PlainValue(found.clone()))
    }

    /// Puts a value at `path` of the first document, as `sops set` does: mappings and lists that are missing
    /// on the way are made, a value of another kind is replaced, and an index behind the end of a list
    /// appends. Returns whether anything changed.
    pub fn set(&mut self, path: &ValuePath, value: PlainValue) -> Result<bool, PathError> {
        let (first, _) = path.steps.split_first().ok_or(PathError::Empty)?;
        if matches!(first, Step::Index(_)) {
            return Err(wrong_kind(path, 0, "list"));
        }
        if self.documents.is_empty() {
            self.documents.push(Branch::new());
        }
        set_in_branch(&mut self.documents[0], path, 0, value.0)
    }

    /// Removes the value at `path` of the first document.
    pub fn unset(&mut self, path: &ValuePath) -> Result<(), PathError> {
        if path.steps.is_empty() {
            return Err(PathError::Empty);
        }
        let missing = || PathError::Missing {
            path: shown(path, 1),
        };
        let first = self.documents.first_mut().ok_or_else(missing)?;
        let mut root = Value::Branch(std::mem::take(first));
        let removed = remove(&mut root, path, 0);
        if let Value::Branch(branch) = root {
            *first = branch;
        }
        removed
    }
}

fn set_in_branch(
    branch: &mut Branch,
    path: &ValuePath,
    depth: usize,
    value: Value,
) -> Result<bool, PathError> {
    let Step::Key(key) = &path.steps[depth] else {
        return Err(wrong_kind(path, depth, "list"));
    };
    let present = branch.iter_mut().find_map(|item| match item {
        Item::Pair(name, value) if name == key => Some(value),
        _ => None,
    });
    if let Some(present) = present {
        return set_in_value(present, path, depth + 1, value);
    }
    let value = wrapped_in(&path.steps[depth + 1..], value);
    branch.push(Item::Pair(key.clone(), value));
    Ok(true)
}

/// Sets what the steps from `depth` on lead to.
fn set_in_value(
    present: &mut Value,
    path: &ValuePath,
    depth: usize,
    value: Value,
) -> Result<bool, PathError> {
    match (path.steps.get(depth), present) {
        (None, present) => {
            let changed = *present != value;
            *present = value;
            Ok(changed)
        }
        (Some(_), Value::Branch(branch)) => set_in_branch(branch, path, depth, value),
        (Some(Step::Index(index)), Value::List(values)) => {
            if let Some(present) = values.get_mut(*index) {
                return set_in_value(present, path, depth + 1, value);
            }
            values.push(wrapped_in(&path.steps[depth + 1..], value));
            Ok(true)
        }
        (Some(Step::Key(_)), Value::List(_)) => Err(wrong_kind(path, depth, "mapping")),
        (Some(_), present) => {
            *present = wrapped_in(&path.steps[depth..], value);
            Ok(true)
        }
    }
}

/// Returns the value inside the mappings and lists that the steps lead through.
fn wrapped_in(steps: &[Step], value: Value) -> Value {
    steps.iter().rev().fold(value, |value, step| match step {
        Step::Key(key) => Value::Branch(vec![Item::Pair(key.clone(), value)]),
        Step::Index(_) => Value::List(vec![value]),
    })
}

fn remove(value: &mut Value, path: &ValuePath, depth: usize) -> Result<(), PathError> {
    let missing = || PathError::Missing {
        path: shown(path, depth + 1),
    };
    let is_last = depth + 1 == path.steps.len();
    match (&path.steps[depth], value) {
        (Step::Key(key), Value::Branch(branch)) => {
            let is_wanted = |item: &Item| matches!(item, Item::Pair(name, _) if name == key);
            let at = branch.iter().position(is_wanted).ok_or_else(missing)?;
            match &mut branch[at] {
                Item::Pair(_, value) if !is_last => remove(value, path, depth + 1),
                _ => {
                    branch.remove(at);
                    Ok(())
                }
            }
        }
        (Step::Index(index), Value::List(values)) => match values.get_mut(*index) {
            None => Err(missing()),
            Some(value) if !is_last => remove(value, path, depth + 1),
            Some(_) => {
                values.remove(*index);
                Ok(())
            }
        },
        (Step::Key(_), _) => Err(wrong_kind(path, depth, "mapping")),
        (Step::Index(_), _) => Err(wrong_kind(path, depth, "list")),
    }
}

fn wrong_kind(path: &ValuePath, depth: usize, expected: &'static str) -> PathError {
    let path = shown(path, depth);
    PathError::WrongKind { path, expected }
}

fn child<'v>(
    value: &'v Value,
    step: &Step,
    path: &ValuePath,
    depth: usize,
) -> Result<Option<&'v Value>, PathError> {
    match (step, value) {
        (Step::Key(key), Value::Branch(branch)) => Ok(crate::value::get(branch, key)),
        (Step::Index(index), Value::List(values)) => Ok(values.get(*index)),
        (Step::Key(_), _) => Err(wrong_kind(path, depth, "mapping")),
        (Step::Index(_), _) => Err(wrong_kind(path, depth, "list")),
    }
}

fn shown(path: &ValuePath, steps: usize) -> String {
    let steps = path.steps[..steps].to_vec();
    ValuePath { steps }.to_string()
}

impl fmt::Debug for PlainValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PlainValue([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(edit: impl FnOnce(&mut Plaintext)) -> String {
        let text = b"a: 1\nl:\n    - x\n    - m: 1\n";
        let mut plaintext = Plaintext::parse(text, Format::Yaml).unwrap();
        edit(&mut plaintext);
        let bytes = plaintext.to_bytes().unwrap();
        bytes.expose_text().unwrap().to_owned()
    }

    fn set(path: &str, value: &str) -> String {
        edited(|plaintext| {
            let value = PlainValue::from_json(value.as_bytes()).unwrap();
            assert_eq!(plaintext.set(&path.parse().unwrap(), value), Ok(true));
        })
    }

    #[test]
    fn a_value_is_set_where_the_path_leads() {
        insta::assert_snapshot!(set(r#"["l"][1]["m"]"#, r#""y""#), @r#"
        a: 1
        l:
            - x
            - m: "y"
        "#);
        insta::assert_snapshot!(set(r#"["a"]["b"][7]["c"]"#, "1.5"), @r"
        a:
            b:
                - c: 1.5
        l:
            - x
            - m: 1
        ");
        insta::assert_snapshot!(set(r#"["l"][9]"#, r#"{"k": null}"#), @r"
        a: 1
        l:
            - x
            - m: 1
            - k: null
        ");
    }

    #[test]
    fn setting_the_same_value_changes_nothing() {
        edited(|plaintext| {
            let path = r#"["l"][0]"#.parse().unwrap();
            assert_eq!(plaintext.set(&path, PlainValue::text("x")), Ok(false));
        });
    }

    #[test]
    fn a_value_is_unset_or_named_in_the_error() {
        insta::assert_snapshot!(edited(|plaintext| {
            let path = r#"["l"][1]"#.parse().unwrap();
            assert_eq!(plaintext.unset(&path), Ok(()));
        }), @r"
        a: 1
        l:
            - x
        ");
        edited(|plaintext| {
            let mut unset = |path: &str| {
                let error = plaintext.unset(&path.parse().unwrap());
                error.unwrap_err().to_string()
            };
            assert_eq!(unset(r#"["b"]["c"]"#), r#"there is no value ["b"]"#);
            assert_eq!(unset(r#"["l"][2]"#), r#"there is no value ["l"][2]"#);
            assert_eq!(unset(r#"["a"]["c"]"#), r#"["a"] is no mapping"#);
            assert_eq!(unset("[0]"), "the document is no list");
        });
    }
}
