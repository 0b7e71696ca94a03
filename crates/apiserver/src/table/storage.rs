//! The rows of volumes and of what describes storage.

use std::sync::Arc;

use serde_json::Value;

use super::cells::{Scene, flag_or, join, name, phase, text_or};
use super::column::{AGE, Column, NAME, boolean, integer, text as column};
use crate::fields::{self, annotation, flag, is_set, list, optional_text, text};

const UNSET: &str = "<unset>";
const CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";

pub(super) const VOLUME: &[Column] = &[
    NAME,
    column("Capacity"),
    column("Access Modes"),
    column("Reclaim Policy"),
    column("Status"),
    column("Claim"),
    column("StorageClass"),
    column("VolumeAttributesClass"),
    column("Reason"),
    AGE,
    column("VolumeMode").wide(),
];

pub(super) fn volume(object: &Value, scene: &Scene) -> Vec<Value> {
    let claim = if is_set(object, "/spec/claimRef") {
        let namespace = text(object, "/spec/claimRef/namespace");
        format!("{namespace}/{}", text(object, "/spec/claimRef/name"))
    } else {
        String::new()
    };
    vec![
        name(object),
        text_or(object, "/spec/capacity/storage", "0").into(),
        access_modes(object, "/spec/accessModes").into(),
        text(object, "/spec/persistentVolumeReclaimPolicy").into(),
        phase(object).into(),
        claim.into(),
        class(object).into(),
        text_or(object, "/spec/volumeAttributesClassName", UNSET).into(),
        text(object, "/status/reason").into(),
        scene.age(object),
        text_or(object, "/spec/volumeMode", UNSET).into(),
    ]
}

pub(super) const CLAIM: &[Column] = &[
    NAME,
    column("Status"),
    column("Volume"),
    column("Capacity"),
    column("Access Modes"),
    column("StorageClass"),
    column("VolumeAttributesClass"),
    AGE,
    column("VolumeMode").wide(),
];

pub(super) fn claim(object: &Value, scene: &Scene) -> Vec<Value> {
    let volume = text(object, "/spec/volumeName");
    let (capacity, modes) = match volume {
        "" => ("", String::new()),
        _ => (
            text_or(object, "/status/capacity/storage", "0"),
            access_modes(object, "/status/accessModes"),
        ),
    };
    vec![
        name(object),
        phase(object).into(),
        volume.into(),
        capacity.into(),
        modes.into(),
        class(object).into(),
        text_or(object, "/spec/volumeAttributesClassName", UNSET).into(),
        scene.age(object),
        text_or(object, "/spec/volumeMode", UNSET).into(),
    ]
}

fn class(object: &Value) -> &str {
    annotation(object, CLASS_ANNOTATION).unwrap_or(text(object, "/spec/storageClassName"))
}

/// Returns the access modes in short form, in a fixed order and each once.
fn access_modes(object: &Value, pointer: &str) -> String {
    let modes = list(object, pointer);
    let known = [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ];
    let has = |long: &str| modes.iter().any(|mode| mode.as_str() == Some(long));
    join(
        known
            .iter()
            .filter(|(long, _)| has(long))
            .map(|(_, short)| *short),
    )
}

pub(super) const STORAGE_CLASS: &[Column] = &[
    NAME,
    column("Provisioner"),
    column("ReclaimPolicy"),
    column("VolumeBindingMode"),
    column("AllowVolumeExpansion"),
    AGE,
];

pub(super) fn storage_class(object: &Value, scene: &Scene) -> Vec<Value> {
    let mut shown = fields::name(object).to_owned();
    if scene.default_class.as_ref() == Some(&shown) {
        shown.push_str(" (default)");
    }
    vec![
        shown.into(),
        text(object, "/provisioner").into(),
        text_or(object, "/reclaimPolicy", "Delete").into(),
        text_or(object, "/volumeBindingMode", "Immediate").into(),
        flag(object, "/allowVolumeExpansion").into(),
        scene.age(object),
    ]
}

/// Returns the class that claims without one get: of those marked, the newest, then the first by name.
pub(super) fn default_class(objects: &[Arc<Value>]) -> Option<String> {
    let is_default = |class: &&Arc<Value>| {
        text(class, "/kind") == "StorageClass"
            && annotation(class, "storageclass.kubernetes.io/is-default-class") == Some("true")
    };
    let created = |class: &Value| text(class, "/metadata/creationTimestamp").to_owned();
    let newest = objects.iter().filter(is_default).min_by_key(|class| {
        let name = fields::name(class).to_owned();
        (std::cmp::Reverse(created(class)), name)
    });
    newest.map(|class| fields::name(class).to_owned())
}

pub(super) const ATTACHMENT: &[Column] = &[
    NAME,
    column("Attacher").named(),
    column("PV"),
    column("Node"),
    boolean("Attached"),
    AGE,
];

pub(super) fn attachment(object: &Value, scene: &Scene) -> Vec<Value> {
    vec![
        name(object),
        text(object, "/spec/attacher").into(),
        text(object, "/spec/source/persistentVolumeName").into(),
        text(object, "/spec/nodeName").into(),
        flag(object, "/status/attached").into(),
        scene.age(object),
    ]
}

pub(super) const CSI_NODE: &[Column] = &[NAME, integer("Drivers"), AGE];

pub(super) fn csi_node(object: &Value, scene: &Scene) -> Vec<Value> {
    let drivers = list(object, "/spec/drivers").len();
    vec![name(object), drivers.into(), scene.age(object)]
}

pub(super) const CSI_DRIVER: &[Column] = &[
    NAME,
    boolean("AttachRequired"),
    boolean("PodInfoOnMount"),
    boolean("StorageCapacity"),
    column("TokenRequests"),
    boolean("RequiresRepublish"),
    column("Modes"),
    AGE,
];

pub(super) fn csi_driver(object: &Value, scene: &Scene) -> Vec<Value> {
    let modes = list(object, "/spec/volumeLifecycleModes");
    let modes = match join(modes.iter().filter_map(Value::as_str)) {
        joined if joined.is_empty() => "<none>".to_owned(),
        joined => joined,
    };
    let audiences = list(object, "/spec/tokenRequests");
    let audiences = if is_set(object, "/spec/tokenRequests") {
        join(audiences.iter().map(|it| text(it, "/audience")))
    } else {
        UNSET.to_owned()
    };
    vec![
        name(object),
        flag_or(object, "/spec/attachRequired", true).into(),
        flag(object, "/spec/podInfoOnMount").into(),
        flag(object, "/spec/storageCapacity").into(),
        audiences.into(),
        flag(object, "/spec/requiresRepublish").into(),
        modes.into(),
        scene.age(object),
    ]
}

pub(super) const CSI_CAPACITY: &[Column] = &[NAME, column("StorageClassName"), column("Capacity")];

pub(super) fn csi_capacity(object: &Value, _: &Scene) -> Vec<Value> {
    let capacity = optional_text(object, "/capacity").unwrap_or(UNSET);
    vec![
        name(object),
        text(object, "/storageClassName").into(),
        capacity.into(),
    ]
}

pub(super) const ATTRIBUTES_CLASS: &[Column] = &[NAME, column("DriverName"), AGE];

pub(super) fn attributes_class(object: &Value, scene: &Scene) -> Vec<Value> {
    let driver = text(object, "/driverName");
    vec![name(object), driver.into(), scene.age(object)]
}
