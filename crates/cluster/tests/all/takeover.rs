//! What was applied with kubectl goes away with the source.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use http::Method;
use serde_json::{Value, json};
use windlass_object::{FingerprintKey, Mask, diff};
use windlass_plan::{Action, DryRun, Op, Reason};

use crate::unit::{Applier, on_both_servers, only};

const DEPLOYMENTS: &str = "apis/apps/v1";

fn kubectl() -> PathBuf {
    let home = std::env::var_os("HOME").unwrap();
    let installed = PathBuf::from(home).join(".cache/windlass/tools/bin/kubectl");
    if installed.exists() {
        installed
    } else {
        "kubectl".into()
    }
}

/// Runs the real kubectl, with an object as its input.
#[expect(
    clippy::disallowed_methods,
    reason = "the real kubectl is the other program"
)]
fn run_kubectl(applier: &Applier, arguments: &[&str], object: &Value) {
    let mut kubeconfig = tempfile::NamedTempFile::new().unwrap();
    kubeconfig.write_all(applier.kubeconfig.as_bytes()).unwrap();
    let mut child = Command::new(kubectl())
        .arg("--kubeconfig")
        .arg(kubeconfig.path())
        .args(["-n", &applier.namespace])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(object.to_string().as_bytes()).unwrap();
    drop(input);
    let status = child.wait().unwrap();
    assert!(status.success(), "kubectl {arguments:?}");
}

fn deployment(more: bool) -> Value {
    let labels = json!({"app": "web"});
    let mut container = json!({"name": "app", "image": "web:1"});
    let mut metadata = json!({"labels": labels});
    let mut spec = json!({"selector": {"matchLabels": labels}});
    if more {
        container["env"] = json!([{"name": "OLD", "value": "1"}]);
        container["args"] = json!(["--old"]);
        metadata["annotations"] = json!({"example.com/old": "1"});
        spec["minReadySeconds"] = json!(7);
    }
    let mut containers = vec![container];
    if more {
        containers.push(json!({"name": "old", "image": "old:1"}));
    }
    spec["template"] = json!({"metadata": metadata, "spec": {"containers": containers}});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec})
}

/// Returns the paths that go away.
fn gone(action: &Action) -> Vec<String> {
    let gone = action
        .fields
        .iter()
        .filter(|field| field.change.after.is_none());
    gone.map(|field| field.change.path.to_string()).collect()
}

async fn nothing_old_is_left(applier: &Applier) {
    let live = applier
        .get(&applier.path(DEPLOYMENTS, "deployments", "web"))
        .await;
    let mut content = live.clone();
    content["metadata"]["managedFields"] = Value::Null;
    assert!(!content.to_string().contains("old"), "{content}");
    assert!(!content.to_string().contains("last-applied"), "{content}");
    assert_eq!(
        content
            .pointer("/spec/minReadySeconds")
            .cloned()
            .unwrap_or(json!(0)),
        0
    );
    let entries = live["metadata"]["managedFields"].as_array().unwrap();
    let kubectls = entries
        .iter()
        .filter(|entry| entry["manager"].as_str().unwrap().starts_with("kubectl"));
    assert_eq!(kubectls.count(), 0, "{live}");
}

/// Returns the object as the plan sees it come.
async fn foreseen(applier: &Applier) -> Value {
    let observed = applier.observe(&[deployment(false)]).await;
    match observed.into_values().next().unwrap().dry_run {
        DryRun::TakenOver { merged, .. } => merged,
        other => panic!("{other:?}"),
    }
}

/// Applied with kubectl, then by us without some fields: these go, and the plan says so.
fn taken_over_from(arguments: &'static [&'static str], manager: &'static str) {
    on_both_servers(|mut applier| async move {
        run_kubectl(&applier, arguments, &deployment(true));
        let foreseen = foreseen(&applier).await;
        let plan = applier.converge(&[deployment(false)]).await;
        let action = only(&plan);
        let live = applier
            .get(&applier.path(DEPLOYMENTS, "deployments", "web"))
            .await;
        let wrong = diff(&live, &foreseen, &Mask::new(&FingerprintKey::new([1; 32])));
        let is_ours = |path: String| !path.contains("deployment.kubernetes.io/revision");
        let wrong = wrong
            .into_iter()
            .filter(|change| is_ours(change.path.to_string()));
        assert_eq!(
            wrong.collect::<Vec<_>>(),
            [],
            "the plan shows what becomes of it"
        );
        assert_eq!(action.op, Op::Adopt, "{plan}");
        assert_eq!(action.taken_from, [manager], "{plan}");
        let gone = gone(action);
        for part in [
            "containers[name=old]",
            "minReadySeconds",
            "env",
            "args",
            "annotations",
        ] {
            let is_told = |path: &String| path.contains(part);
            assert!(
                part == "minReadySeconds" || gone.iter().any(is_told),
                "{part}: {plan}"
            );
        }
        // What the server sets by itself is not told.
        assert!(
            !gone
                .iter()
                .any(|path| path.contains("dnsPolicy") || path.contains("progress")),
            "{plan}"
        );
        nothing_old_is_left(&applier).await;
    });
}

#[test]
fn fields_applied_with_kubectl_on_its_side_go_away_with_the_source() {
    taken_over_from(&["apply", "-f", "-"], "kubectl-client-side-apply");
}

#[test]
fn fields_applied_with_kubectl_on_the_side_of_the_server_go_away_with_the_source() {
    taken_over_from(&["apply", "--server-side", "-f", "-"], "kubectl");
}

#[test]
fn what_kubectl_owns_becomes_ours_though_no_field_changes_and_then_goes_away_with_the_source() {
    on_both_servers(|mut applier| async move {
        applier.converge(&[deployment(true)]).await;
        run_kubectl(
            &applier,
            &["apply", "--server-side", "--force-conflicts", "-f", "-"],
            &deployment(true),
        );
        let plan = applier.converge(&[deployment(true)]).await;
        assert_eq!(only(&plan).reason, Reason::Owners, "{plan}");
        let plan = applier.converge(&[deployment(false)]).await;
        assert_eq!(only(&plan).taken_from, Vec::<String>::new(), "{plan}");
        nothing_old_is_left(&applier).await;
    });
}

#[test]
fn what_somebody_set_with_kubectl_on_an_object_of_ours_is_drift() {
    on_both_servers(|mut applier| async move {
        applier.converge(&[deployment(false)]).await;
        run_kubectl(
            &applier,
            &["set", "env", "deployment/web", "old=1"],
            &Value::Null,
        );
        let plan = applier.converge(&[deployment(false)]).await;
        assert_eq!(
            only(&plan).cause,
            Some(windlass_plan::Cause::Drift),
            "{plan}"
        );
        nothing_old_is_left(&applier).await;
    });
}

#[test]
fn an_object_that_merges_leaves_others_their_fields() {
    on_both_servers(|mut applier| async move {
        run_kubectl(&applier, &["apply", "-f", "-"], &deployment(true));
        let mut desired = deployment(false);
        desired["metadata"]["annotations"]["kustomize.toolkit.fluxcd.io/ssa"] = "Merge".into();
        let plan = applier.converge(&[desired]).await;
        assert!(only(&plan).taken_from.is_empty(), "{plan}");
        let live = applier
            .get(&applier.path(DEPLOYMENTS, "deployments", "web"))
            .await;
        assert_eq!(live["spec"]["minReadySeconds"], 7);
    });
}

#[test]
fn what_other_programs_own_stays_unless_they_are_named() {
    on_both_servers(|mut applier| async move {
        applier.converge(&[deployment(false)]).await;
        let path = applier.path(DEPLOYMENTS, "deployments", "web");
        let path = format!("{path}?fieldManager=other-tool");
        let change = json!({"spec": {"minReadySeconds": 7}});
        applier
            .send(Method::PATCH, &path, "merge-patch+json", &change)
            .await;
        let plan = applier.plan(&[deployment(false)]).await;
        assert!(!plan.writes(), "{plan}");
        applier.cluster = applier
            .cluster
            .clone()
            .taking_over(["other-tool".to_owned()]);
        let plan = applier.converge(&[deployment(false)]).await;
        assert_eq!(only(&plan).taken_from, ["other-tool"], "{plan}");
        nothing_old_is_left(&applier).await;
    });
}
