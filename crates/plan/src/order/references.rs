//! What an object needs to be there before it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use smol_str::SmolStr;
use windlass_object::{Object, ObjectRef, PackedObject};

use crate::{DesiredSet, Until, Wait};

/// The annotation of cli-utils that names what an object waits for.
const DEPENDS_ON: &str = "config.kubernetes.io/depends-on";

/// One object that another needs.
pub(super) struct Need {
    pub(super) id: ObjectRef,
    pub(super) until: Until,
    /// The source asks for it by name.
    pub(super) is_explicit: bool,
    /// It is known that the cluster does not have it.
    pub(super) is_missing: bool,
}

/// The desired objects, as what others may need.
pub(super) struct Needs<'a> {
    desired: &'a DesiredSet,
    /// The definition of each custom kind, by group and kind.
    definitions: BTreeMap<(SmolStr, SmolStr), &'a ObjectRef>,
}

impl<'a> Needs<'a> {
    pub(super) fn of(desired: &'a DesiredSet) -> Self {
        let is_definition =
            |object: &&PackedObject| object.gvk().kind == "CustomResourceDefinition";
        let definition = |packed: &'a PackedObject| {
            let object = packed.open();
            let text = |pointer| Some(object.value().pointer(pointer)?.as_str()?.into());
            Some((
                (text("/spec/group")?, text("/spec/names/kind")?),
                packed.id(),
            ))
        };
        Self {
            desired,
            definitions: desired
                .objects()
                .filter(is_definition)
                .filter_map(definition)
                .collect(),
        }
    }

    /// Returns what `object` needs: what the dry run ran into, what the source asks for, and what it refers to of
    /// the desired objects.
    pub(super) fn needs_of(&self, object: &PackedObject, deferred: &[Wait]) -> Vec<Need> {
        let object = &object.open();
        let mut needs: Vec<Need> = deferred.iter().map(missing).collect();
        needs.extend(explicit(object));
        let implied = self.implied(object).into_iter();
        let implied = implied.filter(|(id, _)| id != object.id() && self.desired.get(id).is_some());
        needs.extend(implied.map(|(id, until)| Need {
            id,
            until,
            is_explicit: false,
            is_missing: false,
        }));
        needs
    }

    fn implied(&self, object: &Object) -> BTreeSet<(ObjectRef, Until)> {
        let mut ids = BTreeSet::new();
        let namespace = object.id().namespace.as_deref();
        if let Some(namespace) = namespace {
            ids.insert((cluster("", "Namespace", namespace), Until::Current));
        }
        let gvk = object.gvk();
        if let Some(&id) = self.definitions.get(&(gvk.group.clone(), gvk.kind.clone())) {
            ids.insert((id.clone(), Until::Current));
        }
        let mut refer = |id| ids.insert((id, Until::Applied));
        owners(object, &mut refer);
        classes(object, &mut refer);
        role(object, &mut refer);
        if let (Some(namespace), Some(pod)) = (namespace, pod_spec(object)) {
            of_pod(namespace, pod, &mut refer);
        }
        if gvk.kind.ends_with("WebhookConfiguration") {
            ids.extend(self.webhook_servers(object));
        }
        ids
    }

    /// A webhook that nobody serves yet refuses requests, so what serves it comes first.
    fn webhook_servers(&self, object: &Object) -> BTreeSet<(ObjectRef, Until)> {
        let webhooks = object.value().get("webhooks").and_then(Value::as_array);
        let service = |webhook: &Value| {
            let service = webhook.pointer("/clientConfig/service")?;
            let text = |key: &str| service.get(key)?.as_str();
            Some(namespaced("", "Service", text("namespace")?, text("name")?))
        };
        let services = webhooks.into_iter().flatten().filter_map(service);
        let served = services.flat_map(|id| {
            let workloads = self
                .desired
                .get(&id)
                .map(|service| self.workloads_behind(&service.open()));
            let workloads = workloads
                .into_iter()
                .flatten()
                .map(|id| (id, Until::Current));
            workloads.chain([(id, Until::Applied)]).collect::<Vec<_>>()
        });
        served.collect()
    }

    fn workloads_behind(&self, service: &Object) -> Vec<ObjectRef> {
        let selector = service
            .value()
            .pointer("/spec/selector")
            .and_then(Value::as_object);
        let Some(selector) = selector.filter(|selector| !selector.is_empty()) else {
            return Vec::new();
        };
        let is_behind = |object: &&PackedObject| {
            if object.id().namespace != service.id().namespace {
                return false;
            }
            let object = object.open();
            let labels = object.value().pointer("/spec/template/metadata/labels");
            let has = |(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value);
            labels.is_some() && selector.iter().all(has)
        };
        self.desired
            .objects()
            .filter(is_behind)
            .map(|object| object.id().clone())
            .collect()
    }
}

fn missing(wait: &Wait) -> Need {
    Need {
        id: wait.id.clone(),
        until: wait.until,
        is_explicit: false,
        is_missing: true,
    }
}

/// Reads the annotation: entries with commas between them, each `group/kind/name` or
/// `group/namespaces/namespace/kind/name`. An entry of another form names nothing.
fn explicit(object: &Object) -> Vec<Need> {
    let entries = object.annotation(DEPENDS_ON).unwrap_or_default().split(',');
    let id = |entry: &str| match entry.trim().split('/').collect::<Vec<_>>()[..] {
        [group, kind, name] => Some(cluster(group, kind, name)),
        [group, "namespaces", namespace, kind, name] => {
            Some(namespaced(group, kind, namespace, name))
        }
        _ => None,
    };
    let need = |id| Need {
        id,
        until: Until::Current,
        is_explicit: true,
        is_missing: false,
    };
    entries.filter_map(id).map(need).collect()
}

fn owners(object: &Object, refer: &mut impl FnMut(ObjectRef) -> bool) {
    let owners = object
        .value()
        .pointer("/metadata/ownerReferences")
        .and_then(Value::as_array);
    for owner in owners.into_iter().flatten() {
        let text = |key: &str| owner.get(key).and_then(Value::as_str).unwrap_or_default();
        let group = text("apiVersion")
            .rsplit_once('/')
            .map_or("", |(group, _)| group);
        refer(cluster(group, text("kind"), text("name")));
        if let Some(namespace) = &object.id().namespace {
            refer(namespaced(group, text("kind"), namespace, text("name")));
        }
    }
}

fn classes(object: &Object, refer: &mut impl FnMut(ObjectRef) -> bool) {
    const CLASSES: [(&str, &str, &str); 3] = [
        (
            "/spec/ingressClassName",
            "networking.k8s.io",
            "IngressClass",
        ),
        ("/spec/storageClassName", "storage.k8s.io", "StorageClass"),
        (
            "/spec/gatewayClassName",
            "gateway.networking.k8s.io",
            "GatewayClass",
        ),
    ];
    for (pointer, group, kind) in CLASSES {
        if let Some(name) = object.value().pointer(pointer).and_then(Value::as_str) {
            refer(cluster(group, kind, name));
        }
    }
}

/// A binding is refused while its role is not there, unless the one who binds may do everything.
fn role(object: &Object, refer: &mut impl FnMut(ObjectRef) -> bool) {
    const GROUP: &str = "rbac.authorization.k8s.io";
    let Some(role) = object.value().get("roleRef") else {
        return;
    };
    let text = |key: &str| role.get(key).and_then(Value::as_str).unwrap_or_default();
    refer(match (text("kind"), &object.id().namespace) {
        ("Role", Some(namespace)) => namespaced(GROUP, "Role", namespace, text("name")),
        (kind, _) => cluster(GROUP, kind, text("name")),
    });
}

/// Returns the spec of the pods that a built-in workload makes.
fn pod_spec(object: &Object) -> Option<&Value> {
    object.value().pointer(match object.gvk().kind.as_str() {
        "Pod" => "/spec",
        "CronJob" => "/spec/jobTemplate/spec/template/spec",
        _ => "/spec/template/spec",
    })
}

fn of_pod(namespace: &str, pod: &Value, refer: &mut impl FnMut(ObjectRef) -> bool) {
    let text = |value: &Value, pointer: &str| {
        value
            .pointer(pointer)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    if let Some(name) = text(pod, "/priorityClassName") {
        refer(cluster("scheduling.k8s.io", "PriorityClass", &name));
    }
    if let Some(name) = text(pod, "/runtimeClassName") {
        refer(cluster("node.k8s.io", "RuntimeClass", &name));
    }
    if let Some(name) = text(pod, "/serviceAccountName") {
        refer(namespaced("", "ServiceAccount", namespace, &name));
    }
    visit(pod, 0, &mut |key, value| {
        let (kind, pointer) = match key {
            "configMap" | "configMapRef" | "configMapKeyRef" => ("ConfigMap", "/name"),
            "secretRef" | "secretKeyRef" | "imagePullSecrets" => ("Secret", "/name"),
            "secret" => ("Secret", "/secretName"),
            "persistentVolumeClaim" => ("PersistentVolumeClaim", "/claimName"),
            _ => return,
        };
        let name = text(value, pointer).or_else(|| text(value, "/name"));
        if let Some(name) = name {
            refer(namespaced("", kind, namespace, &name));
        }
    });
}

/// Calls `found` with each key and its value, and for a list with the key and each element.
fn visit(value: &Value, depth: usize, found: &mut impl FnMut(&str, &Value)) {
    // A pod's references are at most seven levels down.
    if depth > 10 {
        return;
    }
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                for element in value
                    .as_array()
                    .map_or(std::slice::from_ref(value), Vec::as_slice)
                {
                    found(key, element);
                    visit(element, depth + 1, found);
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| visit(value, depth + 1, found)),
        _ => {}
    }
}

fn cluster(group: &str, kind: &str, name: &str) -> ObjectRef {
    ObjectRef {
        group: group.into(),
        kind: kind.into(),
        namespace: None,
        name: name.into(),
    }
}

fn namespaced(group: &str, kind: &str, namespace: &str, name: &str) -> ObjectRef {
    ObjectRef {
        namespace: Some(namespace.into()),
        ..cluster(group, kind, name)
    }
}
