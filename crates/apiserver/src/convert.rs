//! An object in the version that a request names, and in the one that is stored. Custom types convert as
//! `conversion: None` does: only `apiVersion` changes. Events are one type under two names.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::resource::ResourceType;

/// Fields of `v1` events beside their names in `events.k8s.io/v1`.
const EVENT_FIELDS: [(&str, &str); 6] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
];

/// Fields of `v1` events that have longer names in `events.k8s.io/v1`.
const EVENT_REPORTERS: [(&str, &str); 2] = [
    ("reportingComponent", "reportingController"),
    ("reportingInstance", "reportingInstance"),
];

/// Returns the stored object as `resource` shows it.
pub(crate) fn from_storage(resource: &ResourceType, object: Arc<Value>) -> Arc<Value> {
    let wanted = resource.api_version();
    if object.get("apiVersion").and_then(Value::as_str) == Some(&wanted) {
        return object;
    }
    let mut object = Value::clone(&object);
    if let Value::Object(fields) = &mut object {
        if resource.is_event() {
            rename(fields, |(stored, shown)| (stored, shown));
        }
        fields.insert("apiVersion".to_owned(), Value::String(wanted));
    }
    Arc::new(object)
}

/// Returns an object of `resource` as it is stored.
pub(crate) fn to_storage(resource: &ResourceType, mut object: Value) -> Value {
    let wanted = resource.storage_api_version();
    if resource.api_version() != wanted
        && let Value::Object(fields) = &mut object
    {
        if resource.is_event() {
            rename(fields, |(stored, shown)| (shown, stored));
        }
        fields.insert("apiVersion".to_owned(), Value::String(wanted));
    }
    object
}

fn rename(
    fields: &mut Map<String, Value>,
    direction: fn((&'static str, &'static str)) -> (&'static str, &'static str),
) {
    for pair in EVENT_FIELDS.into_iter().chain(EVENT_REPORTERS) {
        let (from, to) = direction(pair);
        if let Some(value) = fields.remove(from) {
            fields.insert(to.to_owned(), value);
        }
    }
}
