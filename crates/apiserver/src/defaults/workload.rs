//! Kinds that run pods, and what scales them.

use serde_json::{Map, Value, json};

use super::{child, config, each, given, is_missing, pod, set, set_unless_given, text};

type Object = Map<String, Value>;

pub(super) fn deployment(deployment: &mut Object) {
    let Some(spec) = child(deployment, "spec") else {
        return;
    };
    set_unless_given(spec, "replicas", 1);
    set_unless_given(spec, "revisionHistoryLimit", 10);
    set_unless_given(spec, "progressDeadlineSeconds", 600);
    if let Some(strategy) = rolling(spec, "strategy") {
        set_unless_given(strategy, "maxUnavailable", "25%");
        set_unless_given(strategy, "maxSurge", "25%");
    }
    pod::template(spec);
}

/// Returns the parameters of the rolling update, when that is the strategy, as it is when none is given.
fn rolling<'a>(spec: &'a mut Object, name: &str) -> Option<&'a mut Object> {
    let strategy = child(spec, name)?;
    set(strategy, "type", "RollingUpdate");
    if text(strategy, "type") != "RollingUpdate" {
        return None;
    }
    child(strategy, "rollingUpdate")
}

pub(super) fn stateful_set(set_: &mut Object) {
    let Some(spec) = child(set_, "spec") else {
        return;
    };
    set(spec, "podManagementPolicy", "OrderedReady");
    set_unless_given(spec, "replicas", 1);
    set_unless_given(spec, "revisionHistoryLimit", 10);
    if let Some(update) = rolling(spec, "updateStrategy") {
        set_unless_given(update, "partition", 0);
        set_unless_given(update, "maxUnavailable", 1);
    }
    if let Some(policy) = child(spec, "persistentVolumeClaimRetentionPolicy") {
        set(policy, "whenDeleted", "Retain");
        set(policy, "whenScaled", "Retain");
    }
    for claim in each(spec, "volumeClaimTemplates") {
        set(claim, "apiVersion", "v1");
        set(claim, "kind", "PersistentVolumeClaim");
        config::claim(claim);
    }
    pod::template(spec);
}

pub(super) fn daemon_set(set_: &mut Object) {
    let Some(spec) = child(set_, "spec") else {
        return;
    };
    set_unless_given(spec, "revisionHistoryLimit", 10);
    if let Some(update) = rolling(spec, "updateStrategy") {
        set_unless_given(update, "maxUnavailable", 1);
        set_unless_given(update, "maxSurge", 0);
    }
    pod::template(spec);
}

pub(super) fn replica_set(set_: &mut Object) {
    if let Some(spec) = child(set_, "spec") {
        set_unless_given(spec, "replicas", 1);
        pod::template(spec);
    }
}

pub(super) fn replication_controller(controller: &mut Object) {
    let Some(spec) = child(controller, "spec") else {
        return;
    };
    set_unless_given(spec, "replicas", 1);
    let template = given(spec, "template").and_then(|it| given(it, "metadata"));
    let labels = template
        .and_then(|metadata| metadata.get("labels"))
        .cloned();
    if let Some(labels) = labels {
        set_unless_given(spec, "selector", labels.clone());
        if let Some(metadata) = child(controller, "metadata") {
            set_unless_given(metadata, "labels", labels);
        }
    }
    if let Some(spec) = child(controller, "spec").filter(|spec| spec.contains_key("template")) {
        pod::template(spec);
    }
}

pub(super) fn job(job: &mut Object) {
    let Some(spec) = child(job, "spec") else {
        return;
    };
    if is_null(spec, "completions") && is_null(spec, "parallelism") {
        spec.insert("completions".to_owned(), 1.into());
    }
    set_unless_given(spec, "parallelism", 1);
    let unlimited = !is_null(spec, "backoffLimitPerIndex");
    set_unless_given(spec, "backoffLimit", if unlimited { i32::MAX } else { 6 });
    set_unless_given(spec, "completionMode", "NonIndexed");
    set_unless_given(spec, "suspend", false);
    set_unless_given(spec, "manualSelector", false);
    let with_policy = !is_null(spec, "podFailurePolicy");
    let replacement = if with_policy {
        "Failed"
    } else {
        "TerminatingOrFailed"
    };
    set_unless_given(spec, "podReplacementPolicy", replacement);
    if let Some(policy) = given(spec, "podFailurePolicy") {
        for rule in each(policy, "rules") {
            for condition in each(rule, "onPodConditions") {
                set(condition, "status", "True");
            }
        }
    }
    pod::template(spec);
}

fn is_null(object: &Object, name: &str) -> bool {
    object.get(name).is_none_or(Value::is_null)
}

pub(super) fn cron_job(job: &mut Object) {
    let Some(spec) = child(job, "spec") else {
        return;
    };
    set(spec, "concurrencyPolicy", "Allow");
    set_unless_given(spec, "suspend", false);
    set_unless_given(spec, "successfulJobsHistoryLimit", 3);
    set_unless_given(spec, "failedJobsHistoryLimit", 1);
    let job = child(spec, "jobTemplate").and_then(|template| child(template, "spec"));
    if let Some(job) = job {
        pod::template(job);
    }
}

pub(super) fn autoscaler(autoscaler: &mut Object, version: &str) {
    let Some(spec) = child(autoscaler, "spec") else {
        return;
    };
    set_unless_given(spec, "minReplicas", 1);
    if version == "v1" {
        return;
    }
    if is_missing(spec, "metrics") {
        let cpu = json!([{"type": "Resource", "resource": {
            "name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}]);
        spec.insert("metrics".to_owned(), cpu);
    }
    if let Some(behavior) = given(spec, "behavior") {
        let percent = json!({"type": "Percent", "value": 100, "periodSeconds": 15});
        let pods = json!({"type": "Pods", "value": 4, "periodSeconds": 15});
        if let Some(up) = child(behavior, "scaleUp") {
            set_unless_given(up, "stabilizationWindowSeconds", 0);
            scaling(up, json!([pods, percent]));
        }
        if let Some(down) = child(behavior, "scaleDown") {
            scaling(down, json!([percent]));
        }
    }
}

fn scaling(rules: &mut Object, policies: Value) {
    set(rules, "selectPolicy", "Max");
    set(rules, "policies", policies);
}
