//! `windlass.yaml`: fields that are left to others, and health by expressions.

use crate::scene::{Ran, Running, Scene, eventually};

const OVERLAY: &str = "kustomize/storefront/overlays/dev";

const DEFINITION: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: widgets.example.dev
spec:
  group: example.dev
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
";

const WIDGET: &str = "
apiVersion: example.dev/v1
kind: Widget
metadata: {name: w}
spec: {size: 1}
";

const HEALTH: &str = "
healthCheckExprs:
- apiVersion: example.dev/v1
  kind: Widget
  failed: status.phase == 'Broken'
  current: status.phase == 'Ready'
";

/// Returns a converged environment with these settings, and its server.
fn with(settings: &str) -> (Scene, Running) {
    let scene = Scene::platform();
    scene.write("windlass.yaml", settings);
    scene.commit("settings");
    scene.converge();
    let state = scene.state();
    let kubeconfig = state.join("kubeconfig").display().to_string();
    let state = state.display().to_string();
    let mut server = scene.start(&["apiserver", "--state", &state, "--kubeconfig", &kubeconfig]);
    server.wait_for("KUBECONFIG");
    (scene, server)
}

fn storefront(scene: &Scene, verb: &str, more: &[&str]) -> Ran {
    scene.windlass(&[&[verb, "--env", "dev", "storefront"], more].concat())
}

fn has(ran: &Ran, code: i32, parts: &[&str]) {
    assert_eq!(ran.code, Some(code), "{}", ran.all());
    for part in parts {
        assert!(ran.all().contains(part), "no {part:?} in:\n{}", ran.all());
    }
}

fn phase(scene: &Scene, phase: &str) {
    let patch = format!("{{\"status\":{{\"phase\":\"{phase}\"}}}}");
    scene.kubectl_ok(&[
        "patch",
        "widget",
        "w",
        "-n",
        "dev",
        "--type=merge",
        "--subresource=status",
        "-p",
        &patch,
    ]);
}

#[test]
fn an_expression_is_waited_for_by_the_names_of_object_and_condition() {
    let (scene, _server) = with(HEALTH);
    scene.write(&format!("{OVERLAY}/crd.yaml"), DEFINITION);
    scene.write(&format!("{OVERLAY}/widget.yaml"), WIDGET);
    let path = format!("{OVERLAY}/kustomization.yaml");
    scene.replace(
        &path,
        "- ../../base\n",
        "- ../../base\n  - crd.yaml\n  - widget.yaml\n",
    );
    scene.commit("a widget");
    let late = storefront(&scene, "apply", &["--yes", "--timeout", "1s"]);
    has(
        &late,
        1,
        &["Widget.example.dev/dev/w: InProgress: cannot evaluate status.phase == 'Broken'"],
    );
    phase(&scene, "Starting");
    let late = storefront(&scene, "apply", &["--yes", "--timeout", "1s"]);
    has(
        &late,
        1,
        &["Widget.example.dev/dev/w: InProgress: waits for status.phase == 'Ready'"],
    );
    phase(&scene, "Broken");
    let failed = storefront(&scene, "apply", &["--yes"]);
    has(
        &failed,
        1,
        &["Widget.example.dev/dev/w: Failed: status.phase == 'Broken'"],
    );
    let status = storefront(&scene, "status", &[]);
    has(&status, 1, &["Failed: status.phase == 'Broken'"]);
    phase(&scene, "Ready");
    has(
        &storefront(&scene, "apply", &["--yes"]),
        0,
        &["converged: "],
    );
}

#[test]
fn up_takes_what_the_settings_of_a_new_commit_say() {
    let scene = Scene::platform();
    let mut up = scene.start(&["up", "--env", "dev"]);
    up.wait_for("converged: ");
    let replicas = |count: &str| {
        let arguments = ["scale", "deploy/storefront", "-n", "dev", count];
        scene.kubectl_ok(&arguments);
    };
    replicas("--replicas=5");
    up.wait_for("Deployment/dev/storefront configured");
    scene.write("windlass.yaml", "ignore:\n- paths: [spec.replicas]\n");
    scene.commit("a mistake");
    up.wait_for("windlass.yaml:2:11: \"spec.replicas\" is no JSON pointer");
    scene.write(
        "windlass.yaml",
        "ignore:\n- paths: [/spec/replicas]\n  target: {kind: Deployment}\n",
    );
    scene.commit("replicas are not ours");
    up.wait_for("converged: ");
    replicas("--replicas=6");
    let path = format!("{OVERLAY}/kustomization.yaml");
    scene.replace(&path, "71e0ba4", "72e0ba4");
    scene.commit("another image");
    up.wait_for("Deployment/dev/storefront configured");
    let path = "jsonpath={.spec.replicas}{.spec.template.spec.containers[0].image}";
    eventually("the image is there, and the replicas stay", || {
        let live = scene.kubectl_ok(&["get", "deploy/storefront", "-n", "dev", "-o", path]);
        live.starts_with('6') && live.ends_with("72e0ba4")
    });
}

#[test]
fn rules_of_another_environment_do_not_hold_here() {
    let rule = "ignore:\n- paths: [/spec/replicas]\n  environments: [staging]\n";
    let (scene, _server) = with(rule);
    scene.kubectl_ok(&["scale", "deploy/storefront", "-n", "dev", "--replicas=5"]);
    has(
        &storefront(&scene, "plan", &[]),
        3,
        &["spec.replicas: 5 → 1"],
    );
    scene.write("windlass.yaml", &rule.replace("staging", "dev"));
    has(
        &storefront(&scene, "plan", &["--worktree"]),
        0,
        &["6 unchanged"],
    );
}

#[test]
fn an_annotation_that_is_no_pointer_is_told_with_the_object_and_its_place() {
    let scene = Scene::platform();
    scene.converge();
    let path = format!("{OVERLAY}/kustomization.yaml");
    let text = scene.read(&path);
    scene.write(
        &path,
        &(text + "\ncommonAnnotations:\n  windlass.dev/drift-ignore: spec.replicas\n"),
    );
    let told = storefront(&scene, "plan", &["--worktree"]);
    let parts = [
        "annotations of Deployment/dev/storefront: \"spec.replicas\" is no JSON pointer",
        "kustomize/storefront/base/manifests.yaml:9: ",
    ];
    has(&told, 1, &parts);
}

#[test]
fn the_fields_of_a_manager_that_is_named_are_taken_over_and_a_saved_plan_names_it_too() {
    let (scene, _server) = with("");
    let map = "{\"apiVersion\": \"v1\", \"kind\": \"Service\", \"metadata\": {\"name\": \"storefront\", \"namespace\": \"dev\", \"annotations\": {\"old\": \"1\"}}}";
    let file = scene.home().join("service.json");
    std::fs::write(&file, map).unwrap();
    let file = file.display().to_string();
    scene.kubectl_ok(&[
        "apply",
        "--server-side",
        "--field-manager=deployer",
        "-f",
        &file,
    ]);
    has(&storefront(&scene, "plan", &[]), 0, &["6 unchanged"]);
    let by_flag = ["--override-manager", "deployer", "--out", "dev.plan"];
    let parts = [
        "fields taken over from deployer",
        "metadata.annotations.old: - \"1\"",
    ];
    has(&storefront(&scene, "plan", &by_flag), 3, &parts);
    has(
        &scene.windlass(&["apply", "--plan", "dev.plan"]),
        0,
        &["Service/dev/storefront configured"],
    );
    let path = "jsonpath={.metadata.annotations.old}";
    assert_eq!(
        scene.kubectl_ok(&["get", "svc/storefront", "-n", "dev", "-o", path]),
        ""
    );
    let wrong = storefront(&scene, "plan", &["--override-manager", ""]);
    has(
        &wrong,
        2,
        &["a field manager has 1 to 128 printable characters"],
    );
}

#[test]
fn an_object_is_waited_for_as_long_as_the_flag_says() {
    let (scene, _server) = with("");
    let map = |value: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nimmutable: true\ndata: {{key: '{value}'}}\nmetadata:\n  name: fixed\n  \
             finalizers: [example.dev/held]\n  annotations: {{kustomize.toolkit.fluxcd.io/force: enabled}}\n"
        )
    };
    let path = format!("{OVERLAY}/fixed.yaml");
    scene.write(&path, &map("1"));
    let kustomization = format!("{OVERLAY}/kustomization.yaml");
    scene.replace(
        &kustomization,
        "- ../../base\n",
        "- ../../base\n  - fixed.yaml\n",
    );
    scene.commit("a map");
    has(
        &storefront(&scene, "apply", &["--yes"]),
        0,
        &["converged: "],
    );
    scene.write(&path, &map("2"));
    scene.commit("another value");
    let late = storefront(&scene, "apply", &["--yes", "--object-timeout", "1s"]);
    has(
        &late,
        1,
        &[
            "waited 1 s for ConfigMap/dev/fixed to be gone",
            "its finalizers example.dev/held are not done",
        ],
    );
}
