//! Autoscalers and disruption budgets: statuses that say that all is well, and the bounds of a scale.
//!
//! There are no metrics, so an autoscaler only keeps its target between its minimum and maximum.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::step::{Step, Write, set_condition, with};
use super::template;
use super::world::{Kind, World};
use crate::fields::{self, integer, list, optional_integer, text};
use crate::label_selector::selects;

/// Decides what becomes of a HorizontalPodAutoscaler.
pub(super) fn autoscaler(world: &World, autoscaler: &Value, now: Timestamp) -> Step {
    let mut step = Step::default();
    let namespace = fields::namespace(autoscaler);
    let name = text(autoscaler, "/spec/scaleTargetRef/name");
    let kind = match text(autoscaler, "/spec/scaleTargetRef/kind") {
        "Deployment" => Kind::Deployment,
        "StatefulSet" => Kind::StatefulSet,
        "ReplicaSet" => Kind::ReplicaSet,
        _ => return step,
    };
    let target = world.get(kind, namespace, name);
    let current = target.map_or(0, |target| integer(target, "/spec/replicas"));
    let least = optional_integer(autoscaler, "/spec/minReplicas").unwrap_or(1);
    let most = integer(autoscaler, "/spec/maxReplicas").max(least);
    // Zero switches the autoscaler off.
    let wanted = if current == 0 {
        0
    } else {
        current.clamp(least, most)
    };
    if let Some(target) = target.filter(|_| wanted != current) {
        let mut next = Value::clone(target);
        next["spec"]["replicas"] = wanted.into();
        step.write(Write::Update(kind, next));
    }
    let mut conditions = list(autoscaler, "/status/conditions").to_vec();
    set_condition(
        &mut conditions,
        able_to_scale(kind, target.is_some()),
        now,
        true,
    );
    let status = json!({
        "currentReplicas": current,
        "desiredReplicas": wanted,
        "currentMetrics": null,
        "conditions": conditions,
    });
    step.set_status(Kind::HorizontalPodAutoscaler, autoscaler, status);
    step
}

fn able_to_scale(kind: Kind, is_there: bool) -> Value {
    let (status, reason, message) = if is_there {
        let message = "the HPA controller was able to get the target's current scale";
        ("True", "SucceededGetScale", message.to_owned())
    } else {
        let message = format!(
            "the HPA controller was unable to get the target's current scale: {} not found",
            kind.path().2
        );
        ("False", "FailedGetScale", message)
    };
    json!({"type": "AbleToScale", "status": status, "reason": reason, "message": message})
}

/// Decides what becomes of a PodDisruptionBudget.
pub(super) fn budget(world: &World, budget: &Value, now: Timestamp) -> Step {
    let mut step = Step::default();
    let selector = &budget["spec"]["selector"];
    let pods: Vec<&Arc<Value>> = world
        .list(Kind::Pod, fields::namespace(budget))
        // A budget without a selector is one for no pods; one with an empty selector is for all.
        .filter(|pod| selector.is_object() && selects(selector, pod) && template::is_active(pod))
        .collect();
    let expected = i64::try_from(pods.len()).unwrap_or(i64::MAX);
    let healthy = pods.iter().filter(|pod| template::is_ready(pod)).count();
    let healthy = i64::try_from(healthy).unwrap_or(i64::MAX);
    let desired = match budget.pointer("/spec/minAvailable") {
        Some(least) => amount(least, expected),
        None => (expected - amount(&budget["spec"]["maxUnavailable"], expected)).max(0),
    };
    let allowed = (healthy - desired).max(0);
    let (allows, reason) = match allowed {
        0 => ("False", "InsufficientPods"),
        _ => ("True", "SufficientPods"),
    };
    let mut conditions = list(budget, "/status/conditions").to_vec();
    let generation = budget.pointer("/metadata/generation");
    let condition = json!({
        "type": "DisruptionAllowed", "status": allows, "reason": reason, "message": "",
        "observedGeneration": generation,
    });
    set_condition(&mut conditions, condition, now, true);
    let status = with(
        json!({
            "currentHealthy": healthy, "desiredHealthy": desired, "disruptionsAllowed": allowed,
            "expectedPods": expected, "conditions": conditions,
        }),
        json!({ "observedGeneration": generation }),
    );
    step.set_status(Kind::PodDisruptionBudget, budget, status);
    step
}

/// Returns a number that is given as such or as a percentage of `whole`, rounded up.
fn amount(value: &Value, whole: i64) -> i64 {
    match value {
        Value::String(text) => {
            let percent: i64 = text.trim_end_matches('%').parse().unwrap_or_default();
            (whole * percent + 99) / 100
        }
        other => other.as_i64().unwrap_or_default(),
    }
}
