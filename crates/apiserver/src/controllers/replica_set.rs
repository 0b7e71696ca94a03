//! ReplicaSets: as many pods of one template as asked for.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::step::{Report, Step, Write, nonzero, set_condition, with};
use super::template;
use super::world::{Id, Kind, World};
use crate::fields::{self, integer, list, text};

const SOURCE: &str = "replicaset-controller";
/// How many pods one step creates at most.
const BURST: usize = 500;

/// Decides what becomes of a ReplicaSet.
pub(super) fn step(world: &World, set: &Value, now: Timestamp) -> Step {
    let mut step = Step::default();
    let pods: Vec<&Arc<Value>> = world
        .owned(set, Kind::Pod)
        .filter(|pod| template::is_active(pod))
        .collect();
    let wanted = usize::try_from(integer(set, "/spec/replicas")).unwrap_or_default();
    let mut problem = None;
    if !fields::is_terminating(set) {
        for pod in world.orphans(Kind::Pod, set) {
            step.adopt(Kind::Pod, pod, Kind::ReplicaSet, set);
        }
        if !step.writes.is_empty() {
            return step;
        }
        problem = scale(world, set, &pods, wanted, &mut step);
    }
    if step.writes.is_empty() {
        let status = status(set, &pods, problem, now, &mut step);
        step.set_status(Kind::ReplicaSet, set, status);
    }
    step
}

/// Creates or deletes pods; returns why none can be created.
fn scale(
    world: &World,
    set: &Value,
    pods: &[&Arc<Value>],
    wanted: usize,
    step: &mut Step,
) -> Option<String> {
    if pods.len() < wanted {
        let prefix = format!("{}-", fields::name(set));
        if let Some(problem) = template::creation_problem(world, set, &prefix) {
            return Some(problem);
        }
        for _ in 0..(wanted - pods.len()).min(BURST) {
            let pod = template::pod(Kind::ReplicaSet, set, &prefix, &[]);
            step.write(Write::CreatePod(pod, SOURCE));
        }
    }
    for pod in victims(pods, wanted) {
        step.write(Write::DeletePod(Id::of(Kind::Pod, pod), SOURCE));
    }
    None
}

/// Returns the pods that go when there are more than wanted: first those that are not ready, then the
/// youngest.
fn victims<'a>(pods: &[&'a Arc<Value>], wanted: usize) -> Vec<&'a Arc<Value>> {
    let mut pods = pods.to_vec();
    pods.sort_by_key(|pod| {
        let created = text(pod, "/metadata/creationTimestamp").to_owned();
        (template::is_ready(pod), std::cmp::Reverse(created))
    });
    pods.truncate(pods.len().saturating_sub(wanted));
    pods
}

fn status(
    set: &Value,
    pods: &[&Arc<Value>],
    problem: Option<String>,
    now: Timestamp,
    step: &mut Step,
) -> Value {
    let ready = template::count_ready(pods);
    let mut conditions = list(set, "/status/conditions").to_vec();
    let had_problem = fields::condition(set, "ReplicaFailure").is_some();
    conditions.retain(|it| problem.is_some() || text(it, "/type") != "ReplicaFailure");
    if let Some(problem) = problem {
        if !had_problem {
            step.report(Report::warning(SOURCE, "FailedCreate", problem.clone()));
        }
        let message = problem.trim_start_matches("Error creating: ");
        let condition = json!({
            "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
            "message": message,
        });
        set_condition(&mut conditions, condition, now, true);
    }
    with(
        json!({"replicas": pods.len(), "observedGeneration": set.pointer("/metadata/generation")}),
        json!({
            "fullyLabeledReplicas": nonzero(pods.len()),
            "readyReplicas": nonzero(ready),
            "availableReplicas": nonzero(ready),
            "terminatingReplicas": 0,
            "conditions": (!conditions.is_empty()).then_some(conditions),
        }),
    )
}
