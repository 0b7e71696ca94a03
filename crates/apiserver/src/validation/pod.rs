//! Pods: containers, volumes, probes and resources.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::semantic::Unique;
use super::{FieldErrors, container, metadata, names};
use crate::fields::{list, text};

/// What may change in the spec of a running pod, besides the images.
const MUTABLE: [&str; 5] = [
    "activeDeadlineSeconds",
    "ephemeralContainers",
    "terminationGracePeriodSeconds",
    "tolerations",
    "schedulingGates",
];

pub(super) fn pod(live: Option<&Value>, object: &Value, errors: &mut FieldErrors) {
    let Some(new) = object.get("spec") else {
        return;
    };
    spec(new, "spec", errors);
    if let Some(old) = live.and_then(|live| live.get("spec"))
        && fixed(old) != fixed(new)
    {
        let detail = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
        errors.forbidden("spec", detail);
    }
}

/// Returns the spec without what may change.
fn fixed(spec: &Value) -> Value {
    let mut spec = spec.clone();
    if let Value::Object(map) = &mut spec {
        map.retain(|name, _| !MUTABLE.contains(&name.as_str()) && name != "nodeName");
        for name in ["containers", "initContainers"] {
            let items = map.get_mut(name).and_then(Value::as_array_mut);
            for item in items.into_iter().flatten() {
                if let Value::Object(item) = item {
                    item.remove("image");
                }
            }
        }
    }
    spec
}

/// Checks the spec of a pod or of a template.
pub(super) fn spec(spec: &Value, path: &str, errors: &mut FieldErrors) {
    let mut volumes = Unique::new();
    for (index, volume) in list(spec, "/volumes").iter().enumerate() {
        let path = format!("{path}.volumes[{index}]");
        name(volume, &path, names::label, &mut volumes, errors);
        self::volume(volume, &path, errors);
    }
    if list(spec, "/containers").is_empty() {
        errors.required(&format!("{path}.containers"), "");
    }
    let mut containers = Unique::new();
    for field in ["containers", "initContainers"] {
        for (index, container) in list(spec, &format!("/{field}")).iter().enumerate() {
            let path = format!("{path}.{field}[{index}]");
            name(container, &path, names::label, &mut containers, errors);
            check_container(container, spec, &path, errors);
            if field == "initContainers" {
                container::initial(container, &path, errors);
            }
        }
    }
    for (field, allowed) in [
        ("restartPolicy", &["Always", "OnFailure", "Never"][..]),
        (
            "dnsPolicy",
            &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"][..],
        ),
    ] {
        one_of(spec, field, allowed, path, errors);
    }
    metadata::labels(
        spec.get("nodeSelector"),
        &format!("{path}.nodeSelector"),
        errors,
    );
    let account = text(spec, "/serviceAccountName");
    if !account.is_empty() {
        for why in names::subdomain(account) {
            let path = format!("{path}.serviceAccountName");
            errors.invalid(&path, &account.into(), &why);
        }
    }
}

/// Checks that the item has a good name of its own.
fn name<'a>(
    item: &'a Value,
    path: &str,
    syntax: fn(&str) -> Vec<String>,
    seen: &mut Unique<'a>,
    errors: &mut FieldErrors,
) {
    let name = text(item, "/name");
    let path = format!("{path}.name");
    if name.is_empty() {
        errors.required(&path, "");
        return;
    }
    for why in syntax(name) {
        errors.invalid(&path, &name.into(), &why);
    }
    seen.check(name, &path, errors);
}

fn one_of(object: &Value, field: &str, allowed: &[&str], path: &str, errors: &mut FieldErrors) {
    if let Some(value) = object.get(field)
        && !value.as_str().is_some_and(|text| allowed.contains(&text))
    {
        errors.unsupported(&format!("{path}.{field}"), value, allowed);
    }
}

fn check_container(container: &Value, spec: &Value, path: &str, errors: &mut FieldErrors) {
    let image = text(container, "/image");
    if image.is_empty() {
        errors.required(&format!("{path}.image"), "");
    } else if image != image.trim()
        && !path.starts_with("spec.template")
        && !path.starts_with("spec.jobTemplate")
    {
        let detail = "must not have leading or trailing whitespace";
        errors.invalid(&format!("{path}.image"), &image.into(), detail);
    }
    one_of(
        container,
        "imagePullPolicy",
        &["Always", "IfNotPresent", "Never"],
        path,
        errors,
    );
    ports(container, path, errors);
    env(container, path, errors);
    mounts(container, spec, path, errors);
    container::resources(container, path, errors);
    for field in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = container.get(field) {
            let is_readiness = field == "readinessProbe";
            container::probe(probe, is_readiness, &format!("{path}.{field}"), errors);
        }
    }
    container::security(container, path, errors);
}

fn ports(container: &Value, path: &str, errors: &mut FieldErrors) {
    let mut seen = Unique::new();
    for (index, port) in list(container, "/ports").iter().enumerate() {
        let path = format!("{path}.ports[{index}]");
        let name = text(port, "/name");
        if !name.is_empty() {
            for why in names::port_name(name) {
                errors.invalid(&format!("{path}.name"), &name.into(), &why);
            }
            seen.check(name, &format!("{path}.name"), errors);
        }
        match port.get("containerPort").and_then(Value::as_i64) {
            None | Some(0) => errors.required(&format!("{path}.containerPort"), ""),
            Some(number) => port_number(number, &format!("{path}.containerPort"), errors),
        }
        one_of(port, "protocol", &["SCTP", "TCP", "UDP"], &path, errors);
    }
}

/// Says that a number is no port, if it is none.
pub(super) fn port_number(number: i64, path: &str, errors: &mut FieldErrors) {
    if !(1..=65535).contains(&number) {
        errors.invalid(
            path,
            &number.into(),
            "must be between 1 and 65535, inclusive",
        );
    }
}

fn env(container: &Value, path: &str, errors: &mut FieldErrors) {
    for (index, variable) in list(container, "/env").iter().enumerate() {
        let path = format!("{path}.env[{index}]");
        let name = text(variable, "/name");
        if name.is_empty() {
            errors.required(&format!("{path}.name"), "");
        } else {
            for why in names::env_name(name) {
                errors.invalid(&format!("{path}.name"), &name.into(), &why);
            }
        }
        if let Some(from) = variable.get("valueFrom") {
            value_from(variable, from, &path, errors);
        }
    }
    for (index, source) in list(container, "/envFrom").iter().enumerate() {
        let path = format!("{path}.envFrom[{index}]");
        let sources = ["configMapRef", "secretRef"].map(|kind| source.get(kind));
        if sources.iter().flatten().count() != 1 {
            let detail = "must specify one of: `configMapRef` or `secretRef`";
            errors.invalid(&path, &"".into(), detail);
        }
    }
}

fn value_from(variable: &Value, from: &Value, path: &str, errors: &mut FieldErrors) {
    let path = format!("{path}.valueFrom");
    if !text(variable, "/value").is_empty() {
        errors.invalid(
            &path,
            &"".into(),
            "may not be specified when `value` is not empty",
        );
    }
    let sources = [
        "fieldRef",
        "resourceFieldRef",
        "configMapKeyRef",
        "secretKeyRef",
        "fileKeyRef",
    ];
    let given: Vec<&str> = sources
        .into_iter()
        .filter(|source| from.get(*source).is_some())
        .collect();
    match given[..] {
        [] => {
            let detail = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";
            errors.invalid(&path, &"".into(), detail);
        }
        [source @ ("configMapKeyRef" | "secretKeyRef")] => {
            for field in ["name", "key"] {
                if text(from, &format!("/{source}/{field}")).is_empty() {
                    errors.required(&format!("{path}.{source}.{field}"), "");
                }
            }
        }
        ["fieldRef"] => {
            let field = text(from, "/fieldRef/fieldPath");
            let path = format!("{path}.fieldRef.fieldPath");
            if field.is_empty() {
                errors.required(&path, "");
            } else if !is_field(field) {
                let why = format!("error converting fieldPath: field label not supported: {field}");
                errors.invalid(&path, &field.into(), &why);
            }
        }
        [_] => {}
        _ => {
            let detail = "may not have more than one field specified at a time";
            errors.invalid(&path, &"".into(), detail);
        }
    }
}

/// Whether a Pod has the field for others to refer to.
fn is_field(path: &str) -> bool {
    let known = "metadata.annotations metadata.labels metadata.name metadata.namespace metadata.uid \
                 spec.nodeName spec.restartPolicy spec.serviceAccountName spec.schedulerName spec.hostNetwork \
                 status.phase status.hostIP status.hostIPs status.podIP status.podIPs status.nominatedNodeName";
    let of_map = ["metadata.annotations['", "metadata.labels['"];
    known.split(' ').any(|it| it == path) || of_map.iter().any(|map| path.starts_with(map))
}

/// Whether nothing is wrong with a volume: only such a one can be mounted.
fn is_sound(volume: &Value) -> bool {
    let mut errors = FieldErrors::default();
    self::volume(volume, "", &mut errors);
    errors.is_empty() && names::label(text(volume, "/name")).is_empty()
}

fn mounts(container: &Value, spec: &Value, path: &str, errors: &mut FieldErrors) {
    let volumes = list(spec, "/volumes").iter();
    let volumes = volumes.filter(|volume| is_sound(volume));
    let volumes: HashSet<&str> = volumes.map(|volume| text(volume, "/name")).collect();
    let mut paths = HashSet::new();
    let whole = format!("{path}.volumeMounts");
    for (index, mount) in list(container, "/volumeMounts").iter().enumerate() {
        let path = format!("{whole}[{index}]");
        let name = text(mount, "/name");
        if name.is_empty() {
            errors.required(&format!("{path}.name"), "");
        } else if !volumes.contains(name) {
            errors.not_found(&format!("{path}.name"), &name.into());
        }
        let part = text(mount, "/subPath");
        if part.split('/').any(|step| step == "..") {
            errors.invalid(
                &format!("{whole}.subPath"),
                &part.into(),
                "must not contain '..'",
            );
        }
        let target = text(mount, "/mountPath");
        if target.is_empty() {
            errors.required(&format!("{path}.mountPath"), "");
        } else if !paths.insert(target) {
            errors.invalid(
                &format!("{path}.mountPath"),
                &target.into(),
                "must be unique",
            );
        }
    }
}

/// Sources of volumes, in the order of their rules.
const SOURCES: [&str; 9] = [
    "emptyDir",
    "hostPath",
    "secret",
    "persistentVolumeClaim",
    "configMap",
    "nfs",
    "downwardAPI",
    "projected",
    "csi",
];

fn volume(volume: &Value, path: &str, errors: &mut FieldErrors) {
    let sources = volume.as_object().into_iter().flat_map(Map::keys);
    let mut sources: Vec<&str> = sources
        .map(String::as_str)
        .filter(|it| *it != "name")
        .collect();
    // The order of those that are seen most, which is that of their rules.
    sources.sort_by_key(|source| SOURCES.iter().position(|known| known == source));
    for other in sources.iter().skip(1) {
        let path = format!("{path}.{other}");
        errors.forbidden(&path, "may not specify more than 1 volume type");
    }
    for (source, field) in [
        ("secret", "secretName"),
        ("configMap", "name"),
        ("persistentVolumeClaim", "claimName"),
        ("hostPath", "path"),
    ] {
        if let Some(source_value) = volume.get(source)
            && text(source_value, &format!("/{field}")).is_empty()
        {
            errors.required(&format!("{path}.{source}.{field}"), "");
        }
    }
}
