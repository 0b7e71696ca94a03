//! What holds for objects of every kind.

use serde_json::Value;

use crate::field::{condition, list, number, text};
use crate::{Health, Status};

/// Returns the health that does not depend on the kind: deletion, a generation not yet seen, and the conditions
/// `Stalled` and `Reconciling`.
pub(crate) fn assess(object: &Value) -> Option<Health> {
    unready(object).or_else(|| by_conditions(object))
}

/// Returns the health of what is being deleted, or not yet seen by its controller.
pub(crate) fn unready(object: &Value) -> Option<Health> {
    if text(object, "/metadata/deletionTimestamp").is_some() {
        return Some(Health::new(
            Status::Terminating,
            "Terminating",
            terminating(object),
        ));
    }
    unobserved(object)
}

fn by_conditions(object: &Value) -> Option<Health> {
    if let Some(stalled) = condition(object, "Stalled").filter(|condition| condition.is_true()) {
        return Some(Health::failed(stalled.reason(), stalled.message()));
    }
    let reconciling = condition(object, "Reconciling").filter(|condition| condition.is_true())?;
    Some(Health::in_progress(
        reconciling.reason(),
        reconciling.message(),
    ))
}

/// Returns the health by the condition `Ready`, for kinds that we have no rule for.
pub(crate) fn ready(object: &Value) -> Option<Health> {
    let ready = condition(object, "Ready")?;
    Some(if ready.is_true() {
        Health::current(ready.message())
    } else {
        Health::in_progress(ready.reason(), ready.message())
    })
}

fn unobserved(object: &Value) -> Option<Health> {
    let observed = number(object, "/status/observedGeneration")?;
    let latest = number(object, "/metadata/generation")?;
    let message = format!("its controller has not seen generation {latest} yet");
    (observed != latest).then(|| Health::in_progress("LatestGenerationNotObserved", message))
}

fn terminating(object: &Value) -> String {
    let finalizers = list(object, "/metadata/finalizers")
        .iter()
        .filter_map(Value::as_str);
    let finalizers: Vec<&str> = finalizers.collect();
    match finalizers.as_slice() {
        [] => "being deleted".to_owned(),
        finalizers => format!("being deleted; waits for {}", finalizers.join(", ")),
    }
}
