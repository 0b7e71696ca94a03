//! What the server does to objects of single kinds before they are stored, as the strategies of
//! kube-apiserver's registry do.

use serde_json::{Value, json};

use super::{Target, namespace, update};
use crate::crd;
use crate::fields;
use crate::resource::{GroupResource, ResourceType, Subresource};

/// Kinds that may be created with a status: the kubelet brings its Node with one.
const KEEPS_STATUS: [&str; 1] = ["nodes"];

/// The annotation that counts the templates of a DaemonSet.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

/// Prepares a new object: it has no status yet, but the one its kind begins with.
pub(super) fn prepare_create(resource: &ResourceType, object: &mut Value) {
    if resource.has(Subresource::Status)
        && !KEEPS_STATUS.contains(&resource.plural.as_str())
        && let Value::Object(fields) = object
    {
        fields.remove("status");
        if let Some(status) = first_status(resource) {
            fields.insert("status".to_owned(), status);
        }
    }
    if resource.group.is_empty() && resource.plural == "persistentvolumes" {
        object["status"]["lastPhaseTransitionTime"] =
            object["metadata"]["creationTimestamp"].clone();
    }
    if namespace::is_namespace(resource) {
        namespace::prepare(object);
    }
    if is_daemon_set(resource) {
        count_template(None, object);
    }
    if crd::is_definition(resource) {
        crd::prepare(object);
        crd::begin(object);
    }
}

/// Adds to a new object what is the server's own, and so is in nobody's managed fields.
pub(super) fn complete_create(resource: &ResourceType, object: &mut Value) {
    if resource.group == "batch" && resource.plural == "jobs" {
        select_job_pods(object);
    }
    if namespace::is_namespace(resource) {
        namespace::hold(object);
    }
    if resource.group.is_empty() && resource.plural == "nodes" {
        keep_off(object);
    }
    if let Some(finalizer) = protection(&resource.storage)
        && let Some(metadata) = object["metadata"].as_object_mut()
    {
        let finalizers = metadata.entry("finalizers").or_insert_with(|| json!([]));
        if let Some(list) = finalizers
            .as_array_mut()
            .filter(|it| !it.contains(&finalizer.into()))
        {
            list.push(finalizer.into());
        }
    }
}

/// Nothing is put onto a new node until it says that it is ready.
fn keep_off(node: &mut Value) {
    const NOT_READY: &str = "node.kubernetes.io/not-ready";
    if fields::condition(node, "Ready") == Some("True") {
        return;
    }
    let taints = fields::list(node, "/spec/taints");
    if taints.iter().any(|taint| taint["key"] == NOT_READY) {
        return;
    }
    let mut taints = taints.to_vec();
    taints.push(json!({"key": NOT_READY, "effect": "NoSchedule"}));
    node["spec"]["taints"] = taints.into();
}

/// Returns the finalizer that holds a volume, or a claim, for as long as it is in use.
pub(crate) fn protection(resource: &GroupResource) -> Option<&'static str> {
    match (resource.group.as_str(), resource.resource.as_str()) {
        ("", "persistentvolumeclaims") => Some("kubernetes.io/pvc-protection"),
        ("", "persistentvolumes") => Some("kubernetes.io/pv-protection"),
        _ => None,
    }
}

/// Marks what is the template of a DaemonSet, as its older versions did with a field.
fn count_template(live: Option<&Value>, set: &mut Value) {
    let count = |object: &Value| fields::annotation(object, TEMPLATE_GENERATION).map(str::to_owned);
    let count = match live {
        None => "1".to_owned(),
        Some(live) => {
            let before = count(live)
                .and_then(|text| text.parse().ok())
                .unwrap_or(1_i64);
            let changed = live.pointer("/spec/template") != set.pointer("/spec/template");
            (before + i64::from(changed)).to_string()
        }
    };
    if set["metadata"].is_object() {
        set["metadata"]["annotations"][TEMPLATE_GENERATION] = count.into();
    }
}

fn is_daemon_set(resource: &ResourceType) -> bool {
    resource.group == "apps" && resource.plural == "daemonsets"
}

/// A Job finds its pods by its uid, unless its author takes care of that.
fn select_job_pods(job: &mut Value) {
    if !job["spec"].is_object() || fields::flag(job, "/spec/manualSelector") {
        return;
    }
    let uid = fields::text(job, "/metadata/uid").to_owned();
    let name = fields::text(job, "/metadata/name").to_owned();
    if !fields::is_set(job, "/spec/selector") {
        job["spec"]["selector"] = json!({});
    }
    job["spec"]["selector"]["matchLabels"]["batch.kubernetes.io/controller-uid"] =
        uid.clone().into();
    let labels = [
        ("batch.kubernetes.io/controller-uid", &uid),
        ("batch.kubernetes.io/job-name", &name),
        ("controller-uid", &uid),
        ("job-name", &name),
    ];
    if !job["spec"]["template"]["metadata"].is_object() {
        return;
    }
    for (key, value) in labels {
        job["spec"]["template"]["metadata"]["labels"][key] = value.as_str().into();
        if !fields::is_set(job, "/metadata/labels") {
            job["metadata"]["labels"] = json!({});
        }
        job["metadata"]["labels"][key] = value.as_str().into();
    }
}

fn first_status(resource: &ResourceType) -> Option<Value> {
    if resource.custom.is_some() {
        return None;
    }
    match (resource.group.as_str(), resource.plural.as_str()) {
        ("", "namespaces") => Some(json!({"phase": "Active"})),
        ("", "pods" | "persistentvolumeclaims" | "persistentvolumes") => {
            Some(json!({"phase": "Pending"}))
        }
        ("", "services") | ("networking.k8s.io", "ingresses") => Some(json!({"loadBalancer": {}})),
        ("apps", "replicasets") | ("", "replicationcontrollers") => Some(json!({"replicas": 0})),
        ("apps", "statefulsets") => Some(json!({"replicas": 0, "availableReplicas": 0})),
        ("apps", "daemonsets") => Some(json!({
            "currentNumberScheduled": 0,
            "desiredNumberScheduled": 0,
            "numberMisscheduled": 0,
            "numberReady": 0,
        })),
        ("policy", "poddisruptionbudgets") => Some(json!({
            "currentHealthy": 0,
            "desiredHealthy": 0,
            "disruptionsAllowed": 0,
            "expectedPods": 0,
        })),
        ("autoscaling", _) => Some(json!({"currentMetrics": null, "desiredReplicas": 0})),
        ("", "resourcequotas")
        | ("apps" | "batch" | "apiregistration.k8s.io" | "certificates.k8s.io", _) => {
            Some(json!({}))
        }
        _ => None,
    }
}

/// Keeps apart what may be written through the object and what through its status.
pub(super) fn prepare_update(target: &Target<'_>, live: &Value, object: &mut Value) {
    if update::writes_status(target) {
        keep_all_but_status(live, object);
    } else if target.resource.has(Subresource::Status)
        && !is_finalize(target)
        && let Value::Object(fields) = object
    {
        match live.get("status") {
            Some(status) => fields.insert("status".to_owned(), status.clone()),
            None => fields.remove("status"),
        };
    }
    if namespace::is_namespace(target.resource) && !is_finalize(target) {
        namespace::keep_label(live, object);
    }
    if is_daemon_set(target.resource) {
        count_template(Some(live), object);
    }
    if crd::is_definition(target.resource) {
        crd::prepare(object);
    }
}

/// Puts back what cannot be changed, although who tries gives up what it owns of it.
pub(super) fn complete_update(target: &Target<'_>, live: &Value, object: &mut Value) {
    if namespace::is_namespace(target.resource) && !is_finalize(target) {
        namespace::keep_finalizers(live, object);
    }
}

fn is_finalize(target: &Target<'_>) -> bool {
    target.subresource == Some(Subresource::Finalize)
}

fn keep_all_but_status(live: &Value, object: &mut Value) {
    let managed = object.pointer("/metadata/managedFields").cloned();
    let status = object.get("status").cloned();
    *object = live.clone();
    if let Value::Object(fields) = object {
        match status {
            Some(status) => fields.insert("status".to_owned(), status),
            None => fields.remove("status"),
        };
    }
    if let Some(managed) = managed {
        object["metadata"]["managedFields"] = managed;
    }
}
