//! The status of a Deployment: counts, and whether it is available and progressing.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Sets, rollout};
use crate::clock::rfc3339;
use crate::controllers::step::{Step, after, nonzero, set_condition, with};
use crate::fields::{self, integer, list, optional_integer, text};

struct Counts {
    total: i64,
    updated: i64,
    ready: i64,
    available: i64,
}

/// Returns the status, and asks to be woken when the rollout has taken too long.
pub(super) fn of(deployment: &Value, sets: &Sets<'_>, now: Timestamp, step: &mut Step) -> Value {
    let counts = Counts::of(sets);
    let wanted = integer(deployment, "/spec/replicas");
    let mut conditions = list(deployment, "/status/conditions").to_vec();
    set_stamped(
        &mut conditions,
        availability(deployment, &counts),
        false,
        now,
    );
    let progress = progress(deployment, sets, &counts, now, step);
    if let Some(progress) = progress {
        set_stamped(
            &mut conditions,
            progress,
            has_moved(deployment, &counts),
            now,
        );
    }
    conditions.retain(|it| text(it, "/type") != "ReplicaFailure");
    conditions.extend(sets.all().find_map(|set| failure(set)));
    let unavailable = (wanted.max(counts.total) - counts.available).max(0);
    let count = |count: i64| nonzero(usize::try_from(count).unwrap_or_default());
    with(
        json!({}),
        json!({
            "observedGeneration": deployment.pointer("/metadata/generation"),
            "replicas": count(counts.total),
            "updatedReplicas": count(counts.updated),
            "readyReplicas": count(counts.ready),
            "availableReplicas": count(counts.available),
            "unavailableReplicas": count(unavailable),
            "terminatingReplicas": 0,
            "conditions": conditions,
        }),
    )
}

impl Counts {
    fn of(sets: &Sets<'_>) -> Self {
        let sum = |pointer: &str| sets.all().map(|set| integer(set, pointer)).sum();
        Self {
            total: sum("/status/replicas"),
            updated: sets.new.map_or(0, |set| integer(set, "/status/replicas")),
            ready: sum("/status/readyReplicas"),
            available: sum("/status/availableReplicas"),
        }
    }
}

fn availability(deployment: &Value, counts: &Counts) -> Value {
    if counts.available >= rollout::needed(deployment) {
        condition(
            "Available",
            "True",
            "MinimumReplicasAvailable",
            "Deployment has minimum availability.",
        )
    } else {
        condition(
            "Available",
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
        )
    }
}

fn progress(
    deployment: &Value,
    sets: &Sets<'_>,
    counts: &Counts,
    now: Timestamp,
    step: &mut Step,
) -> Option<Value> {
    let wanted = integer(deployment, "/spec/replicas");
    let name = fields::name(sets.new.map_or(deployment, |set| set));
    let is_complete =
        counts.updated == wanted && counts.total == wanted && counts.available == wanted;
    let progressing =
        |status, reason, message: String| Some(condition("Progressing", status, reason, &message));
    if is_complete && sets.new.is_some() {
        let message = format!("ReplicaSet \"{name}\" has successfully progressed.");
        return progressing("True", "NewReplicaSetAvailable", message);
    }
    let old = list(deployment, "/status/conditions").iter();
    let old = old.clone().find(|it| text(it, "/type") == "Progressing");
    let has_moved = has_moved(deployment, counts) || is_finished(old);
    let Some(old) = old.filter(|_| !has_moved) else {
        let message = format!("ReplicaSet \"{name}\" is progressing.");
        return progressing("True", "ReplicaSetUpdated", message);
    };
    let limit = optional_integer(deployment, "/spec/progressDeadlineSeconds")?;
    match after(text(old, "/lastUpdateTime"), limit) {
        _ if text(old, "/reason") == "ProgressDeadlineExceeded" => None,
        Some(deadline) if deadline > now => {
            step.wake_at(deadline);
            None
        }
        _ => {
            let message = format!("ReplicaSet \"{name}\" has timed out progressing.");
            progressing("False", "ProgressDeadlineExceeded", message)
        }
    }
}

/// Returns why a ReplicaSet cannot create its pods, as a condition of its Deployment.
fn failure(set: &Value) -> Option<Value> {
    let mut conditions = list(set, "/status/conditions").iter();
    let mut failure = conditions
        .find(|it| text(it, "/type") == "ReplicaFailure")?
        .clone();
    failure["lastUpdateTime"] = failure["lastTransitionTime"].clone();
    Some(failure)
}

/// Whether the last rollout was done, so that what is not done now is a new one.
fn is_finished(progressing: Option<&Value>) -> bool {
    progressing.is_none_or(|it| text(it, "/reason") == "NewReplicaSetAvailable")
}

fn has_moved(deployment: &Value, counts: &Counts) -> bool {
    let before = |field: &str| integer(deployment, &format!("/status/{field}"));
    let old = |total: i64, updated: i64| total - updated;
    counts.updated > before("updatedReplicas")
        || counts.ready > before("readyReplicas")
        || counts.available > before("availableReplicas")
        || old(counts.total, counts.updated) < old(before("replicas"), before("updatedReplicas"))
}

fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({"type": kind, "status": status, "reason": reason, "message": message})
}

/// Sets a condition with its time of update; one that is the same stays, unless it is to be refreshed.
fn set_stamped(conditions: &mut Vec<Value>, mut condition: Value, refresh: bool, now: Timestamp) {
    let fields = ["/type", "/status", "/reason", "/message"];
    let is_same = |old: &Value| {
        fields
            .iter()
            .all(|it| text(old, it) == text(&condition, it))
    };
    if !refresh && conditions.iter().any(is_same) {
        return;
    }
    condition["lastUpdateTime"] = rfc3339(now).into();
    set_condition(conditions, condition, now, false);
}
