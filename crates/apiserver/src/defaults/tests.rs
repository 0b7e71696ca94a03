use serde_json::json;
use windlass_object::schema::facts;

use super::*;

fn filled(value: &Value) -> Value {
    let text = |key: &str| value[key].as_str().unwrap();
    let gvk = Gvk::new(text("apiVersion"), text("kind"));
    let mut object = value.clone();
    fill(&mut object, &gvk, facts().schema(&gvk).unwrap());
    object
}

#[test]
fn a_deployment_gets_what_kubernetes_sets() {
    let object = filled(
        &json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "web:1", "ports": [{"containerPort": 80}],
                "readinessProbe": {"httpGet": {"port": 80}}}]}}}}),
    );
    assert_eq!(
        object,
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
            "spec": {
                "progressDeadlineSeconds": 600, "replicas": 1, "revisionHistoryLimit": 10,
                "selector": {"matchLabels": {"app": "web"}},
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
                "template": {"metadata": {"labels": {"app": "web"}}, "spec": {
                    "containers": [{"name": "web", "image": "web:1", "imagePullPolicy": "IfNotPresent",
                        "ports": [{"containerPort": 80, "protocol": "TCP"}],
                        "readinessProbe": {"failureThreshold": 3, "periodSeconds": 10, "successThreshold": 1,
                            "timeoutSeconds": 1, "httpGet": {"path": "/", "port": 80, "scheme": "HTTP"}},
                        "resources": {}, "terminationMessagePath": "/dev/termination-log",
                        "terminationMessagePolicy": "File"}],
                    "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler",
                    "securityContext": {}, "terminationGracePeriodSeconds": 30}}},
            "status": {}})
    );
}

#[test]
fn a_service_gets_ports_and_policies() {
    let object = filled(
        &json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}}),
    );
    assert_eq!(
        object["spec"],
        json!({"internalTrafficPolicy": "Cluster",
            "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
            "selector": {"app": "web"}, "sessionAffinity": "None", "type": "ClusterIP"})
    );
    assert_eq!(object["status"], json!({"loadBalancer": {}}));
}

#[test]
fn the_texts_of_a_secret_become_data() {
    let object = filled(
        &json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"},
        "stringData": {"a": "b"}, "data": {"c": "ZA=="}}),
    );
    assert_eq!(object["data"], json!({"a": "Yg==", "c": "ZA=="}));
    assert_eq!(object["type"], "Opaque");
    assert!(object.get("stringData").is_none());
}

#[test]
fn an_image_is_pulled_each_time_unless_it_is_pinned() {
    for (image, policy) in [
        ("web", "Always"),
        ("web:latest", "Always"),
        ("web:1", "IfNotPresent"),
        ("registry:5000/web", "Always"),
        ("web@sha256:abc", "IfNotPresent"),
    ] {
        let object = filled(
            &json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
            "spec": {"containers": [{"name": "a", "image": image}]}}),
        );
        let found = &object["spec"]["containers"][0]["imagePullPolicy"];
        assert_eq!(found, policy, "{image}");
    }
}

#[test]
fn filling_twice_changes_nothing() {
    for value in [
        json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "c"}, "spec": {
            "schedule": "* * * * *", "jobTemplate": {"spec": {"template": {"spec": {
                "restartPolicy": "Never", "containers": [{"name": "a", "image": "a"}]}}}}}}),
        json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "s"}, "spec": {
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {}}],
            "template": {"spec": {"serviceAccountName": "x", "volumes": [{"name": "v"},
                {"name": "s", "secret": {"secretName": "s"}}]}}}}),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "n"},
            "spec": {"podSelector": {}, "egress": [{}]}}),
        json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"},
            "spec": {"maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "web"}, "behavior": {}}}),
    ] {
        let once = filled(&value);
        assert_eq!(filled(&once), once);
    }
}

#[test]
fn nulls_and_empty_values_are_left_out_as_go_does() {
    let object = filled(&json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "c", "labels": null, "annotations": {}, "finalizers": []}, "data": {"a": ""}}));
    assert_eq!(
        object,
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": ""}})
    );
}
