//! StatefulSets: numbered pods with claims of their own, one after the other.

use std::sync::Arc;

use serde_json::{Value, json};

use super::revision;
use super::step::{Report, Step, Write, nonzero, with};
use super::template::{self, REVISION_LABEL};
use super::world::{Id, Kind, World};
use crate::fields::{self, integer, list, text};

const SOURCE: &str = "statefulset-controller";

/// Decides what becomes of a StatefulSet.
pub(super) fn step(world: &World, set: &Value) -> Step {
    let mut step = Step::default();
    if fields::is_terminating(set) {
        return step;
    }
    let mut pods: Vec<&Arc<Value>> = world.owned(set, Kind::Pod).collect();
    pods.sort_by_key(|pod| ordinal(pod));
    revision::keep(world, Kind::StatefulSet, set, &mut step);
    move_on(world, set, &pods, &mut step);
    if step.writes.is_empty() {
        let status = status(set, &pods);
        step.set_status(Kind::StatefulSet, set, status);
    }
    step
}

/// Does the next thing that the order of the pods allows.
fn move_on(world: &World, set: &Value, pods: &[&Arc<Value>], step: &mut Step) {
    let first = integer(set, "/spec/ordinals/start");
    let end = first + integer(set, "/spec/replicas");
    let is_parallel = text(set, "/spec/podManagementPolicy") == "Parallel";
    for number in first..end {
        match pods.iter().find(|pod| ordinal(pod) == number) {
            None => create(world, set, number, step),
            Some(pod) if has_ended(pod) => delete(pod, step),
            Some(pod) if is_parallel || template::is_ready(pod) => continue,
            Some(_) => {}
        }
        if !is_parallel {
            break;
        }
    }
    if let Some(last) = pods.last().filter(|pod| ordinal(pod) >= end) {
        delete(last, step);
    } else if step.writes.is_empty() {
        update(set, pods, step);
    }
}

/// Replaces the last pod that has an old template, when all others are ready.
fn update(set: &Value, pods: &[&Arc<Value>], step: &mut Step) {
    let strategy = "/spec/updateStrategy";
    if text(set, &format!("{strategy}/type")) == "OnDelete" {
        return;
    }
    let partition = integer(set, &format!("{strategy}/rollingUpdate/partition"));
    let hash = revision::hash(set);
    let mut candidates = pods.iter().rev().filter(|pod| ordinal(pod) >= partition);
    let Some(old) = candidates.find(|pod| revision_of(pod) != hash) else {
        return;
    };
    let mut others = pods.iter().filter(|pod| ordinal(pod) > ordinal(old));
    if others.all(|pod| template::is_ready(pod)) {
        delete(old, step);
    }
}

fn create(world: &World, set: &Value, number: i64, step: &mut Step) {
    let name = format!("{}-{number}", fields::name(set));
    if let Some(problem) = template::creation_problem(world, set, &name) {
        let problem = problem.trim_start_matches("Error creating: ");
        let message = format!(
            "create Pod {name} in StatefulSet {} failed error: {problem}",
            fields::name(set)
        );
        step.report(Report::warning(SOURCE, "FailedCreate", message));
        return;
    }
    for claim in claims(world, set, &name) {
        step.write(Write::Create(Kind::PersistentVolumeClaim, claim));
    }
    let hash = revision::hash(set);
    let index = number.to_string();
    let labels = [
        ("statefulset.kubernetes.io/pod-name", name.as_str()),
        ("apps.kubernetes.io/pod-index", index.as_str()),
        (REVISION_LABEL, hash.as_str()),
    ];
    let mut pod = template::pod(Kind::StatefulSet, set, &name, &labels);
    pod["spec"]["hostname"] = name.as_str().into();
    pod["spec"]["subdomain"] = text(set, "/spec/serviceName").into();
    mount_claims(set, &name, &mut pod);
    step.write(Write::Create(Kind::Pod, pod));
    let message = format!(
        "create Pod {name} in StatefulSet {} successful",
        fields::name(set)
    );
    step.report(Report::normal(SOURCE, "SuccessfulCreate", message));
}

fn delete(pod: &Value, step: &mut Step) {
    step.write(Write::Delete(Id::of(Kind::Pod, pod)));
    let owner = super::world::controller_reference(pod).map_or("", |it| text(it, "/name"));
    let name = fields::name(pod);
    let message = format!("delete Pod {name} in StatefulSet {owner} successful");
    step.report(Report::normal(SOURCE, "SuccessfulDelete", message));
}

/// Returns the claims of a pod that are not there yet.
fn claims(world: &World, set: &Value, pod: &str) -> Vec<Value> {
    let namespace = fields::namespace(set);
    let templates = list(set, "/spec/volumeClaimTemplates").iter();
    let claims = templates.filter_map(|claim| {
        let name = format!("{}-{pod}", fields::name(claim));
        let known = world.get(Kind::PersistentVolumeClaim, namespace, &name);
        let mut labels = super::step::map_at(claim, "/metadata/labels");
        labels.extend(super::step::map_at(set, "/spec/selector/matchLabels"));
        known.is_none().then(|| {
            json!({
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {
                    "name": name,
                    "namespace": namespace,
                    "labels": labels,
                    "annotations": super::step::map_at(claim, "/metadata/annotations"),
                },
                "spec": claim["spec"],
            })
        })
    });
    claims.collect()
}

/// Puts the claims in the place of the volumes of their names.
fn mount_claims(set: &Value, pod_name: &str, pod: &mut Value) {
    let templates = list(set, "/spec/volumeClaimTemplates");
    let is_claimed = |volume: &Value| {
        let mut templates = templates.iter();
        templates.any(|it| fields::name(it) == text(volume, "/name"))
    };
    let mut volumes = list(pod, "/spec/volumes").to_vec();
    volumes.retain(|volume| !is_claimed(volume));
    volumes.extend(templates.iter().map(|claim| {
        let name = fields::name(claim);
        json!({"name": name, "persistentVolumeClaim": {"claimName": format!("{name}-{pod_name}")}})
    }));
    if !volumes.is_empty() {
        pod["spec"]["volumes"] = volumes.into();
    }
}

fn status(set: &Value, pods: &[&Arc<Value>]) -> Value {
    let ready = template::count_ready(pods);
    let hash = revision::hash(set);
    let name = fields::name(set);
    let update = format!("{name}-{hash}");
    let updated = pods.iter().filter(|pod| revision_of(pod) == hash).count();
    let is_done = updated == pods.len() && ready == pods.len();
    let known = text(set, "/status/currentRevision");
    let current = match known {
        "" => update.as_str(),
        _ if is_done => update.as_str(),
        known => known,
    };
    let current_pods = pods
        .iter()
        .filter(|pod| format!("{name}-{}", revision_of(pod)) == current);
    with(
        json!({}),
        json!({
            "observedGeneration": set.pointer("/metadata/generation"),
            "replicas": pods.len(),
            "readyReplicas": nonzero(ready),
            "currentReplicas": nonzero(current_pods.count()),
            "updatedReplicas": nonzero(updated),
            "availableReplicas": ready,
            "currentRevision": current,
            "updateRevision": update,
            "collisionCount": 0,
        }),
    )
}

fn has_ended(pod: &Value) -> bool {
    matches!(text(pod, "/status/phase"), "Succeeded" | "Failed")
}

fn revision_of(pod: &Value) -> &str {
    fields::map(pod, "/metadata/labels")
        .and_then(|labels| labels.get(REVISION_LABEL)?.as_str())
        .unwrap_or_default()
}

fn ordinal(pod: &Value) -> i64 {
    let number = fields::name(pod).rsplit_once('-').map(|(_, number)| number);
    number.and_then(|number| number.parse().ok()).unwrap_or(-1)
}
