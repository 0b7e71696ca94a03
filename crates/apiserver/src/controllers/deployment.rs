//! Deployments: a ReplicaSet for each template, the newest growing while the others shrink.

mod rollout;
mod status;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::pod::switch;
use super::step::{Report, Step, Write, map_at, owner_reference};
use super::template::{HASH_LABEL, short_hash};
use super::world::{Id, Kind, World};
use crate::fields::{self, annotation, integer};

const SOURCE: &str = "deployment-controller";
const REVISION: &str = "deployment.kubernetes.io/revision";
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
const MAXIMUM: &str = "deployment.kubernetes.io/max-replicas";
/// Annotations of a Deployment that its ReplicaSets do not get.
const NOT_COPIED: [&str; 4] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    DESIRED,
    MAXIMUM,
];

/// The ReplicaSets of a Deployment.
struct Sets<'a> {
    /// That of the present template, when it is there.
    new: Option<&'a Arc<Value>>,
    old: Vec<&'a Arc<Value>>,
}

/// Decides what becomes of a Deployment.
pub(super) fn step(world: &World, deployment: &Value, now: Timestamp) -> Step {
    let mut step = Step::default();
    if fields::is_terminating(deployment) {
        return step;
    }
    for set in world.orphans(Kind::ReplicaSet, deployment) {
        step.adopt(Kind::ReplicaSet, set, Kind::Deployment, deployment);
    }
    if !step.writes.is_empty() {
        return step;
    }
    let sets = Sets::of(world, deployment);
    if !fields::flag(deployment, "/spec/paused") {
        roll(world, deployment, &sets, &mut step);
    }
    if step.writes.is_empty() {
        clean_up(deployment, &sets, &mut step);
        let status = status::of(deployment, &sets, now, &mut step);
        step.set_status(Kind::Deployment, deployment, status);
    }
    step
}

impl<'a> Sets<'a> {
    fn of(world: &'a World, deployment: &Value) -> Self {
        let (new, old): (Vec<_>, Vec<_>) = world
            .owned(deployment, Kind::ReplicaSet)
            .filter(|set| !fields::is_terminating(set))
            .partition(|set| has_template_of(set, deployment));
        Self {
            new: new.first().copied(),
            old,
        }
    }

    fn all(&self) -> impl Iterator<Item = &'a Arc<Value>> {
        self.new.into_iter().chain(self.old.iter().copied())
    }

    fn last_revision(&self) -> i64 {
        self.old.iter().map(|set| revision(set)).max().unwrap_or(0)
    }
}

fn roll(world: &World, deployment: &Value, sets: &Sets<'_>, step: &mut Step) {
    let Some(new) = sets.new else {
        create(deployment, sets, step);
        return;
    };
    if revision(new) <= sets.last_revision() {
        annotate(Kind::ReplicaSet, new, sets.last_revision() + 1, step);
        return;
    }
    if revision(deployment) != revision(new) {
        annotate(Kind::Deployment, deployment, revision(new), step);
        return;
    }
    for (set, size) in rollout::sizes(world, deployment, new, &sets.old) {
        resize(deployment, set, size, step);
    }
}

fn create(deployment: &Value, sets: &Sets<'_>, step: &mut Step) {
    let size = rollout::first_size(deployment, &sets.old);
    let set = new_set(deployment, size, sets.last_revision() + 1);
    let name = fields::name(&set).to_owned();
    if size > 0 {
        let message = format!("Scaled up replica set {name} from 0 to {size}");
        step.report(Report::normal(SOURCE, "ScalingReplicaSet", message));
    }
    step.write(Write::Create(Kind::ReplicaSet, set));
}

fn new_set(deployment: &Value, size: i64, revision: i64) -> Value {
    let template = &deployment["spec"]["template"];
    let hash = short_hash(template);
    let name = format!("{}-{hash}", fields::name(deployment));
    let mut labels = map_at(template, "/metadata/labels");
    labels.insert(HASH_LABEL.to_owned(), hash.clone().into());
    let mut annotations = map_at(deployment, "/metadata/annotations");
    annotations.retain(|key, _| !NOT_COPIED.contains(&key.as_str()) && !switch::is_switch(key));
    annotations.insert(REVISION.to_owned(), revision.to_string().into());
    let wanted = integer(deployment, "/spec/replicas");
    annotations.insert(DESIRED.to_owned(), wanted.to_string().into());
    let maximum = rollout::maximum(deployment);
    annotations.insert(MAXIMUM.to_owned(), maximum.to_string().into());
    let mut selector = deployment["spec"]["selector"].clone();
    selector["matchLabels"][HASH_LABEL] = hash.into();
    let mut template = template.clone();
    template["metadata"]["labels"] = Value::Object(labels.clone());
    json!({
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": name,
            "namespace": fields::namespace(deployment),
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": [owner_reference(Kind::Deployment, deployment)],
        },
        "spec": {
            "replicas": size,
            "minReadySeconds": integer(deployment, "/spec/minReadySeconds"),
            "selector": selector,
            "template": template,
        },
    })
}

fn resize(deployment: &Value, set: &Value, size: i64, step: &mut Step) {
    let before = integer(set, "/spec/replicas");
    if before == size {
        return;
    }
    let mut next = set.clone();
    next["spec"]["replicas"] = size.into();
    let wanted = integer(deployment, "/spec/replicas").to_string();
    next["metadata"]["annotations"][DESIRED] = wanted.into();
    let maximum = rollout::maximum(deployment).to_string();
    next["metadata"]["annotations"][MAXIMUM] = maximum.into();
    step.write(Write::Update(Kind::ReplicaSet, next));
    let direction = if size > before { "up" } else { "down" };
    let name = fields::name(set);
    let message = format!("Scaled {direction} replica set {name} from {before} to {size}");
    step.report(Report::normal(SOURCE, "ScalingReplicaSet", message));
}

fn annotate(kind: Kind, object: &Value, revision: i64, step: &mut Step) {
    let mut next = object.clone();
    next["metadata"]["annotations"][REVISION] = revision.to_string().into();
    step.write(Write::Update(kind, next));
}

/// Deletes the oldest ReplicaSets that have no pods, beyond those that the history keeps.
fn clean_up(deployment: &Value, sets: &Sets<'_>, step: &mut Step) {
    let limit = fields::optional_integer(deployment, "/spec/revisionHistoryLimit").unwrap_or(10);
    let mut idle: Vec<_> = sets
        .old
        .iter()
        .filter(|set| integer(set, "/spec/replicas") == 0 && integer(set, "/status/replicas") == 0)
        .collect();
    idle.sort_by_key(|set| revision(set));
    let limit = usize::try_from(limit).unwrap_or_default();
    for set in &idle[..idle.len().saturating_sub(limit)] {
        step.write(Write::Delete(Id::of(Kind::ReplicaSet, set)));
    }
}

fn revision(object: &Value) -> i64 {
    let revision = annotation(object, REVISION).and_then(|text| text.parse().ok());
    revision.unwrap_or_default()
}

/// Returns whether a ReplicaSet has the template of the Deployment, but for the label with its hash.
fn has_template_of(set: &Value, deployment: &Value) -> bool {
    let mut template = set["spec"]["template"].clone();
    if let Some(labels) = template.pointer_mut("/metadata/labels")
        && let Some(labels) = labels.as_object_mut()
    {
        labels.remove(HASH_LABEL);
    }
    template == deployment["spec"]["template"]
}
