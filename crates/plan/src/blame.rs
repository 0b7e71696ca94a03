//! Who wrote a field, as `metadata.managedFields` tells it.

use serde_json::{Map, Value};
use windlass_object::{FieldPath, PathSegment};

use crate::Writer;

/// Returns whether `manager` applied the field at `path` in `object`, alone or with others.
pub(crate) fn is_owner(object: &Value, path: &FieldPath, manager: &str) -> bool {
    applied(object, manager).any(|entry| owns(entry, path))
}

/// Returns whether `manager` applied anything of `object`.
pub(crate) fn has_applied(object: &Value, manager: &str) -> bool {
    applied(object, manager).next().is_some()
}

fn applied<'v>(object: &'v Value, manager: &str) -> impl Iterator<Item = &'v Value> {
    let entries = object.pointer("/metadata/managedFields");
    let entries = entries.and_then(Value::as_array).into_iter().flatten();
    entries.filter(move |entry| {
        entry.get("manager").and_then(Value::as_str) == Some(manager)
            && entry.get("operation").and_then(Value::as_str) == Some("Apply")
    })
}

/// Returns who owns the field at `path` in `live` when that is not `manager`: of several the one who wrote last.
/// A field that we own, alone or with others, holds what we wrote.
pub(crate) fn writer_of(live: &Value, path: &FieldPath, manager: &str) -> Option<Writer> {
    if is_owner(live, path, manager) {
        return None;
    }
    let entries = live.get("metadata")?.get("managedFields")?.as_array()?;
    let owners = entries.iter().filter(|entry| owns(entry, path));
    owners
        .filter_map(writer)
        .max_by(|one, two| one.time.cmp(&two.time))
}

fn writer(entry: &Value) -> Option<Writer> {
    let text = |key: &str| entry.get(key)?.as_str().map(str::to_owned);
    Some(Writer {
        manager: text("manager")?,
        operation: text("operation").unwrap_or_default(),
        time: text("time"),
    })
}

/// Follows the path through the set of fields. A leaf above the path owns all below it.
fn owns(entry: &Value, path: &FieldPath) -> bool {
    let Some(Value::Object(root)) = entry.get("fieldsV1") else {
        return false;
    };
    let mut set = root;
    for (depth, segment) in path.segments().iter().enumerate() {
        match member(set, segment) {
            Some(below) => set = below,
            None => return depth > 0 && set.is_empty(),
        }
    }
    true
}

fn member<'s>(
    set: &'s Map<String, Value>,
    segment: &PathSegment,
) -> Option<&'s Map<String, Value>> {
    let value = match segment {
        PathSegment::Key(key) => set.get(&format!("f:{key}")),
        PathSegment::Index(index) => set.get(&format!("i:{index}")),
        PathSegment::Element(keys) => {
            let found = set.iter().find(|(name, _)| is_element(name, keys));
            found.map(|(_, below)| below)
        }
    };
    value?.as_object()
}

/// Whether `name`, such as `k:{"name":"app"}`, has these keys.
fn is_element(name: &str, keys: &[(String, String)]) -> bool {
    let Some(Ok(Value::Object(fields))) = name.strip_prefix("k:").map(serde_json::from_str) else {
        return false;
    };
    keys.iter().all(|(key, text)| match fields.get(key) {
        Some(Value::String(value)) => value == text,
        Some(Value::Number(number)) => number.to_string() == *text,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn live() -> Value {
        let fields = |extra: Value| {
            json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {
                "k:{\"name\":\"app\"}": extra,
            }}}}})
        };
        json!({"metadata": {"managedFields": [
            {"manager": "us", "operation": "Apply", "fieldsV1": fields(json!({"f:env": {}}))},
            {"manager": "kubectl-edit", "operation": "Update", "time": "2026-11-22T10:00:00Z",
             "fieldsV1": fields(json!({"f:image": {}, "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {"f:name": {}}}}))},
            {"manager": "older", "operation": "Update", "time": "2026-11-21T10:00:00Z",
             "fieldsV1": fields(json!({"f:image": {}, "f:env": {}}))},
        ]}})
    }

    fn blamed(path: &str) -> Option<String> {
        let path = FieldPath::parse(&format!("spec.template.spec.containers[name=app].{path}"));
        writer_of(&live(), &path.unwrap(), "us").map(|writer| writer.manager)
    }

    #[test]
    fn the_last_of_the_foreign_owners_is_blamed() {
        assert_eq!(blamed("image").as_deref(), Some("kubectl-edit"));
    }

    #[test]
    fn nobody_is_blamed_for_a_field_that_we_own_too() {
        assert_eq!(blamed("env"), None);
        assert_eq!(blamed("env[0].value"), None);
    }

    #[test]
    fn list_elements_are_found_by_some_of_their_keys() {
        assert_eq!(
            blamed("ports[containerPort=80].name").as_deref(),
            Some("kubectl-edit")
        );
        assert_eq!(blamed("ports[containerPort=81].name"), None);
    }

    #[test]
    fn a_field_that_nobody_owns_has_no_writer() {
        assert_eq!(blamed("tty"), None);
        assert_eq!(
            writer_of(&json!({}), &FieldPath::parse("spec").unwrap(), "us"),
            None
        );
    }
}
