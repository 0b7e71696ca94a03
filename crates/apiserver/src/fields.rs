//! Reading fields of a JSON object by pointer, with the defaults that absent fields have.

use serde_json::{Map, Value};

/// Returns the value at `pointer`, a JSON pointer (RFC 6901), without a copy of its parts: [`Value::pointer`] makes two of
/// each, which was a twelfth of the server's work.
pub(crate) fn at<'a>(object: &'a Value, pointer: &str) -> Option<&'a Value> {
    if pointer.contains('~') || !(pointer.is_empty() || pointer.starts_with('/')) {
        return object.pointer(pointer);
    }
    let mut parts = pointer.split('/').skip(1);
    parts.try_fold(object, |value, part| match value {
        Value::Object(fields) => fields.get(part),
        Value::Array(_) => value.pointer(&format!("/{part}")),
        _ => None,
    })
}

/// Returns the text at `pointer`, empty when there is none.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    optional_text(object, pointer).unwrap_or_default()
}

/// Returns the text at `pointer`, when there is one.
pub(crate) fn optional_text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    at(object, pointer).and_then(Value::as_str)
}

/// Returns the integer at `pointer`, zero when there is none.
pub(crate) fn integer(object: &Value, pointer: &str) -> i64 {
    optional_integer(object, pointer).unwrap_or_default()
}

/// Returns the integer at `pointer`, when there is one.
pub(crate) fn optional_integer(object: &Value, pointer: &str) -> Option<i64> {
    at(object, pointer).and_then(Value::as_i64)
}

/// Returns the boolean at `pointer`, false when there is none.
pub(crate) fn flag(object: &Value, pointer: &str) -> bool {
    at(object, pointer).and_then(Value::as_bool) == Some(true)
}

/// Returns the items of the list at `pointer`, none when it is absent.
pub(crate) fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    at(object, pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Returns the mapping at `pointer`, when there is one.
pub(crate) fn map<'a>(object: &'a Value, pointer: &str) -> Option<&'a Map<String, Value>> {
    at(object, pointer).and_then(Value::as_object)
}

/// Returns the number of entries of the mapping at `pointer`.
pub(crate) fn map_len(object: &Value, pointer: &str) -> usize {
    map(object, pointer).map_or(0, Map::len)
}

/// Returns whether `pointer` leads to a value other than null.
pub(crate) fn is_set(object: &Value, pointer: &str) -> bool {
    at(object, pointer).is_some_and(|value| !value.is_null())
}

/// Returns the name of an object.
pub(crate) fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

/// Returns the namespace of an object, empty for a cluster-scoped one.
pub(crate) fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

/// Returns the UID of an object.
pub(crate) fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

/// Returns the annotation `key` of an object.
pub(crate) fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    map(object, "/metadata/annotations")?.get(key)?.as_str()
}

/// Returns the status of the condition `kind` (`True`, `False`, `Unknown`), when it is there.
pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a str> {
    list(object, "/status/conditions")
        .iter()
        .find(|condition| text(condition, "/type") == kind)
        .map(|condition| text(condition, "/status"))
}

/// Returns whether somebody asked for the deletion of an object.
pub(crate) fn is_terminating(object: &Value) -> bool {
    is_set(object, "/metadata/deletionTimestamp")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    proptest! {
        #[test]
        fn a_pointer_leads_where_that_of_serde_json_leads(pointer in "(/(a|b|0|01|1|-||~1|~0|~)){0,4}|a|a/b") {
            let object = json!({"a": {"b": [1, {"a": 2}], "": 3, "/": 4, "0": 5}, "b": [[6], "x"], "~": 7});
            prop_assert_eq!(at(&object, &pointer), object.pointer(&pointer));
        }
    }
}
