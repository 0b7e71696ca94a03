//! Namespaces: what they hold from the start, and that nothing is created in one that is missing or
//! being deleted.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Api, Target, WriteOptions, metadata};
use crate::fields;
use crate::rbac;
use crate::resource::{GroupResource, ResourceType};
use crate::status::{Cause, Status};
use crate::store::{Key, Range};

/// The finalizer in `spec.finalizers` that holds a namespace until its content is gone.
const FINALIZER: &str = "kubernetes";

/// The namespaces that are there from the start.
const SYSTEM: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// Returns whether the type is that of namespaces.
pub(super) fn is_namespace(resource: &ResourceType) -> bool {
    resource.group.is_empty() && resource.plural == "namespaces"
}

/// Returns whether a namespace still has content.
pub(super) fn has_finalizers(resource: &ResourceType, object: &Value) -> bool {
    is_namespace(resource) && !fields::list(object, "/spec/finalizers").is_empty()
}

/// Prepares a new namespace.
pub(super) fn prepare(object: &mut Value) {
    let name = object["metadata"]["name"].clone();
    object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name;
}

/// Gives a new namespace the finalizer that holds it until its content is gone.
pub(super) fn hold(object: &mut Value) {
    let mut finalizers = fields::list(object, "/spec/finalizers").to_vec();
    if !finalizers.iter().any(|finalizer| finalizer == FINALIZER) {
        finalizers.push(FINALIZER.into());
    }
    object["spec"] = json!({"finalizers": finalizers});
}

/// Finalizers change through the `finalize` subresource only.
pub(super) fn keep_finalizers(live: &Value, object: &mut Value) {
    if let Some(finalizers) = live.pointer("/spec/finalizers") {
        object["spec"]["finalizers"] = finalizers.clone();
    }
}

/// The label with the name is always there.
pub(super) fn keep_label(live: &Value, object: &mut Value) {
    object["metadata"]["labels"]["kubernetes.io/metadata.name"] = live["metadata"]["name"].clone();
}

/// Returns a namespace that is being deleted with what it waits for: objects by type.
pub(crate) fn waiting(live: &Value, remaining: &[(GroupResource, Vec<Value>)], now: &str) -> Value {
    let mut kinds: Vec<String> = remaining
        .iter()
        .map(|(kind, objects)| {
            let (plural, group, count) = (&kind.resource, &kind.group, objects.len());
            format!("{plural}.{group} has {count} resource instances")
        })
        .collect();
    kinds.sort();
    let mut holding: BTreeMap<&str, usize> = BTreeMap::new();
    let objects = remaining.iter().flat_map(|(_, objects)| objects);
    for finalizer in objects.flat_map(metadata::finalizers) {
        *holding.entry(finalizer).or_default() += 1;
    }
    let holding: Vec<String> = holding
        .iter()
        .map(|(finalizer, count)| format!("{finalizer} in {count} resource instances"))
        .collect();
    let mut namespace = live.clone();
    let (remain, finalize) = (kinds.join(", "), holding.join(", "));
    for (kind, reason, message) in CALM {
        set_condition(&mut namespace, kind, ["False", reason, message], now);
    }
    let message = format!("Some resources are remaining: {remain}");
    let texts = ["True", "SomeResourcesRemain", &message];
    set_condition(&mut namespace, "NamespaceContentRemaining", texts, now);
    let message = format!("Some content in the namespace has finalizers remaining: {finalize}");
    let texts = if holding.is_empty() {
        [
            "False",
            "ContentHasNoFinalizers",
            "All content-preserving finalizers finished",
        ]
    } else {
        ["True", "SomeFinalizersRemain", &message]
    };
    set_condition(&mut namespace, "NamespaceFinalizersRemaining", texts, now);
    namespace
}

/// Conditions that say that nothing is wrong.
const CALM: [(&str, &str, &str); 3] = [
    (
        "NamespaceDeletionDiscoveryFailure",
        "ResourcesDiscovered",
        "All resources successfully discovered",
    ),
    (
        "NamespaceDeletionGroupVersionParsingFailure",
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
    ),
    (
        "NamespaceDeletionContentFailure",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
];

/// Sets a condition to a status, with a reason and a message; its time is that of the last other status.
fn set_condition(namespace: &mut Value, kind: &str, texts: [&str; 3], now: &str) {
    let [status, reason, message] = texts;
    let mut condition = json!({
        "type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": now,
    });
    if !namespace["status"]["conditions"].is_array() {
        namespace["status"]["conditions"] = json!([]);
    }
    let Some(conditions) = namespace["status"]["conditions"].as_array_mut() else {
        return;
    };
    match conditions.iter_mut().find(|it| it["type"] == kind) {
        Some(known) => {
            if known["status"] == status {
                condition["lastTransitionTime"] = known["lastTransitionTime"].take();
            }
            *known = condition;
        }
        None => conditions.push(condition),
    }
}

impl Api {
    /// Refuses new objects in a namespace that is missing or being deleted.
    pub(super) fn check_namespace(&self, target: &Target<'_>) -> Result<(), Status> {
        if !target.resource.namespaced {
            return Ok(());
        }
        let types = self.registry.types();
        let namespaces = types
            .get("", "v1", "namespaces")
            .ok_or_else(Status::no_such_resource)?;
        let namespace = self
            .store
            .get(&key(target.namespace))
            .ok_or_else(|| Status::not_found(namespaces, target.namespace))?;
        if metadata::is_deleting(&namespace) {
            return Err(terminating(target));
        }
        Ok(())
    }

    /// Creates an object of the server's own, unless there is one of its name.
    pub(crate) fn ensure(
        &self,
        group: &str,
        version: &str,
        plural: &str,
        namespace: &str,
        object: Value,
    ) {
        let types = self.registry.types();
        let Some(resource) = types.get(group, version, plural) else {
            return;
        };
        let target = Target {
            resource,
            namespace,
            name: "",
            subresource: None,
        };
        let manager = match plural {
            "serviceaccounts" | "configmaps" => "kube-controller-manager",
            _ => "kube-apiserver",
        };
        let options = WriteOptions {
            field_manager: manager.to_owned(),
            ..WriteOptions::default()
        };
        // It is there already, or its namespace is going away: both are as well.
        let _ = self.create(target, object, &options);
    }
}

fn key(name: &str) -> Key {
    Key {
        resource: GroupResource::new("", "namespaces"),
        namespace: String::new(),
        name: name.to_owned(),
    }
}

fn terminating(target: &Target<'_>) -> Status {
    let namespace = target.namespace;
    let why = format!(
        "unable to create new content in namespace {namespace} because it is being terminated"
    );
    let mut status = Status::forbidden(target.resource, target.name, why);
    if let Some(details) = &mut status.details {
        details.causes.push(Cause::new(
            "NamespaceTerminating",
            "metadata.namespace",
            format!("namespace {namespace} is being terminated"),
        ));
    }
    status
}

/// Creates the objects that a cluster has from the start, where they are missing.
///
/// A server that was killed may have left a namespace without what every namespace has: those are furnished, too.
pub(crate) fn create_system_objects(api: &Api) {
    for name in SYSTEM {
        api.ensure(
            "",
            "v1",
            "namespaces",
            "",
            json!({"metadata": {"name": name}}),
        );
    }
    let namespaces = GroupResource::new("", "namespaces");
    for namespace in api.store.list(&namespaces, &Range::default()).items {
        api.furnish_namespace(fields::name(&namespace.value()));
    }
    api.ensure("", "v1", "services", "default", kubernetes_service());
    for (name, value) in [
        ("system-node-critical", 2_000_001_000),
        ("system-cluster-critical", 2_000_000_000),
    ] {
        let class = json!({
            "metadata": {"name": name},
            "value": value,
            "description": "Used for system critical pods that must not be moved from their current \
                            node.",
        });
        api.ensure("scheduling.k8s.io", "v1", "priorityclasses", "", class);
    }
    for (plural, objects) in [
        ("clusterroles", rbac::default_roles()),
        ("clusterrolebindings", rbac::default_bindings()),
    ] {
        for object in objects {
            api.ensure("rbac.authorization.k8s.io", "v1", plural, "", object);
        }
    }
    api.ensure("", "v1", "nodes", "", node(&api.now()));
}

fn kubernetes_service() -> Value {
    json!({
        "metadata": {
            "name": "kubernetes",
            "labels": {"component": "apiserver", "provider": "kubernetes"},
        },
        "spec": {
            "type": "ClusterIP",
            "clusterIP": super::service::FIRST_ADDRESS,
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
        },
    })
}

/// The one node, on which everything "runs".
fn node(now: &str) -> Value {
    let condition = |kind: &str, status: &str, reason: &str, message: &str| {
        json!({
            "type": kind, "status": status, "reason": reason, "message": message,
            "lastHeartbeatTime": now, "lastTransitionTime": now,
        })
    };
    let amounts =
        json!({"cpu": "8", "memory": "32Gi", "pods": "1000", "ephemeral-storage": "100Gi"});
    json!({
        "metadata": {
            "name": "windlass",
            "labels": {
                "kubernetes.io/hostname": "windlass",
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "node-role.kubernetes.io/control-plane": "",
            },
        },
        "spec": {"podCIDR": "10.244.0.0/16", "podCIDRs": ["10.244.0.0/16"]},
        "status": {
            "capacity": amounts.clone(),
            "allocatable": amounts,
            "addresses": [
                {"type": "InternalIP", "address": "127.0.0.1"},
                {"type": "Hostname", "address": "windlass"},
            ],
            "conditions": [
                condition("MemoryPressure", "False", "KubeletHasSufficientMemory",
                    "no containers run here"),
                condition("DiskPressure", "False", "KubeletHasNoDiskPressure",
                    "no containers run here"),
                condition("PIDPressure", "False", "KubeletHasSufficientPID",
                    "no containers run here"),
                condition("Ready", "True", "KubeletReady",
                    "windlass stands in for a node; no containers run here"),
            ],
            "nodeInfo": {
                "architecture": "amd64", "bootID": "", "containerRuntimeVersion": "windlass://none",
                "kernelVersion": "", "kubeProxyVersion": "", "machineID": "",
                "kubeletVersion": crate::VERSION, "operatingSystem": "linux",
                "osImage": "Windlass", "systemUUID": "",
            },
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 0}},
        },
    })
}
