//! Configuration, storage, access and extensions.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::{child, each, given, set, set_unless_given, text};

type Object = Map<String, Value>;

const RBAC: &str = "rbac.authorization.k8s.io";

/// `stringData` is written to `data` and never read.
pub(super) fn secret(secret: &mut Object) {
    set(secret, "type", "Opaque");
    if let Some(Value::Object(texts)) = secret.remove("stringData")
        && !texts.is_empty()
        && let Some(data) = child(secret, "data")
    {
        for (name, text) in texts {
            let text = text.as_str().unwrap_or_default();
            data.insert(name, STANDARD.encode(text).into());
        }
    }
}

pub(super) fn namespace(namespace: &mut Object) {
    let name = namespace.get("metadata").and_then(|it| it.get("name"));
    let Some(name) = name.and_then(Value::as_str).map(str::to_owned) else {
        return;
    };
    let labels = child(namespace, "metadata").and_then(|metadata| child(metadata, "labels"));
    if let Some(labels) = labels
        && !name.is_empty()
    {
        labels.insert("kubernetes.io/metadata.name".to_owned(), name.into());
    }
}

/// The list of address ranges begins with the one of old, and both say the same.
pub(super) fn node(node: &mut Object) {
    if let Some(status) = child(node, "status")
        && let Some(capacity) = status.get("capacity").cloned()
    {
        set_unless_given(status, "allocatable", capacity);
    }
    let Some(spec) = child(node, "spec") else {
        return;
    };
    let one = spec.get("podCIDR").and_then(Value::as_str);
    let first = spec.get("podCIDRs").and_then(|it| it.get(0));
    if let Some(one) = one.filter(|it| !it.is_empty() && first.and_then(Value::as_str) != Some(it))
    {
        let ranges = vec![one.into()];
        spec.insert("podCIDRs".to_owned(), Value::Array(ranges));
    }
}

pub(super) fn volume(volume: &mut Object) {
    if let Some(spec) = child(volume, "spec") {
        set(spec, "persistentVolumeReclaimPolicy", "Retain");
        if let Some(path) = spec.get_mut("hostPath").and_then(Value::as_object_mut) {
            set(path, "type", "");
        }
        set_unless_given(spec, "volumeMode", "Filesystem");
    }
    phase(volume);
}

pub(super) fn claim(claim: &mut Object) {
    if let Some(spec) = child(claim, "spec") {
        set_unless_given(spec, "volumeMode", "Filesystem");
    }
    phase(claim);
}

fn phase(object: &mut Object) {
    if let Some(status) = child(object, "status") {
        set(status, "phase", "Pending");
    }
}

pub(super) fn limit_range(range: &mut Object) {
    let Some(spec) = given(range, "spec") else {
        return;
    };
    for limit in each(spec, "limits").filter(|limit| text(limit, "type") == "Container") {
        for (from, to) in [
            ("max", "default"),
            ("default", "defaultRequest"),
            ("min", "defaultRequest"),
        ] {
            let Some(Value::Object(amounts)) = limit.get(from).cloned() else {
                continue;
            };
            if let Some(target) = child(limit, to) {
                for (name, amount) in amounts {
                    target.entry(name).or_insert(amount);
                }
            }
        }
    }
}

pub(super) fn storage_class(class: &mut Object) {
    set_unless_given(class, "reclaimPolicy", "Delete");
    set_unless_given(class, "volumeBindingMode", "Immediate");
}

pub(super) fn priority_class(class: &mut Object) {
    set_unless_given(class, "preemptionPolicy", "PreemptLowerPriority");
}

pub(super) fn binding(binding: &mut Object) {
    if let Some(role) = given(binding, "roleRef") {
        set(role, "apiGroup", RBAC);
    }
    for subject in each(binding, "subjects") {
        if matches!(text(subject, "kind"), "User" | "Group") {
            set(subject, "apiGroup", RBAC);
        }
    }
}

pub(super) fn webhooks(configuration: &mut Object, mutating: bool) {
    for webhook in each(configuration, "webhooks") {
        set_unless_given(webhook, "failurePolicy", "Fail");
        set_unless_given(webhook, "matchPolicy", "Equivalent");
        set_unless_given(webhook, "namespaceSelector", json!({}));
        set_unless_given(webhook, "objectSelector", json!({}));
        set_unless_given(webhook, "timeoutSeconds", 10);
        if mutating {
            set_unless_given(webhook, "reinvocationPolicy", "Never");
        }
        for rule in each(webhook, "rules") {
            set_unless_given(rule, "scope", "*");
        }
        let client = given(webhook, "clientConfig");
        if let Some(service) = client.and_then(|client| given(client, "service")) {
            set_unless_given(service, "port", 443);
        }
    }
}

pub(super) fn definition(definition: &mut Object) {
    let Some(spec) = given(definition, "spec") else {
        return;
    };
    let conversion = child(spec, "conversion");
    if let Some(conversion) = conversion {
        set(conversion, "strategy", "None");
    }
    if let Some(names) = given(spec, "names") {
        let kind = text(names, "kind").to_owned();
        if !kind.is_empty() {
            set(names, "singular", kind.to_lowercase());
            set(names, "listKind", format!("{kind}List"));
        }
    }
}

pub(super) fn api_service(service: &mut Object) {
    let spec = given(service, "spec");
    if let Some(service) = spec.and_then(|spec| given(spec, "service")) {
        set_unless_given(service, "port", 443);
    }
}
