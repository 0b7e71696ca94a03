//! DaemonSets: one pod on each node, and there is one node.
//!
//! Node selectors and taints are taken as met: a stand-in has no nodes to choose from.

use std::sync::Arc;

use serde_json::{Value, json};

use super::revision;
use super::step::{Report, Step, Write, nonzero, with};
use super::template::{self, REVISION_LABEL};
use super::world::{Id, Kind, World};
use crate::fields::{self, integer, text};

const SOURCE: &str = "daemonset-controller";

/// Decides what becomes of a DaemonSet.
pub(super) fn step(world: &World, set: &Value) -> Step {
    let mut step = Step::default();
    if fields::is_terminating(set) {
        return step;
    }
    let pods: Vec<&Arc<Value>> = world.owned(set, Kind::Pod).collect();
    revision::keep(world, Kind::DaemonSet, set, &mut step);
    place(world, set, &pods, &mut step);
    if step.writes.is_empty() {
        let status = status(set, &pods);
        step.set_status(Kind::DaemonSet, set, status);
    }
    step
}

fn place(world: &World, set: &Value, pods: &[&Arc<Value>], step: &mut Step) {
    let hash = revision::hash(set);
    let rolls = text(set, "/spec/updateStrategy/type") != "OnDelete";
    let is_kept = |pod: &Value| template::is_active(pod) && (!rolls || has_revision(pod, &hash));
    let mut kept = 0;
    for pod in pods {
        if is_kept(pod) && kept == 0 {
            kept += 1;
        } else if !fields::is_terminating(pod) {
            step.write(Write::DeletePod(Id::of(Kind::Pod, pod), SOURCE));
        }
    }
    if kept == 1 {
        return;
    }
    let prefix = format!("{}-", fields::name(set));
    if let Some(problem) = template::creation_problem(world, set, &prefix) {
        step.report(Report::warning(SOURCE, "FailedCreate", problem));
        return;
    }
    let generation = integer(set, "/metadata/generation").to_string();
    let labels = [
        (REVISION_LABEL, hash.as_str()),
        ("pod-template-generation", generation.as_str()),
    ];
    let pod = template::pod(Kind::DaemonSet, set, &prefix, &labels);
    step.write(Write::CreatePod(pod, SOURCE));
}

fn has_revision(pod: &Value, hash: &str) -> bool {
    let labels = fields::map(pod, "/metadata/labels");
    labels.and_then(|labels| labels.get(REVISION_LABEL)?.as_str()) == Some(hash)
}

fn status(set: &Value, pods: &[&Arc<Value>]) -> Value {
    let ready = template::count_ready(pods);
    let hash = revision::hash(set);
    let updated = pods.iter().filter(|pod| has_revision(pod, &hash)).count();
    with(
        json!({}),
        json!({
            "observedGeneration": set.pointer("/metadata/generation"),
            "currentNumberScheduled": pods.len().min(1),
            "desiredNumberScheduled": 1,
            "numberMisscheduled": 0,
            "numberReady": ready,
            "updatedNumberScheduled": nonzero(updated),
            "numberAvailable": nonzero(ready),
            "numberUnavailable": nonzero(1_usize.saturating_sub(ready)),
        }),
    )
}
