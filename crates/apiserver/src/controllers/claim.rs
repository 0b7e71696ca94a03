//! Volume claims: each gets a volume made for it, whatever its class.

use serde_json::{Value, json};

use super::step::{Step, Write, with};
use super::world::{Id, Kind, World};
use crate::fields::{self, is_terminating, optional_text, text};

const BOUND_BY: &str = "pv.kubernetes.io/bound-by-controller";
const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
const PROVISIONER: &str = "windlass.dev/none";

/// Decides what becomes of a claim.
pub(super) fn step(world: &World, claim: &Value) -> Step {
    let mut step = Step::default();
    if is_terminating(claim) {
        return step;
    }
    let volume = text(claim, "/spec/volumeName");
    if volume.is_empty() {
        provision(world, claim, &mut step);
    } else if let Some(volume) = world.get(Kind::PersistentVolume, "", volume) {
        bind(claim, volume, &mut step);
    }
    step
}

/// Decides what becomes of a volume: it goes with the claim that it was made for.
pub(super) fn volume_step(world: &World, volume: &Value) -> Step {
    let mut step = Step::default();
    let name = text(volume, "/spec/claimRef/name");
    let namespace = text(volume, "/spec/claimRef/namespace");
    let claim = world.get(Kind::PersistentVolumeClaim, namespace, name);
    let uid = text(volume, "/spec/claimRef/uid");
    let is_claimed = name.is_empty() || claim.is_some_and(|claim| fields::uid(claim) == uid);
    let ours = text(volume, "/spec/csi/driver") == PROVISIONER;
    if !is_claimed && ours && text(volume, "/spec/persistentVolumeReclaimPolicy") == "Delete" {
        step.write(Write::Delete(Id::of(Kind::PersistentVolume, volume)));
    } else {
        let phase = match (name, is_claimed) {
            ("", _) => "Available",
            (_, true) => "Bound",
            (_, false) => "Released",
        };
        let status = volume.get("status").cloned().unwrap_or_else(|| json!({}));
        let status = with(status, json!({ "phase": phase }));
        step.set_status(Kind::PersistentVolume, volume, status);
    }
    step
}

fn provision(world: &World, claim: &Value, step: &mut Step) {
    let name = format!("pvc-{}", fields::uid(claim));
    if world.get(Kind::PersistentVolume, "", &name).is_none() {
        step.write(Write::Create(Kind::PersistentVolume, volume(claim, &name)));
    }
    let mut next = claim.clone();
    next["spec"]["volumeName"] = name.into();
    next["metadata"]["annotations"][BOUND_BY] = "yes".into();
    next["metadata"]["annotations"][BIND_COMPLETED] = "yes".into();
    step.write(Write::Update(Kind::PersistentVolumeClaim, next));
}

fn volume(claim: &Value, name: &str) -> Value {
    let volume = json!({
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": name,
            "annotations": {"pv.kubernetes.io/provisioned-by": PROVISIONER},
        },
        "spec": {
            "capacity": {"storage": optional_text(claim, "/spec/resources/requests/storage")
                .unwrap_or("1Gi")},
            "accessModes": claim.pointer("/spec/accessModes"),
            "persistentVolumeReclaimPolicy": "Delete",
            "volumeMode": "Filesystem",
            "claimRef": {
                "apiVersion": "v1", "kind": "PersistentVolumeClaim",
                "name": fields::name(claim), "namespace": fields::namespace(claim),
                "uid": fields::uid(claim),
            },
            "csi": {"driver": PROVISIONER, "volumeHandle": name},
        },
    });
    let mut volume = volume;
    if let Some(class) = claim.pointer("/spec/storageClassName") {
        volume["spec"]["storageClassName"] = class.clone();
    }
    volume
}

fn bind(claim: &Value, volume: &Value, step: &mut Step) {
    let status = claim.get("status").cloned().unwrap_or_else(|| json!({}));
    let status = with(
        status,
        json!({
            "phase": "Bound",
            "accessModes": volume.pointer("/spec/accessModes"),
            "capacity": volume.pointer("/spec/capacity"),
        }),
    );
    step.set_status(Kind::PersistentVolumeClaim, claim, status);
}
