//! The rows of configuration, access and what else is small.

use std::collections::BTreeMap;

use serde_json::Value;

use super::cells::{Scene, flag_or, name};
use super::column::{AGE, Column, NAME, boolean, date, integer as number, text as column};
use crate::fields::{self, integer, list, map, map_len, text};

pub(super) const NAME_AND_AGE: &[Column] = &[NAME, AGE];

pub(super) fn name_and_age(object: &Value, scene: &Scene) -> Vec<Value> {
    vec![name(object), scene.age(object)]
}

/// What kinds without a printer have: their creation time as it is written.
pub(super) const DEFAULT: &[Column] = &[NAME, date("Created At")];

pub(super) fn default(object: &Value, _: &Scene) -> Vec<Value> {
    let created = text(object, "/metadata/creationTimestamp");
    vec![name(object), created.into()]
}

pub(super) const CONFIG_MAP: &[Column] = &[NAME, column("Data"), AGE];

pub(super) fn config_map(object: &Value, scene: &Scene) -> Vec<Value> {
    let entries = map_len(object, "/data") + map_len(object, "/binaryData");
    vec![name(object), entries.into(), scene.age(object)]
}

pub(super) const SECRET: &[Column] = &[NAME, column("Type"), column("Data"), AGE];

pub(super) fn secret(object: &Value, scene: &Scene) -> Vec<Value> {
    vec![
        name(object),
        text(object, "/type").into(),
        map_len(object, "/data").into(),
        scene.age(object),
    ]
}

pub(super) const NAMESPACE: &[Column] = &[NAME, column("Status"), AGE];

pub(super) fn namespace(object: &Value, scene: &Scene) -> Vec<Value> {
    let phase = text(object, "/status/phase");
    vec![name(object), phase.into(), scene.age(object)]
}

pub(super) const QUOTA: &[Column] = &[NAME, column("Request"), column("Limit"), AGE];

pub(super) fn quota(object: &Value, scene: &Scene) -> Vec<Value> {
    let (mut requests, mut limits) = (Vec::new(), Vec::new());
    let hard = map(object, "/status/hard").into_iter().flatten();
    for (resource, hard) in hard.collect::<BTreeMap<_, _>>() {
        let used = map(object, "/status/used").and_then(|used| used.get(resource));
        let [used, hard] = [used, Some(hard)].map(|it| it.and_then(Value::as_str).unwrap_or("0"));
        let column = if resource.starts_with("limits.") {
            &mut limits
        } else {
            &mut requests
        };
        column.push(format!("{resource}: {used}/{hard}"));
    }
    let [requests, limits] = [requests, limits].map(|texts| Value::from(texts.join(", ")));
    vec![name(object), requests, limits, scene.age(object)]
}

pub(super) const BINDING: &[Column] = &[
    NAME,
    column("Role"),
    AGE,
    column("Users").wide(),
    column("Groups").wide(),
    column("ServiceAccounts").wide(),
];

pub(super) fn binding(object: &Value, scene: &Scene) -> Vec<Value> {
    let role = text(object, "/roleRef/name");
    let role = format!("{}/{role}", text(object, "/roleRef/kind"));
    vec![
        name(object),
        role.into(),
        scene.age(object),
        subjects(object, "User").into(),
        subjects(object, "Group").into(),
        subjects(object, "ServiceAccount").into(),
    ]
}

fn subjects(binding: &Value, kind: &str) -> String {
    let subjects = list(binding, "/subjects").iter();
    let names = subjects.filter(|it| text(it, "/kind") == kind).map(|it| {
        let name = fields::text(it, "/name");
        match (kind, text(it, "/namespace")) {
            ("ServiceAccount", "") | ("User" | "Group", _) => name.to_owned(),
            (_, namespace) => format!("{namespace}/{name}"),
        }
    });
    names.collect::<Vec<_>>().join(", ")
}

pub(super) const LEASE: &[Column] = &[NAME, column("Holder"), AGE];

pub(super) fn lease(object: &Value, scene: &Scene) -> Vec<Value> {
    let holder = text(object, "/spec/holderIdentity");
    vec![name(object), holder.into(), scene.age(object)]
}

pub(super) const PRIORITY_CLASS: &[Column] = &[
    NAME,
    number("Value"),
    boolean("Global-Default"),
    AGE,
    column("PreemptionPolicy"),
];

pub(super) fn priority_class(object: &Value, scene: &Scene) -> Vec<Value> {
    vec![
        name(object),
        integer(object, "/value").into(),
        flag_or(object, "/globalDefault", false).into(),
        scene.age(object),
        text(object, "/preemptionPolicy").into(),
    ]
}

pub(super) const RUNTIME_CLASS: &[Column] = &[NAME, column("Handler"), AGE];

pub(super) fn runtime_class(object: &Value, scene: &Scene) -> Vec<Value> {
    let handler = text(object, "/handler");
    vec![name(object), handler.into(), scene.age(object)]
}

pub(super) const SCALE: &[Column] = &[column("Name"), number("Desired"), number("Available"), AGE];

pub(super) fn scale(object: &Value, scene: &Scene) -> Vec<Value> {
    vec![
        name(object),
        integer(object, "/spec/replicas").into(),
        integer(object, "/status/replicas").into(),
        scene.age(object),
    ]
}

pub(super) const STATUS: &[Column] = &[column("Status"), column("Reason"), column("Message")];

pub(super) fn status(object: &Value, _: &Scene) -> Vec<Value> {
    ["/status", "/reason", "/message"]
        .map(|pointer| text(object, pointer).into())
        .to_vec()
}
