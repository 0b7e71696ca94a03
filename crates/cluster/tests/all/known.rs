//! Differences that are none: a unit that has them plans nothing the second time; on both servers.

use http::Method;
use serde_json::{Value, json};

use crate::unit::{Applier, on_both_servers};

/// A certificate of nobody, as fields for certificates have it.
const CERTIFICATE: &str = "\
    LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJkRENDQVJ1Z0F3SUJBZ0lVQ0VkL29kSkxtTGtueWcveTdEWEt5Y1lYakRN\
    d0NnWUlLb1pJemowRUF3SXcKRHpFTk1Bc0dBMVVFQXd3RWRHVnpkREFnRncweU5qRXhNak13T0RVM05UVmFHQTh5TVRJMk1UQXpN\
    REE0TlRjMQpOVm93RHpFTk1Bc0dBMVVFQXd3RWRHVnpkREJaTUJNR0J5cUdTTTQ5QWdFR0NDcUdTTTQ5QXdFSEEwSUFCRTRaCk9C\
    RnExSXZmK3JoTU9SZ1Jqd3ppS3hxR1ovalJSVUpFSGpZMTJMV0kyUHZCa0ZrTWpZdmVpVFV4YThtWU42SUgKeEoyZXBMeDg1eGN2\
    UEtBL2M2U2pVekJSTUIwR0ExVWREZ1FXQkJSa0dTdTF5RFJmekduOHlSYlZXNVRsa3pJTgpEakFmQmdOVkhTTUVHREFXZ0JSa0dT\
    dTF5RFJmekduOHlSYlZXNVRsa3pJTkRqQVBCZ05WSFJNQkFmOEVCVEFECkFRSC9NQW9HQ0NxR1NNNDlCQU1DQTBjQU1FUUNJQUh2\
    aXp5UDJyWXdRZG1CMWQ5a05sNGRRNW1UNWNBVjcvUXUKem1LVkp2eXBBaUJPZ0M0OFU0Y1BHU3p2Y0w5V29IWVduT0tIQ2MrWHdJ\
    L1JqbWo0NTJoaklBPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=\
";

/// A change that someone else makes: the manager, what it sends, as what kind of patch.
type Change = (&'static str, &'static str, Value);

/// Applies the object, has someone change it, and makes sure that there is nothing to do.
async fn is_left(unit: &mut Applier, object: Value, path: &str, (manager, kind, patch): Change) {
    unit.converge(std::slice::from_ref(&object)).await;
    let force = if kind == "apply-patch+yaml" {
        "&force=true"
    } else {
        ""
    };
    let address = format!("{path}?fieldManager={manager}{force}");
    unit.send(Method::PATCH, &address, kind, &patch).await;
    let before = unit.get(path).await;
    let plan = unit.plan(std::slice::from_ref(&object)).await;
    assert!(plan.is_converged() && !plan.writes(), "{plan}");
    // What is applied for another reason leaves it, too.
    let mut changed = object.clone();
    changed["metadata"]["labels"]["note"] = "new".into();
    unit.converge(&[changed]).await;
    let after = unit.get(path).await;
    assert_eq!(
        without_metadata(&after),
        without_metadata(&before),
        "{path}"
    );
}

fn without_metadata(object: &Value) -> Value {
    let mut object = object.clone();
    for field in ["metadata", "status"] {
        object.as_object_mut().unwrap().remove(field);
    }
    object
}

fn deployment(annotations: &Value, of_pods: &Value) -> Value {
    let labels = json!({"app": "web"});
    let containers = json!([{"name": "app", "image": "web:1"}]);
    let metadata = json!({"labels": labels, "annotations": of_pods});
    let template = json!({"metadata": metadata, "spec": {"containers": containers}});
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "labels": {}, "annotations": annotations},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}})
}

fn deployments(unit: &Applier) -> String {
    unit.path("apis/apps/v1", "deployments", "web")
}

#[test]
fn a_restart_by_kubectl_is_not_undone() {
    const KEY: &str = "kubectl.kubernetes.io/restartedAt";
    on_both_servers(async |mut unit| {
        let restart = |at: &str| {
            let annotations = json!({"annotations": {KEY: at}});
            json!({"spec": {"template": {"metadata": annotations}}})
        };
        let (path, kind) = (deployments(&unit), "strategic-merge-patch+json");
        let change = ("kubectl-rollout", kind, restart("2026-11-22T10:00:00Z"));
        is_left(&mut unit, deployment(&json!({}), &json!({})), &path, change).await;
        // A manifest that was read from a cluster has an old one.
        let change = ("kubectl-rollout", kind, restart("2026-11-22T11:00:00Z"));
        let exported = deployment(&json!({}), &json!({KEY: "2020-01-01T00:00:00Z"}));
        is_left(&mut unit, exported, &path, change).await;
    });
}

#[test]
fn the_count_of_revisions_is_left_to_the_controller() {
    on_both_servers(async |mut unit| {
        let count = |number: &str| json!({"deployment.kubernetes.io/revision": number});
        let path = deployments(&unit);
        let patch = json!({"metadata": {"annotations": count("9")}});
        let change = ("kube-controller-manager", "merge-patch+json", patch);
        let object = deployment(&count("1"), &json!({}));
        unit.converge(std::slice::from_ref(&object)).await;
        unit.send(Method::PATCH, &path, change.1, &change.2).await;
        let plan = unit.plan(&[object]).await;
        assert!(plan.is_converged() && !plan.writes(), "{plan}");
    });
}

#[test]
fn an_autoscaler_of_the_unit_has_the_replicas_also_when_they_leave_the_source() {
    on_both_servers(async |mut unit| {
        let autoscaler = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "web"}, "spec": {"maxReplicas": 9,
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}});
        let mut objects = [deployment(&json!({}), &json!({})), autoscaler];
        objects[0]["spec"]["replicas"] = 3.into();
        unit.converge(&objects).await;
        let replicas =
            async |unit: &Applier| unit.get(&deployments(unit)).await["spec"]["replicas"].clone();
        assert_eq!(replicas(&unit).await, 3);
        objects[0]["spec"]
            .as_object_mut()
            .unwrap()
            .remove("replicas");
        unit.converge(&objects).await;
        assert_eq!(replicas(&unit).await, 3);
        let scale = unit.path("apis/apps/v1", "deployments", "web/scale?fieldManager=hpa");
        let patch = json!({"spec": {"replicas": 6}});
        unit.send(Method::PATCH, &scale, "merge-patch+json", &patch)
            .await;
        objects[0]["spec"]["replicas"] = 2.into();
        let plan = unit.plan(&objects).await;
        assert!(plan.is_converged() && !plan.writes(), "{plan}");
        assert_eq!(replicas(&unit).await, 6);
    });
}

#[test]
fn rules_that_are_aggregated_stay() {
    on_both_servers(async |mut unit| {
        const ROLES: &str = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
        let role = |name: &str, labels: Value| {
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
                "metadata": {"name": format!("{name}-{}", unit.namespace), "labels": labels}})
        };
        let rules = json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]);
        let labels = json!({"example.dev/part-of": unit.namespace});
        let mut part = role("part", labels.clone());
        part["rules"] = rules.clone();
        unit.send(Method::POST, ROLES, "json", &part).await;
        let (mut all, mut patch) = (role("all", json!({})), role("all", json!({})));
        all["aggregationRule"] = json!({"clusterRoleSelectors": [{"matchLabels": labels}]});
        all["rules"] = json!([]);
        patch["rules"] = rules;
        let path = format!("{ROLES}/all-{}", unit.namespace);
        // The embedded server has no such controller; what the real one does is the same.
        let change = (
            "clusterrole-aggregation-controller",
            "apply-patch+yaml",
            patch,
        );
        is_left(&mut unit, all, &path, change).await;
        for name in ["part", "all"] {
            let path = format!("{ROLES}/{name}-{}", unit.namespace);
            unit.send(Method::DELETE, &path, "json", &json!({})).await;
        }
    });
}

#[test]
fn certificates_that_are_injected_stay() {
    on_both_servers(async |mut unit| {
        let name = format!("hook-{}", unit.namespace);
        let hook = |host: &str, bundle: &str| {
            json!({"name": format!("{host}.example.dev"), "sideEffects": "None", "failurePolicy": "Ignore",
                "admissionReviewVersions": ["v1"],
                "clientConfig": {"url": format!("https://{host}.invalid/"), "caBundle": bundle},
                "rules": [{"apiGroups": ["none.example.dev"], "apiVersions": ["v1"], "resources": ["none"], "operations": ["CREATE"]}]})
        };
        let metadata = json!({"name": name, "labels": {}, "annotations": {"cert-manager.io/inject-ca-from": "a/b"}});
        let object = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
            "metadata": metadata, "webhooks": [hook("a", "Cg=="), hook("b", "Cg==")]});
        let patch = json!({"webhooks": [hook("a", "QUFB"), hook("b", "QUFB")]});
        let path =
            format!("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/{name}");
        let change = (
            "cert-manager-cainjector",
            "strategic-merge-patch+json",
            patch,
        );
        is_left(&mut unit, object, &path, change).await;
        assert_eq!(
            unit.get(&path).await["webhooks"][1]["clientConfig"]["caBundle"],
            "QUFB"
        );
        unit.send(Method::DELETE, &path, "json", &json!({})).await;
    });
}

#[test]
fn certificates_of_conversions_are_injected_into_definitions() {
    on_both_servers(async |mut unit| {
        let group = format!("{}.example.dev", unit.namespace);
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        let path = format!("{path}/gears.{group}");
        let conversion = |bundle: Option<&str>| {
            let mut client =
                json!({"service": {"name": "gears", "namespace": "none", "path": "/convert"}});
            if let Some(bundle) = bundle {
                client["caBundle"] = bundle.into();
            }
            json!({"strategy": "Webhook", "webhook": {"clientConfig": client, "conversionReviewVersions": ["v1"]}})
        };
        let schema = json!({"openAPIV3Schema": {"type": "object"}});
        let object = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("gears.{group}"), "labels": {}, "creationTimestamp": null,
                "annotations": {"cert-manager.io/inject-ca-from": "a/b"}},
            "spec": {"group": group, "scope": "Namespaced", "conversion": conversion(None),
                "names": {"plural": "gears", "kind": "Gear"},
                "versions": [{"name": "v1", "served": true, "storage": true, "schema": schema}]},
            "status": {"acceptedNames": {"plural": "", "kind": ""}, "conditions": null, "storedVersions": null}});
        let patch = json!({"spec": {"conversion": conversion(Some(CERTIFICATE))}});
        let change = ("cert-manager-cainjector", "merge-patch+json", patch);
        is_left(&mut unit, object, &path, change).await;
        unit.send(Method::DELETE, &path, "json", &json!({})).await;
    });
}

#[test]
fn what_webhooks_and_controllers_add_stays_theirs() {
    on_both_servers(async |mut unit| {
        let containers = json!([{"name": "mesh", "image": "mesh:1"}]);
        let template = json!({"metadata": {"annotations": {"mesh": "on"}}, "spec": {"containers": containers,
            "volumes": [{"name": "mesh", "emptyDir": {}}]}});
        let patch = json!({"metadata": {"labels": {"mesh": "on"}}, "spec": {"template": template}});
        let path = deployments(&unit);
        let change = ("injector", "strategic-merge-patch+json", patch);
        is_left(&mut unit, deployment(&json!({}), &json!({})), &path, change).await;
    });
}

/// A manifest as `kubectl get -o yaml`, generators and people write it.
fn odd_manifests() -> Vec<Value> {
    let mut exported = deployment(&json!({}), &json!({}));
    exported["metadata"]["creationTimestamp"] = Value::Null;
    exported["metadata"]["generation"] = 7.into();
    exported["metadata"]["managedFields"] = json!([{"manager": "kubectl", "operation": "Update"}]);
    exported["spec"]["template"]["metadata"]["creationTimestamp"] = Value::Null;
    exported["spec"]["strategy"] = json!({});
    exported["status"] = json!({"replicas": 7});
    let pod = &mut exported["spec"]["template"]["spec"];
    pod["securityContext"] = json!({});
    pod["volumes"] = json!([{"name": "tmp", "emptyDir": {}}]);
    let container = &mut pod["containers"][0];
    container["resources"] = json!({"limits": {"cpu": "1000m", "memory": "1024Mi"}, "requests": {"cpu": 0.5, "memory": 1024}});
    container["ports"] = json!([{"containerPort": 80}]);
    container["env"] = json!([{"name": "EMPTY", "value": ""}]);
    vec![
        exported,
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "words"}, "stringData": {"a": "b"}}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "status": {"loadBalancer": {}},
            "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "b", "protocol": "UDP"}]}}),
        json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "quota"},
            "spec": {"hard": {"requests.cpu": "2000m", "requests.memory": "2048Mi", "pods": "50"}}}),
        json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"},
            "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "web"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "web"},
            "subjects": [{"kind": "ServiceAccount", "name": "web", "namespace": "default"}, {"kind": "User", "name": "a"}]}),
    ]
}

#[test]
fn manifests_in_other_spellings_are_applied_once() {
    on_both_servers(async |mut unit| {
        let mut objects = odd_manifests();
        if unit.namespace == "embedded" {
            objects[0]["metadata"]["name"] = "odd".into();
        }
        unit.converge(&objects).await;
        let plan = unit.plan(&objects).await;
        assert!(plan.is_converged() && !plan.writes(), "{plan}");
    });
}
