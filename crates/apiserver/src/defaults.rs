//! What kube-apiserver 1.37 sets in objects of built-in kinds that leave it out, and the form in which
//! it writes them.
//!
//! [`fill`] sets the defaults; what needs other objects or a new identity (addresses, the selector of a
//! Job) is not here. [`tidy`] brings an object into the form that Go's encoder gives it: no nulls, no
//! empty lists, and some fields although they are empty.

mod config;
mod network;
mod pod;
mod tidy;
mod workload;

use serde_json::{Map, Value, json};
use windlass_object::Gvk;
use windlass_object::schema::Schema;

pub(crate) use tidy::tidy;

/// Sets the defaults of an object of a built-in kind, and brings it into the form that is written.
pub(crate) fn fill(object: &mut Value, gvk: &Gvk, schema: &Schema) {
    tidy::fill_declared(object, schema);
    if let Value::Object(object) = object {
        fill_kind(object, gvk);
    }
    tidy(object, schema);
}

fn fill_kind(object: &mut Map<String, Value>, gvk: &Gvk) {
    match (gvk.group.as_str(), gvk.kind.as_str()) {
        ("", "Pod") => pod::pod(object),
        ("", "PodTemplate") => pod::template(object),
        ("apps", "Deployment") => workload::deployment(object),
        ("apps", "StatefulSet") => workload::stateful_set(object),
        ("apps", "DaemonSet") => workload::daemon_set(object),
        ("apps", "ReplicaSet") => workload::replica_set(object),
        ("", "ReplicationController") => workload::replication_controller(object),
        ("batch", "Job") => workload::job(object),
        ("batch", "CronJob") => workload::cron_job(object),
        ("autoscaling", "HorizontalPodAutoscaler") => {
            workload::autoscaler(object, &gvk.version);
        }
        ("", "Service") => network::service(object),
        ("", "Endpoints") => network::endpoints(object),
        ("networking.k8s.io", "NetworkPolicy") => network::network_policy(object),
        ("networking.k8s.io", "IngressClass") => network::ingress_class(object),
        ("discovery.k8s.io", "EndpointSlice") => network::endpoint_slice(object),
        ("", "Secret") => config::secret(object),
        ("", "Namespace") => config::namespace(object),
        ("", "Node") => config::node(object),
        ("", "PersistentVolume") => config::volume(object),
        ("", "PersistentVolumeClaim") => config::claim(object),
        ("", "LimitRange") => config::limit_range(object),
        ("storage.k8s.io", "StorageClass") => config::storage_class(object),
        ("scheduling.k8s.io", "PriorityClass") => config::priority_class(object),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
            config::binding(object);
        }
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration") => {
            config::webhooks(object, false);
        }
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration") => {
            config::webhooks(object, true);
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition") => config::definition(object),
        ("apiregistration.k8s.io", "APIService") => config::api_service(object),
        _ => {}
    }
}

/// Sets a field that is missing, null, empty or zero.
fn set(object: &mut Map<String, Value>, name: &str, value: impl Into<Value>) {
    if is_missing(object, name) {
        object.insert(name.to_owned(), value.into());
    }
}

/// Sets a field that is missing or null; zero and empty are values of their own.
fn set_unless_given(object: &mut Map<String, Value>, name: &str, value: impl Into<Value>) {
    if object.get(name).is_none_or(Value::is_null) {
        object.insert(name.to_owned(), value.into());
    }
}

fn is_missing(object: &Map<String, Value>, name: &str) -> bool {
    match object.get(name) {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Number(number)) => number.as_i64() == Some(0),
        Some(Value::Array(items)) => items.is_empty(),
        _ => false,
    }
}

/// Returns the mapping in a field, made when there is none. `None` when something else is there.
fn child<'a>(object: &'a mut Map<String, Value>, name: &str) -> Option<&'a mut Map<String, Value>> {
    let value = object.entry(name).or_insert(Value::Null);
    if value.is_null() {
        *value = json!({});
    }
    value.as_object_mut()
}

/// Returns the mapping in a field, if one is there.
fn given<'a>(object: &'a mut Map<String, Value>, name: &str) -> Option<&'a mut Map<String, Value>> {
    object.get_mut(name)?.as_object_mut()
}

/// Returns the mappings in a list.
fn each<'a>(
    object: &'a mut Map<String, Value>,
    name: &str,
) -> impl Iterator<Item = &'a mut Map<String, Value>> {
    let items = object.get_mut(name).and_then(Value::as_array_mut);
    items.into_iter().flatten().filter_map(Value::as_object_mut)
}

fn text<'a>(object: &'a Map<String, Value>, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests;
