//! Deployments and the like, jobs, and what scales and protects them.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::semantic::immutable;
use super::{FieldErrors, go_print, metadata, names, pod};
use crate::fields::{integer, list, text};

/// What may change in the spec of a StatefulSet.
const STATEFUL_SET_FIELDS: [&str; 8] = [
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
    "volumeClaimTemplates",
];

/// Checks a Deployment, ReplicaSet, DaemonSet or StatefulSet.
pub(super) fn check(kind: &str, live: Option<&Value>, object: &Value, errors: &mut FieldErrors) {
    selector(kind, object, errors);
    if kind == "StatefulSet" {
        stateful_set(live, object, errors);
    } else {
        immutable(live, object, "/spec/selector", errors);
    }
    for field in [
        "replicas",
        "minReadySeconds",
        "revisionHistoryLimit",
        "progressDeadlineSeconds",
    ] {
        not_negative(object, &["spec", field], errors);
    }
    if kind == "Deployment" {
        strategy(object, errors);
        deployment_status(object, errors);
    }
    template(object, "/spec/template", &["Always"], errors);
}

/// Whether an expression of a selector selects nothing that could be said.
fn is_broken(rule: &Value) -> bool {
    let has_values = !list(rule, "/values").is_empty();
    match text(rule, "/operator") {
        "In" | "NotIn" => !has_values,
        "Exists" | "DoesNotExist" => has_values,
        _ => true,
    }
}

fn selector(kind: &str, object: &Value, errors: &mut FieldErrors) {
    let labels = object.pointer("/spec/template/metadata/labels");
    let Some(selector) = object.pointer("/spec/selector").filter(|it| !it.is_null()) else {
        errors.required("spec.selector", "");
        let path = "spec.template.metadata.labels";
        let labels = labels.cloned().unwrap_or(Value::Null);
        return errors.invalid(path, &labels, "`selector` does not match template `labels`");
    };
    check_selector(selector, "spec.selector", errors);
    if list(selector, "/matchExpressions").iter().any(is_broken) {
        return errors.invalid("spec.selector", selector, "invalid label selector");
    }
    if is_empty(selector) {
        let detail = format!("empty selector is invalid for {}", words(kind));
        errors.invalid("spec.selector", selector, &detail);
    } else if !matches(selector, labels) {
        let labels = labels.cloned().unwrap_or(Value::Null);
        let path = "spec.template.metadata.labels";
        errors.invalid(path, &labels, "`selector` does not match template `labels`");
    }
}

fn words(kind: &str) -> &'static str {
    match kind {
        "Deployment" => "deployment",
        "DaemonSet" => "daemonset",
        "StatefulSet" => "statefulset",
        _ => "replicaset",
    }
}

/// Checks the syntax of a label selector.
pub(super) fn check_selector(selector: &Value, path: &str, errors: &mut FieldErrors) {
    metadata::labels(
        selector.get("matchLabels"),
        &format!("{path}.matchLabels"),
        errors,
    );
    for (index, rule) in list(selector, "/matchExpressions").iter().enumerate() {
        let path = format!("{path}.matchExpressions[{index}]");
        let values = list(rule, "/values");
        match text(rule, "/operator") {
            "In" | "NotIn" if values.is_empty() => {
                let detail = "must be specified when `operator` is 'In' or 'NotIn'";
                errors.required(&format!("{path}.values"), detail);
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                errors.forbidden(&format!("{path}.values"), detail);
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => errors.invalid(
                &format!("{path}.operator"),
                &other.into(),
                "not a valid selector operator",
            ),
        }
    }
}

fn is_empty(selector: &Value) -> bool {
    let labels = selector.get("matchLabels").and_then(Value::as_object);
    labels.is_none_or(Map::is_empty) && list(selector, "/matchExpressions").is_empty()
}

fn matches(selector: &Value, labels: Option<&Value>) -> bool {
    let label = |key: &str| labels.and_then(|labels| labels.get(key));
    let wanted = selector.get("matchLabels").and_then(Value::as_object);
    let equal = |(key, value): (&String, &Value)| label(key) == Some(value);
    wanted.into_iter().flatten().all(equal)
        && list(selector, "/matchExpressions").iter().all(|rule| {
            let value = label(text(rule, "/key"));
            let listed = value.is_some_and(|value| list(rule, "/values").contains(value));
            match text(rule, "/operator") {
                "In" => listed,
                "NotIn" => !listed,
                "Exists" => value.is_some(),
                "DoesNotExist" => value.is_none(),
                _ => true,
            }
        })
}

fn stateful_set(live: Option<&Value>, object: &Value, errors: &mut FieldErrors) {
    let policy = text(object, "/spec/podManagementPolicy");
    if !["OrderedReady", "Parallel"].contains(&policy) {
        let why = "must be 'OrderedReady' or 'Parallel'";
        errors.invalid("spec.podManagementPolicy", &policy.into(), why);
    }
    let update = text(object, "/spec/updateStrategy/type");
    if !["RollingUpdate", "OnDelete"].contains(&update) {
        let printed = format!("{{\"Type\":{update:?},\"RollingUpdate\":null}}");
        let detail = "must be 'RollingUpdate' or 'OnDelete'";
        errors.invalid_printed("spec.updateStrategy", &printed, detail);
    }
    let Some(live) = live else {
        return;
    };
    for field in ["serviceName", "podManagementPolicy", "volumeClaimTemplates"] {
        let empty = if field == "volumeClaimTemplates" {
            json!([])
        } else {
            json!("")
        };
        let value = |object: &Value| object["spec"].get(field).cloned().unwrap_or(empty.clone());
        if value(live) != value(object) {
            let path = format!("spec.{field}");
            return errors.invalid(&path, &value(object), "field is immutable");
        }
    }
    let fixed = |object: &Value| {
        let spec = object.get("spec").and_then(Value::as_object);
        let fixed = spec.into_iter().flatten();
        let fixed = fixed.filter(|(name, _)| {
            *name == "volumeClaimTemplates" || !STATEFUL_SET_FIELDS.contains(&name.as_str())
        });
        let fixed = fixed.map(|(name, value)| (name.clone(), value.clone()));
        fixed.collect::<Map<_, _>>()
    };
    if fixed(live) != fixed(object) {
        let detail = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
        errors.forbidden("spec", detail);
    }
}

fn strategy(object: &Value, errors: &mut FieldErrors) {
    let path = "spec.strategy";
    let kind = text(object, "/spec/strategy/type");
    let rolling = object.pointer("/spec/strategy/rollingUpdate");
    match kind {
        "Recreate" if rolling.is_some() => {
            let detail = "may not be specified when strategy `type` is 'Recreate'";
            errors.forbidden(&format!("{path}.rollingUpdate"), detail);
        }
        "RollingUpdate" => {
            let is_zero = |name: &str| {
                let value = rolling.and_then(|rolling| rolling.get(name));
                value.is_some_and(|value| *value == 0 || *value == "0%")
            };
            if is_zero("maxUnavailable") && is_zero("maxSurge") {
                let value = Value::from(0);
                let path = format!("{path}.rollingUpdate.maxUnavailable");
                errors.invalid(&path, &value, "may not be 0 when `maxSurge` is 0");
            }
        }
        "Recreate" | "" => {}
        _ => {
            let printed = go_print::line(&object["spec"]["strategy"], go_print::STRATEGY);
            errors.unsupported_printed(path, &printed, &["Recreate", "RollingUpdate"]);
        }
    }
    for field in ["maxUnavailable", "maxSurge"] {
        if kind == "RollingUpdate" {
            share(
                rolling,
                field,
                &format!("{path}.rollingUpdate.{field}"),
                errors,
            );
        }
    }
    let (ready, deadline) = (
        integer(object, "/spec/minReadySeconds"),
        "/spec/progressDeadlineSeconds",
    );
    if let Some(deadline) = object.pointer(deadline).and_then(Value::as_i64)
        && deadline <= ready
    {
        let why = "must be greater than minReadySeconds";
        errors.invalid("spec.progressDeadlineSeconds", &deadline.into(), why);
    }
}

/// Checks a number or a share of pods.
fn share(owner: Option<&Value>, field: &str, path: &str, errors: &mut FieldErrors) {
    let Some(value) = owner.and_then(|owner| owner.get(field)) else {
        return;
    };
    let percent = value
        .as_str()
        .and_then(|text| text.strip_suffix('%')?.parse::<u32>().ok());
    if value.as_i64().is_some_and(|number| number < 0) {
        errors.invalid(path, value, "must be greater than or equal to 0");
    } else if value.is_string() && percent.is_none() {
        let why = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
        errors.invalid(path, value, why);
    } else if field != "maxSurge" && percent.is_some_and(|percent| percent > 100) {
        errors.invalid(path, value, "must not be greater than 100%");
    }
}

/// Returns the spec with a volume for each claim of a StatefulSet, as its pods will have them.
fn with_claims<'s>(object: &Value, spec: &'s Value) -> Cow<'s, Value> {
    let claims = list(object, "/spec/volumeClaimTemplates");
    if claims.is_empty() || !spec.is_object() {
        return Cow::Borrowed(spec);
    }
    let mut volumes = list(spec, "/volumes").to_vec();
    volumes.extend(claims.iter().map(|claim| {
        let name = text(claim, "/metadata/name");
        json!({"name": name, "persistentVolumeClaim": {"claimName": name}})
    }));
    let mut spec = spec.clone();
    spec["volumes"] = Value::Array(volumes);
    Cow::Owned(spec)
}

/// Checks the template of pods at `pointer`, whose restart policy must be one of those given.
fn template(object: &Value, pointer: &str, policies: &[&str], errors: &mut FieldErrors) {
    let path = pointer.trim_start_matches('/').replace('/', ".");
    let Some(template) = object.pointer(pointer) else {
        return;
    };
    let labels = template.pointer("/metadata/labels");
    metadata::labels(labels, &format!("{path}.metadata.labels"), errors);
    let Some(spec) = template.get("spec") else {
        return;
    };
    pod::spec(&with_claims(object, spec), &format!("{path}.spec"), errors);
    let policy = text(spec, "/restartPolicy");
    if ["Always", "OnFailure", "Never"].contains(&policy) && !policies.contains(&policy) {
        let path = format!("{path}.spec.restartPolicy");
        if policy == "Always" {
            // A Job says what is missing: this is the default, and it has none.
            errors.required(&path, "valid values: \"OnFailure\", \"Never\"");
        } else {
            errors.unsupported(&path, &policy.into(), policies);
        }
    }
}

/// Says that a number must not be below zero, if it is.
pub(super) fn not_negative(object: &Value, path: &[&str], errors: &mut FieldErrors) {
    let pointer = format!("/{}", path.join("/"));
    if let Some(value) = object.pointer(&pointer)
        && value.as_i64().is_some_and(|number| number < 0)
    {
        let detail = "must be greater than or equal to 0";
        errors.invalid(&path.join("."), value, detail);
    }
}

pub(super) fn job(live: Option<&Value>, object: &Value, errors: &mut FieldErrors) {
    for field in [
        "parallelism",
        "completions",
        "backoffLimit",
        "activeDeadlineSeconds",
        "ttlSecondsAfterFinished",
    ] {
        not_negative(object, &["spec", field], errors);
    }
    template(object, "/spec/template", &["OnFailure", "Never"], errors);
    let labels = object
        .pointer("/spec/selector/matchLabels")
        .and_then(Value::as_object);
    let manual = object.pointer("/spec/manualSelector") == Some(&Value::Bool(true));
    if !manual && labels.is_some_and(|labels| labels.len() != 1) {
        let why = "`selector` not auto-generated";
        errors.invalid("spec.selector", &object["spec"]["selector"], why);
    }
    immutable(live, object, "/spec/selector", errors);
    immutable(live, object, "/spec/completionMode", errors);
    if live.is_some_and(|live| text(live, "/spec/completionMode") != "Indexed") {
        immutable(live, object, "/spec/completions", errors);
    }
    let is_suspended = |live: &Value| {
        let suspended = live.pointer("/spec/suspend") == Some(&Value::Bool(true));
        suspended && live.pointer("/status/startTime").is_none()
    };
    if !live.is_some_and(is_suspended) {
        immutable(live, object, "/spec/template", errors);
    }
}

pub(super) fn cron_job(object: &Value, errors: &mut FieldErrors) {
    let schedule = text(object, "/spec/schedule");
    if schedule.is_empty() {
        errors.required("spec.schedule", "");
    } else {
        for why in names::schedule(schedule) {
            errors.invalid("spec.schedule", &schedule.into(), &why);
        }
    }
    let name = text(object, "/metadata/name");
    if name.len() > 52 {
        errors.invalid(
            "metadata.name",
            &name.into(),
            "must be no more than 52 characters",
        );
    }
    for field in [
        "startingDeadlineSeconds",
        "successfulJobsHistoryLimit",
        "failedJobsHistoryLimit",
    ] {
        not_negative(object, &["spec", field], errors);
    }
    let zone = text(object, "/spec/timeZone");
    if !zone.is_empty() && jiff::tz::TimeZone::get(zone).is_err() {
        errors.invalid(
            "spec.timeZone",
            &zone.into(),
            &format!("unknown time zone {zone}"),
        );
    }
    let policy = text(object, "/spec/concurrencyPolicy");
    let policies = ["Allow", "Forbid", "Replace"];
    if !policies.contains(&policy) {
        errors.unsupported("spec.concurrencyPolicy", &policy.into(), &policies);
    }
    let path = "/spec/jobTemplate/spec/template";
    template(object, path, &["OnFailure", "Never"], errors);
}

pub(super) fn autoscaler(object: &Value, errors: &mut FieldErrors) {
    let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_i64);
    let least = number("/spec/minReplicas").unwrap_or(1);
    let most = number("/spec/maxReplicas").unwrap_or(0);
    if least < 1 {
        let detail = "must be greater than or equal to 1";
        errors.invalid("spec.minReplicas", &least.into(), detail);
    }
    if most == 0 {
        errors.required("spec.maxReplicas", "");
    } else if most < 0 {
        errors.invalid("spec.maxReplicas", &most.into(), "must be greater than 0");
    }
    if most < least {
        let detail = "must be greater than or equal to `minReplicas`";
        errors.invalid("spec.maxReplicas", &most.into(), detail);
    }
    for field in ["kind", "name"] {
        if text(object, &format!("/spec/scaleTargetRef/{field}")).is_empty() {
            errors.required(&format!("spec.scaleTargetRef.{field}"), "");
        }
    }
    if text(object, "/spec/scaleTargetRef/apiVersion").is_empty() {
        let detail = "apiVersion must specify API group";
        errors.invalid("spec.scaleTargetRef.apiVersion", &"".into(), detail);
    }
    for (index, metric) in list(object, "/spec/metrics").iter().enumerate() {
        check_metric(metric, &format!("spec.metrics[{index}]"), errors);
    }
}

/// A metric has a source of its type.
fn check_metric(metric: &Value, path: &str, errors: &mut FieldErrors) {
    let sources = [
        ("ContainerResource", "containerResource"),
        ("External", "external"),
        ("Object", "object"),
        ("Pods", "pods"),
        ("Resource", "resource"),
    ];
    let kind = text(metric, "/type");
    match sources.iter().find(|(known, _)| *known == kind) {
        Some((_, source)) if metric.get(*source).is_none() => {
            let detail = "must populate information for the given metric source";
            errors.required(&format!("{path}.{source}"), detail);
        }
        Some(_) => {}
        None => errors.unsupported(
            &format!("{path}.type"),
            &kind.into(),
            &sources.map(|(known, _)| known),
        ),
    }
}

pub(super) fn budget(object: &Value, errors: &mut FieldErrors) {
    let has = |name: &str| object["spec"].get(name).is_some();
    if has("minAvailable") && has("maxUnavailable") {
        let printed = go_print::line(&object["spec"], go_print::BUDGET);
        let detail = "minAvailable and maxUnavailable cannot be both set";
        errors.invalid_printed("spec", &printed, detail);
    }
    for field in ["minAvailable", "maxUnavailable"] {
        share(object.get("spec"), field, &format!("spec.{field}"), errors);
    }
    if let Some(selector) = object.pointer("/spec/selector") {
        check_selector(selector, "spec.selector", errors);
    }
}

/// Checks what a controller says of a Deployment.
fn deployment_status(object: &Value, errors: &mut FieldErrors) {
    let number = |field: &str| integer(object, &format!("/status/{field}"));
    let mut compare = |field: &str, most: i64, what: &str| {
        if number(field) > most {
            let why = format!("cannot be greater than {what}");
            errors.invalid(&format!("status.{field}"), &number(field).into(), &why);
        }
    };
    for field in ["updatedReplicas", "readyReplicas", "availableReplicas"] {
        compare(field, number("replicas"), "status.replicas");
    }
    compare(
        "availableReplicas",
        number("readyReplicas"),
        "readyReplicas",
    );
}
