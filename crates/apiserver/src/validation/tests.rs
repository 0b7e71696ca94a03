use serde_json::{Value, json};
use windlass_object::Gvk;

use super::*;

fn lines(live: Option<&Value>, object: &Value) -> String {
    let text = |key: &str| object[key].as_str().unwrap();
    let gvk = Gvk::new(text("apiVersion"), text("kind"));
    let causes = validate(&gvk, live, object);
    let lines: Vec<String> = causes
        .iter()
        .map(|c| format!("{}: {}", c.field, c.message))
        .collect();
    lines.join("\n")
}

fn deployment() -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {
        "replicas": 1, "selector": {"matchLabels": {"app": "web"}},
        "strategy": {"type": "RollingUpdate"},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {
            "restartPolicy": "Always", "dnsPolicy": "ClusterFirst",
            "containers": [{"name": "web", "image": "web:1"}]}}}})
}

fn with(mut object: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    object.pointer_mut(parent).unwrap()[name] = value;
    object
}

#[test]
fn a_good_deployment_has_no_errors() {
    assert_eq!(lines(None, &deployment()), "");
    assert_eq!(lines(Some(&deployment()), &deployment()), "");
}

#[test]
fn the_selector_of_a_deployment_is_needed_fits_and_stays() {
    let mut without = deployment();
    without["spec"].as_object_mut().unwrap().remove("selector");
    insta::assert_snapshot!(lines(None, &without), @r#"
    spec.selector: Required value
    spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`
    "#);
    let other = with(deployment(), "/spec/selector/matchLabels/app", "api".into());
    insta::assert_snapshot!(lines(Some(&deployment()), &other), @r#"
    spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`
    spec.selector: Invalid value: {"matchLabels":{"app":"api"}}: field is immutable
    "#);
}

#[test]
fn every_mistake_in_a_pod_template_is_named() {
    let spec = json!({"restartPolicy": "Never", "dnsPolicy": "ClusterFirst",
        "volumes": [{"name": "data", "emptyDir": {}, "hostPath": {"path": "/x"}}],
        "containers": [
            {"name": "Web", "image": "", "ports": [{"containerPort": 70000, "protocol": "TCP"}]},
            {"name": "api", "image": "api:1", "volumeMounts": [{"name": "none", "mountPath": "/a"}, {"name": "data"}],
                "env": [{"value": "1"}, {"name": "A", "valueFrom": {}}],
                "resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}, "livenessProbe": {"periodSeconds": 1}},
            {"name": "api", "image": "api:1"}]});
    let object = with(deployment(), "/spec/template/spec", spec);
    insta::assert_snapshot!(lines(None, &object), @r#"
    spec.template.spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type
    spec.template.spec.containers[0].name: Invalid value: "Web": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')
    spec.template.spec.containers[0].image: Required value
    spec.template.spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive
    spec.template.spec.containers[1].env[0].name: Required value
    spec.template.spec.containers[1].env[1].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`
    spec.template.spec.containers[1].volumeMounts[0].name: Not found: "none"
    spec.template.spec.containers[1].volumeMounts[1].name: Not found: "data"
    spec.template.spec.containers[1].volumeMounts[1].mountPath: Required value
    spec.template.spec.containers[1].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1
    spec.template.spec.containers[1].livenessProbe: Required value: must specify a handler type
    spec.template.spec.containers[2].name: Duplicate value: "api"
    spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"
    "#);
}

#[test]
fn labels_and_names_follow_their_syntax() {
    let object = with(
        deployment(),
        "/metadata",
        json!({"name": "Web_1", "labels": {"a b": "c d"},
        "annotations": {"x/y/z": ""}}),
    );
    let found = lines(None, &object);
    assert_eq!(found.lines().count(), 4, "{found}");
    assert!(
        found
            .starts_with("metadata.name: Invalid value: \"Web_1\": a lowercase RFC 1123 subdomain")
    );
}

#[test]
fn the_template_of_a_job_cannot_change() {
    let job = |image: &str| {
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": {
            "template": {"spec": {"restartPolicy": "Never", "dnsPolicy": "ClusterFirst",
                "containers": [{"name": "a", "image": image}]}}}})
    };
    let found = lines(Some(&job("a:1")), &job("a:2"));
    assert!(
        found.starts_with("spec.template: Invalid value: {"),
        "{found}"
    );
    assert!(found.ends_with("}: field is immutable"), "{found}");
}

#[test]
fn a_service_keeps_its_address_and_names_its_ports() {
    let service = |address: &str, ports: Value| {
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {
            "type": "ClusterIP", "sessionAffinity": "None", "clusterIP": address, "clusterIPs": [address],
            "ports": ports}})
    };
    let two = json!([{"port": 80, "protocol": "TCP"}, {"name": "b", "port": 0, "protocol": "TCP"}]);
    insta::assert_snapshot!(lines(None, &service("10.0.0.1", two)), @"
    spec.ports[0].name: Required value
    spec.ports[1].port: Invalid value: 0: must be between 1 and 65535, inclusive
    ");
    let one = json!([{"port": 80, "protocol": "TCP"}]);
    let (old, new) = (service("10.0.0.1", one.clone()), service("10.0.0.2", one));
    insta::assert_snapshot!(lines(Some(&old), &new), @r#"spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set"#);
}

#[test]
fn the_paths_of_an_ingress_have_types_and_backends() {
    let object = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web"},
        "spec": {"rules": [{"host": "Shop", "http": {"paths": [
            {"path": "x", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {}}}},
            {"path": "/"}]}}]}});
    let found = lines(None, &object);
    let fields: Vec<&str> = found
        .lines()
        .map(|line| line.split(':').next().unwrap())
        .collect();
    assert_eq!(
        fields,
        [
            "spec.rules[0].host",
            "spec.rules[0].http.paths[0].path",
            "spec.rules[0].http.paths[0].backend",
            "spec.rules[0].http.paths[1].pathType",
        ]
    );
}

#[test]
fn what_is_marked_immutable_stays() {
    let secret = |value: &str, frozen: bool| {
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "type": "Opaque",
            "data": {"a": value}, "immutable": frozen})
    };
    insta::assert_snapshot!(lines(Some(&secret("YQ==", true)), &secret("Yg==", false)), @"
    immutable: Forbidden: field is immutable when `immutable` is set
    data: Forbidden: field is immutable when `immutable` is set
    ");
    assert_eq!(
        lines(Some(&secret("YQ==", false)), &secret("Yg==", true)),
        ""
    );
}

#[test]
fn the_value_of_a_secret_is_never_in_a_message() {
    let object = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "type": "Opaque",
        "data": {"a": "hunter2!"}});
    let found = lines(None, &object);
    assert!(found.starts_with("data[a]: Invalid value"), "{found}");
    assert!(!found.contains("hunter2"), "{found}");
}

#[test]
fn the_role_of_a_binding_cannot_change() {
    let binding = |name: &str| {
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": {"name": "system:x"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": "x", "namespace": "y"}]})
    };
    insta::assert_snapshot!(lines(Some(&binding("a")), &binding("b")), @r#"roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"b"}: field is immutable"#);
}
