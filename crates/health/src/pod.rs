//! Pods, and what they say about the workload that they belong to.

use serde_json::Value;

use crate::Health;
use crate::field::{Condition, condition, list, text};

/// What a container waits for in the normal course of a start.
const STARTING: [&str; 2] = ["ContainerCreating", "PodInitializing"];

pub(crate) fn pod(object: &Value) -> Health {
    let mut health = of_phase(object);
    if !health.is_current() {
        health.causes = causes(object).collect();
    }
    health
}

fn of_phase(object: &Value) -> Health {
    match text(object, "/status/phase") {
        Some("Succeeded") => Health::current("completed"),
        Some("Failed") => {
            let why = text(object, "/status/message").or_else(|| text(object, "/status/reason"));
            Health::failed("PodFailed", why.unwrap_or("ended with an error"))
        }
        Some("Running") => running(object),
        Some("Pending") => match condition(object, "PodScheduled").filter(|it| it.is_false()) {
            Some(scheduled) => Health::in_progress(scheduled.reason(), "not scheduled"),
            None => Health::in_progress("Pending", "starting"),
        },
        _ => Health::in_progress("Pending", "not yet seen by its controller"),
    }
}

fn running(object: &Value) -> Health {
    let is_ready = condition(object, "Ready").is_some_and(Condition::is_true);
    let is_crashing = waiting(object).any(|(_, reason, _)| reason == "CrashLoopBackOff");
    match (is_ready, is_crashing) {
        (true, _) => Health::current("ready"),
        (false, true) => Health::failed("CrashLoopBackOff", "a container crashes again and again"),
        (false, false) => Health::in_progress("NotReady", "running, but not ready"),
    }
}

/// Returns whether the workload selects the pod: same namespace, and the labels of `spec.selector.matchLabels`. A
/// workload without such labels selects nothing.
pub(crate) fn is_selected(workload: &Value, pod: &Value) -> bool {
    let namespace = |object| text(object, "/metadata/namespace");
    let labels = workload
        .pointer("/spec/selector/matchLabels")
        .and_then(Value::as_object);
    let of_pod = pod.pointer("/metadata/labels");
    let has = |(key, value)| of_pod.and_then(|labels| labels.get(key)) == Some(value);
    namespace(workload) == namespace(pod)
        && labels.is_some_and(|labels| !labels.is_empty() && labels.iter().all(has))
}

/// Returns what is wrong with a pod, in words without its name, so that ten pods with one trouble give one line.
pub(crate) fn causes(pod: &Value) -> impl Iterator<Item = String> {
    let scheduled = condition(pod, "PodScheduled").filter(|scheduled| scheduled.is_false());
    let unschedulable = scheduled.map(|it| format!("{}: {}", it.reason(), it.message()));
    let waiting = waiting(pod).filter(|(_, reason, _)| !STARTING.contains(reason));
    let waiting = waiting.map(|(container, reason, detail)| {
        let detail = detail
            .map(|detail| format!(": {detail}"))
            .unwrap_or_default();
        format!("container {container}: {reason}{detail}")
    });
    unschedulable.into_iter().chain(waiting).chain(ended(pod))
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    let init = list(pod, "/status/initContainerStatuses").iter();
    init.chain(list(pod, "/status/containerStatuses"))
}

/// Returns the containers that wait: name, reason, and what the kubelet says or how the last run ended.
fn waiting(pod: &Value) -> impl Iterator<Item = (&str, &str, Option<String>)> {
    containers(pod).filter_map(|container| {
        let reason = text(container, "/state/waiting/reason")?;
        let message = || text(container, "/state/waiting/message").map(str::to_owned);
        let detail = end_of(container, "/lastState/terminated").or_else(message);
        Some((text(container, "/name")?, reason, detail))
    })
}

/// Returns the containers that ended with an error and are not started again.
fn ended(pod: &Value) -> impl Iterator<Item = String> {
    containers(pod).filter_map(|container| {
        let end = end_of(container, "/state/terminated")?;
        Some(format!("container {}: {end}", text(container, "/name")?))
    })
}

/// Returns how a container ended, if that was with an error: `exit code 137, OOMKilled`.
fn end_of(container: &Value, pointer: &str) -> Option<String> {
    let terminated = container.pointer(pointer)?;
    let code = terminated
        .get("exitCode")?
        .as_i64()
        .filter(|&code| code != 0)?;
    let reason = text(terminated, "/reason").filter(|&reason| reason != "Error");
    let reason = reason
        .map(|reason| format!(", {reason}"))
        .unwrap_or_default();
    Some(format!("exit code {code}{reason}"))
}
