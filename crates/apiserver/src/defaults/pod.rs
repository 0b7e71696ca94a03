//! Pods and their templates.

use serde_json::{Map, Value, json};

use super::{child, each, given, set, set_unless_given, text};

type Object = Map<String, Value>;

/// The mode of files in volumes: 0644.
const FILE_MODE: i32 = 0o644;

pub(super) fn pod(pod: &mut Object) {
    let Some(spec) = child(pod, "spec") else {
        return;
    };
    set_unless_given(spec, "enableServiceLinks", true);
    for list in ["containers", "initContainers"] {
        each(spec, list).for_each(requests_from_limits);
    }
    pod_spec(spec);
}

/// Sets the defaults of `template`, which a workload has.
pub(super) fn template(owner: &mut Object) {
    if let Some(template) = child(owner, "template")
        && let Some(spec) = child(template, "spec")
    {
        pod_spec(spec);
    }
}

fn pod_spec(spec: &mut Object) {
    set(spec, "dnsPolicy", "ClusterFirst");
    set(spec, "restartPolicy", "Always");
    set(spec, "schedulerName", "default-scheduler");
    set_unless_given(spec, "terminationGracePeriodSeconds", 30);
    set_unless_given(spec, "securityContext", json!({}));
    mirror_service_account(spec);
    let host_network = spec.get("hostNetwork") == Some(&Value::Bool(true));
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for item in each(spec, list) {
            container(item);
            if host_network && list != "ephemeralContainers" {
                each(item, "ports").for_each(host_port);
            }
        }
    }
    each(spec, "volumes").for_each(volume);
}

/// The account has an old name, and both are written.
fn mirror_service_account(spec: &mut Object) {
    let name = match text(spec, "serviceAccountName") {
        "" => text(spec, "serviceAccount"),
        name => name,
    };
    if !name.is_empty() {
        let name = name.to_owned();
        spec.insert("serviceAccount".to_owned(), name.as_str().into());
        spec.insert("serviceAccountName".to_owned(), name.into());
    }
}

fn container(container: &mut Object) {
    let policy = pull_policy(text(container, "image"));
    set(container, "imagePullPolicy", policy);
    set(container, "terminationMessagePath", "/dev/termination-log");
    set(container, "terminationMessagePolicy", "File");
    for port in each(container, "ports") {
        set(port, "protocol", "TCP");
    }
    for env in each(container, "env") {
        let from = given(env, "valueFrom");
        field_version(from.and_then(|from| given(from, "fieldRef")));
    }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(found) = given(container, name) {
            probe(found);
        }
    }
    if let Some(lifecycle) = given(container, "lifecycle") {
        for hook in ["postStart", "preStop"] {
            http_get(given(lifecycle, hook));
        }
    }
}

/// An image without a tag, or with `latest`, is pulled each time.
fn pull_policy(image: &str) -> &'static str {
    let (name, digest) = image.split_once('@').map_or((image, ""), |(a, b)| (a, b));
    let last = name.rsplit('/').next().unwrap_or_default();
    match last.split_once(':') {
        Some((_, tag)) if tag != "latest" => "IfNotPresent",
        None if !digest.is_empty() => "IfNotPresent",
        _ => "Always",
    }
}

fn probe(probe: &mut Object) {
    set(probe, "timeoutSeconds", 1);
    set(probe, "periodSeconds", 10);
    set(probe, "successThreshold", 1);
    set(probe, "failureThreshold", 3);
    if let Some(grpc) = given(probe, "grpc") {
        set_unless_given(grpc, "service", "");
    }
    http_get(Some(probe));
}

fn http_get(handler: Option<&mut Object>) {
    if let Some(get) = handler.and_then(|handler| given(handler, "httpGet")) {
        set(get, "path", "/");
        set(get, "scheme", "HTTP");
    }
}

fn host_port(port: &mut Object) {
    if let Some(number) = port.get("containerPort").cloned() {
        set(port, "hostPort", number);
    }
}

fn requests_from_limits(container: &mut Object) {
    let Some(resources) = given(container, "resources") else {
        return;
    };
    let Some(Value::Object(limits)) = resources.get("limits").cloned() else {
        return;
    };
    if let Some(requests) = child(resources, "requests") {
        for (name, limit) in limits {
            requests.entry(name).or_insert(limit);
        }
    }
}

fn field_version(reference: Option<&mut Object>) {
    if let Some(reference) = reference {
        set(reference, "apiVersion", "v1");
    }
}

fn volume(volume: &mut Object) {
    if volume.keys().all(|key| key == "name") {
        volume.insert("emptyDir".to_owned(), json!({}));
    }
    for source in ["secret", "configMap", "downwardAPI", "projected"] {
        if let Some(source) = given(volume, source) {
            set_unless_given(source, "defaultMode", FILE_MODE);
        }
    }
    if let Some(path) = given(volume, "hostPath") {
        set_unless_given(path, "type", "");
    }
    if let Some(api) = given(volume, "downwardAPI") {
        downward(api);
    }
    if let Some(projected) = given(volume, "projected") {
        each(projected, "sources").for_each(projection);
    }
    let template = given(volume, "ephemeral").and_then(|it| given(it, "volumeClaimTemplate"));
    if let Some(spec) = template.and_then(|template| given(template, "spec")) {
        set_unless_given(spec, "volumeMode", "Filesystem");
    }
}

fn projection(source: &mut Object) {
    if let Some(token) = given(source, "serviceAccountToken") {
        set_unless_given(token, "expirationSeconds", 3600);
    }
    if let Some(api) = given(source, "downwardAPI") {
        downward(api);
    }
}

fn downward(api: &mut Object) {
    for item in each(api, "items") {
        field_version(given(item, "fieldRef"));
    }
}
