//! `windlass apply`, with kubectl as the judge.

use std::process::Command;

use crate::scene::{Ran, Running, Scene, binary};

/// Has the API server of the environment `dev` run by itself.
fn serve(scene: &Scene) -> Running {
    let state = scene.state();
    let mut server = scene.start(&[
        "apiserver",
        "--state",
        state.to_str().unwrap(),
        "--kubeconfig",
        state.join("kubeconfig").to_str().unwrap(),
    ]);
    server.wait_for("KUBECONFIG");
    server
}

/// Runs `windlass` on a terminal, and types `answer` there.
fn on_a_terminal(scene: &Scene, arguments: &str, answer: &str) -> Ran {
    let windlass = binary().display();
    let script = format!("printf '{answer}\\n' | script -qec '{windlass} {arguments}' /dev/null");
    let mut bash = Command::new("bash");
    scene.run(bash.args(["-c", &script]).current_dir(scene.repository()))
}

fn replicas(scene: &Scene) -> String {
    let path = "jsonpath={.spec.replicas}";
    scene.kubectl_ok(&["get", "deploy/storefront", "-n", "dev", "-o", path])
}

/// Asks for another number of replicas of the storefront, and commits that.
fn scale(scene: &Scene, from: u32, to: u32) {
    let path = "kustomize/storefront/overlays/dev/kustomization.yaml";
    scene.replace(
        path,
        &format!("replicas: {from}"),
        &format!("replicas: {to}"),
    );
    scene.commit("another number of replicas");
}

#[test]
fn an_empty_cluster_gets_everything_and_kubectl_sees_it_ready() {
    let scene = Scene::platform();
    let ran = scene.windlass(&["apply", "--env", "dev", "--yes"]);
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    for part in [
        "Namespace/dev created",
        "Deployment/dev/dev-api created",
        "converged: 11 units",
    ] {
        assert!(ran.stdout.contains(part), "no {part:?} in:\n{}", ran.all());
    }
    let _server = serve(&scene);
    let ready = "jsonpath={.status.observedGeneration}";
    let wait = [
        "wait",
        "-A",
        "--all",
        "deploy,sts,ds",
        "--for",
        ready,
        "--timeout=5s",
    ];
    scene.kubectl_ok(&wait);
    let plan = scene.windlass(&["plan", "--env", "dev"]);
    assert_eq!(plan.code, Some(0), "{}", plan.all());
    let again = scene.windlass(&["apply", "--env", "dev", "--yes", "-o", "json"]);
    assert_eq!(again.code, Some(0), "{}", again.all());
    assert!(
        !again.stdout.contains("\"event\":\"applied\""),
        "{}",
        again.all()
    );
}

#[test]
fn the_plan_of_a_first_deployment_has_every_object() {
    let scene = Scene::platform();
    let plan = scene.windlass(&["plan", "--env", "dev"]);
    assert_eq!(plan.code, Some(3), "{}", plan.all());
    let sum = plan.stdout.lines().last().unwrap();
    assert_eq!(sum, "11 units: 96 to create", "{}", plan.all());
    assert!(
        plan.stdout.contains("after Namespace/dev is ready"),
        "{}",
        plan.all()
    );
    let one = scene.windlass(&["plan", "--env", "dev", "hydra"]);
    assert!(
        one.stdout
            .contains("waits until windlass-system/dev.bootstrap.namespaces has made"),
        "{}",
        one.all()
    );
}

#[test]
fn without_a_terminal_nothing_is_done_that_nobody_agreed_to() {
    let scene = Scene::platform();
    let ran = scene.windlass(&["apply", "--env", "dev"]);
    assert_eq!(ran.code, Some(2), "{}", ran.all());
    assert!(ran.stderr.contains("--yes"), "{}", ran.all());
    assert!(!scene.home().join(".local").exists());
}

#[test]
fn on_a_terminal_no_leaves_the_cluster_as_it_is_and_yes_does_not() {
    let scene = Scene::platform();
    scene.converge();
    scale(&scene, 1, 2);
    let ran = on_a_terminal(&scene, "apply --env dev storefront", "n");
    assert_eq!(ran.code, Some(3), "{}", ran.all());
    assert!(ran.stdout.contains("spec.replicas: 1 → 2"), "{}", ran.all());
    assert!(ran.stdout.contains("[y/N]"), "{}", ran.all());
    let ran = on_a_terminal(&scene, "apply --env dev storefront", "y");
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    let _server = serve(&scene);
    assert_eq!(replicas(&scene), "2");
}

#[test]
fn what_is_good_is_applied_and_every_mistake_is_said_with_its_place() {
    let scene = Scene::platform();
    scene.replace(
        "kustomize/hydra/base/service.yaml",
        "  name: hydra\n",
        "  name: Hydra_\n",
    );
    scene.replace(
        "kustomize/api/base/service.yaml",
        "name: api\n",
        "name: Api_\n",
    );
    scene.commit("names that no server takes");
    let ran = scene.windlass(&["apply", "--env", "dev", "--yes"]);
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    for part in [
        "kustomize/hydra/base/service.yaml:",
        "kustomize/api/base/service.yaml:",
        "Deployment/dev/hydra created",
        "Deployment/dev/storefront created",
    ] {
        assert!(ran.all().contains(part), "no {part:?} in:\n{}", ran.all());
    }
}

#[test]
fn what_does_not_get_healthy_is_named_and_no_wait_does_not_look() {
    let scene = Scene::platform();
    let annotation = "prometheus.io/scrape: \"true\"\n";
    scene.replace(
        "kustomize/api/base/deployment.yaml",
        annotation,
        &format!("{annotation}        windlass.dev/fail: ImagePullBackOff\n"),
    );
    scene.commit("an image that cannot be pulled");
    let ran = scene.windlass(&["apply", "--env", "dev", "--yes", "--no-wait"]);
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    let ran = scene.windlass(&["apply", "--env", "dev", "--yes", "--timeout", "3s"]);
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    assert!(ran.stdout.contains("ImagePullBackOff"), "{}", ran.all());
    assert!(ran.stdout.contains("not converged"), "{}", ran.all());
}

#[test]
fn a_service_that_left_the_source_is_known_by_what_it_left_behind() {
    let scene = Scene::platform();
    scene.converge();
    scene.git(&["rm", "-q", "-r", "kustomize/storefront"]);
    scene.commit("close the shop");
    let plan = scene.windlass(&["plan", "--env", "dev", "storefront"]);
    assert_eq!(plan.code, Some(3), "{}", plan.all());
    assert!(
        plan.stdout.contains("the source wants nothing"),
        "{}",
        plan.all()
    );
    let wrong = scene.windlass(&["plan", "--env", "dev", "storefornt"]);
    assert_eq!(wrong.code, Some(1), "{}", wrong.all());
    assert!(
        wrong.stderr.contains("no service storefornt; it has "),
        "{}",
        wrong.all()
    );
}

#[test]
fn a_running_up_sees_what_apply_was_allowed_to_delete() {
    let scene = Scene::platform();
    let mut up = scene.start(&["up", "--env", "dev"]);
    up.wait_for("converged: ");
    scene.git(&["rm", "-q", "-r", "kustomize/storefront"]);
    scene.commit("close the shop");
    up.wait_for("storefront: blocked");
    let plan = scene.windlass(&["plan", "--env", "dev", "storefront", "-o", "json"]);
    let plan: serde_json::Value = serde_json::from_str(&plan.stdout).unwrap();
    let hash = plan[0]["hash"].as_str().unwrap();
    let held = scene.windlass(&["apply", "--env", "dev", "--yes", "storefront"]);
    assert_eq!(held.code, Some(1), "{}", held.all());
    scene.kubectl_ok(&["get", "deploy/storefront", "-n", "dev"]);
    let ran = scene.windlass(&[
        "apply",
        "--env",
        "dev",
        "--yes",
        "storefront",
        "--approve",
        hash,
    ]);
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    assert_ne!(
        scene
            .kubectl(&["get", "deploy/storefront", "-n", "dev"])
            .code,
        Some(0)
    );
    up.wait_for(", 90 objects at ");
}

#[test]
fn guards_are_set_by_flags_and_by_variables() {
    let scene = Scene::platform();
    scene.converge();
    scene.git(&["rm", "-q", "kustomize/hydra/base/service.yaml"]);
    let kustomization = scene.read("kustomize/hydra/base/kustomization.yaml");
    let without: Vec<&str> = kustomization
        .lines()
        .filter(|line| !line.contains("service.yaml"))
        .collect();
    scene.write(
        "kustomize/hydra/base/kustomization.yaml",
        &(without.join("\n") + "\n"),
    );
    scene.commit("no services");
    let plan = scene.windlass(&["plan", "--env", "dev", "hydra"]);
    assert!(plan.stdout.contains("2 to delete"), "{}", plan.all());
    let plan = scene.windlass(&[
        "plan",
        "--env",
        "dev",
        "hydra",
        "--protect-namespace",
        "dev",
    ]);
    assert!(
        plan.stdout.contains("the namespace dev is protected"),
        "{}",
        plan.all()
    );
    let mut command = Command::new(binary());
    let command = command.args([
        "plan",
        "--env",
        "dev",
        "hydra",
        "--max-prune-percent",
        "101",
    ]);
    let ran = scene.run(command.current_dir(scene.repository()));
    assert_eq!(ran.code, Some(2), "{}", ran.all());
}

#[test]
fn another_field_manager_owns_what_it_applies() {
    let scene = Scene::platform();
    let ran = scene.windlass(&[
        "apply",
        "--env",
        "dev",
        "--yes",
        "--field-manager",
        "release",
    ]);
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    let _server = serve(&scene);
    let managers = "jsonpath={.metadata.managedFields[*].manager}";
    let object = [
        "get",
        "configmap",
        "-n",
        "dev",
        "--show-managed-fields",
        "-o",
    ];
    let seen = scene.kubectl_ok(
        &[
            &object[..],
            &["jsonpath={.items[*].metadata.managedFields[*].manager}"],
        ]
        .concat(),
    );
    assert!(
        seen.contains("release") && !seen.contains("kustomize-controller"),
        "{managers} {seen}"
    );
}
