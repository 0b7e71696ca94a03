//! Names, labels and annotations of any object.

use serde_json::{Map, Value};
use windlass_object::Gvk;

use super::{FieldErrors, names};
use crate::fields::text;

/// The most bytes that all annotations together may have: 256 KiB.
const MAX_ANNOTATIONS: usize = 256 * 1024;

/// Kinds whose names are labels, without dots.
const LABELS: [&str; 3] = ["Namespace", "StatefulSet", "CronJob"];
/// Groups whose names may hold anything that a path can: roles have colons in them.
const FREE: [&str; 1] = ["rbac.authorization.k8s.io"];

/// Checks `metadata`. An object without a name gets that error elsewhere.
pub(crate) fn check(gvk: &Gvk, object: &Value, errors: &mut FieldErrors) {
    let name = text(object, "/metadata/name");
    for why in name_errors(gvk, name) {
        errors.invalid("metadata.name", &name.into(), &why);
    }
    labels(
        object.pointer("/metadata/labels"),
        "metadata.labels",
        errors,
    );
    annotations(object.pointer("/metadata/annotations"), errors);
    let finalizers = object.pointer("/metadata/finalizers");
    for finalizer in finalizers.and_then(Value::as_array).into_iter().flatten() {
        let finalizer = finalizer.as_str().unwrap_or_default();
        for why in names::qualified(finalizer) {
            errors.invalid("metadata.finalizers", &finalizer.into(), &why);
        }
    }
}

fn name_errors(gvk: &Gvk, name: &str) -> Vec<String> {
    if name.is_empty() {
        return Vec::new();
    }
    if FREE.contains(&gvk.group.as_str()) {
        return path_segment(name);
    }
    if gvk.group.is_empty() && gvk.kind == "Service" {
        return names::label_1035(name);
    }
    if LABELS.contains(&gvk.kind.as_str()) {
        return names::label(name);
    }
    names::subdomain(name)
}

fn path_segment(name: &str) -> Vec<String> {
    if name == "." || name == ".." {
        return vec![format!("may not be '{name}'")];
    }
    let bad = ['/', '%'].into_iter().filter(|c| name.contains(*c));
    bad.map(|c| format!("may not contain '{c}'")).collect()
}

/// Checks the keys and values of labels.
pub(crate) fn labels(found: Option<&Value>, path: &str, errors: &mut FieldErrors) {
    for (key, value) in map(found) {
        for why in names::qualified(key) {
            errors.invalid(path, &key.as_str().into(), &why);
        }
        let value = value.as_str().unwrap_or_default();
        for why in names::label_value(value) {
            errors.invalid(path, &value.into(), &why);
        }
    }
}

fn annotations(found: Option<&Value>, errors: &mut FieldErrors) {
    let mut size = 0;
    for (key, value) in map(found) {
        size += key.len() + value.as_str().map_or(0, str::len);
        for why in names::qualified(&key.to_lowercase()) {
            errors.invalid("metadata.annotations", &key.as_str().into(), &why);
        }
    }
    if size > MAX_ANNOTATIONS {
        errors.too_long("metadata.annotations", MAX_ANNOTATIONS as u64);
    }
}

fn map(found: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    found
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::iter)
}
