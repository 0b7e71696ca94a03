//! Kinds that run pods.

use serde_json::Value;

use crate::Health;
use crate::field::{condition, number, text};

/// The counts that a controller reports, against how many there should be.
struct Replicas<'v> {
    object: &'v Value,
    wanted: i64,
    noun: &'static str,
}

impl<'v> Replicas<'v> {
    /// `spec.replicas` is 1 where it is not given.
    fn of(object: &'v Value) -> Self {
        let wanted = number(object, "/spec/replicas").unwrap_or(1);
        Self {
            object,
            wanted,
            noun: "replicas",
        }
    }

    fn count(&self, field: &str) -> i64 {
        number(self.object, &format!("/status/{field}")).unwrap_or(0)
    }

    /// Returns that too few are `what`, if so: `1 of 3 replicas ready`.
    fn less(&self, field: &str, reason: &str, what: &str) -> Option<Health> {
        let count = self.count(field);
        let message = format!("{count} of {} {} {what}", self.wanted, self.noun);
        (count < self.wanted).then(|| Health::in_progress(reason, message))
    }

    fn extra(&self) -> Option<Health> {
        let count = self.count("replicas");
        let extra = count - self.wanted;
        let message = format!("{extra} of {count} {} still to end", self.noun);
        (extra > 0).then(|| Health::in_progress("ExtraPods", message))
    }

    fn ready(&self) -> Health {
        Health::current(format!(
            "{} of {} {} ready",
            self.count("readyReplicas"),
            self.wanted,
            self.noun
        ))
    }
}

pub(crate) fn deployment(object: &Value) -> Health {
    let progressing = condition(object, "Progressing");
    if let Some(condition) = progressing.filter(|condition| condition.is_false())
        && condition.reason() == "ProgressDeadlineExceeded"
    {
        return Health::failed("ProgressDeadlineExceeded", stuck(object));
    }
    let replicas = Replicas::of(object);
    replicas
        .less("replicas", "LessReplicas", "created")
        .or_else(|| replicas.less("updatedReplicas", "LessUpdated", "updated"))
        .or_else(|| replicas.extra())
        .or_else(|| replicas.less("readyReplicas", "LessReady", "ready"))
        .or_else(|| replicas.less("availableReplicas", "LessAvailable", "available"))
        .or_else(|| rolled_out(object))
        .unwrap_or_else(|| replicas.ready())
}

/// What a deployment that missed its deadline lacks.
fn stuck(object: &Value) -> String {
    let replicas = Replicas::of(object);
    let ready = replicas
        .count("readyReplicas")
        .min(replicas.count("updatedReplicas"));
    let seconds = number(object, "/spec/progressDeadlineSeconds").unwrap_or(600);
    format!(
        "no progress for {seconds} s: {ready} of {} updated replicas ready",
        replicas.wanted
    )
}

/// A deployment with a progress deadline also says when the new replica set is complete.
fn rolled_out(object: &Value) -> Option<Health> {
    let progressing = condition(object, "Progressing");
    let is_tracked = number(object, "/spec/progressDeadlineSeconds").is_some();
    let is_done =
        progressing.is_some_and(|it| it.is_true() && it.reason() == "NewReplicaSetAvailable");
    if is_tracked && !is_done {
        return Some(Health::in_progress(
            "ReplicaSetNotAvailable",
            "the new replica set is not complete",
        ));
    }
    let available = condition(object, "Available")?;
    let is_available = available.is_true();
    (!is_available).then(|| Health::in_progress("DeploymentNotAvailable", available.message()))
}

pub(crate) fn stateful_set(object: &Value) -> Health {
    if text(object, "/spec/updateStrategy/type") == Some("OnDelete") {
        return Health::current("updated when its pods are deleted");
    }
    let replicas = Replicas::of(object);
    replicas
        .less("replicas", "LessReplicas", "created")
        .or_else(|| replicas.less("readyReplicas", "LessReady", "ready"))
        .or_else(|| replicas.extra())
        .or_else(|| unrolled(object, &replicas))
        .unwrap_or_else(|| replicas.ready())
}

/// With a partition only the pods above it are updated.
fn unrolled(object: &Value, replicas: &Replicas<'_>) -> Option<Health> {
    if let Some(partition) = number(object, "/spec/updateStrategy/rollingUpdate/partition") {
        let part = Replicas {
            wanted: replicas.wanted - partition,
            ..Replicas::of(object)
        };
        return part.less("updatedReplicas", "PartitionRollout", "updated");
    }
    let current = text(object, "/status/currentRevision");
    let update = text(object, "/status/updateRevision");
    let is_rolling = current != update;
    replicas
        .less("currentReplicas", "LessCurrent", "updated")
        .or_else(|| {
            is_rolling.then(|| Health::in_progress("RollingUpdate", "the update is not complete"))
        })
}

pub(crate) fn daemon_set(object: &Value) -> Health {
    if number(object, "/status/observedGeneration").is_none() {
        return Health::in_progress("NoObservedGeneration", "not yet seen by its controller");
    }
    if text(object, "/spec/updateStrategy/type") == Some("OnDelete") {
        return Health::current("updated when its pods are deleted");
    }
    let Some(wanted) = number(object, "/status/desiredNumberScheduled") else {
        return Health::in_progress("NoDesiredNumber", "not yet seen by its controller");
    };
    let nodes = Replicas {
        object,
        wanted,
        noun: "pods",
    };
    nodes
        .less("currentNumberScheduled", "LessCurrent", "scheduled")
        .or_else(|| nodes.less("updatedNumberScheduled", "LessUpdated", "updated"))
        .or_else(|| nodes.less("numberReady", "LessReady", "ready"))
        .or_else(|| nodes.less("numberAvailable", "LessAvailable", "available"))
        .unwrap_or_else(|| Health::current(format!("{wanted} of {wanted} pods ready")))
}

pub(crate) fn replica_set(object: &Value) -> Health {
    if let Some(failure) = condition(object, "ReplicaFailure").filter(|it| it.is_true()) {
        return Health::in_progress(failure.reason(), failure.message());
    }
    let replicas = Replicas::of(object);
    replicas
        .less("fullyLabeledReplicas", "LessLabelled", "created")
        .or_else(|| replicas.less("readyReplicas", "LessReady", "ready"))
        .or_else(|| replicas.less("availableReplicas", "LessAvailable", "available"))
        .or_else(|| replicas.extra())
        .unwrap_or_else(|| replicas.ready())
}

pub(crate) fn job(object: &Value) -> Health {
    let holds = |kind| condition(object, kind).filter(|it| it.is_true());
    if let Some(failed) = holds("Failed") {
        return Health::failed(failed.reason(), failed.message());
    }
    let jobs = Replicas {
        wanted: number(object, "/spec/completions").unwrap_or(1),
        object,
        noun: "pods",
    };
    let done = jobs.count("succeeded");
    if holds("Complete").is_some() {
        return Health::current(format!(
            "completed: {done} of {} pods succeeded",
            jobs.wanted
        ));
    }
    if holds("Suspended").is_some() {
        return Health::current("suspended");
    }
    if text(object, "/status/startTime").is_none() {
        return Health::in_progress("NotStarted", "not yet started");
    }
    let failed = jobs.count("failed");
    let message = format!("{done} of {} pods succeeded, {failed} failed", jobs.wanted);
    Health::in_progress("Running", message)
}
