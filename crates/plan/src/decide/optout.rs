//! The annotations and labels by which an object says what may be done to it, as Flux has them.

use serde_json::Value;

const PREFIX: &str = "kustomize.toolkit.fluxcd.io/";

/// Returns the key and value that keep an object from being applied. `live` is what is in the cluster, if
/// anything is.
pub(super) fn of_apply(desired: &Value, live: Option<&Value>) -> Option<String> {
    let either = |key, value| find(desired, key, value).or_else(|| find(live?, key, value));
    either("reconcile", "disabled")
        .or_else(|| either("ssa", "Ignore"))
        .or_else(|| find(desired, "ssa", "IfNotPresent").filter(|_| live.is_some()))
}

/// Returns the key and value that keep a live object from being deleted.
pub(super) fn of_prune(live: &Value) -> Option<String> {
    find(live, "prune", "disabled")
        .or_else(|| find(live, "reconcile", "disabled"))
        .or_else(|| find(live, "ssa", "Ignore"))
}

/// Whether an object leaves other managers the fields that the source lacks.
pub(crate) fn merges(object: &Value) -> bool {
    find(object, "ssa", "Merge").is_some()
}

/// Returns the key and value by which the source allows to delete the object and create it anew.
pub(super) fn force(desired: &Value) -> Option<String> {
    find(desired, "force", "enabled")
}

/// Flux takes either an annotation or a label, and does not look at the case of the value.
fn find(object: &Value, key: &str, value: &str) -> Option<String> {
    let key = format!("{PREFIX}{key}");
    let metadata = object.get("metadata")?;
    let has = |field: &str| {
        let found = metadata
            .get(field)
            .and_then(|map| map.get(&key))
            .and_then(Value::as_str);
        found.is_some_and(|found| found.eq_ignore_ascii_case(value))
    };
    (has("annotations") || has("labels")).then(|| format!("{key}: {value}"))
}
