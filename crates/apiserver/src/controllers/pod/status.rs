//! The status of a pod.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::condition;
use super::containers::Containers;
use crate::clock::rfc3339;
use crate::controllers::step::{set_condition, with};
use crate::controllers::template::fnv;
use crate::controllers::world::World;
use crate::fields::{self, flag, is_set, list, optional_text, text};

/// The address of the node.
const NODE_ADDRESS: &str = "127.0.0.1";

/// Returns the status of a pod that finds no node.
pub(super) fn unscheduled(pod: &Value, message: &str, now: Timestamp) -> Value {
    let why = Some(("Unschedulable", message));
    let scheduled = condition("PodScheduled", why);
    let status = json!({
        "phase": "Pending",
        "conditions": conditions(pod, vec![scheduled], now),
        "qosClass": quality(pod),
    });
    with(status, observed(pod))
}

/// Returns the status of a pod that is on the node.
pub(super) fn running(
    world: &World,
    pod: &Value,
    containers: &Containers,
    now: Timestamp,
) -> Value {
    let start = optional_text(pod, "/status/startTime").map_or_else(|| rfc3339(now), str::to_owned);
    let phase = phase(containers);
    let status = json!({
        "phase": phase,
        "conditions": conditions(pod, pod_conditions(pod, containers, phase), now),
        "hostIP": NODE_ADDRESS,
        "hostIPs": [{"ip": NODE_ADDRESS}],
        "startTime": start,
        "containerStatuses": containers.app,
        "qosClass": quality(pod),
    });
    let address = address(world, pod, containers);
    with(
        with(status, observed(pod)),
        json!({
            "podIP": address,
            "podIPs": address.as_ref().map(|ip| json!([{ "ip": ip }])),
            "initContainerStatuses": (!containers.init.is_empty()).then_some(&containers.init),
        }),
    )
}

fn phase(containers: &Containers) -> &'static str {
    match containers.exit_code() {
        Some(0) => "Succeeded",
        Some(_) => "Failed",
        None if containers.has_started() => "Running",
        None => "Pending",
    }
}

fn pod_conditions(pod: &Value, containers: &Containers, phase: &str) -> Vec<Value> {
    let completed = phase == "Succeeded";
    let ended = ("PodCompleted", "");
    let initialized = containers.uninitialized().map(|names| {
        let message = format!("containers with incomplete status: [{names}]");
        ("ContainersNotInitialized", message)
    });
    let message = format!("containers with unready status: [{}]", containers.unready());
    let unready = match phase {
        _ if completed => Some(ended),
        "Failed" => Some(("PodFailed", "")),
        _ if containers.are_ready() => None,
        _ => Some(("ContainersNotReady", message.as_str())),
    };
    let gates = open_gates(pod);
    let gated = (!gates.is_empty()).then_some(("ReadinessGatesNotReady", gates.as_str()));
    vec![
        condition("PodReadyToStartContainers", None),
        condition(
            "Initialized",
            match &initialized {
                _ if completed => None,
                Some((reason, message)) => Some((*reason, message.as_str())),
                None => None,
            },
        ),
        condition("Ready", unready.or(gated)),
        condition("ContainersReady", unready),
        condition("PodScheduled", None),
    ]
}

fn open_gates(pod: &Value) -> String {
    let gates = list(pod, "/spec/readinessGates").iter();
    let open = gates
        .map(|gate| text(gate, "/conditionType"))
        .filter(|kind| fields::condition(pod, kind) != Some("True"))
        .map(|kind| {
            format!("corresponding condition of pod readiness gate \"{kind}\" does not exist.")
        });
    open.collect::<Vec<_>>().join(", ")
}

/// Returns the conditions that `pod` has, with `wanted` in place of those of their types.
fn conditions(pod: &Value, wanted: Vec<Value>, now: Timestamp) -> Vec<Value> {
    let mut conditions = list(pod, "/status/conditions").to_vec();
    let generation = pod.pointer("/metadata/generation");
    for mut condition in wanted {
        if let Some(generation) = generation {
            condition["observedGeneration"] = generation.clone();
        }
        set_condition(&mut conditions, condition, now, false);
    }
    conditions
}

fn observed(pod: &Value) -> Value {
    json!({"observedGeneration": pod.pointer("/metadata/generation")})
}

/// A pod has an address once its sandbox can be made: its volumes are there.
fn address(world: &World, pod: &Value, containers: &Containers) -> Option<String> {
    let is_creating = |it: &Value| text(it, "/state/waiting/reason") == "ContainerCreating";
    let mut all = containers.app.iter().chain(&containers.init);
    if all.any(is_creating) {
        return None;
    }
    if flag(pod, "/spec/hostNetwork") {
        return Some(NODE_ADDRESS.to_owned());
    }
    let known = optional_text(pod, "/status/podIP").map(str::to_owned);
    Some(known.unwrap_or_else(|| world.free_address(fnv(fields::uid(pod).as_bytes()))))
}

/// Returns the quality of service: how sure a pod may be of its resources.
fn quality(pod: &Value) -> &'static str {
    let containers = || list(pod, "/spec/containers").iter();
    let has_any = |it: &Value| {
        ["requests", "limits"]
            .iter()
            .any(|field| fields::map_len(it, &format!("/resources/{field}")) > 0)
    };
    let is_guaranteed = |it: &Value| {
        ["cpu", "memory"].iter().all(|resource| {
            let limit = it.pointer(&format!("/resources/limits/{resource}"));
            let request = it.pointer(&format!("/resources/requests/{resource}"));
            limit.is_some() && request.is_none_or(|request| Some(request) == limit)
        })
    };
    if containers().all(is_guaranteed) && is_set(pod, "/spec/containers/0") {
        "Guaranteed"
    } else if containers().any(has_any) {
        "Burstable"
    } else {
        "BestEffort"
    }
}
