//! What admission adds to a new Pod, as the plugins of kube-apiserver 1.37 that are on by default do: its service
//! account with a token, its priority, and how long it stays on a node that is lost.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Api, Target};
use crate::fields;
use crate::identity;
use crate::resource::{GroupResource, ResourceType};
use crate::status::Status;
use crate::store::{Key, Range};

/// Where containers find the token of their service account.
const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The taints of a node that is lost, and for how long a Pod stays there, in seconds.
const LOST: [&str; 2] = [
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/unreachable",
];
const STAY: i64 = 300;

/// Returns whether the type is that of Pods.
pub(super) fn is_pod(resource: &ResourceType) -> bool {
    resource.group.is_empty() && resource.plural == "pods"
}

impl Api {
    /// Adds to a new Pod what its author left to the cluster, and refuses what the cluster does not have.
    pub(super) fn admit_pod(&self, target: &Target<'_>, pod: &mut Value) -> Result<(), Status> {
        if !pod["spec"].is_object() {
            return Ok(());
        }
        self.give_account(target, pod)?;
        self.give_priority(target, pod)?;
        tolerate_lost_nodes(pod);
        self.give_limits(target.namespace, pod);
        pod["status"]["qosClass"] = quality(pod).into();
        Ok(())
    }

    fn give_account(&self, target: &Target<'_>, pod: &mut Value) -> Result<(), Status> {
        let name = match fields::text(pod, "/spec/serviceAccountName") {
            "" => "default".to_owned(),
            name => name.to_owned(),
        };
        let namespace = target.namespace;
        let account = self.store.get(&Key {
            resource: GroupResource::new("", "serviceaccounts"),
            namespace: namespace.to_owned(),
            name: name.clone(),
        });
        let account = account.ok_or_else(|| {
            let why = format!(
                "error looking up service account {namespace}/{name}: serviceaccount \"{name}\" not found"
            );
            Status::forbidden(target.resource, target.name, why)
        })?;
        pod["spec"]["serviceAccountName"] = name.as_str().into();
        pod["spec"]["serviceAccount"] = name.into();
        let says = |object: &Value, at: &str| object.pointer(at).and_then(Value::as_bool);
        let mounts = says(pod, "/spec/automountServiceAccountToken")
            .or_else(|| says(&account, "/automountServiceAccountToken"));
        if mounts != Some(false) {
            mount_token(pod);
        }
        let secrets = fields::list(&account, "/imagePullSecrets");
        if fields::list(pod, "/spec/imagePullSecrets").is_empty() && !secrets.is_empty() {
            pod["spec"]["imagePullSecrets"] = secrets.into();
        }
        Ok(())
    }

    fn give_priority(&self, target: &Target<'_>, pod: &mut Value) -> Result<(), Status> {
        let classes = GroupResource::new("scheduling.k8s.io", "priorityclasses");
        let classes = self.store.list(&classes, &Range::default()).items;
        let classes: Vec<Arc<Value>> = classes.iter().map(|class| class.value()).collect();
        let name = fields::text(pod, "/spec/priorityClassName");
        let class = classes.iter().find(|class| match name {
            "" => fields::flag(class, "/globalDefault"),
            name => fields::name(class) == name,
        });
        if class.is_none() && !name.is_empty() {
            let why = format!("no PriorityClass with name {name} was found");
            return Err(Status::forbidden(target.resource, target.name, why));
        }
        let policy = class.map_or("", |class| fields::text(class, "/preemptionPolicy"));
        let policy = if policy.is_empty() {
            "PreemptLowerPriority"
        } else {
            policy
        };
        let value = class.map_or(0, |class| fields::integer(class, "/value"));
        if let Some(class) = class {
            pod["spec"]["priorityClassName"] = fields::name(class).into();
        }
        pod["spec"]["priority"] = value.into();
        if !fields::is_set(pod, "/spec/preemptionPolicy") {
            pod["spec"]["preemptionPolicy"] = policy.into();
        }
        Ok(())
    }
}

/// Mounts the token into the containers that have nothing there.
fn mount_token(pod: &mut Value) {
    let name = identity::generate_name("kube-api-access-");
    let mut mounted = false;
    for list in ["initContainers", "containers"] {
        let containers = pod["spec"].get_mut(list).and_then(Value::as_array_mut);
        let maps = containers
            .into_iter()
            .flatten()
            .filter_map(Value::as_object_mut);
        for container in maps {
            mounted |= mount(container, &name);
        }
    }
    if mounted {
        push(&mut pod["spec"], "volumes", token_volume(&name));
    }
}

fn mount(container: &mut Map<String, Value>, name: &str) -> bool {
    let mounts = container.get("volumeMounts").and_then(Value::as_array);
    let mut mounts = mounts.into_iter().flatten();
    if mounts.any(|mount| mount["mountPath"] == TOKEN_PATH) {
        return false;
    }
    let mount = json!({"name": name, "readOnly": true, "mountPath": TOKEN_PATH});
    let mounts = container.entry("volumeMounts").or_insert_with(|| json!([]));
    if let Value::Array(mounts) = mounts {
        mounts.push(mount);
    }
    true
}

fn token_volume(name: &str) -> Value {
    let namespace = json!({"apiVersion": "v1", "fieldPath": "metadata.namespace"});
    json!({
        "name": name,
        "projected": {
            "sources": [
                {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": namespace}]}},
            ],
            "defaultMode": 420,
        },
    })
}

fn tolerate_lost_nodes(pod: &mut Value) {
    for taint in LOST {
        let tolerates = |toleration: &Value| {
            let (key, effect) = (
                fields::text(toleration, "/key"),
                fields::text(toleration, "/effect"),
            );
            (key == taint || key.is_empty()) && (effect == "NoExecute" || effect.is_empty())
        };
        if !fields::list(pod, "/spec/tolerations").iter().any(tolerates) {
            let toleration = json!({
                "key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": STAY,
            });
            push(&mut pod["spec"], "tolerations", toleration);
        }
    }
}

fn push(map: &mut Value, field: &str, item: Value) {
    match map.get_mut(field) {
        Some(Value::Array(list)) => list.push(item),
        _ => map[field] = json!([item]),
    }
}

/// Returns the class of service that follows from what the containers ask for.
fn quality(pod: &Value) -> &'static str {
    let lists = ["/spec/containers", "/spec/initContainers"];
    let containers: Vec<&Value> = lists
        .iter()
        .flat_map(|list| fields::list(pod, list))
        .collect();
    let amount = |container: &Value, kind: &str, name: &str| {
        container
            .pointer(&format!("/resources/{kind}/{name}"))
            .cloned()
    };
    let counted = ["cpu", "memory"];
    let asks = |container: &&&Value| {
        ["requests", "limits"].iter().any(|kind| {
            counted
                .iter()
                .any(|name| amount(container, kind, name).is_some())
        })
    };
    let is_fixed = |container: &&Value| {
        counted.iter().all(|name| {
            let limit = amount(container, "limits", name);
            limit.is_some() && limit == amount(container, "requests", name)
        })
    };
    if !containers.iter().any(|container| asks(&container)) {
        "BestEffort"
    } else if containers.iter().all(is_fixed) {
        "Guaranteed"
    } else {
        "Burstable"
    }
}
