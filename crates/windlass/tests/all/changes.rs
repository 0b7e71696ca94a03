//! How changes of many services are shown, and verbs around them.

use windlass_faults::{Answer, Fate, Proxy};

use crate::scene::{Running, Scene};

fn up(scene: &Scene) -> Running {
    let mut up = scene.start(&["up", "--env", "dev"]);
    up.wait_for("converged: ");
    up
}

/// Adds an annotation to the Deployments of two services.
fn annotate(scene: &Scene) {
    scene.git(&["checkout", "-q", "-b", "topic"]);
    for service in ["storefront", "hydra"] {
        let path = format!("kustomize/{service}/overlays/dev/kustomization.yaml");
        let metadata = format!("{{name: {service}, annotations: {{team: of-{service}}}}}");
        let patch = format!(
            "  - patch: '{{apiVersion: apps/v1, kind: Deployment, metadata: {metadata}}}'\n"
        );
        scene.write(&path, &with_patch(&scene.read(&path), &patch));
    }
    scene.commit("a team for each");
}

fn with_patch(text: &str, patch: &str) -> String {
    match text.split_once("patches:\n") {
        Some((head, tail)) => format!("{head}patches:\n{patch}{tail}"),
        None => format!("{}\npatches:\n{patch}", text.trim_end()),
    }
}

#[test]
fn two_revisions_are_compared_without_a_cluster_and_the_same_is_said_once() {
    let scene = Scene::platform();
    annotate(&scene);
    let ran = scene.windlass(&["diff", "--env", "dev", "--from", "main", "--to", "topic"]);
    assert_eq!(ran.code, Some(3), "{}", ran.all());
    assert!(
        ran.stdout.contains("~ 2 units: Deployment/dev/*"),
        "{}",
        ran.all()
    );
    assert!(
        ran.stdout.contains("the same in hydra, storefront"),
        "{}",
        ran.all()
    );
    assert!(!scene.home().join(".local").exists());
    let both = ["diff", "--env", "dev", "--from", "main", "-o", "markdown"];
    let markdown = scene.windlass(&both);
    assert_eq!(markdown.code, Some(3), "{}", markdown.all());
    for part in [
        "### dev: main to HEAD",
        "the same change in <b>2 units</b>",
        "```diff\n",
    ] {
        assert!(
            markdown.stdout.contains(part),
            "no {part:?} in:\n{}",
            markdown.all()
        );
    }
    let backwards = ["diff", "--env", "dev", "--from", "main", "--to", "main"];
    assert_eq!(scene.windlass(&backwards).code, Some(0));
}

#[test]
fn a_deletion_that_will_wait_for_approval_is_shown_between_revisions() {
    let scene = Scene::platform();
    scene.git(&["checkout", "-q", "-b", "topic"]);
    scene.git(&["rm", "-q", "-r", "kustomize/storefront"]);
    scene.commit("close the shop");
    let ran = scene.windlass(&["diff", "--env", "dev", "--from", "main"]);
    assert_eq!(ran.code, Some(3), "{}", ran.all());
    assert!(
        ran.stdout
            .contains("- storefront: Deployment/dev/storefront"),
        "{}",
        ran.all()
    );
    assert!(
        ran.stdout.contains("deleted only with an approval"),
        "{}",
        ran.all()
    );
    let markdown = scene.windlass(&["diff", "--env", "dev", "--from", "main", "-o", "markdown"]);
    assert!(markdown.stdout.contains("[!CAUTION]"), "{}", markdown.all());
}

#[test]
fn a_plan_groups_what_is_the_same_and_masks_secrets_in_markdown() {
    let scene = Scene::platform();
    let _up = up(&scene);
    annotate(&scene);
    let plan = scene.windlass(&["plan", "--env", "dev", "--revision", "topic"]);
    assert_eq!(plan.code, Some(3), "{}", plan.all());
    assert!(
        plan.stdout
            .contains("[1] the same change in 2 units: hydra, storefront"),
        "{}",
        plan.all()
    );
    let markdown = [
        "plan",
        "--env",
        "dev",
        "--revision",
        "topic",
        "-o",
        "markdown",
    ];
    let markdown = scene.windlass(&markdown);
    assert!(
        markdown.stdout.starts_with("### Plan for dev at "),
        "{}",
        markdown.all()
    );
    assert!(
        markdown.stdout.contains("**2 to update**"),
        "{}",
        markdown.all()
    );
}

#[test]
fn the_kubeconfig_is_printed_while_a_server_runs_and_not_otherwise() {
    let scene = Scene::platform();
    let none = scene.windlass(&["kubeconfig", "--env", "dev"]);
    assert_eq!(none.code, Some(1), "{}", none.all());
    assert!(
        none.stderr.contains("windlass up --env dev"),
        "{}",
        none.all()
    );
    let up = up(&scene);
    let ran = scene.windlass(&["kubeconfig", "--env", "dev"]);
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    let path = ran.stdout.trim_end();
    let nodes = scene.run(
        std::process::Command::new(crate::scene::tool("kubectl"))
            .args(["get", "namespaces"])
            .env("KUBECONFIG", path)
            .current_dir(scene.home()),
    );
    assert!(nodes.stdout.contains("dev"), "{}", nodes.all());
    assert_eq!(up.interrupt(), Some(0));
    assert_eq!(
        scene.windlass(&["kubeconfig", "--env", "dev"]).code,
        Some(1)
    );
}

#[test]
fn up_offers_only_the_outputs_that_it_has() {
    let scene = Scene::platform();
    let ran = scene.windlass(&["up", "--env", "dev", "-o", "yaml"]);
    assert_eq!(ran.code, Some(2), "{}", ran.all());
    assert!(
        ran.stderr.contains("[possible values: text, json]"),
        "{}",
        ran.all()
    );
}

#[test]
fn up_with_a_damaged_inventory_touches_nothing_of_the_unit_and_says_what_to_do() {
    let scene = Scene::platform();
    let mut up = up(&scene);
    let patch = r#"{"data":{"entries":"[{"}}"#;
    let inventory = [
        "patch",
        "cm",
        "windlass-inventory-dev.storefront",
        "-n",
        "windlass-system",
    ];
    scene.kubectl_ok(&[&inventory[..], &["--type=merge", "-p", patch]].concat());
    scene.git(&["rm", "-q", "-r", "kustomize/storefront"]);
    scene.commit("close the shop");
    up.wait_for_all(&["is damaged", "restore it from a backup, or delete it"]);
    scene.kubectl_ok(&[
        "get",
        "deploy/storefront",
        "service/storefront",
        "-n",
        "dev",
    ]);
    let status = scene.windlass(&["status", "--env", "dev", "storefront"]);
    assert_eq!(status.code, Some(1), "{}", status.all());
    assert!(status.stdout.contains("is damaged"), "{}", status.all());
}

#[test]
fn what_an_annotation_keeps_is_shown_between_revisions_with_the_reason() {
    let scene = Scene::platform();
    scene.replace(
        "kustomize/storefront/base/manifests.yaml",
        "    name: storefront\nspec:\n    replicas: 2",
        "    name: storefront\n    annotations: {kustomize.toolkit.fluxcd.io/reconcile: disabled}\nspec:\n    replicas: 2",
    );
    scene.commit("leave it alone");
    let path = "kustomize/storefront/overlays/dev/kustomization.yaml";
    scene.replace(path, "replicas: 1", "replicas: 4");
    scene.commit("four of them");
    let ran = scene.windlass(&["diff", "--env", "dev", "--from", "HEAD~1"]);
    assert_eq!(ran.code, Some(3), "{}", ran.all());
    for part in [
        "spec.replicas: 1 → 4",
        "left alone: kustomize.toolkit.fluxcd.io/reconcile: disabled",
    ] {
        assert!(ran.stdout.contains(part), "no {part:?} in:\n{}", ran.all());
    }
}

#[test]
fn status_fails_when_what_is_live_cannot_be_told() {
    let scene = Scene::platform();
    let _up = up(&scene);
    let kubeconfig = std::fs::read_to_string(scene.state().join("kubeconfig")).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let proxy = runtime.block_on(Proxy::start(&kubeconfig));
    let path = scene.home().join("through-the-proxy");
    std::fs::write(&path, proxy.kubeconfig()).unwrap();
    let status = || {
        let kubeconfig = path.to_str().unwrap();
        scene.windlass(&[
            "status",
            "--env",
            "dev",
            "--kubeconfig",
            kubeconfig,
            "storefront",
        ])
    };
    let ran = status();
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    proxy.rule(|asked| {
        let words = "deployments.apps is forbidden";
        if asked.path.contains("/deployments") {
            Fate::Answer(Answer::failure(403, "Forbidden", words))
        } else {
            Fate::Pass
        }
    });
    let ran = status();
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    assert!(
        ran.stdout.contains("the live object is not known"),
        "{}",
        ran.all()
    );
    let plan = [
        "plan",
        "--env",
        "dev",
        "storefront",
        "--kubeconfig",
        path.to_str().unwrap(),
    ];
    let plan = scene.windlass(&plan);
    assert_eq!(plan.code, Some(1), "{}", plan.all());
}
