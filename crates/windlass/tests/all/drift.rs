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

/// Returns how many replicas are live.
fn replicas(scene: &Scene) -> String {
    let path = "jsonpath={.spec.replicas}";
    scene.kubectl_ok(&["get", "deploy/storefront", "-n", "dev", "-o", path])
}

#[test]
fn drift_is_told_or_not_looked_for_as_the_command_line_says() {
    let (scene, _server) = converged();
    scene.kubectl_ok(&["scale", "deploy/storefront", "-n", "dev", "--replicas=5"]);
    for command in ["plan", "status"] {
        let told = scene.windlass(&[command, "--env", "dev", "--drift", "warn"]);
        assert_eq!(told.code, Some(3), "{}", told.all());
        for part in [
            "drift; left as it is",
            "spec.replicas: 5 → 1",
            "(written by kubectl)",
        ] {
            assert!(
                told.stdout.contains(part),
                "no {part:?} in:\n{}",
                told.all()
            );
        }
        let quiet = scene.windlass(&[command, "--env", "dev", "--drift", "off"]);
        assert_eq!(quiet.code, Some(0), "{}", quiet.all());
    }
    let diff = |mode, more: &[&str]| {
        scene.windlass(&[&["diff", "--env", "dev", "--drift", mode], more].concat())
    };
    let comment = scene.windlass(&["plan", "--env", "dev", "--drift", "warn", "-o", "markdown"]);
    assert!(
        comment.stdout.contains("drift; left as it is"),
        "{}",
        comment.all()
    );
    for (mode, code) in [("correct", 3), ("warn", 3), ("off", 0)] {
        for more in [&[][..], &["-o", "markdown"]] {
            let ran = diff(mode, more);
            assert_eq!(ran.code, Some(code), "{mode} {more:?}: {}", ran.all());
        }
    }
    let told = diff("correct", &[]);
    assert!(
        told.stdout.contains("spec.replicas: 5 → 1"),
        "{}",
        told.all()
    );
    let applied = scene.windlass(&["apply", "--env", "dev", "--yes", "--drift", "warn"]);
    assert_eq!(applied.code, Some(0), "{}", applied.all());
    assert!(
        applied.all().contains("drift; left as it is"),
        "{}",
        applied.all()
    );
    assert_eq!(replicas(&scene), "5");
    let applied = scene.windlass(&["apply", "--env", "dev", "--yes"]);
    assert_eq!(applied.code, Some(0), "{}", applied.all());
    assert_eq!(replicas(&scene), "1");
    let wrong = scene.windlass(&["plan", "--env", "dev", "--drift", "wran"]);
    assert_eq!(wrong.code, Some(2), "{}", wrong.all());
}

#[test]
fn up_tells_drift_and_leaves_it_until_the_source_changes() {
    let scene = Scene::platform();
    let mut up = scene.start(&["up", "--env", "dev", "--drift", "warn"]);
    up.wait_for("converged: ");
    scene.kubectl_ok(&["scale", "deploy/storefront", "-n", "dev", "--replicas=5"]);
    up.wait_for("Deployment/dev/storefront was changed in the cluster, and is left so");
    up.wait_for("spec.replicas: 5 → 1 (written by kubectl");
    assert_eq!(replicas(&scene), "5");
    let path = "kustomize/storefront/base/kustomization.yaml";
    let text = scene.read(path);
    scene.write(path, &(text + "\ncommonAnnotations:\n  note: new\n"));
    scene.commit("a note");
    up.wait_for("Deployment/dev/storefront configured");
    assert_eq!(replicas(&scene), "1");
}
