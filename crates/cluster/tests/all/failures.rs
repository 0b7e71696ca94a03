//! What fails is told, each with its line, and holds nothing but what waits for it.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use windlass_plan::{Op, Outcome};

use crate::unit::{Applier, on_both_servers};

fn map(name: &str, value: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name},
        "immutable": true, "data": {"key": value},
    })
}

async fn create(applier: &Applier, name: &str) {
    let path = format!("/api/v1/namespaces/{}/configmaps", applier.namespace);
    applier
        .send(Method::POST, &path, "json", &map(name, "theirs"))
        .await;
}

#[test]
fn every_object_that_is_refused_is_told_with_its_line_and_the_others_are_applied() {
    on_both_servers(|mut applier| async move {
        let desired = [map("a", "1"), map("b", "1"), map("c", "1")];
        let plan = applier.plan(&desired).await;
        create(&applier, "a").await;
        create(&applier, "c").await;
        let applied = applier.run(&plan, &desired).await;
        let mut failures: Vec<String> = applied.failures.iter().map(ToString::to_string).collect();
        failures.sort();
        assert_eq!(failures.len(), 2, "{failures:?}");
        assert!(
            failures[0].starts_with("a.yaml:3: ConfigMap/"),
            "{failures:?}"
        );
        assert!(
            failures[1].starts_with("c.yaml:3: ConfigMap/"),
            "{failures:?}"
        );
        assert!(
            failures.iter().all(|failure| failure.contains("immutable")),
            "{failures:?}"
        );
        let live = applier
            .get(&applier.path("api/v1", "configmaps", "b"))
            .await;
        assert_eq!(live["data"]["key"], "1");
    });
}

#[test]
fn a_wait_that_takes_too_long_names_the_object_and_what_it_is_not_yet() {
    on_both_servers(|mut applier| async move {
        let pod = json!({"containers": [{"name": "app", "image": "web:1"}]});
        let annotations = json!({"windlass.dev/fail": "ImagePullBackOff"});
        let labels = json!({"app": "web"});
        let web = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels, "annotations": annotations}, "spec": pod},
            },
        });
        let mut after = map("after", "1");
        let on = format!("apps/namespaces/{}/Deployment/web", applier.namespace);
        after["metadata"]["annotations"]["config.kubernetes.io/depends-on"] = on.into();
        let desired = [web, after];
        let plan = applier.plan(&desired).await;
        applier.hurry();
        let applied = applier.run(&plan, &desired).await;
        let failure = applied.failures[0].to_string();
        for part in [
            "after.yaml:3: ConfigMap/",
            "waited",
            "for Deployment/",
            "/web to be ready: ",
        ] {
            assert!(failure.contains(part), "{failure}");
        }
        assert!(
            applied
                .outcomes
                .values()
                .any(|outcome| *outcome == Outcome::Done)
        );
    });
}

#[test]
fn a_field_that_the_kind_does_not_have_is_refused() {
    on_both_servers(|mut applier| async move {
        let group = format!("{}.example.dev", applier.namespace);
        let schema = json!({"type": "object", "properties": {
            "spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}});
        let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("gears.{group}")},
            "spec": {"group": group, "scope": "Namespaced", "names": {"plural": "gears", "kind": "Gear"},
                "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}]}});
        let gear = |spec: Value| json!({"apiVersion": format!("{group}/v1"), "kind": "Gear", "metadata": {"name": "gear"}, "spec": spec});
        let known = [definition.clone(), gear(json!({"size": 1}))];
        applier.converge(&known[..1]).await;
        // A real server serves it a moment after it says so.
        for _ in 0..200 {
            let plan = applier.plan(&known).await;
            if plan.actions().any(|action| action.op == Op::Create) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let labels = json!({"app": "web"});
        let desired = [
            definition,
            gear(json!({"sise": 1})),
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
                "spec": {"replica": 2, "selector": {"matchLabels": labels}, "template": {
                    "metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "a"}]}}}}),
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "map", "labls": {}}}),
        ];
        let plan = applier.plan(&desired).await;
        let refused = plan.actions().filter(|action| action.op == Op::Failed);
        let refused: Vec<String> = refused.map(|action| action.reason.to_string()).collect();
        assert_eq!(refused.len(), 3, "{plan}");
        for field in [".spec.sise", ".spec.replica", ".metadata.labls"] {
            let says = format!("{field}: field not declared in schema");
            assert!(
                refused.iter().any(|reason| reason.contains(&says)),
                "{says}: {refused:?}"
            );
        }
    });
}
