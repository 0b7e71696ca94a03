//! `metadata.generation`: counts the changes of what is wanted, and not of metadata or status.

use serde_json::{Map, Value};

use crate::resource::{ResourceType, Subresource};

/// Built-in types whose objects have no generation (Kubernetes 1.37).
const WITHOUT: [&str; 24] = [
    "bindings",
    "componentstatuses",
    "configmaps",
    "controllerrevisions",
    "csinodes",
    "endpoints",
    "events",
    "leases",
    "limitranges",
    "namespaces",
    "nodes",
    "persistentvolumeclaims",
    "persistentvolumes",
    "podtemplates",
    "resourcequotas",
    "runtimeclasses",
    "secrets",
    "serviceaccounts",
    "services",
    "storageclasses",
    "volumeattachments",
    "volumeattributesclasses",
    "certificatesigningrequests",
    "csistoragecapacities",
];

/// RBAC objects have none either.
const GROUP_WITHOUT: &str = "rbac.authorization.k8s.io";

/// Whether objects of the type have a generation.
fn counts(resource: &ResourceType) -> bool {
    let built_in = resource.custom.is_none();
    let without = resource.group == GROUP_WITHOUT || WITHOUT.contains(&resource.plural.as_str());
    !(built_in && without)
}

/// Sets the generation of a new object.
pub(super) fn begin(resource: &ResourceType, object: &mut Value) {
    if counts(resource) {
        object["metadata"]["generation"] = 1.into();
    }
}

/// Raises the generation when what is wanted has changed.
pub(super) fn advance(resource: &ResourceType, live: &Value, object: &mut Value) {
    if counts(resource) && wanted_differs(resource, live, object) {
        raise(object);
    }
}

/// Raises the generation of an object that has one.
pub(super) fn raise(object: &mut Value) {
    if let Some(generation) = object.pointer_mut("/metadata/generation")
        && let Some(number) = generation.as_i64()
    {
        *generation = (number + 1).into();
    }
}

fn wanted_differs(resource: &ResourceType, live: &Value, object: &Value) -> bool {
    let (Value::Object(live), Value::Object(object)) = (live, object) else {
        return false;
    };
    // A custom type without the subresource has its status as a field like any other.
    let status_is_apart = resource.custom.is_none() || resource.has(Subresource::Status);
    let wanted = |field: &str| field != "metadata" && !(status_is_apart && field == "status");
    let fields = live
        .keys()
        .chain(object.keys())
        .filter(|field| wanted(field));
    fields
        .into_iter()
        .any(|field| live.get(field) != object.get(field))
        || (is_deployment(resource) && annotations(live) != annotations(object))
}

/// Deployments copy their annotations to their ReplicaSets, so these are wanted as well.
fn is_deployment(resource: &ResourceType) -> bool {
    resource.group == "apps" && resource.plural == "deployments"
}

/// Returns the annotations but for the one that the controller of Deployments writes with the status.
fn annotations(object: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let metadata = object.get("metadata");
    let found = metadata.and_then(|metadata| metadata.get("annotations")?.as_object());
    let found = found.into_iter().flatten();
    found
        .filter(|(key, _)| *key != "deployment.kubernetes.io/revision")
        .collect()
}
