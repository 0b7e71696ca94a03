//! What commits do to a cluster that `up` looks after.

use crate::scene::{Scene, eventually};

fn replicas(scene: &Scene) -> String {
    scene.kubectl_ok(&[
        "get",
        "deploy",
        "storefront",
        "-n",
        "dev",
        "-o",
        "jsonpath={.spec.replicas}",
    ])
}

#[test]
fn a_commit_changes_the_cluster_and_a_revert_changes_it_back() {
    let scene = Scene::platform();
    let mut up = scene.start(&["up", "--env", "dev"]);
    up.wait_for("converged: ");
    assert_eq!(replicas(&scene), "1");

    scene.replace(
        "kustomize/storefront/overlays/dev/kustomization.yaml",
        "replicas: 1",
        "replicas: 3",
    );
    scene.commit("three of them");
    up.wait_for("Deployment/dev/storefront configured");
    up.wait_for("converged: ");
    assert_eq!(replicas(&scene), "3");

    scene.git(&["revert", "--no-edit", "HEAD"]);
    up.wait_for("converged: ");
    assert_eq!(replicas(&scene), "1");
}

#[test]
fn only_what_changed_is_written() {
    let scene = Scene::platform();
    let mut up = scene.start(&["up", "--env", "dev"]);
    up.wait_for("converged: ");
    let before = up.output().matches(" created").count();
    scene.replace(
        "kustomize/storefront/overlays/dev/kustomization.yaml",
        "replicas: 1",
        "replicas: 2",
    );
    scene.commit("two of them");
    up.wait_for("converged: ");
    let output = up.output();
    assert_eq!(output.matches(" configured").count(), 1, "{output}");
    assert_eq!(output.matches(" created").count(), before, "{output}");
}

#[test]
fn what_is_deleted_from_the_source_is_pruned() {
    let scene = Scene::platform();
    let mut up = scene.start(&["up", "--env", "dev"]);
    up.wait_for("converged: ");
    scene.kubectl_ok(&["get", "pdb", "hydra", "-n", "dev"]);
    scene.replace(
        "kustomize/hydra/base/kustomization.yaml",
        "- pdb.yaml\n",
        "",
    );
    scene.remove("kustomize/hydra/base/pdb.yaml");
    scene.commit("no budget");
    up.wait_for("PodDisruptionBudget/dev/hydra deleted");
    up.wait_for("converged: ");
    assert_ne!(
        scene.kubectl(&["get", "pdb", "hydra", "-n", "dev"]).code,
        Some(0)
    );
}

#[test]
fn a_broken_service_holds_nobody_else_and_loses_nothing() {
    let scene = Scene::platform();
    let mut up = scene.start(&["up", "--env", "dev"]);
    up.wait_for("converged: ");
    scene.write("kustomize/hydra/base/service.yaml", "kind: [Service\n");
    scene.replace(
        "kustomize/storefront/overlays/dev/kustomization.yaml",
        "replicas: 1",
        "replicas: 2",
    );
    scene.commit("one breaks, one changes");
    up.wait_for_all(&[
        "Deployment/dev/storefront configured",
        "kustomize/hydra/base/service.yaml:",
    ]);
    eventually("two replicas", || replicas(&scene) == "2");
    scene.kubectl_ok(&[
        "get",
        "service/hydra",
        "deploy/hydra",
        "pdb/hydra",
        "-n",
        "dev",
    ]);
    assert!(!up.output().contains(" deleted"), "{}", up.output());

    scene.git(&["revert", "--no-edit", "HEAD"]);
    up.wait_for("converged: ");
}

#[test]
fn a_service_that_vanishes_waits_for_a_person() {
    let scene = Scene::platform();
    let mut up = scene.start(&["up", "--env", "dev"]);
    up.wait_for("converged: ");
    scene.git(&["rm", "-rq", "kustomize/storefront"]);
    scene.commit("no more shop");
    up.wait_for("storefront: blocked");
    scene.kubectl_ok(&["get", "deploy", "storefront", "-n", "dev"]);
}
