//! The row of a pod: its STATUS sums up phase, conditions and the state of every container.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::cells::{Scene, name, text_or};
use super::column::{AGE, Column, NAME, text as column};
use super::duration;
use crate::fields::{flag, integer, is_set, is_terminating, list, text};

pub(super) const COLUMNS: &[Column] = &[
    NAME,
    column("Ready"),
    column("Status"),
    column("Restarts"),
    AGE,
    column("IP").wide(),
    column("Node").wide(),
    column("Nominated Node").wide(),
    column("Readiness Gates").wide(),
];

pub(super) fn cells(pod: &Value, scene: &Scene) -> Vec<Value> {
    let summary = Summary::of(pod);
    let total = list(pod, "/spec/containers").len() + sidecars(pod).count();
    let ip = list(pod, "/status/podIPs").first();
    vec![
        name(pod),
        format!("{}/{total}", summary.ready).into(),
        status(pod, summary.reason).into(),
        summary.restarts.text(scene.now).into(),
        scene.age(pod),
        ip.map_or("<none>", |ip| text_or(ip, "/ip", "<none>"))
            .into(),
        text_or(pod, "/spec/nodeName", "<none>").into(),
        text_or(pod, "/status/nominatedNodeName", "<none>").into(),
        readiness_gates(pod),
    ]
}

/// What the containers of a pod come to.
struct Summary {
    ready: usize,
    reason: String,
    restarts: Restarts,
}

#[derive(Clone, Copy, Default)]
struct Restarts {
    count: i64,
    last: Option<Timestamp>,
}

impl Restarts {
    fn add(&mut self, container: &Value) {
        self.count += integer(container, "/restartCount");
        let finished = text(container, "/lastState/terminated/finishedAt")
            .parse()
            .ok();
        self.last = self.last.max(finished);
    }

    fn text(self, now: Timestamp) -> String {
        match self.last {
            Some(last) if self.count != 0 => {
                let ago = duration::human(duration::seconds_between(last, now));
                format!("{} ({ago} ago)", self.count)
            }
            _ => self.count.to_string(),
        }
    }
}

impl Summary {
    fn of(pod: &Value) -> Self {
        let mut summary = Self {
            ready: 0,
            reason: initial_reason(pod).to_owned(),
            restarts: Restarts::default(),
        };
        let sidecar_restarts = summary.add_init_containers(pod);
        if sidecar_restarts.is_some() || has_condition(pod, "Initialized") {
            summary.restarts = sidecar_restarts.unwrap_or_default();
            summary.add_containers(pod);
        }
        summary
    }

    /// Returns the restarts of the sidecars when initialization is over, `None` while it goes on.
    fn add_init_containers(&mut self, pod: &Value) -> Option<Restarts> {
        let mut sidecar_restarts = Restarts::default();
        let total = list(pod, "/spec/initContainers").len();
        let statuses = list(pod, "/status/initContainerStatuses");
        for (index, container) in statuses.iter().enumerate() {
            self.restarts.add(container);
            let is_sidecar = sidecars(pod).any(|it| text(it, "/name") == text(container, "/name"));
            if is_sidecar {
                sidecar_restarts.add(container);
            }
            if is_sidecar && flag(container, "/started") {
                self.ready += usize::from(flag(container, "/ready"));
            } else if !has_succeeded(container) {
                self.reason = init_reason(container, index, total);
                return None;
            }
        }
        Some(sidecar_restarts)
    }

    fn add_containers(&mut self, pod: &Value) {
        let mut running = false;
        let mut failed = None;
        for container in list(pod, "/status/containerStatuses").iter().rev() {
            self.restarts.add(container);
            let waiting = text(container, "/state/waiting/reason");
            if !waiting.is_empty() {
                waiting.clone_into(&mut self.reason);
            } else if let Some(terminated) = container.pointer("/state/terminated") {
                self.reason = ended(terminated);
                if integer(terminated, "/exitCode") != 0 {
                    failed = Some(self.reason.clone());
                }
            } else if flag(container, "/ready") && is_set(container, "/state/running") {
                running = true;
                self.ready += 1;
            }
        }
        if self.reason == "Completed" {
            self.reason = after_completion(running, has_condition(pod, "Ready"), failed);
        }
    }
}

fn initial_reason(pod: &Value) -> &str {
    let gated = list(pod, "/status/conditions")
        .iter()
        .any(|it| text(it, "/type") == "PodScheduled" && text(it, "/reason") == "SchedulingGated");
    if gated {
        return "SchedulingGated";
    }
    text_or(pod, "/status/reason", text(pod, "/status/phase"))
}

fn has_succeeded(container: &Value) -> bool {
    is_set(container, "/state/terminated") && integer(container, "/state/terminated/exitCode") == 0
}

fn init_reason(container: &Value, index: usize, total: usize) -> String {
    if let Some(terminated) = container.pointer("/state/terminated") {
        return format!("Init:{}", ended(terminated));
    }
    match text(container, "/state/waiting/reason") {
        "" | "PodInitializing" => format!("Init:{index}/{total}"),
        reason => format!("Init:{reason}"),
    }
}

fn ended(terminated: &Value) -> String {
    let reason = text(terminated, "/reason");
    let signal = integer(terminated, "/signal");
    if !reason.is_empty() {
        reason.to_owned()
    } else if signal != 0 {
        format!("Signal:{signal}")
    } else {
        format!("ExitCode:{}", integer(terminated, "/exitCode"))
    }
}

/// One container that has completed does not complete a pod in which another still runs or has failed.
fn after_completion(running: bool, ready: bool, failed: Option<String>) -> String {
    match failed {
        _ if running && ready => "Running".to_owned(),
        Some(reason) => reason,
        None if running => "NotReady".to_owned(),
        None => "Completed".to_owned(),
    }
}

fn status(pod: &Value, reason: String) -> String {
    let ended = matches!(text(pod, "/status/phase"), "Succeeded" | "Failed");
    if !is_terminating(pod) {
        return reason;
    }
    match text(pod, "/status/reason") {
        "NodeLost" => "Unknown".to_owned(),
        _ if ended => reason,
        _ => "Terminating".to_owned(),
    }
}

fn sidecars(pod: &Value) -> impl Iterator<Item = &Value> {
    let containers = list(pod, "/spec/initContainers").iter();
    containers.filter(|it| text(it, "/restartPolicy") == "Always")
}

fn has_condition(pod: &Value, kind: &str) -> bool {
    crate::fields::condition(pod, kind) == Some("True")
}

fn readiness_gates(pod: &Value) -> Value {
    let gates = list(pod, "/spec/readinessGates");
    if gates.is_empty() {
        return json!("<none>");
    }
    let open = gates
        .iter()
        .filter(|gate| has_condition(pod, text(gate, "/conditionType")))
        .count();
    format!("{open}/{}", gates.len()).into()
}
