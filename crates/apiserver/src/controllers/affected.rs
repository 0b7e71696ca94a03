//! Which objects are to be looked at when one changes, and in which order.

use serde_json::Value;

use super::service;
use super::template::is_active;
use super::world::{Id, Kind, World, controller_reference};
use crate::fields::{self, is_set, text};

/// Returns the order in which objects are looked at: what others count comes before what counts.
pub(super) fn rank(kind: Kind) -> u8 {
    match kind {
        Kind::PersistentVolume | Kind::PersistentVolumeClaim => 0,
        Kind::Pod => 1,
        Kind::ReplicaSet => 2,
        Kind::StatefulSet | Kind::DaemonSet | Kind::Job => 3,
        Kind::Deployment => 4,
        _ => 5,
    }
}

/// Returns the objects that a change of one affects: itself, its controller, and those that refer to it.
pub(super) fn by(
    world: &World,
    id: &Id,
    previous: Option<&Value>,
    present: Option<&Value>,
) -> Vec<Id> {
    let mut ids = vec![id.clone()];
    for object in previous.into_iter().chain(present) {
        ids.extend(controller(world, object));
    }
    let namespace = &id.namespace;
    if present.is_some_and(|it| controller_reference(it).is_none()) {
        let parent = match id.kind {
            Kind::ReplicaSet => Some(Kind::Deployment),
            Kind::Pod => Some(Kind::ReplicaSet),
            _ => None,
        };
        ids.extend(
            parent
                .into_iter()
                .flat_map(|kind| all(world, kind, namespace)),
        );
    }
    match id.kind {
        Kind::Pod => {
            for object in previous.into_iter().chain(present) {
                let services = service::of_pod(world, object);
                ids.extend(services.map(|it| Id::of(Kind::Service, it)));
            }
            ids.extend(all(world, Kind::PodDisruptionBudget, namespace));
        }
        Kind::ConfigMap | Kind::Secret | Kind::PersistentVolumeClaim => {
            ids.extend(waiting_pods(world, namespace));
            if id.kind == Kind::PersistentVolumeClaim {
                ids.extend(present.or(previous).and_then(volume_of));
            }
        }
        Kind::PersistentVolume => ids.extend(present.or(previous).and_then(claim_of)),
        Kind::ServiceAccount => {
            for kind in [
                Kind::ReplicaSet,
                Kind::StatefulSet,
                Kind::DaemonSet,
                Kind::Job,
            ] {
                ids.extend(all(world, kind, namespace));
            }
        }
        Kind::ClusterRole => ids.extend(
            world
                .list(Kind::ClusterRole, "")
                .filter(|role| is_set(role, "/aggregationRule"))
                .map(|role| Id::of(Kind::ClusterRole, role)),
        ),
        Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet | Kind::DaemonSet | Kind::Job => {
            ids.extend(all(world, Kind::HorizontalPodAutoscaler, namespace));
            if switches_differ(previous, present) {
                ids.extend(present.into_iter().flat_map(|it| pods_of(world, it)));
            }
        }
        _ => {}
    }
    ids
}

fn controller(world: &World, object: &Value) -> Option<Id> {
    let reference = controller_reference(object)?;
    let kind = Kind::all().find(|kind| kind.name() == text(reference, "/kind"))?;
    let (namespace, name) = (fields::namespace(object), text(reference, "/name"));
    let owner = world.get(kind, namespace, name)?;
    Some(Id::of(kind, owner))
}

fn all<'a>(world: &'a World, kind: Kind, namespace: &str) -> impl Iterator<Item = Id> + use<'a> {
    world.list(kind, namespace).map(move |it| Id::of(kind, it))
}

/// A pod that runs has all that it needs, and does not stop when some of it goes.
fn waiting_pods<'a>(world: &'a World, namespace: &str) -> impl Iterator<Item = Id> + use<'a> {
    world
        .list(Kind::Pod, namespace)
        .filter(|pod| text(pod, "/status/phase") == "Pending" && is_active(pod))
        .map(|pod| Id::of(Kind::Pod, pod))
}

fn volume_of(claim: &Value) -> Option<Id> {
    let name = fields::optional_text(claim, "/spec/volumeName")?;
    Some(id_of(Kind::PersistentVolume, "", name))
}

fn claim_of(volume: &Value) -> Option<Id> {
    let name = fields::optional_text(volume, "/spec/claimRef/name")?;
    let namespace = text(volume, "/spec/claimRef/namespace");
    Some(id_of(Kind::PersistentVolumeClaim, namespace, name))
}

fn id_of(kind: Kind, namespace: &str, name: &str) -> Id {
    Id {
        kind,
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }
}

/// Whether annotations differ: one of them may be a switch that the pods obey.
fn switches_differ(previous: Option<&Value>, present: Option<&Value>) -> bool {
    let annotations =
        |it: Option<&Value>| it.and_then(|it| it.pointer("/metadata/annotations").cloned());
    annotations(previous) != annotations(present)
}

fn pods_of(world: &World, owner: &Value) -> Vec<Id> {
    let sets = world.owned(owner, Kind::ReplicaSet);
    let of_sets = sets.flat_map(|set| world.owned(set, Kind::Pod));
    let pods = world.owned(owner, Kind::Pod).chain(of_sets);
    pods.map(|pod| Id::of(Kind::Pod, pod)).collect()
}
