//! What many kinds' cells have in common.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::{Options, duration};
use crate::fields::{self, is_set, list, text};

/// What a row depends on beside its object.
pub(super) struct Scene {
    /// The present time.
    pub(super) now: Timestamp,
    /// The StorageClass that claims without one get, when the objects are a list of classes.
    pub(super) default_class: Option<String>,
}

impl Scene {
    pub(super) fn new(objects: &[Arc<Value>], options: &Options) -> Self {
        Self {
            now: options.now,
            default_class: options
                .list
                .then(|| super::storage::default_class(objects))
                .flatten(),
        }
    }

    /// Returns how long ago the time at `pointer` was.
    pub(super) fn since(&self, object: &Value, pointer: &str) -> String {
        duration::age(text(object, pointer), self.now)
    }

    /// Returns the age of an object.
    pub(super) fn age(&self, object: &Value) -> Value {
        self.since(object, "/metadata/creationTimestamp").into()
    }
}

/// Returns the name of an object as a cell.
pub(super) fn name(object: &Value) -> Value {
    fields::name(object).into()
}

/// Returns the text at `pointer`, or `absent` when there is none.
pub(super) fn text_or<'a>(object: &'a Value, pointer: &str, absent: &'a str) -> &'a str {
    match text(object, pointer) {
        "" => absent,
        found => found,
    }
}

/// Returns an integer or text at `pointer` as text, or `absent` when there is none.
pub(super) fn scalar_or(object: &Value, pointer: &str, absent: &str) -> String {
    match object.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => absent.to_owned(),
        Some(other) => other.to_string(),
    }
}

/// Returns the boolean at `pointer`, or `absent` when there is none.
pub(super) fn flag_or(object: &Value, pointer: &str, absent: bool) -> bool {
    object
        .pointer(pointer)
        .and_then(Value::as_bool)
        .unwrap_or(absent)
}

/// Returns the names and the images of the containers at `pointer`, each joined by commas.
pub(super) fn containers(object: &Value, pointer: &str) -> [Value; 2] {
    let containers = list(object, pointer);
    ["/name", "/image"].map(|field| join(containers.iter().map(|it| text(it, field))).into())
}

/// Joins texts by commas.
pub(super) fn join<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    texts.into_iter().collect::<Vec<_>>().join(",")
}

/// Joins the first `limit` of `texts` and counts the others.
pub(super) fn join_some(texts: &[String], limit: usize, separator: &str) -> String {
    let shown = &texts[..texts.len().min(limit)];
    match texts.len().saturating_sub(limit) {
        0 => shown.join(separator),
        more => format!("{} + {more} more...", shown.join(separator)),
    }
}

/// Returns the addresses of a load balancer, sorted and each once.
pub(super) fn load_balancer(object: &Value) -> String {
    let mut addresses: Vec<&str> = list(object, "/status/loadBalancer/ingress")
        .iter()
        .map(|ingress| text_or(ingress, "/ip", text(ingress, "/hostname")))
        .filter(|address| !address.is_empty())
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses.join(",")
}

/// Returns `Terminating` for an object that is being deleted, else its phase.
pub(super) fn phase(object: &Value) -> &str {
    if is_set(object, "/metadata/deletionTimestamp") {
        "Terminating"
    } else {
        text(object, "/status/phase")
    }
}
