//! A field that cannot be changed.

use crate::scene::Scene;

const KUSTOMIZATION: &str = "kustomize/storefront/base/kustomization.yaml";
const DEPLOYMENT: &str = "Deployment.apps/dev/storefront";

/// Returns the uid of the Deployment.
fn uid(scene: &Scene) -> String {
    let field = "jsonpath={.metadata.uid}";
    scene.kubectl_ok(&["get", "deployment/storefront", "-n", "dev", "-o", field])
}

#[test]
fn a_deployment_with_another_selector_is_replaced_once_that_is_approved_and_not_before() {
    let scene = Scene::platform();
    scene.converge();
    scene.replace(KUSTOMIZATION, "app: storefront", "app: shopfront");
    scene.commit("rename the label");

    let plan = scene.windlass(&["plan", "--env", "dev", "storefront"]);
    for part in [
        "spec.selector cannot be changed",
        "kustomize.toolkit.fluxcd.io/force: enabled",
        "kustomize/storefront/base/manifests.yaml:9",
        "1 failed",
    ] {
        assert!(
            plan.stdout.contains(part),
            "no {part:?} in:\n{}",
            plan.all()
        );
    }

    let up = ["up", "--env", "dev", "--once"];
    let refused = scene.windlass(&up);
    assert_ne!(refused.code, Some(0), "{}", refused.all());
    assert!(
        refused.all().contains("spec.selector cannot be changed"),
        "{}",
        refused.all()
    );

    let approved = scene.windlass(&[&up[..], &["--approve", DEPLOYMENT]].concat());
    assert_eq!(approved.code, Some(0), "{}", approved.all());
    assert!(approved.all().contains("replaced"), "{}", approved.all());

    let mut server = scene.start(&["up", "--env", "dev"]);
    server.wait_for("converged");
    assert!(!uid(&scene).is_empty());
}
