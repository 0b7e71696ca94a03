//! What an API server would refuse of a change is told between two revisions, without a cluster.

use serde_json::Value;

use crate::scene::{Ran, Scene};

const MANIFESTS: &str = "kustomize/storefront/base/manifests.yaml";
const OVERLAY: &str = "kustomize/storefront/overlays/dev/kustomization.yaml";

/// The services of the example but one.
const SERVICES: [&str; 3] = ["api", "cdc", "hydra"];

const WIDGETS: &str = "\
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, kind: Widget}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties: {least: {type: integer}, most: {type: integer}}
              x-kubernetes-validations:
                - {rule: 'self.least <= self.most', message: 'most is less than least'}
";

fn compared(scene: &Scene, more: &[&str]) -> Ran {
    let command = ["diff", "--env", "dev", "--from", "HEAD~1"];
    scene.windlass(&[&command, more].concat())
}

fn add(scene: &Scene, path: &str, text: &str) {
    scene.write(path, &format!("{}\n{text}", scene.read(path).trim_end()));
}

#[test]
fn nothing_of_the_example_is_refused() {
    let scene = Scene::platform();
    scene.git(&["mv", "bootstrap", "aside"]);
    for service in SERVICES {
        scene.git(&[
            "mv",
            &format!("kustomize/{service}"),
            &format!("aside-{service}"),
        ]);
    }
    scene.commit("little");
    scene.git(&["mv", "aside", "bootstrap"]);
    for service in SERVICES {
        scene.git(&[
            "mv",
            &format!("aside-{service}"),
            &format!("kustomize/{service}"),
        ]);
    }
    scene.commit("all of it");
    let ran = compared(&scene, &[]);
    assert_eq!(ran.code, Some(3), "{}", ran.all());
    let added = ran.stdout.lines().filter(|line| line.starts_with("+ "));
    assert!(added.count() > 50, "{}", ran.all());
}

#[test]
fn what_breaks_the_rules_of_its_kind_is_refused() {
    let scene = Scene::platform();
    scene.replace(MANIFESTS, "containerPort: 8080", "containerPort: 80800");
    scene.commit("another port");
    let ran = compared(&scene, &[]);
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    for part in [
        "! storefront: Deployment/dev/storefront",
        "containerPort: 8080 → 80800",
        "the API server says Invalid: ",
        "must be between 1 and 65535",
    ] {
        assert!(ran.stdout.contains(part), "no {part:?} in:\n{}", ran.all());
    }
    let json = compared(&scene, &["-o", "json"]);
    assert_eq!(json.code, Some(1), "{}", json.all());
    let objects: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(objects[0]["change"], "refused");
    let reason = objects[0]["reason"].as_str().unwrap();
    assert!(reason.contains("65535"), "{reason}");
    let markdown = compared(&scene, &["-o", "markdown"]);
    for part in ["**1 failed**", "must be between 1 and 65535"] {
        assert!(
            markdown.stdout.contains(part),
            "no {part:?} in:\n{}",
            markdown.all()
        );
    }
}

#[test]
fn a_field_that_cannot_be_changed_is_told() {
    let scene = Scene::platform();
    add(
        &scene,
        MANIFESTS,
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: colours}\nimmutable: true\ndata: {door: red}\n",
    );
    scene.commit("colours");
    scene.replace(MANIFESTS, "door: red", "door: green");
    scene.commit("another colour");
    let ran = compared(&scene, &[]);
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    for part in [
        "! storefront: ConfigMap/dev/colours",
        "data.door: red → green",
        "cannot be changed",
    ] {
        assert!(ran.stdout.contains(part), "no {part:?} in:\n{}", ran.all());
    }
    let force = "{name: colours, annotations: {kustomize.toolkit.fluxcd.io/force: enabled}}";
    scene.replace(MANIFESTS, "{name: colours}", force);
    scene.commit("it may be replaced");
    let command = ["diff", "--env", "dev", "--from", "HEAD~2"];
    let ran = scene.windlass(&command);
    assert_eq!(ran.code, Some(3), "{}", ran.all());
}

#[test]
fn rules_of_kinds_that_the_repository_defines_are_evaluated() {
    let scene = Scene::platform();
    let widget = |most: u8| {
        format!(
            "---\napiVersion: example.com/v1\nkind: Widget\nmetadata: {{name: w}}\nspec: {{least: 3, most: {most}}}\n"
        )
    };
    add(&scene, MANIFESTS, &(WIDGETS.to_owned() + &widget(4)));
    scene.commit("widgets");
    let ran = compared(&scene, &[]);
    assert_eq!(ran.code, Some(3), "{}", ran.all());
    scene.replace(MANIFESTS, "most: 4", "most: 2");
    scene.commit("fewer");
    let ran = compared(&scene, &[]);
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    assert!(
        ran.stdout.contains("most is less than least"),
        "{}",
        ran.all()
    );
}

#[test]
fn what_only_the_cluster_knows_is_not_refused() {
    let scene = Scene::platform();
    let unknown =
        "---\napiVersion: example.org/v1\nkind: Unknown\nmetadata: {name: u}\nspec: {a: 1}\n";
    let address = "---\napiVersion: v1\nkind: Service\nmetadata: {name: fixed}\nspec: {clusterIP: 172.20.0.10, ports: [{port: 80}]}\n";
    let class = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {priorityClassName: ours, containers: [{name: c, image: c}]}\n";
    add(&scene, MANIFESTS, &[unknown, address, class].concat());
    scene.commit("what is not known here");
    let ran = compared(&scene, &[]);
    assert_eq!(ran.code, Some(3), "{}", ran.all());
    scene.replace(OVERLAY, "replicas: 1", "replicas: 3");
    scene.commit("three");
    assert_eq!(compared(&scene, &[]).code, Some(3));
}

#[test]
fn a_refusal_does_not_show_the_value_of_a_secret() {
    let scene = Scene::platform();
    let secret = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {'a key': canary-of-a-value}\n";
    add(&scene, MANIFESTS, secret);
    scene.commit("a secret");
    for output in ["text", "json", "markdown"] {
        let ran = compared(&scene, &["-o", output]);
        assert_eq!(ran.code, Some(1), "{}", ran.all());
        assert!(!ran.all().contains("canary-of-a-value"), "{}", ran.all());
    }
}
