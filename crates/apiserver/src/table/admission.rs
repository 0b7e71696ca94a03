//! The rows of what extends and guards the API: definitions, webhooks, policies, flow control.

use serde_json::Value;

use super::cells::{Scene, join, name, text_or};
use super::column::{AGE, Column, NAME, boolean, date, integer as number, text as column};
use crate::fields::{condition, flag, integer, is_set, list, optional_integer, text};

pub(super) const DEFINITION: &[Column] = &[
    NAME,
    column("Scope"),
    column("Versions"),
    date("Created At"),
    column("Group").wide(),
    column("Kind").wide(),
    column("ShortNames").wide(),
    boolean("Established").wide(),
];

pub(super) fn definition(object: &Value, _: &Scene) -> Vec<Value> {
    let short_names = list(object, "/spec/names/shortNames");
    let short_names = join(short_names.iter().filter_map(Value::as_str));
    vec![
        name(object),
        text(object, "/spec/scope").into(),
        served_versions(object).into(),
        text(object, "/metadata/creationTimestamp").into(),
        text(object, "/spec/group").into(),
        text(object, "/spec/names/kind").into(),
        short_names.into(),
        (condition(object, "Established") == Some("True")).into(),
    ]
}

fn served_versions(definition: &Value) -> String {
    let mut versions: Vec<String> = list(definition, "/spec/versions")
        .iter()
        .filter(|version| flag(version, "/served"))
        .map(|version| {
            if flag(version, "/storage") {
                format!("{}(storage)", text(version, "/name"))
            } else {
                text(version, "/name").to_owned()
            }
        })
        .collect();
    versions.sort_unstable();
    versions.join(",")
}

pub(super) const API_SERVICE: &[Column] = &[NAME, column("Service"), column("Available"), AGE];

pub(super) fn api_service(object: &Value, scene: &Scene) -> Vec<Value> {
    let service = if is_set(object, "/spec/service") {
        let namespace = text(object, "/spec/service/namespace");
        format!("{namespace}/{}", text(object, "/spec/service/name"))
    } else {
        "Local".to_owned()
    };
    let available = condition(object, "Available").unwrap_or("Unknown");
    vec![
        name(object),
        service.into(),
        available.into(),
        scene.age(object),
    ]
}

pub(super) const WEBHOOKS: &[Column] = &[NAME, number("Webhooks"), AGE];

pub(super) fn webhooks(object: &Value, scene: &Scene) -> Vec<Value> {
    let count = list(object, "/webhooks").len();
    vec![name(object), count.into(), scene.age(object)]
}

pub(super) const VALIDATING_POLICY: &[Column] =
    &[NAME, number("Validations"), column("ParamKind"), AGE];
pub(super) const MUTATING_POLICY: &[Column] =
    &[NAME, number("Mutations"), column("ParamKind"), AGE];

pub(super) fn admission_policy(object: &Value, scene: &Scene) -> Vec<Value> {
    let rules = list(object, "/spec/validations").len() + list(object, "/spec/mutations").len();
    let kind = if is_set(object, "/spec/paramKind") {
        let version = text(object, "/spec/paramKind/apiVersion");
        format!("{version}/{}", text(object, "/spec/paramKind/kind"))
    } else {
        "<unset>".to_owned()
    };
    vec![name(object), rules.into(), kind.into(), scene.age(object)]
}

pub(super) const POLICY_BINDING: &[Column] = &[NAME, column("PolicyName"), column("ParamRef"), AGE];

pub(super) fn policy_binding(object: &Value, scene: &Scene) -> Vec<Value> {
    let parameter = text(object, "/spec/paramRef/name");
    let parameter = match (parameter, text(object, "/spec/paramRef/namespace")) {
        ("", _) => "<unset>".to_owned(),
        (_, "") => format!("*/{parameter}"),
        (_, namespace) => format!("{namespace}/{parameter}"),
    };
    vec![
        name(object),
        text(object, "/spec/policyName").into(),
        parameter.into(),
        scene.age(object),
    ]
}

pub(super) const SIGNING_REQUEST: &[Column] = &[
    NAME,
    AGE,
    column("SignerName"),
    column("Requestor"),
    column("RequestedDuration"),
    column("Condition"),
];

pub(super) fn signing_request(object: &Value, scene: &Scene) -> Vec<Value> {
    let duration = optional_integer(object, "/spec/expirationSeconds");
    let duration = duration.map_or("<none>".to_owned(), super::duration::human);
    vec![
        name(object),
        scene.age(object),
        text_or(object, "/spec/signerName", "<none>").into(),
        text(object, "/spec/username").into(),
        duration.into(),
        signing_state(object).into(),
    ]
}

fn signing_state(request: &Value) -> String {
    let has = |kind| condition(request, kind).is_some();
    let mut state = match (has("Denied"), has("Approved")) {
        (true, _) => "Denied",
        (_, true) => "Approved",
        _ => "Pending",
    }
    .to_owned();
    if has("Failed") {
        state.push_str(",Failed");
    }
    if !text(request, "/status/certificate").is_empty() {
        state.push_str(",Issued");
    }
    state
}

pub(super) const FLOW_SCHEMA: &[Column] = &[
    NAME,
    column("PriorityLevel"),
    column("MatchingPrecedence"),
    column("DistinguisherMethod"),
    AGE,
    column("MissingPL"),
];

pub(super) fn flow_schema(object: &Value, scene: &Scene) -> Vec<Value> {
    vec![
        name(object),
        text(object, "/spec/priorityLevelConfiguration/name").into(),
        integer(object, "/spec/matchingPrecedence").into(),
        text_or(object, "/spec/distinguisherMethod/type", "<none>").into(),
        scene.age(object),
        condition(object, "Dangling").unwrap_or("?").into(),
    ]
}

pub(super) const PRIORITY_LEVEL: &[Column] = &[
    NAME,
    column("Type"),
    column("NominalConcurrencyShares"),
    column("Queues"),
    column("HandSize"),
    column("QueueLengthLimit"),
    AGE,
];

pub(super) fn priority_level(object: &Value, scene: &Scene) -> Vec<Value> {
    let limit = |field: &str| {
        let found = optional_integer(object, &format!("/spec/limited/{field}"));
        found.map_or(Value::from("<none>"), Value::from)
    };
    vec![
        name(object),
        text(object, "/spec/type").into(),
        limit("nominalConcurrencyShares"),
        limit("limitResponse/queuing/queues"),
        limit("limitResponse/queuing/handSize"),
        limit("limitResponse/queuing/queueLengthLimit"),
        scene.age(object),
    ]
}
