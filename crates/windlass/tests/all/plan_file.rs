//! A plan that is saved, reviewed and carried out later.

use std::fs;

use crate::scene::{Running, Scene};

/// Returns a scene that is converged, with its API server running.
fn converged() -> (Scene, Running) {
    let scene = Scene::platform();
    scene.converge();
    let server = serve(&scene);
    (scene, server)
}

/// Starts the API server of the scene.
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

fn change(scene: &Scene, service: &str, from: &str, to: &str) {
    let path = format!("kustomize/{service}/overlays/dev/kustomization.yaml");
    scene.replace(&path, from, to);
    scene.commit("a change");
}

fn save(scene: &Scene) -> String {
    let plan = scene.windlass(&["plan", "--env", "dev", "--out", "dev.plan"]);
    assert_eq!(plan.code, Some(3), "{}", plan.all());
    assert!(
        plan.stderr.contains("windlass apply --plan dev.plan"),
        "{}",
        plan.all()
    );
    scene.read("dev.plan")
}

fn replicas(scene: &Scene, deployment: &str) -> String {
    let path = "jsonpath={.spec.replicas}";
    scene.kubectl_ok(&["get", deployment, "-n", "dev", "-o", path])
}

#[test]
fn a_saved_plan_does_exactly_what_it_says_whatever_was_committed_since() {
    let (scene, _server) = converged();
    change(&scene, "storefront", "replicas: 1", "replicas: 2");
    save(&scene);
    change(&scene, "storefront", "replicas: 2", "replicas: 3");
    let ran = scene.windlass(&["apply", "--plan", "dev.plan"]);
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    assert_eq!(replicas(&scene, "deploy/storefront"), "2");
    let again = scene.windlass(&["apply", "--plan", "dev.plan"]);
    assert_eq!(again.code, Some(0), "{}", again.all());
    assert!(!again.stdout.contains("configured"), "{}", again.all());
}

#[test]
fn a_first_deployment_is_carried_out_from_a_file() {
    let scene = Scene::platform();
    save(&scene);
    let ran = scene.windlass(&["apply", "--plan", "dev.plan"]);
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    assert!(
        ran.stdout
            .contains("converged: 11 units, 96 objects at main@"),
        "{}",
        ran.all()
    );
}

#[test]
fn what_is_left_of_a_first_deployment_is_carried_out_from_the_same_file() {
    let scene = Scene::platform();
    save(&scene);
    let apply = || scene.windlass(&["apply", "--plan", "dev.plan", "--no-wait"]);
    let first = apply();
    assert_eq!(first.code, Some(0), "{}", first.all());
    let _server = serve(&scene);
    // As if the first apply had ended before it.
    scene.kubectl_ok(&["delete", "service", "hydra", "-n", "dev"]);
    let second = apply();
    assert_eq!(second.code, Some(0), "{}", second.all());
    assert!(
        second.stdout.contains("Service/dev/hydra created"),
        "{}",
        second.all()
    );
    scene.kubectl_ok(&["label", "service", "hydra", "-n", "dev", "app-"]);
    scene.kubectl_ok(&["delete", "service", "storefront", "-n", "dev"]);
    let third = apply();
    assert_eq!(third.code, Some(3), "{}", third.all());
    assert!(
        third.stdout.contains("Service/dev/storefront created"),
        "{}",
        third.all()
    );
    assert!(
        third
            .stdout
            .contains("hydra: not applied, since its plan is another one now"),
        "{}",
        third.all()
    );
}

#[test]
fn a_service_that_changed_since_is_left_alone_and_the_others_go_on() {
    let (scene, _server) = converged();
    change(&scene, "storefront", "replicas: 1", "replicas: 2");
    scene.replace(
        "kustomize/hydra/base/service.yaml",
        "component: server",
        "component: hydra-2",
    );
    scene.commit("another selector");
    save(&scene);
    scene.kubectl_ok(&["scale", "deploy/storefront", "-n", "dev", "--replicas=7"]);
    let ran = scene.windlass(&["apply", "--plan", "dev.plan"]);
    assert_eq!(ran.code, Some(3), "{}", ran.all());
    for part in [
        "storefront: not applied",
        "spec.replicas: 1 → 2",
        "spec.replicas: 7 → 2",
    ] {
        assert!(ran.stdout.contains(part), "no {part:?} in:\n{}", ran.all());
    }
    assert_eq!(replicas(&scene, "deploy/storefront"), "7");
    let selector = scene.kubectl_ok(&[
        "get",
        "svc/hydra",
        "-n",
        "dev",
        "-o",
        "jsonpath={.spec.selector}",
    ]);
    assert!(selector.contains("hydra-2"), "{selector}");
}

#[test]
fn a_file_holds_no_secret_value() {
    let scene = Scene::platform();
    let text = save(&scene);
    let ran = scene.windlass(&["build", "--env", "dev"]);
    let values = ran.stdout.lines().filter_map(|line| {
        let (key, value) = line.trim().split_once(": ")?;
        (key.ends_with("PASSWORD") || key.ends_with("SECRET") || key.ends_with("URL"))
            .then_some(value)
    });
    let values: Vec<&str> = values.filter(|value| value.len() > 8).collect();
    assert!(!values.is_empty());
    for value in values {
        assert!(!text.contains(value), "{value}");
    }
}

#[test]
fn a_plan_for_another_cluster_is_refused() {
    let (scene, _server) = converged();
    change(&scene, "storefront", "replicas: 1", "replicas: 2");
    save(&scene);
    let other = ["apply", "--plan", "dev.plan", "--state", "other-state"];
    let ran = scene.windlass(&other);
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    assert!(
        ran.stderr
            .contains("the plan was made for another cluster: https://127.0.0.1:"),
        "{}",
        ran.all()
    );
    assert_eq!(replicas(&scene, "deploy/storefront"), "1");
}

#[test]
fn every_file_that_is_no_whole_plan_is_refused() {
    let (scene, _server) = converged();
    change(&scene, "storefront", "replicas: 1", "replicas: 2");
    let text = save(&scene);
    let cases = [
        (
            text.replace("\"update\"", "\"prune\""),
            "changed after it was saved",
        ),
        (text[..text.len() / 2].to_owned(), "only a part of one"),
        (
            text.replace("plan/v1", "plan/v9"),
            "it has the format \"windlass.dev/plan/v9\"",
        ),
        ("{}".to_owned(), "it has no \"format\""),
        ("kind: Plan".to_owned(), "no saved plan"),
        (String::new(), "no saved plan"),
    ];
    for (text, expected) in cases {
        fs::write(scene.repository().join("bad.plan"), text).unwrap();
        let ran = scene.windlass(&["apply", "--plan", "bad.plan"]);
        assert_eq!(ran.code, Some(1), "{expected}: {}", ran.all());
        assert!(ran.stderr.contains("error: bad.plan: "), "{}", ran.all());
        assert!(ran.stderr.contains(expected), "{expected}: {}", ran.all());
    }
    assert_eq!(replicas(&scene, "deploy/storefront"), "1");
    let both = scene.windlass(&["apply", "--plan", "dev.plan", "--env", "dev"]);
    assert_eq!(both.code, Some(2), "{}", both.all());
    let missing = scene.windlass(&["apply", "--plan", "no.plan"]);
    assert_eq!(missing.code, Some(1), "{}", missing.all());
}

#[test]
fn what_a_plan_shows_as_held_stays_unless_it_was_approved_when_it_was_made() {
    let (scene, _server) = converged();
    scene.git(&["rm", "-q", "-r", "kustomize/storefront"]);
    scene.commit("close the shop");
    save(&scene);
    let ran = scene.windlass(&["apply", "--plan", "dev.plan"]);
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    scene.kubectl_ok(&["get", "deploy/storefront", "-n", "dev"]);
    let plans = scene.windlass(&["plan", "--env", "dev", "storefront", "-o", "json"]);
    let plans: serde_json::Value = serde_json::from_str(&plans.stdout).unwrap();
    let hash = plans[0]["hash"].as_str().unwrap();
    let plan = [
        "plan",
        "--env",
        "dev",
        "--out",
        "dev.plan",
        "--approve",
        hash,
    ];
    assert_eq!(scene.windlass(&plan).code, Some(3));
    let ran = scene.windlass(&["apply", "--plan", "dev.plan"]);
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    assert_ne!(
        scene
            .kubectl(&["get", "deploy/storefront", "-n", "dev"])
            .code,
        Some(0)
    );
}
