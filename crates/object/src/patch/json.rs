//! JSON patch, RFC 6902, with the tolerance and the words of evanphx/json-patch 5, which kube-apiserver
//! uses: indexes may count from the end, and a missing path is told apart from a bad one.

use serde_json::Value;

/// The most operations that one patch may have, as kube-apiserver limits them.
pub const MAX_OPERATIONS: usize = 10_000;

/// The most bytes of JSON that the copies of one patch may add, as kube-apiserver limits them.
const MAX_COPIED: usize = 3 << 20;

/// Why a JSON patch cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonPatchError {
    /// The patch is not a list of operations, or one is not what an operation is (400).
    #[error("{0}")]
    Malformed(String),
    /// The patch has too many operations (413).
    #[error("The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {count}")]
    TooMany {
        /// How many it has.
        count: usize,
    },
    /// An operation does not fit the object (422).
    #[error("{message}")]
    Failed {
        /// Which operation, counted from 0.
        index: usize,
        /// Why.
        message: String,
    },
}

/// Applies the operations of `patch` in their order. When one fails, `target` is as it was.
pub fn json_patch(target: &mut Value, patch: &Value) -> Result<(), JsonPatchError> {
    let Value::Array(operations) = patch else {
        let message = "json: cannot unmarshal object into Go value of type jsonpatch.Patch";
        return Err(JsonPatchError::Malformed(message.to_owned()));
    };
    if operations.len() > MAX_OPERATIONS {
        return Err(JsonPatchError::TooMany {
            count: operations.len(),
        });
    }
    let mut patched = target.clone();
    let mut copied = 0;
    for (index, operation) in operations.iter().enumerate() {
        let operation = Operation::parse(operation)?;
        let failed = |message| JsonPatchError::Failed { index, message };
        operation.apply(&mut patched, &mut copied).map_err(failed)?;
    }
    *target = patched;
    Ok(())
}

enum Operation<'a> {
    Add(&'a str, &'a Value),
    Remove(&'a str),
    Replace(&'a str, &'a Value),
    Move { from: &'a str, to: &'a str },
    Copy { from: &'a str, to: &'a str },
    Test(&'a str, &'a Value),
}

impl<'a> Operation<'a> {
    fn parse(operation: &'a Value) -> Result<Self, JsonPatchError> {
        static NULL: Value = Value::Null;
        let malformed = |message: String| JsonPatchError::Malformed(message);
        let text = |key: &str| {
            let found = operation.get(key).and_then(Value::as_str);
            found.ok_or_else(|| malformed(format!("operation missing {key} field: missing value")))
        };
        let value = operation.get("value").unwrap_or(&NULL);
        Ok(match text("op")? {
            "add" => Self::Add(text("path")?, value),
            "remove" => Self::Remove(text("path")?),
            "replace" => Self::Replace(text("path")?, value),
            "move" => Self::Move {
                from: text("from")?,
                to: text("path")?,
            },
            "copy" => Self::Copy {
                from: text("from")?,
                to: text("path")?,
            },
            "test" => Self::Test(text("path")?, value),
            other => return Err(malformed(format!("Unexpected kind: {other}"))),
        })
    }

    fn apply(&self, target: &mut Value, copied: &mut usize) -> Result<(), String> {
        match self {
            Self::Add(path, value) => {
                add(target, path, (*value).clone()).map_err(|why| wrap("add", path, &why))
            }
            Self::Remove(path) => remove(target, path)
                .map(|_| ())
                .map_err(|why| wrap("remove", path, &why)),
            Self::Replace(path, value) => {
                replace(target, path, value).map_err(|why| wrap("replace", path, &why))
            }
            Self::Move { from, to } => {
                let value = remove(target, from).map_err(|why| wrap("move", from, &why))?;
                add(target, to, value).map_err(|why| wrap("move", to, &why))
            }
            Self::Copy { from, to } => {
                let value = get(target, from).map_err(|why| wrap("copy", from, &why))?;
                *copied += value.to_string().len();
                if *copied > MAX_COPIED {
                    return Err(format!(
                        "Unable to complete the copy, the accumulated size increase of copy is {copied}, \
                         exceeding the limit {MAX_COPIED}"
                    ));
                }
                let value = value.clone();
                add(target, to, value).map_err(|why| wrap("copy", to, &why))
            }
            Self::Test(path, value) => test(target, path, value),
        }
    }
}

fn wrap(operation: &str, path: &str, why: &str) -> String {
    format!("{operation} operation does not apply: doc is missing path: {path:?}: {why}")
}

const MISSING: &str = "missing value";

fn test(target: &Value, path: &str, value: &Value) -> Result<(), String> {
    // Nothing equals null, as in evanphx/json-patch.
    let found = get(target, path).unwrap_or(&Value::Null);
    if found == value {
        return Ok(());
    }
    Err(format!("testing value {path} failed: test failed"))
}

fn add(target: &mut Value, path: &str, value: Value) -> Result<(), String> {
    let Some((parent, last)) = split(path)? else {
        *target = value;
        return Ok(());
    };
    match get_mut(target, &parent)? {
        Value::Object(map) => {
            map.insert(last, value);
        }
        Value::Array(items) if last == "-" => items.push(value),
        Value::Array(items) => {
            let index = position(&last, items.len() + 1)?;
            items.insert(index, value);
        }
        _ => return Err(MISSING.to_owned()),
    }
    Ok(())
}

fn remove(target: &mut Value, path: &str) -> Result<Value, String> {
    let Some((parent, last)) = split(path)? else {
        return Ok(target.take());
    };
    match get_mut(target, &parent)? {
        Value::Object(map) => map
            .remove(&last)
            .ok_or_else(|| format!("Unable to remove nonexistent key: {last}: {MISSING}")),
        Value::Array(items) => {
            let index = position(&last, items.len())?;
            Ok(items.remove(index))
        }
        _ => Err(MISSING.to_owned()),
    }
}

fn replace(target: &mut Value, path: &str, value: &Value) -> Result<(), String> {
    let Some((parent, last)) = split(path)? else {
        target.clone_from(value);
        return Ok(());
    };
    child_mut(get_mut(target, &parent)?, &last)?.clone_from(value);
    Ok(())
}

fn get<'a>(target: &'a Value, path: &str) -> Result<&'a Value, String> {
    let steps = steps(path)?;
    steps.iter().try_fold(target, |value, step| match value {
        Value::Object(map) => map.get(step).ok_or_else(|| MISSING.to_owned()),
        Value::Array(items) => Ok(&items[position(step, items.len())?]),
        _ => Err(MISSING.to_owned()),
    })
}

fn get_mut<'a>(target: &'a mut Value, steps: &[String]) -> Result<&'a mut Value, String> {
    let mut value = target;
    for step in steps {
        value = child_mut(value, step)?;
    }
    Ok(value)
}

fn child_mut<'a>(value: &'a mut Value, step: &str) -> Result<&'a mut Value, String> {
    match value {
        Value::Object(map) => map.get_mut(step).ok_or_else(|| MISSING.to_owned()),
        Value::Array(items) => {
            let index = position(step, items.len())?;
            Ok(&mut items[index])
        }
        _ => Err(MISSING.to_owned()),
    }
}

/// Returns the index below `length` that the step names; negative ones count from the end.
fn position(step: &str, length: usize) -> Result<usize, String> {
    let index: i64 = step
        .parse()
        .map_err(|_| format!("strconv.Atoi: parsing {step:?}: invalid syntax"))?;
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let from_start = if index < 0 { index + length } else { index };
    usize::try_from(from_start)
        .ok()
        .filter(|_| from_start < length)
        .ok_or_else(|| format!("Unable to access invalid index: {index}: invalid index referenced"))
}

fn split(path: &str) -> Result<Option<(Vec<String>, String)>, String> {
    let mut steps = steps(path)?;
    Ok(steps.pop().map(|last| (steps, last)))
}

fn steps(path: &str) -> Result<Vec<String>, String> {
    if path.is_empty() {
        return Ok(Vec::new());
    }
    let rest = path.strip_prefix('/').ok_or_else(|| MISSING.to_owned())?;
    let unescape = |step: &str| step.replace("~1", "/").replace("~0", "~");
    Ok(rest.split('/').map(unescape).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(target: &Value, patch: &Value) -> Result<Value, String> {
        let mut target = target.clone();
        let result = json_patch(&mut target, patch);
        result.map(|()| target).map_err(|error| error.to_string())
    }

    #[test]
    fn every_operation_does_what_rfc_6902_says() {
        let target = json!({"a": [1, 2], "b": {"c/d": 1}});
        for (patch, result) in [
            (
                json!({"op": "add", "path": "/a/1", "value": 9}),
                json!({"a": [1, 9, 2], "b": {"c/d": 1}}),
            ),
            (
                json!({"op": "add", "path": "/a/-", "value": 9}),
                json!({"a": [1, 2, 9], "b": {"c/d": 1}}),
            ),
            (
                json!({"op": "remove", "path": "/b/c~1d"}),
                json!({"a": [1, 2], "b": {}}),
            ),
            (
                json!({"op": "replace", "path": "/a/-1", "value": 9}),
                json!({"a": [1, 9], "b": {"c/d": 1}}),
            ),
            (
                json!({"op": "move", "from": "/a", "path": "/b/a"}),
                json!({"b": {"c/d": 1, "a": [1, 2]}}),
            ),
            (
                json!({"op": "copy", "from": "/a/0", "path": "/c"}),
                json!({"a": [1, 2], "b": {"c/d": 1}, "c": 1}),
            ),
            (
                json!({"op": "test", "path": "/a/0", "value": 1}),
                target.clone(),
            ),
            (
                json!({"op": "test", "path": "/none", "value": null}),
                target.clone(),
            ),
        ] {
            assert_eq!(
                patched(&target, &json!([patch])).unwrap(),
                result,
                "{patch}"
            );
        }
    }

    #[test]
    fn a_failed_operation_leaves_the_object_as_it_was() {
        let mut target = json!({"a": 1});
        let patch =
            json!([{"op": "add", "path": "/b", "value": 1}, {"op": "remove", "path": "/none"}]);
        let error = json_patch(&mut target, &patch).unwrap_err();
        assert!(matches!(error, JsonPatchError::Failed { index: 1, .. }));
        assert_eq!(target, json!({"a": 1}));
    }

    #[test]
    fn copying_an_object_into_itself_again_and_again_is_refused() {
        let copies: Vec<Value> = (0..60)
            .map(|index| json!({"op": "copy", "from": "/a", "path": format!("/a/x{index}")}))
            .collect();
        let error = patched(&json!({"a": {"k": "v"}}), &Value::from(copies)).unwrap_err();
        assert!(error.contains("exceeding the limit 3145728"), "{error}");
    }

    #[test]
    fn what_does_not_apply_says_why() {
        let target = json!({"a": [1]});
        for (patch, message) in [
            (
                json!({"op": "test", "path": "/a/0", "value": 2}),
                "testing value /a/0 failed: test failed",
            ),
            (
                json!({"op": "replace", "path": "/b", "value": 2}),
                "replace operation does not apply: doc is missing path: \"/b\": missing value",
            ),
            (json!({"op": "jump", "path": "/b"}), "Unexpected kind: jump"),
        ] {
            assert_eq!(patched(&target, &json!([patch])).unwrap_err(), message);
        }
    }
}
