//! Changes behind Windlass' back.

use std::time::{Duration, Instant};

use crate::scene::{Scene, eventually};

/// Returns a scene that is converged, with only the API server running.
fn converged() -> (Scene, crate::scene::Running) {
    let scene = Scene::platform();
    scene.converge();
    let state = scene.state();
    let mut server = scene.start(&[
        "apiserver",
        "--state",
        state.to_str().unwrap(),
        "--kubeconfig",
        state.join("kubeconfig").to_str().unwrap(),
    ]);
    server.wait_for("KUBECONFIG");
    (scene, server)
}

#[test]
fn status_names_the_object_the_field_and_who_wrote_it() {
    let (scene, _server) = converged();
    let status = scene.windlass(&["status", "--env", "dev"]);
    assert_eq!(status.code, Some(0), "{}", status.all());
    assert!(
        status.stdout.trim_end().ends_with("converged"),
        "{}",
        status.all()
    );

    scene.kubectl_ok(&["scale", "deploy/storefront", "-n", "dev", "--replicas=5"]);
    let asked = Instant::now();
    let status = scene.windlass(&["status", "--env", "dev"]);
    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "{:?}",
        asked.elapsed()
    );
    assert_eq!(status.code, Some(3), "{}", status.all());
    for part in [
        "Deployment/dev/storefront",
        "spec.replicas: 5 → 1",
        "kubectl",
        "diverged",
    ] {
        assert!(
            status.stdout.contains(part),
            "no {part:?} in:\n{}",
            status.all()
        );
    }
}

#[test]
fn plan_and_diff_say_the_same_and_change_nothing() {
    let (scene, _server) = converged();
    assert_eq!(scene.windlass(&["plan", "--env", "dev"]).code, Some(0));
    assert_eq!(scene.windlass(&["diff", "--env", "dev"]).code, Some(0));
    scene.kubectl_ok(&["label", "service/hydra", "-n", "dev", "app-", "--overwrite"]);
    for command in ["plan", "diff"] {
        let ran = scene.windlass(&[command, "--env", "dev", "hydra"]);
        assert_eq!(ran.code, Some(3), "{}", ran.all());
        assert!(ran.stdout.contains("metadata.labels"), "{}", ran.all());
    }
    let labels = scene.kubectl_ok(&[
        "get",
        "service/hydra",
        "-n",
        "dev",
        "-o",
        "jsonpath={.metadata.labels}",
    ]);
    assert!(!labels.contains("\"app\":"), "{labels}");
}

#[test]
fn up_repairs_what_someone_changed_or_deleted() {
    let scene = Scene::platform();
    let mut up = scene.start(&["up", "--env", "dev"]);
    up.wait_for("converged: ");
    scene.kubectl_ok(&["scale", "deploy/storefront", "-n", "dev", "--replicas=5"]);
    let changed = Instant::now();
    up.wait_for("Deployment/dev/storefront configured");
    assert!(
        changed.elapsed() < Duration::from_secs(2),
        "{:?}",
        changed.elapsed()
    );
    scene.kubectl_ok(&["delete", "service", "hydra", "-n", "dev"]);
    up.wait_for("Service/dev/hydra created");
    eventually("the service is back", || {
        scene.kubectl(&["get", "svc", "hydra", "-n", "dev"]).code == Some(0)
    });
}
