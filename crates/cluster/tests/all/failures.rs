//! What fails is told, each with its line, and holds nothing but what waits for it.

use http::Method;
use serde_json::{Value, json};
use windlass_plan::Outcome;

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
