//! Reads fields by JSON pointer.

use serde_json::Value;

pub(crate) fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value
        .pointer(pointer)?
        .as_str()
        .filter(|text| !text.is_empty())
}

pub(crate) fn number(value: &Value, pointer: &str) -> Option<i64> {
    value.pointer(pointer)?.as_i64()
}

/// Returns the elements of a list; none when there is no list.
pub(crate) fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Returns the group of `apiVersion`, empty for the core group.
pub(crate) fn api_group(object: &Value) -> &str {
    let version = text(object, "/apiVersion").unwrap_or_default();
    version.split_once('/').map_or("", |(group, _)| group)
}

/// One of `status.conditions`.
#[derive(Clone, Copy)]
pub(crate) struct Condition<'v>(&'v Value);

/// Returns the condition of this type.
pub(crate) fn condition<'v>(object: &'v Value, kind: &str) -> Option<Condition<'v>> {
    let mut conditions = list(object, "/status/conditions").iter();
    let found = conditions.find(|condition| text(condition, "/type") == Some(kind));
    found.map(Condition)
}

impl<'v> Condition<'v> {
    pub(crate) fn is_true(self) -> bool {
        text(self.0, "/status") == Some("True")
    }

    pub(crate) fn is_false(self) -> bool {
        text(self.0, "/status") == Some("False")
    }

    /// Returns the reason, or the type where there is none.
    pub(crate) fn reason(self) -> &'v str {
        text(self.0, "/reason")
            .or_else(|| text(self.0, "/type"))
            .unwrap_or_default()
    }

    /// Returns the message, or the reason where there is none.
    pub(crate) fn message(self) -> &'v str {
        text(self.0, "/message").unwrap_or_else(|| self.reason())
    }
}
