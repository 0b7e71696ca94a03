//! Names, labels and annotations of any object.

use serde_json::{Map, Value};
use windlass_object::Gvk;
use windlass_object::schema::facts;

use super::{FieldErrors, go_print, names};
use crate::fields::{flag, list, text};

/// The most bytes that all annotations together may have: 256 KiB.
const MAX_ANNOTATIONS: usize = 256 * 1024;

/// Kinds whose names are labels, without dots.
const LABELS: [&str; 3] = ["Namespace", "StatefulSet", "Service"];
/// Groups whose names may hold anything that a path can: roles have colons in them.
const FREE: [&str; 1] = ["rbac.authorization.k8s.io"];

/// Finalizers that need no domain before their name.
const STANDARD: [&str; 3] = ["foregroundDeletion", "kubernetes", "orphan"];

/// Checks `metadata`. An object without a name gets that error elsewhere.
pub(crate) fn check(gvk: &Gvk, live: Option<&Value>, object: &Value, errors: &mut FieldErrors) {
    if live.is_none() {
        names_of_new(gvk, object, errors);
    }
    labels(
        object.pointer("/metadata/labels"),
        "metadata.labels",
        errors,
    );
    annotations(object.pointer("/metadata/annotations"), errors);
    owners(object, errors);
    finalizers(gvk, object, errors);
    if let Some(live) = live.filter(|live| !text(live, "/metadata/deletionTimestamp").is_empty()) {
        no_new_finalizers(live, object, errors);
    }
}

fn names_of_new(gvk: &Gvk, object: &Value, errors: &mut FieldErrors) {
    let base = text(object, "/metadata/generateName");
    for why in name_errors(gvk, base.strip_suffix('-').unwrap_or(base)) {
        errors.invalid("metadata.generateName", &base.into(), &why);
    }
    let name = text(object, "/metadata/name");
    for why in name_errors(gvk, name) {
        errors.invalid("metadata.name", &name.into(), &why);
    }
}

/// Checks the references to owners: a collector of garbage that believed a wrong one would delete the object.
fn owners(object: &Value, errors: &mut FieldErrors) {
    let references = list(object, "/metadata/ownerReferences");
    let mut controller: Option<String> = None;
    for (index, reference) in references.iter().enumerate() {
        let path = format!("metadata.ownerReferences[{index}]");
        for field in ["apiVersion", "kind", "name", "uid"] {
            if text(reference, &format!("/{field}")).is_empty() {
                errors.required(&format!("{path}.{field}"), "must not be empty");
            }
        }
        if !flag(reference, "/controller") {
            continue;
        }
        let this = format!("{}/{}", text(reference, "/kind"), text(reference, "/name"));
        if let Some(other) = &controller {
            let why = format!(
                "Only one reference can have Controller set to true. Found \"true\" in references for \
                 {other} and {this}"
            );
            let printed = go_print::list_line(references, go_print::OWNER);
            errors.invalid_printed("metadata.ownerReferences", &printed, &why);
        } else {
            controller = Some(this);
        }
    }
}

fn finalizers(gvk: &Gvk, object: &Value, errors: &mut FieldErrors) {
    let found = list(object, "/metadata/finalizers").iter();
    for (index, finalizer) in found.filter_map(Value::as_str).enumerate() {
        for why in names::qualified(finalizer) {
            errors.invalid("metadata.finalizers", &finalizer.into(), &why);
        }
        let is_custom = facts().schema(gvk).is_none();
        if !is_custom && !finalizer.contains('/') && !STANDARD.contains(&finalizer) {
            let path = format!("metadata.finalizers[{index}]");
            let why = "name is neither a standard finalizer name nor is it fully qualified";
            errors.invalid(&path, &finalizer.into(), why);
        }
    }
}

fn no_new_finalizers(live: &Value, object: &Value, errors: &mut FieldErrors) {
    let old = list(live, "/metadata/finalizers");
    let new = list(object, "/metadata/finalizers").iter();
    let mut added: Vec<&Value> = new.filter(|finalizer| !old.contains(finalizer)).collect();
    added.sort_by_key(|finalizer| finalizer.as_str());
    if !added.is_empty() {
        let added: Vec<String> = added.iter().map(ToString::to_string).collect();
        let why = format!(
            "no new finalizers can be added if the object is being deleted, found new finalizers \
             []string{{{}}}",
            added.join(", ")
        );
        errors.forbidden("metadata.finalizers", &why);
    }
}

fn name_errors(gvk: &Gvk, name: &str) -> Vec<String> {
    if name.is_empty() {
        return Vec::new();
    }
    if FREE.contains(&gvk.group.as_str()) {
        return path_segment(name);
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
