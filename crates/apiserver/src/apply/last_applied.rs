//! The way from client-side to server-side apply: `kubectl apply --server-side` takes over what
//! `kubectl apply` wrote, and keeps its annotation up to date.

use serde_json::Value;
use windlass_object::schema::Schema;

use super::{Conflict, compare, to_set};
use crate::managed_fields::{FieldSet, Step, write_steps};

const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Returns the fields that the annotation names and that still have the values it gives.
pub(super) fn unchanged_fields(live: &Value, schema: &Schema) -> FieldSet {
    let parsed = annotation(live).and_then(|text| serde_json::from_str::<Value>(text).ok());
    let Some(last) = parsed else {
        return FieldSet::default();
    };
    let difference = compare::compare(&last, live, schema);
    to_set::to_set(&last, schema)
        .difference(&difference.changed)
        .difference(&difference.removed)
}

/// Returns the conflicts that are about other fields.
pub(super) fn not_allowed(conflicts: Vec<Conflict>, allowed: &FieldSet) -> Vec<Conflict> {
    let allowed: Vec<String> = allowed
        .paths()
        .into_iter()
        .map(|path: Vec<&Step>| write_steps(path))
        .collect();
    let mut conflicts = conflicts;
    conflicts.retain(|conflict| !allowed.contains(&conflict.path));
    conflicts
}

/// Returns the object with the annotation saying what kubectl applied, if it has one.
pub(super) fn follow(live: &Value, applied: &Value, mut object: Value) -> Value {
    if annotation(live).is_none() {
        return object;
    }
    let mut configuration = applied.clone();
    let annotations = configuration.pointer_mut("/metadata/annotations");
    if let Some(Value::Object(annotations)) = annotations {
        annotations.remove(ANNOTATION);
    }
    if let Some(Value::Object(annotations)) = object.pointer_mut("/metadata/annotations") {
        let text = format!("{configuration}\n");
        annotations.insert(ANNOTATION.to_owned(), text.into());
    }
    object
}

fn annotation(object: &Value) -> Option<&str> {
    let annotations = object.get("metadata")?.get("annotations")?;
    annotations.get(ANNOTATION)?.as_str()
}
