//! Configuration, claims and access.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use windlass_object::Gvk;

use super::semantic::immutable;
use super::{FieldErrors, go_print, names};
use crate::fields::{list, text};

/// The most bytes that a ConfigMap or Secret may hold: 1 MiB.
const MAX_SIZE: usize = 1024 * 1024;

/// Fields of a PersistentVolume that are none of its source.
const OF_ANY_VOLUME: [&str; 9] = [
    "accessModes",
    "capacity",
    "claimRef",
    "mountOptions",
    "nodeAffinity",
    "persistentVolumeReclaimPolicy",
    "storageClassName",
    "volumeAttributesClassName",
    "volumeMode",
];

pub(super) fn config_map(live: Option<&Value>, object: &Value, errors: &mut FieldErrors) {
    let mut size = 0;
    for field in ["data", "binaryData"] {
        for (key, value) in map(object, field) {
            keys(field, key, errors);
            size += value.as_str().map_or(0, str::len);
        }
    }
    for (key, _) in map(object, "data") {
        if object["binaryData"].get(key).is_some() {
            let path = format!("data[{key}]");
            errors.invalid(
                &path,
                &key.as_str().into(),
                "duplicate of key present in binaryData",
            );
        }
    }
    if size > MAX_SIZE {
        errors.too_long("", MAX_SIZE as u64);
    }
    frozen(live, object, &["data", "binaryData"], errors);
}

fn keys(field: &str, key: &str, errors: &mut FieldErrors) {
    for why in names::config_key(key) {
        errors.invalid(&format!("{field}[{key}]"), &key.into(), &why);
    }
}

/// An object that is marked immutable stays as it is, and marked.
fn frozen(live: Option<&Value>, object: &Value, fields: &[&str], errors: &mut FieldErrors) {
    let is_frozen = |object: &Value| object.get("immutable") == Some(&Value::Bool(true));
    let Some(live) = live.filter(|live| is_frozen(live)) else {
        return;
    };
    let detail = "field is immutable when `immutable` is set";
    if !is_frozen(object) {
        errors.forbidden("immutable", detail);
    }
    for field in fields {
        if live.get(*field) != object.get(*field) {
            errors.forbidden(field, detail);
        }
    }
}

/// Values of a Secret are not in the messages.
pub(super) fn secret(live: Option<&Value>, object: &Value, errors: &mut FieldErrors) {
    let mut size = 0;
    for (key, value) in map(object, "data") {
        keys("data", key, errors);
        let text = value.as_str().unwrap_or_default();
        size += text.len() / 4 * 3;
        if STANDARD.decode(text).is_err() {
            let path = format!("data[{key}]");
            errors.invalid(
                &path,
                &"<secret contents redacted>".into(),
                "must be base64",
            );
        }
    }
    if size > MAX_SIZE {
        errors.too_long("data", MAX_SIZE as u64);
    }
    let has = |key: &str| object["data"].get(key).is_some();
    let needed: &[&str] = match text(object, "/type") {
        "kubernetes.io/dockerconfigjson" => &[".dockerconfigjson"],
        "kubernetes.io/dockercfg" => &[".dockercfg"],
        "kubernetes.io/tls" => &["tls.crt", "tls.key"],
        "kubernetes.io/ssh-auth" => &["ssh-privatekey"],
        _ => &[],
    };
    if text(object, "/type") == "kubernetes.io/basic-auth" && !has("username") && !has("password") {
        errors.required("data[username]", "");
        errors.required("data[password]", "");
    }
    for key in needed
        .iter()
        .filter(|key| key.starts_with(".docker") && has(key))
    {
        check_docker(object, key, errors);
    }
    for key in needed.iter().filter(|key| !has(key)) {
        errors.required(&format!("data[{key}]"), "");
    }
    immutable(live, object, "/type", errors);
    frozen(live, object, &["data"], errors);
}

/// What pulls images reads these as JSON.
fn check_docker(object: &Value, key: &str, errors: &mut FieldErrors) {
    let text = object["data"][key].as_str().unwrap_or_default();
    let bytes = STANDARD.decode(text).unwrap_or_default();
    let first = bytes.first().copied().unwrap_or_default();
    if serde_json::from_slice::<Map<String, Value>>(&bytes).is_err() {
        let why = match first {
            0 => "unexpected end of JSON input".to_owned(),
            b'{' => "it is no JSON object".to_owned(),
            byte => {
                let byte = char::from(byte);
                format!("invalid character '{byte}' looking for beginning of value")
            }
        };
        let path = format!("data[{key}]");
        errors.invalid(&path, &"<secret contents redacted>".into(), &why);
    }
}

fn map<'a>(object: &'a Value, field: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let found = object.get(field).and_then(Value::as_object);
    found.into_iter().flat_map(Map::iter)
}

pub(super) fn claim(live: Option<&Value>, object: &Value, errors: &mut FieldErrors) {
    if list(object, "/spec/accessModes").is_empty() {
        errors.required("spec.accessModes", "at least 1 access mode is required");
    }
    let modes = [
        "ReadOnlyMany",
        "ReadWriteMany",
        "ReadWriteOnce",
        "ReadWriteOncePod",
    ];
    for mode in list(object, "/spec/accessModes") {
        if !mode.as_str().is_some_and(|mode| modes.contains(&mode)) {
            errors.unsupported("spec.accessModes", mode, &modes);
        }
    }
    if object.pointer("/spec/resources/requests/storage").is_none() {
        errors.required("spec.resources[storage]", "");
    }
    let fixed = |object: &Value| {
        let mut spec = object["spec"].clone();
        if let Value::Object(spec) = &mut spec {
            let bound = live.is_some_and(|live| text(live, "/status/phase") == "Bound");
            for field in ["resources", "volumeAttributesClassName"] {
                if bound {
                    spec.remove(field);
                }
            }
            spec.remove("volumeName");
        }
        spec
    };
    if let Some(live) = live.filter(|live| fixed(live) != fixed(object)) {
        let detail = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
        let (old, new) = (&live["spec"], &object["spec"]);
        let difference = go_print::difference(old, new, go_print::CLAIM);
        errors.forbidden("spec", &format!("{detail}\n{difference}"));
    }
}

pub(super) fn volume(live: Option<&Value>, object: &Value, errors: &mut FieldErrors) {
    let source = |object: &Value| {
        let spec = object.get("spec").and_then(Value::as_object);
        let mut fields = spec.into_iter().flat_map(Map::iter);
        let found = fields.find(|(name, _)| !OF_ANY_VOLUME.contains(&name.as_str()));
        found.map(|(name, value)| (name.clone(), value.clone()))
    };
    if source(object).is_none() {
        errors.required("spec", "must specify a volume type");
    }
    if list(object, "/spec/accessModes").is_empty() {
        errors.required("spec.accessModes", "");
    }
    if object.pointer("/spec/capacity").is_none() {
        errors.required("spec.capacity", "");
    }
    if let Some(live) = live.filter(|live| source(live) != source(object)) {
        let why = "spec.persistentvolumesource is immutable after creation";
        let (old, new) = (&live["spec"], &object["spec"]);
        let difference = go_print::difference(old, new, go_print::VOLUME_SOURCE);
        errors.forbidden(
            "spec.persistentvolumesource",
            &format!("{why}\n{difference}"),
        );
    }
}

pub(super) fn node(live: Option<&Value>, object: &Value, errors: &mut FieldErrors) {
    const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
    for (index, taint) in list(object, "/spec/taints").iter().enumerate() {
        let path = format!("metadata.taints[{index}]");
        for why in names::qualified(text(taint, "/key")) {
            errors.invalid(&format!("{path}.key"), &taint["key"], &why);
        }
        let wrong = names::label_value(text(taint, "/value"));
        if !wrong.is_empty() {
            errors.invalid(&format!("{path}.value"), &taint["value"], &wrong.join(";"));
        }
        let path = format!("{path}.effect");
        match text(taint, "/effect") {
            "" => errors.required(&path, ""),
            effect if EFFECTS.contains(&effect) => {}
            _ => errors.unsupported(&path, &taint["effect"], &EFFECTS),
        }
    }
    let Some(live) = live else {
        return;
    };
    let ranges = |node: &Value| list(node, "/spec/podCIDRs").to_vec();
    if !ranges(live).is_empty() && ranges(live) != ranges(object) {
        let why = "node updates may not change podCIDR except from \"\" to valid";
        errors.forbidden("spec.podCIDRs", why);
    }
    let provider = |node| text(node, "/spec/providerID");
    if !provider(live).is_empty() && provider(live) != provider(object) {
        let why = "node updates may not change providerID except from \"\" to valid";
        errors.forbidden("spec.providerID", why);
    }
}

pub(super) fn namespace(object: &Value, errors: &mut FieldErrors) {
    for finalizer in list(object, "/spec/finalizers") {
        let name = finalizer.as_str().unwrap_or_default();
        for why in names::qualified(name) {
            errors.invalid("spec.finalizers", finalizer, &why);
        }
        if !name.contains('/') && name != "kubernetes" {
            let why = "name is neither a standard finalizer name nor is it fully qualified";
            errors.invalid("spec.finalizers", finalizer, why);
        }
    }
}

pub(super) fn role(gvk: &Gvk, object: &Value, errors: &mut FieldErrors) {
    for (index, rule) in list(object, "/rules").iter().enumerate() {
        let path = format!("rules[{index}]");
        let has = |field: &str| !list(rule, &format!("/{field}")).is_empty();
        if !has("verbs") {
            errors.required(&format!("{path}.verbs"), "");
        }
        if has("nonResourceURLs") {
            if gvk.kind == "Role" {
                let detail = "namespaced rules cannot apply to non-resource URLs";
                let urls = &rule["nonResourceURLs"];
                errors.invalid(&format!("{path}.nonResourceURLs"), urls, detail);
            }
            continue;
        }
        if !has("apiGroups") {
            let detail = "resource rules must supply at least one api group";
            errors.required(&format!("{path}.apiGroups"), detail);
        }
        if !has("resources") {
            let detail = "resource rules must supply at least one resource";
            errors.required(&format!("{path}.resources"), detail);
        }
    }
}

pub(super) fn binding(gvk: &Gvk, live: Option<&Value>, object: &Value, errors: &mut FieldErrors) {
    let kind = text(object, "/roleRef/kind");
    let kinds: &[&str] = if gvk.kind == "RoleBinding" {
        &["Role", "ClusterRole"]
    } else {
        &["ClusterRole"]
    };
    if !kinds.contains(&kind) {
        errors.unsupported("roleRef.kind", &kind.into(), kinds);
    }
    if text(object, "/roleRef/name").is_empty() {
        errors.required("roleRef.name", "");
    }
    for (index, subject) in list(object, "/subjects").iter().enumerate() {
        let path = format!("subjects[{index}]");
        if text(subject, "/name").is_empty() {
            errors.required(&format!("{path}.name"), "");
        }
        match text(subject, "/kind") {
            "ServiceAccount"
                if gvk.kind == "ClusterRoleBinding" && text(subject, "/namespace").is_empty() =>
            {
                errors.required(&format!("{path}.namespace"), "");
            }
            "ServiceAccount" | "User" | "Group" => {}
            other => errors.unsupported(
                &format!("{path}.kind"),
                &other.into(),
                &["ServiceAccount", "User", "Group"],
            ),
        }
    }
    if let Some(live) = live
        && live.get("roleRef") != object.get("roleRef")
    {
        let role = &object["roleRef"];
        let role =
            json!({"APIGroup": role["apiGroup"], "Kind": role["kind"], "Name": role["name"]});
        errors.invalid("roleRef", &role, "field is immutable");
    }
}

pub(super) fn storage_class(live: Option<&Value>, object: &Value, errors: &mut FieldErrors) {
    if text(object, "/provisioner").is_empty() {
        errors.required("provisioner", "");
    }
    let Some(live) = live else {
        return;
    };
    for field in ["parameters", "provisioner", "reclaimPolicy"] {
        if live.get(field) != object.get(field) {
            let detail = format!("updates to {field} are forbidden.");
            errors.forbidden(field, &detail);
        }
    }
}
