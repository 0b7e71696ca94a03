//! Which objects are to be looked at when one changes, and in which order.

use serde_json::Value;

use super::service;
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

/// An object that has changed.
struct Changed<'a> {
    world: &'a World,
    namespace: &'a str,
    /// What it was; `None` when it is new.
    previous: Option<&'a Value>,
    /// What it is; `None` when it is gone.
    present: Option<&'a Value>,
}

/// Returns the objects that a change of one affects: itself, its controller, and those that refer to it.
pub(super) fn by(
    world: &World,
    id: &Id,
    previous: Option<&Value>,
    present: Option<&Value>,
) -> Vec<Id> {
    let changed = Changed {
        world,
        namespace: &id.namespace,
        previous,
        present,
    };
    let mut ids = vec![id.clone()];
    ids.extend(changed.states().filter_map(|it| controller(world, it)));
    match id.kind {
        Kind::Pod => changed.pod(&mut ids),
        // A pod that runs has all that it needs, and does not stop when some of it goes.
        Kind::ConfigMap | Kind::Secret => ids.extend(world.pending(&id.namespace)),
        Kind::PersistentVolumeClaim => {
            ids.extend(world.pending(&id.namespace));
            ids.extend(changed.states().filter_map(volume_of));
        }
        Kind::PersistentVolume => ids.extend(changed.states().filter_map(claim_of)),
        Kind::ServiceAccount => {
            for kind in [
                Kind::ReplicaSet,
                Kind::StatefulSet,
                Kind::DaemonSet,
                Kind::Job,
            ] {
                ids.extend(changed.all(kind));
            }
        }
        Kind::ClusterRole => ids.extend(gathering_roles(world)),
        Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet | Kind::DaemonSet | Kind::Job => {
            changed.workload(id.kind, &mut ids);
        }
        _ => {}
    }
    ids
}

impl<'a> Changed<'a> {
    fn states(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        self.previous.into_iter().chain(self.present)
    }

    fn all(&self, kind: Kind) -> impl Iterator<Item = Id> + use<'a> {
        self.world.ids(kind, self.namespace)
    }

    fn pod(&self, ids: &mut Vec<Id>) {
        for pod in self.states() {
            let services = service::of_pod(self.world, pod);
            ids.extend(services.map(|it| Id::of(Kind::Service, it)));
        }
        ids.extend(self.all(Kind::PodDisruptionBudget));
        if self.is_orphan() {
            ids.extend(self.all(Kind::ReplicaSet));
        }
    }

    fn workload(&self, kind: Kind, ids: &mut Vec<Id>) {
        ids.extend(self.all(Kind::HorizontalPodAutoscaler));
        if kind == Kind::ReplicaSet && self.is_orphan() {
            ids.extend(self.all(Kind::Deployment));
        }
        if self.has_other_annotations() {
            let pods = self.present.map(|it| pods_of(self.world, it));
            ids.extend(pods.unwrap_or_default());
        }
    }

    /// Whether a controller may adopt the object.
    fn is_orphan(&self) -> bool {
        self.present
            .is_some_and(|it| controller_reference(it).is_none())
    }

    /// Whether annotations differ: one of them may be a switch that the pods obey.
    fn has_other_annotations(&self) -> bool {
        let annotations = |it: &'a Value| it.pointer("/metadata/annotations");
        self.previous.and_then(annotations) != self.present.and_then(annotations)
    }
}

fn gathering_roles(world: &World) -> impl Iterator<Item = Id> {
    world
        .list(Kind::ClusterRole, "")
        .filter(|role| is_set(role, "/aggregationRule"))
        .map(|role| Id::of(Kind::ClusterRole, role))
}

fn controller(world: &World, object: &Value) -> Option<Id> {
    let reference = controller_reference(object)?;
    let kind = Kind::all().find(|kind| kind.name() == text(reference, "/kind"))?;
    let (namespace, name) = (fields::namespace(object), text(reference, "/name"));
    let owner = world.get(kind, namespace, name)?;
    Some(Id::of(kind, owner))
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

fn pods_of(world: &World, owner: &Value) -> Vec<Id> {
    let sets = world.owned(owner, Kind::ReplicaSet);
    let of_sets = sets.flat_map(|set| world.owned(set, Kind::Pod));
    let pods = world.owned(owner, Kind::Pod).chain(of_sets);
    pods.map(|pod| Id::of(Kind::Pod, pod)).collect()
}
