//! What scheduler and kubelet do with a pod: put it on the node, run its containers, report.
//!
//! No container runs. A pod becomes ready as soon as everything that it refers to is there, unless the
//! failure switch (see [`switch`]) says otherwise.

mod containers;
mod references;
mod status;
pub(super) mod switch;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::step::{Report, Step, Write};
use super::world::{Kind, World};
use crate::fields::{self, text};
use switch::Failure;

/// The node that every pod runs on.
pub(super) const NODE: &str = "windlass";

const SCHEDULER: &str = "default-scheduler";
const KUBELET: &str = "kubelet";

/// Decides what becomes of a pod.
pub(super) fn step(world: &World, pod: &Value, now: Timestamp) -> Step {
    let mut step = Step::default();
    let has_ended = matches!(text(pod, "/status/phase"), "Succeeded" | "Failed");
    if has_ended || fields::is_terminating(pod) {
        return step;
    }
    let failure = switch::failure(world, pod);
    if text(pod, "/spec/nodeName").is_empty() {
        schedule(world, pod, failure.as_ref(), now, &mut step);
    } else {
        run(world, pod, failure.as_ref(), now, &mut step);
    }
    step
}

fn schedule(
    world: &World,
    pod: &Value,
    failure: Option<&Failure>,
    now: Timestamp,
    step: &mut Step,
) {
    if let Some(message) = unschedulable(world, pod, failure) {
        let status = status::unscheduled(pod, &message, now);
        if pod.get("status") != Some(&status) {
            step.report(Report::warning(SCHEDULER, "FailedScheduling", message));
        }
        step.set_status(Kind::Pod, pod, status);
    } else {
        let mut bound = pod.clone();
        bound["spec"]["nodeName"] = NODE.into();
        step.write(Write::Update(Kind::Pod, bound));
        let name = format!("{}/{}", fields::namespace(pod), fields::name(pod));
        let message = format!("Successfully assigned {name} to {NODE}");
        step.report(Report::normal(SCHEDULER, "Scheduled", message));
    }
}

fn unschedulable(world: &World, pod: &Value, failure: Option<&Failure>) -> Option<String> {
    let why = match failure {
        Some(Failure::Scheduling) => "1 Insufficient cpu. no new claims to deallocate, \
                                      preemption: 0/1 nodes are available: 1 No preemption victims \
                                      found for incoming pod"
            .to_owned(),
        _ => references::missing_claim(world, pod)?,
    };
    Some(format!("0/1 nodes are available: {why}."))
}

fn run(world: &World, pod: &Value, failure: Option<&Failure>, now: Timestamp, step: &mut Step) {
    let mount = references::missing_mount(world, pod);
    let containers = containers::Containers::of(world, pod, failure, mount.is_some(), now);
    if let Some(time) = containers.changes_at {
        step.wake_at(time);
    }
    let status = status::running(world, pod, &containers, now);
    if pod.get("status") != Some(&status) {
        if let Some(message) = mount {
            step.report(Report::warning(KUBELET, "FailedMount", message));
        }
        report_pull_secrets(world, pod, step);
        for report in containers.reports {
            step.report(report);
        }
    }
    step.set_status(Kind::Pod, pod, status);
}

fn report_pull_secrets(world: &World, pod: &Value, step: &mut Step) {
    let missing = references::missing_pull_secrets(world, pod);
    if !missing.is_empty() {
        let message = format!(
            "Unable to retrieve some image pull secrets ({missing}); attempting to pull the image may \
             not succeed."
        );
        let reason = "FailedToRetrieveImagePullSecret";
        step.report(Report::warning(KUBELET, reason, message));
    }
}

/// Returns a condition of a pod without its times.
fn condition(kind: &str, reason: Option<(&str, &str)>) -> Value {
    let mut condition = json!({"type": kind, "status": "True", "lastProbeTime": null});
    if let Some((reason, message)) = reason {
        condition["status"] = "False".into();
        condition["reason"] = reason.into();
        if !message.is_empty() {
            condition["message"] = message.into();
        }
    }
    condition
}
