//! A cluster that others can reach, too: one process at a time, whatever the network does, as whoever the kubeconfig
//! says.

use std::os::unix::fs::PermissionsExt as _;

use tokio::runtime::Runtime;
use windlass_faults::{Answer, Asked, Fate, Proxy};

use crate::scene::{Running, Scene};

/// A server that stands in for a cluster, and the path of its kubeconfig.
fn cluster(scene: &Scene) -> (Running, String) {
    let kubeconfig = scene.home().join("cluster.yaml").display().to_string();
    let mut server = scene.start(&["apiserver", "--kubeconfig", &kubeconfig]);
    server.wait_for("for kubectl");
    (server, kubeconfig)
}

fn up<'a>(kubeconfig: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["up", "--env", "dev", "--kubeconfig", kubeconfig], more].concat()
}

#[test]
fn a_second_up_says_who_is_at_work_and_goes_on_when_that_one_ends() {
    let scene = Scene::platform();
    let (_server, kubeconfig) = cluster(&scene);
    let mut first = scene.start(&up(&kubeconfig, &[]));
    first.wait_for("converged: ");
    let late = scene.windlass(&up(&kubeconfig, &["--once", "--timeout", "1s"]));
    assert_eq!(late.code, Some(1), "{}", late.all());
    let mut second = scene.start(&up(&kubeconfig, &["--once"]));
    second.wait_for("waiting for another windlass to end: process ");
    let source = scene.repository().canonicalize().unwrap();
    assert!(second.output().contains(&source.display().to_string()));
    assert_eq!(first.interrupt(), Some(0));
    second.wait_for("converged: ");
}

#[test]
fn another_repository_is_refused_until_it_takes_over() {
    let scene = Scene::platform();
    let (_server, kubeconfig) = cluster(&scene);
    let ran = scene.windlass(&up(&kubeconfig, &["--once"]));
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    scene.git(&[
        "remote",
        "add",
        "origin",
        "https://someone:hunter2@example.com/acme/platform.git",
    ]);
    let refused = scene.windlass(&up(&kubeconfig, &["--once"]));
    assert_eq!(refused.code, Some(1), "{}", refused.all());
    assert!(
        refused
            .stderr
            .contains("and not at example.com/acme/platform; "),
        "{}",
        refused.all()
    );
    assert!(refused.stderr.contains("--take-over"), "{}", refused.all());
    assert!(!refused.all().contains("hunter2"));
    for arguments in [&["--once", "--take-over"][..], &["--once"]] {
        let ran = scene.windlass(&up(&kubeconfig, arguments));
        assert_eq!(ran.code, Some(0), "{}", ran.all());
    }
}

#[test]
fn a_bad_network_delays_convergence_and_nothing_else() {
    let scene = Scene::platform();
    let (_server, kubeconfig) = cluster(&scene);
    let text = std::fs::read_to_string(&kubeconfig).unwrap();
    let runtime = Runtime::new().unwrap();
    let proxy = runtime.block_on(Proxy::start(&text));
    let bad = scene.home().join("bad.yaml");
    std::fs::write(&bad, proxy.kubeconfig()).unwrap();
    let bad = bad.display().to_string();
    // A prime that no list of requests has a rhythm of.
    proxy.rule(|asked| match asked.number % 23 {
        3 => Fate::Answer(Answer::failure(503, "ServiceUnavailable", "starting")),
        7 => Fate::Lost,
        11 => Fate::Truncated(40),
        13 => Fate::Answer(Answer::too_many_requests(0)),
        17 => Fate::Answer(Answer::html(502)),
        19 => Fate::Unsent,
        _ => Fate::Pass,
    });
    let ran = scene.windlass(&up(&bad, &["--once"]));
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    let deleted: Vec<_> = proxy
        .exchanges()
        .into_iter()
        .map(|exchange| exchange.asked)
        .collect();
    assert!(deleted.iter().all(|asked| asked.method != "DELETE"));
    let planned = scene.windlass(&["plan", "--env", "dev", "--kubeconfig", &kubeconfig]);
    assert_eq!(planned.code, Some(0), "{}", planned.all());
}

/// How many requests it takes at most to find out that nothing is to be done for 96 objects in 11 units: 135, and what
/// watches list that begin before the last unit is done. It may be lowered.
const REQUESTS: usize = 145;

#[test]
fn a_run_without_a_change_asks_for_no_more_than_it_must_and_writes_its_lease_only() {
    let scene = Scene::platform();
    let (_server, kubeconfig) = cluster(&scene);
    let ran = scene.windlass(&up(&kubeconfig, &["--once"]));
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    let text = std::fs::read_to_string(&kubeconfig).unwrap();
    let runtime = Runtime::new().unwrap();
    let proxy = runtime.block_on(Proxy::start(&text));
    let watched = scene.home().join("watched.yaml");
    std::fs::write(&watched, proxy.kubeconfig()).unwrap();
    let watched = watched.display().to_string();
    let ran = scene.windlass(&up(&watched, &["--once"]));
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    let exchanges = proxy.exchanges();
    let asked = exchanges.iter().map(|exchange| &exchange.asked);
    let (leases, others): (Vec<_>, Vec<_>) =
        asked.partition(|asked| asked.path.contains("/leases/"));
    let verbs: Vec<&str> = leases.iter().map(|asked| asked.method.as_str()).collect();
    assert_eq!(verbs, ["GET", "PUT", "PUT"]);
    let is_write = |asked: &&&Asked| asked.method != "GET" && !asked.query.contains("dryRun=All");
    assert_eq!(others.iter().find(is_write), None);
    // Watches begin with each service that is done before the last one; discovery is asked again where it is old.
    let is_watch = |asked: &Asked| asked.query.contains("watch=");
    let is_discovery = |asked: &Asked| matches!(asked.path.as_str(), "/api" | "/apis");
    let rest = others
        .iter()
        .filter(|asked| !is_watch(asked) && !is_discovery(asked));
    let count = rest.clone().count();
    assert!(
        count <= REQUESTS,
        "{count}: {:#?}",
        rest.collect::<Vec<_>>()
    );
}

#[test]
fn a_server_that_restarts_is_waited_for() {
    let scene = Scene::platform();
    let (_server, kubeconfig) = cluster(&scene);
    let text = std::fs::read_to_string(&kubeconfig).unwrap();
    let runtime = Runtime::new().unwrap();
    let proxy = runtime.block_on(Proxy::start(&text));
    let bad = scene.home().join("bad.yaml");
    std::fs::write(&bad, proxy.kubeconfig()).unwrap();
    let mut running = scene.start(&up(&bad.display().to_string(), &[]));
    running.wait_for("Deployment");
    proxy.close();
    running.wait_for("does not answer");
    proxy.open();
    running.wait_for("converged: ");
}

#[test]
fn an_exec_plugin_of_the_kubeconfig_is_run() {
    let scene = Scene::platform();
    let (_server, kubeconfig) = cluster(&scene);
    let text = std::fs::read_to_string(&kubeconfig).unwrap();
    let (rest, token) = text.split_once("    token: ").unwrap();
    let plugin = scene.home().join("plugin");
    let credential = r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"TOKEN"}}"#;
    let script = format!(
        "#!/bin/sh\necho '{}'\n",
        credential.replace("TOKEN", token.trim())
    );
    std::fs::write(&plugin, script).unwrap();
    std::fs::set_permissions(&plugin, std::fs::Permissions::from_mode(0o755)).unwrap();
    let with_plugin = format!(
        "{rest}    exec:\n      apiVersion: client.authentication.k8s.io/v1\n      command: {}\n      interactiveMode: Never\n",
        plugin.display()
    );
    let path = scene.home().join("plugin.yaml");
    std::fs::write(&path, with_plugin).unwrap();
    let path = path.display().to_string();
    let ran = scene.windlass(&[
        "plan",
        "--env",
        "dev",
        "--kubeconfig",
        &path,
        "bootstrap/rbac",
    ]);
    assert_eq!(ran.code, Some(3), "{}", ran.all());
    std::fs::write(&plugin, "#!/bin/sh\necho no ticket >&2\nexit 7\n").unwrap();
    let ran = scene.windlass(&[
        "plan",
        "--env",
        "dev",
        "--kubeconfig",
        &path,
        "bootstrap/rbac",
    ]);
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    assert!(ran.stderr.contains("plugin"), "{}", ran.all());
}
