//! State that outlives a process.

use crate::scene::{Scene, eventually};

#[test]
fn a_second_run_applies_nothing() {
    let scene = Scene::platform();
    scene.converge();
    let ran = scene.windlass(&["up", "--env", "dev", "--once", "-o", "json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    assert!(!ran.stdout.contains("\"applied\""), "{}", ran.all());
}

#[test]
fn a_kill_in_the_middle_of_an_apply_is_made_good() {
    // A line is printed for each object, so the moments differ: early, in the middle, late.
    for moment in ["Namespace", "Deployment", "Ingress"] {
        let scene = Scene::platform();
        let mut up = scene.start(&["up", "--env", "dev", "-o", "json"]);
        up.wait_for(moment);
        up.kill();
        let ran = scene.windlass(&["up", "--env", "dev", "--once"]);
        assert_eq!(ran.code, Some(0), "killed at {moment}: {}", ran.all());
        let ran = scene.windlass(&["plan", "--env", "dev"]);
        assert_eq!(ran.code, Some(0), "killed at {moment}: {}", ran.all());
    }
}

#[test]
fn an_interruption_in_the_middle_of_an_apply_is_made_good() {
    let scene = Scene::platform();
    let mut up = scene.start(&["up", "--env", "dev", "-o", "json"]);
    up.wait_for("Deployment");
    assert_eq!(up.interrupt(), Some(0));
    scene.converge();
    let ran = scene.windlass(&["plan", "--env", "dev"]);
    assert_eq!(ran.code, Some(0), "{}", ran.all());
}

#[test]
fn a_state_directory_has_one_owner() {
    let scene = Scene::platform();
    let mut up = scene.start(&["up", "--env", "dev"]);
    up.wait_for("converged: ");
    let second = scene.windlass(&["up", "--env", "dev", "--once"]);
    assert_eq!(second.code, Some(1), "{}", second.all());
    assert!(
        second.stderr.contains("in use by another process"),
        "{}",
        second.all()
    );
}

#[test]
fn a_port_in_use_is_said_so() {
    let scene = Scene::empty();
    std::fs::create_dir(scene.repository()).unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = scene.windlass(&["apiserver", "--listen", &address]);
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    assert!(ran.stderr.contains("in use"), "{}", ran.all());
}

#[test]
fn the_api_server_does_not_replace_a_kubeconfig_with_other_contexts() {
    let scene = Scene::empty();
    std::fs::create_dir(scene.repository()).unwrap();
    let theirs = "apiVersion: v1\nkind: Config\ncontexts:\n- name: production\n";
    scene.write("kubeconfig", theirs);
    let ran = scene.windlass(&["apiserver"]);
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    assert!(
        ran.stderr
            .contains("kubeconfig: it has other contexts; name another file"),
        "{}",
        ran.all()
    );
    assert_eq!(scene.read("kubeconfig"), theirs);
}

#[test]
fn the_api_server_listens_on_loopback_only() {
    let scene = Scene::empty();
    std::fs::create_dir(scene.repository()).unwrap();
    let ran = scene.windlass(&["apiserver", "--listen", "0.0.0.0:0"]);
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    assert!(ran.stderr.contains("loopback"), "{}", ran.all());
}

#[test]
fn plan_works_on_the_state_when_no_server_runs() {
    let scene = Scene::platform();
    let plan = scene.windlass(&["plan", "--env", "dev"]);
    assert_eq!(plan.code, Some(3), "{}", plan.all());
    eventually("the state directory is free", || {
        scene.windlass(&["up", "--env", "dev", "--once"]).code == Some(0)
    });
    let plan = scene.windlass(&["plan", "--env", "dev"]);
    assert_eq!(plan.code, Some(0), "{}", plan.all());
    let lines: Vec<&str> = plan.stdout.lines().collect();
    assert!(
        lines.iter().all(|line| line.ends_with(" unchanged")),
        "{}",
        plan.all()
    );
    assert!(
        lines.last().is_some_and(|last| last.contains(" units: ")),
        "{}",
        plan.all()
    );
}
