//! `windlass up` on the example.

use crate::scene::{Scene, workspace};

#[test]
fn the_example_converges_and_kubectl_sees_it() {
    let scene = Scene::platform();
    let ran = scene.windlass(&["up", "--env", "dev", "--once"]);
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    assert!(ran.stdout.contains("converged: "), "{}", ran.all());

    let mut server = scene.start(&[
        "apiserver",
        "--state",
        scene.state().to_str().unwrap(),
        "--kubeconfig",
        scene.state().join("kubeconfig").to_str().unwrap(),
    ]);
    server.wait_for("KUBECONFIG");
    let workloads = "deploy,sts,ds";
    let ready = "jsonpath={.status.observedGeneration}";
    scene.kubectl_ok(&[
        "wait",
        "-A",
        "--all",
        workloads,
        "--for",
        ready,
        "--timeout=5s",
    ]);
    scene.kubectl_ok(&[
        "rollout",
        "status",
        "deploy/dev-api",
        "-n",
        "dev",
        "--timeout=5s",
    ]);
    let crds = scene.kubectl_ok(&["get", "crd", "-o", "name"]);
    assert!(crds.contains("jaegers.jaegertracing.io"), "{crds}");
}

#[test]
fn the_command_of_the_readme_works_on_the_example_in_place() {
    let scene = Scene::empty();
    let example = workspace().join("examples/platform");
    let ran = scene.run(
        std::process::Command::new(crate::scene::binary())
            .args([
                "up",
                example.to_str().unwrap(),
                "--env",
                "dev",
                "--once",
                "--worktree",
            ])
            .current_dir(scene.home()),
    );
    assert_eq!(ran.code, Some(0), "{}", ran.all());
}

#[test]
fn json_events_are_one_object_a_line() {
    let scene = Scene::platform();
    let ran = scene.windlass(&["up", "--env", "staging", "--once", "-o", "json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    let events: Vec<serde_json::Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    assert_eq!(events[0]["event"], "server");
    assert_eq!(events.last().unwrap()["event"], "converged");
}

#[test]
fn ctrl_c_ends_it_cleanly_and_leaves_nothing_running() {
    let scene = Scene::platform();
    let mut up = scene.start(&["up", "--env", "dev"]);
    up.wait_for("converged: ");
    assert_eq!(up.interrupt(), Some(0));
    assert_ne!(
        scene
            .kubectl(&["get", "nodes", "--request-timeout=2s"])
            .code,
        Some(0)
    );
}

#[test]
fn a_time_out_names_what_is_not_well() {
    let scene = Scene::platform();
    let annotation = "prometheus.io/scrape: \"true\"\n";
    scene.replace(
        "kustomize/api/base/deployment.yaml",
        annotation,
        &format!("{annotation}        windlass.dev/fail: ImagePullBackOff\n"),
    );
    scene.commit("an image that cannot be pulled");
    let ran = scene.windlass(&["up", "--env", "dev", "--once", "--timeout", "5s"]);
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    assert!(ran.all().contains("ImagePullBackOff"), "{}", ran.all());
}

#[test]
fn a_reader_that_goes_away_ends_a_command_quietly() {
    let scene = Scene::platform();
    for arguments in [
        "build --env dev",
        "plan --env dev",
        "completion bash",
        "up --env dev -o json",
        "up --env dev",
    ] {
        let windlass = crate::scene::binary().display();
        let script = format!("set -o pipefail; {windlass} {arguments} | head -1");
        let mut bash = std::process::Command::new("bash");
        let ran = scene.run(bash.args(["-c", &script]).current_dir(scene.repository()));
        assert!(
            !ran.all().contains("panicked"),
            "{arguments}: {}",
            ran.all()
        );
        assert_eq!(ran.stdout.lines().count(), 1, "{arguments}: {}", ran.all());
        let expected = if arguments.starts_with("plan") { 3 } else { 0 };
        assert_eq!(ran.code, Some(expected), "{arguments}: {}", ran.all());
    }
    scene.converge();
}
