//! Jobs: pods until enough have succeeded or too many have failed.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::step::{Report, Step, Write, after, nonzero, with};
use super::template;
use super::world::{Id, Kind, World};
use crate::clock::rfc3339;
use crate::fields::{self, condition, list, optional_integer, text};

const SOURCE: &str = "job-controller";

struct Pods<'a> {
    active: Vec<&'a Arc<Value>>,
    succeeded: usize,
    failed: usize,
}

/// How a Job has ended: the condition's type, its reason and its message.
type End = (&'static str, &'static str, &'static str);

/// Decides what becomes of a Job.
pub(super) fn step(world: &World, job: &Value, now: Timestamp) -> Step {
    let mut step = Step::default();
    if fields::is_terminating(job) {
        return step;
    }
    if has_ended(job) {
        expire(job, now, &mut step);
        return step;
    }
    let pods = Pods::of(world, job);
    let end = end(job, &pods, now, &mut step);
    match end {
        Some(_) => remove(&pods.active, &mut step),
        None => run(world, job, &pods, &mut step),
    }
    let status = status(job, &pods, end, now);
    if let Some((kind, reason, message)) = end {
        step.report(if kind == "Complete" {
            Report::normal(SOURCE, "Completed", "Job completed")
        } else {
            Report::warning(SOURCE, reason, message)
        });
    }
    if step.writes.is_empty() || end.is_some() {
        step.set_status(Kind::Job, job, status);
    }
    step
}

impl<'a> Pods<'a> {
    fn of(world: &'a World, job: &Value) -> Self {
        let all: Vec<&Arc<Value>> = world.owned(job, Kind::Pod).collect();
        let count = |phase| {
            all.iter()
                .filter(|it| text(it, "/status/phase") == phase)
                .count()
        };
        Self {
            succeeded: count("Succeeded"),
            failed: count("Failed"),
            active: all
                .into_iter()
                .filter(|it| template::is_active(it))
                .collect(),
        }
    }
}

fn has_ended(job: &Value) -> bool {
    ["Complete", "Failed"]
        .iter()
        .any(|kind| condition(job, kind) == Some("True"))
}

/// Deletes a Job some time after its end, if it says so.
fn expire(job: &Value, now: Timestamp, step: &mut Step) {
    let Some(ttl) = optional_integer(job, "/spec/ttlSecondsAfterFinished") else {
        return;
    };
    let conditions = list(job, "/status/conditions").iter();
    let ended = conditions.filter(|it| matches!(text(it, "/type"), "Complete" | "Failed"));
    let ended = ended.map(|it| text(it, "/lastTransitionTime")).next();
    match after(ended.unwrap_or_default(), ttl) {
        Some(time) if time > now => step.wake_at(time),
        _ => step.write(Write::Delete(Id::of(Kind::Job, job))),
    }
}

fn end(job: &Value, pods: &Pods<'_>, now: Timestamp, step: &mut Step) -> Option<End> {
    let allowed = optional_integer(job, "/spec/backoffLimit").unwrap_or(6);
    let is_complete = match size(job, "/spec/completions") {
        Some(wanted) => pods.succeeded >= wanted,
        // A queue of work is done when one pod says so, and the others have ended too.
        None => pods.succeeded > 0 && pods.active.is_empty(),
    };
    if is_complete {
        let message = "Reached expected number of succeeded pods";
        return Some(("Complete", "CompletionsReached", message));
    }
    if pods.failed > usize::try_from(allowed).unwrap_or_default() {
        let message = "Job has reached the specified backoff limit";
        return Some(("Failed", "BackoffLimitExceeded", message));
    }
    let limit = optional_integer(job, "/spec/activeDeadlineSeconds")?;
    let deadline = after(text(job, "/status/startTime"), limit)?;
    if deadline <= now {
        let message = "Job was active longer than specified deadline";
        return Some(("Failed", "DeadlineExceeded", message));
    }
    step.wake_at(deadline);
    None
}

fn run(world: &World, job: &Value, pods: &Pods<'_>, step: &mut Step) {
    if fields::flag(job, "/spec/suspend") {
        remove(&pods.active, step);
        return;
    }
    let parallel = size(job, "/spec/parallelism").unwrap_or(1);
    let open = match size(job, "/spec/completions") {
        Some(wanted) => wanted.saturating_sub(pods.succeeded).min(parallel),
        None if pods.succeeded > 0 => 0,
        None => parallel,
    };
    let missing = open.saturating_sub(pods.active.len());
    let prefix = format!("{}-", fields::name(job));
    if missing == 0 {
        return;
    }
    if let Some(problem) = template::creation_problem(world, job, &prefix) {
        step.report(Report::warning(SOURCE, "FailedCreate", problem));
        return;
    }
    let labels = [
        ("batch.kubernetes.io/controller-uid", fields::uid(job)),
        ("batch.kubernetes.io/job-name", fields::name(job)),
        ("controller-uid", fields::uid(job)),
        ("job-name", fields::name(job)),
    ];
    for _ in 0..missing {
        let pod = template::pod(Kind::Job, job, &prefix, &labels);
        step.write(Write::CreatePod(pod, SOURCE));
    }
}

fn size(job: &Value, pointer: &str) -> Option<usize> {
    usize::try_from(optional_integer(job, pointer)?).ok()
}

fn remove(pods: &[&Arc<Value>], step: &mut Step) {
    for pod in pods {
        step.write(Write::DeletePod(Id::of(Kind::Pod, pod), SOURCE));
    }
}

fn status(job: &Value, pods: &Pods<'_>, end: Option<End>, now: Timestamp) -> Value {
    let time = rfc3339(now);
    let start = match text(job, "/status/startTime") {
        "" if fields::flag(job, "/spec/suspend") => Value::Null,
        "" => time.clone().into(),
        start => start.into(),
    };
    let active = if end.is_some() { 0 } else { pods.active.len() };
    let ready = pods
        .active
        .iter()
        .filter(|pod| template::is_ready(pod))
        .count();
    let conditions = end.map(|end| end_conditions(end, &time));
    let is_complete = end.is_some_and(|(kind, ..)| kind == "Complete");
    with(
        json!({}),
        json!({
            "conditions": conditions.or_else(|| suspended(job, &time)),
            "startTime": start,
            "completionTime": is_complete.then_some(&time),
            "active": nonzero(active),
            "succeeded": nonzero(pods.succeeded),
            "failed": nonzero(pods.failed),
            "terminating": 0,
            "uncountedTerminatedPods": {},
            "ready": if active == 0 { 0 } else { ready },
        }),
    )
}

/// A Job that ends has two conditions: that it is about to, and that it has.
fn end_conditions((kind, reason, message): End, time: &str) -> Vec<Value> {
    let target = match kind {
        "Complete" => "SuccessCriteriaMet",
        _ => "FailureTarget",
    };
    [target, kind]
        .map(|kind| timed(kind, "True", reason, message, time))
        .to_vec()
}

fn suspended(job: &Value, time: &str) -> Option<Vec<Value>> {
    let (status, reason, message) = match fields::flag(job, "/spec/suspend") {
        true => ("True", "JobSuspended", "Job suspended"),
        false if condition(job, "Suspended").is_some() => ("False", "JobResumed", "Job resumed"),
        false => return None,
    };
    if condition(job, "Suspended") == Some(status) {
        return Some(list(job, "/status/conditions").to_vec());
    }
    Some(vec![timed("Suspended", status, reason, message, time)])
}

fn timed(kind: &str, status: &str, reason: &str, message: &str, time: &str) -> Value {
    json!({
        "type": kind, "status": status, "reason": reason, "message": message,
        "lastProbeTime": time, "lastTransitionTime": time,
    })
}
