//! What cannot be changed is deleted and created anew when that is allowed, and only then.

use http::Method;
use serde_json::{Value, json};
use windlass_plan::{Op, Outcome, Reason, Replacing};

use crate::unit::{Applier, on_both_servers, only};

const FORCE: &str = "kustomize.toolkit.fluxcd.io/force";

fn pod(image: &str) -> Value {
    let container = json!({"name": "app", "image": image});
    json!({"restartPolicy": "Never", "containers": [container]})
}

fn job(image: &str) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate"},
        "spec": {"template": {"spec": pod(image)}},
    })
}

fn marked(mut object: Value) -> Value {
    object["metadata"]["annotations"][FORCE] = "enabled".into();
    object
}

async fn uid(applier: &Applier, api: &str, resource: &str, name: &str) -> Value {
    let live = applier.get(&applier.path(api, resource, name)).await;
    live["metadata"]["uid"].clone()
}

#[test]
fn a_job_with_another_template_is_replaced_when_the_source_allows_it() {
    on_both_servers(|mut applier| async move {
        applier.converge(&[job("a:1")]).await;
        let old = uid(&applier, "apis/batch/v1", "jobs", "migrate").await;

        let plan = applier.plan(&[job("a:2")]).await;
        let action = only(&plan);
        assert_eq!(action.op, Op::Failed, "{plan}");
        let Reason::Immutable { fields } = &action.reason else {
            panic!("{plan}")
        };
        assert_eq!(fields, &["spec.template"]);

        let plan = applier.converge(&[marked(job("a:2"))]).await;
        assert_eq!(only(&plan).op, Op::Replace, "{plan}");
        let fields = only(&plan).fields.iter();
        let paths: Vec<String> = fields.map(|field| field.change.path.to_string()).collect();
        let is_ours = |path: &String| {
            path.contains("force") || path.ends_with("image") || path == "metadata.annotations"
        };
        assert!(paths.len() == 2 && paths.iter().all(is_ours), "{plan}");
        assert_ne!(uid(&applier, "apis/batch/v1", "jobs", "migrate").await, old);
    });
}

/// Objects before and after a change that the server refuses.
fn pairs() -> Vec<(&'static str, Value, Value)> {
    let object = |api: &str, kind: &str, name: &str, rest: Value| {
        let mut object = json!({"apiVersion": api, "kind": kind, "metadata": {"name": name}});
        for (key, value) in rest.as_object().unwrap() {
            object[key] = value.clone();
        }
        object
    };
    let workload = |kind: &str, app: &str| {
        let labels = json!({"app": app});
        let mut pod = pod("a:1");
        pod["restartPolicy"] = "Always".into();
        let template = json!({"metadata": {"labels": labels}, "spec": pod});
        let mut spec = json!({"selector": {"matchLabels": labels}, "template": template});
        if kind == "StatefulSet" {
            spec["serviceName"] = app.into();
        }
        object("apps/v1", kind, "web", json!({"spec": spec}))
    };
    let service = |ip: &str| {
        let spec = json!({"clusterIP": ip, "ports": [{"port": 80}]});
        object("v1", "Service", "web", json!({"spec": spec}))
    };
    let frozen = |kind: &str, text: &str| {
        let data = if kind == "Secret" { "c2VjcmV0" } else { "text" };
        let data = format!("{data}{text}");
        object(
            "v1",
            kind,
            "frozen",
            json!({"immutable": true, "data": {"key": data}}),
        )
    };
    let binding = |role: &str| {
        let role = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role});
        let rest = json!({"roleRef": role, "subjects": []});
        object("rbac.authorization.k8s.io/v1", "RoleBinding", "team", rest)
    };
    vec![
        (
            "spec.selector",
            workload("Deployment", "a"),
            workload("Deployment", "b"),
        ),
        (
            "spec.selector",
            workload("DaemonSet", "a"),
            workload("DaemonSet", "b"),
        ),
        (
            "spec",
            workload("StatefulSet", "a"),
            workload("StatefulSet", "b"),
        ),
        (
            "spec.clusterIPs[0]",
            service("10.96.200.76"),
            service("10.96.200.77"),
        ),
        ("data", frozen("ConfigMap", "a"), frozen("ConfigMap", "b")),
        ("data", frozen("Secret", "aaaa"), frozen("Secret", "bbbb")),
        ("roleRef", binding("a"), binding("b")),
    ]
}

#[test]
fn all_kinds_of_immutable_fields_are_found_and_replaced() {
    on_both_servers(|mut applier| async move {
        applier.guards.replace = Replacing::All;
        for (field, before, after) in pairs() {
            let before = before.clone();
            applier.converge(std::slice::from_ref(&before)).await;
            let plan = applier.converge(&[after]).await;
            let action = only(&plan);
            assert_eq!(action.op, Op::Replace, "{plan}");
            let Reason::Replaced { fields, .. } = &action.reason else {
                panic!("{plan}")
            };
            assert!(
                fields.iter().any(|found| found.starts_with(field)),
                "{field}: {plan}"
            );
            applier.approvals.plans.insert(applier.plan(&[]).await.hash);
            let gone = applier.plan(&[]).await;
            applier.run(&gone, &[]).await;
        }
    });
}

#[test]
fn an_object_that_is_also_wrong_is_not_replaced() {
    on_both_servers(|mut applier| async move {
        applier.guards.replace = Replacing::All;
        applier.converge(&[job("a:1")]).await;
        let mut wrong = job("a:2");
        wrong["spec"]["backoffLimit"] = json!(-1);
        let plan = applier.plan(&[wrong]).await;
        let action = only(&plan);
        assert!(matches!(action.reason, Reason::Rejected { .. }), "{plan}");
    });
}

#[test]
fn what_opted_out_of_deletion_at_the_last_moment_is_not_replaced() {
    on_both_servers(|mut applier| async move {
        applier.converge(&[marked(job("a:1"))]).await;
        let desired = [marked(job("a:2"))];
        let plan = applier.plan(&desired).await;
        let path = applier.path("apis/batch/v1", "jobs", "migrate");
        let keep =
            json!({"metadata": {"annotations": {"kustomize.toolkit.fluxcd.io/prune": "disabled"}}});
        applier
            .send(Method::PATCH, &path, "merge-patch+json", &keep)
            .await;
        let applied = applier.run(&plan, &desired).await;
        assert_eq!(applied.outcomes[&only(&plan).id], Outcome::Failed);
        assert!(
            applied.failures[0].reason.contains("prune: disabled"),
            "{applied:?}"
        );
        let image = "/spec/template/spec/containers/0/image";
        assert_eq!(applier.get(&path).await.pointer(image).unwrap(), "a:1");
    });
}

#[test]
fn what_someone_else_has_replaced_since_the_plan_is_not_deleted_again() {
    on_both_servers(|mut applier| async move {
        applier.converge(&[marked(job("a:1"))]).await;
        let desired = [marked(job("a:2"))];
        let plan = applier.plan(&desired).await;
        applier.run(&plan, &desired).await;
        let first = uid(&applier, "apis/batch/v1", "jobs", "migrate").await;
        let applied = applier.run(&plan, &desired).await;
        assert!(applied.is_complete(), "{applied:?}");
        assert_eq!(
            uid(&applier, "apis/batch/v1", "jobs", "migrate").await,
            first
        );
    });
}

#[test]
fn a_replacement_that_was_cut_off_after_the_deletion_is_finished_by_the_next_run() {
    on_both_servers(|mut applier| async move {
        applier.converge(&[marked(job("a:1"))]).await;
        let path = applier.path("apis/batch/v1", "jobs", "migrate");
        let background = json!({"propagationPolicy": "Background"});
        applier
            .send(Method::DELETE, &path, "json", &background)
            .await;
        let plan = applier.converge(&[marked(job("a:2"))]).await;
        assert_eq!(only(&plan).op, Op::Create, "{plan}");
    });
}

#[test]
fn a_replacement_names_the_finalizers_that_hold_it_and_goes_on_when_they_are_done() {
    on_both_servers(|mut applier| async move {
        let frozen = |value: &str| {
            marked(json!({
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "frozen"},
                "immutable": true, "data": {"key": value},
            }))
        };
        applier.converge(&[frozen("1")]).await;
        let path = applier.path("api/v1", "configmaps", "frozen");
        let finalizers = |names: Value| json!({"metadata": {"finalizers": names}});
        let held = finalizers(json!(["example.com/backup"]));
        applier
            .send(Method::PATCH, &path, "merge-patch+json", &held)
            .await;

        let plan = applier.plan(&[frozen("2")]).await;
        applier.hurry();
        let applied = applier.run(&plan, &[frozen("2")]).await;
        let reason = &applied.failures[0].reason;
        assert!(reason.contains("example.com/backup"), "{reason}");
        assert!(reason.contains("ConfigMap"), "{reason}");
        assert!(applier.inventory.contains(&only(&plan).id));
        let waiting = applier.plan(&[frozen("2")]).await;
        assert_eq!(only(&waiting).reason, Reason::Terminating, "{waiting}");

        let free = finalizers(json!([]));
        applier
            .send(Method::PATCH, &path, "merge-patch+json", &free)
            .await;
        let plan = applier.converge(&[frozen("2")]).await;
        assert_eq!(only(&plan).op, Op::Create, "{plan}");
    });
}
