//! The row of a node.

use std::collections::BTreeSet;

use serde_json::Value;

use super::cells::{Scene, name, text_or};
use super::column::{AGE, Column, NAME, text as column};
use crate::fields::{condition, flag, list, map, text};

pub(super) const COLUMNS: &[Column] = &[
    NAME,
    column("Status"),
    column("Roles"),
    AGE,
    column("Version"),
    column("Internal-IP").wide(),
    column("External-IP").wide(),
    column("OS-Image").wide(),
    column("Kernel-Version").wide(),
    column("Container-Runtime").wide(),
];

pub(super) fn cells(node: &Value, scene: &Scene) -> Vec<Value> {
    let info = |field: &str| {
        let pointer = format!("/status/nodeInfo/{field}");
        text_or(node, &pointer, "<unknown>").to_owned()
    };
    let kernel = match text(node, "/status/nodeInfo/architecture") {
        "" => info("kernelVersion"),
        architecture => format!("{} ({architecture})", info("kernelVersion")),
    };
    vec![
        name(node),
        status(node).into(),
        roles(node).into(),
        scene.age(node),
        text(node, "/status/nodeInfo/kubeletVersion").into(),
        address(node, "InternalIP").into(),
        address(node, "ExternalIP").into(),
        info("osImage").into(),
        kernel.into(),
        info("containerRuntimeVersion").into(),
    ]
}

fn status(node: &Value) -> String {
    let ready = match condition(node, "Ready") {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    };
    if flag(node, "/spec/unschedulable") {
        format!("{ready},SchedulingDisabled")
    } else {
        ready.to_owned()
    }
}

fn roles(node: &Value) -> String {
    let mut roles = BTreeSet::new();
    for (key, value) in map(node, "/metadata/labels").into_iter().flatten() {
        if let Some(role) = key.strip_prefix("node-role.kubernetes.io/") {
            roles.insert(role);
        } else if key == "kubernetes.io/role" {
            roles.insert(value.as_str().unwrap_or_default());
        }
    }
    roles.remove("");
    match roles.into_iter().collect::<Vec<_>>().as_slice() {
        [] => "<none>".to_owned(),
        roles => roles.join(","),
    }
}

fn address<'a>(node: &'a Value, kind: &str) -> &'a str {
    let mut addresses = list(node, "/status/addresses").iter();
    addresses
        .find(|address| text(address, "/type") == kind)
        .map_or("<none>", |address| text(address, "/address"))
}
