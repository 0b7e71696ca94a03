//! A real kube-apiserver. No kubelet runs there, so nothing waits for Pods.

use std::process::Command;

use serde_json::json;
use windlass_control_plane::ControlPlane;

use crate::scene::{Ran, Scene, eventually, tool};

struct Real {
    scene: Scene,
    environment: &'static str,
    kubeconfig: String,
}

impl Real {
    fn new() -> Self {
        let kubeconfig = ControlPlane::shared().kubeconfig();
        Self {
            scene: Scene::platform(),
            environment: "dev",
            kubeconfig: kubeconfig.display().to_string(),
        }
    }

    fn windlass(&self, verb: &str, more: &[&str]) -> Ran {
        let common = [
            verb,
            "--env",
            self.environment,
            "--kubeconfig",
            &self.kubeconfig,
        ];
        self.scene.windlass(&[&common, more].concat())
    }

    fn apply(&self) -> Ran {
        self.windlass("apply", &["--yes", "--no-wait"])
    }

    fn kubectl(&self, arguments: &str) -> Ran {
        let mut command = Command::new(tool("kubectl"));
        command.env("KUBECONFIG", &self.kubeconfig);
        self.scene.run(command.args(arguments.split(' ')))
    }

    fn kubectl_ok(&self, arguments: &str) -> String {
        let ran = self.kubectl(arguments);
        assert_eq!(ran.code, Some(0), "kubectl {arguments}: {}", ran.all());
        ran.stdout
    }

    fn replicas(&self) -> String {
        self.kubectl_ok("get deploy/storefront -n dev -o jsonpath={.spec.replicas}")
    }

    fn scale(&self, from: u32, to: u32) {
        let path = "kustomize/storefront/overlays/dev/kustomization.yaml";
        let replicas = |count| format!("replicas: {count}");
        self.scene.replace(path, &replicas(from), &replicas(to));
        self.scene.commit("another number of replicas");
    }
}

fn succeed(ran: &Ran, code: i32) {
    assert_eq!(ran.code, Some(code), "{}", ran.all());
}

fn shows(ran: &Ran, part: &str) {
    assert!(ran.all().contains(part), "no {part:?} in:\n{}", ran.all());
}

#[test]
fn the_platform_is_applied_repaired_changed_from_a_file_and_pruned() {
    let real = Real::new();
    let plan = real.windlass("plan", &[]);
    succeed(&plan, 3);
    shows(&plan, "11 units: 96 to create");
    let first = real.apply();
    succeed(&first, 0);
    shows(&first, "Deployment/dev/storefront created");
    succeed(&real.windlass("plan", &[]), 0);
    let again = real.apply();
    succeed(&again, 0);
    assert!(!again.stdout.contains("configured"), "{}", again.all());

    real.kubectl_ok("scale deploy/storefront -n dev --replicas=7");
    let drifted = real.windlass("plan", &["storefront"]);
    succeed(&drifted, 3);
    shows(&drifted, "spec.replicas: 7 → 1");
    succeed(&real.apply(), 0);
    assert_eq!(real.replicas(), "1");

    real.scale(1, 2);
    succeed(&real.windlass("plan", &["--out", "dev.plan"]), 3);
    real.scale(2, 3);
    let saved = ["apply", "--plan", "dev.plan", "--no-wait"];
    let saved = [&saved[..], &["--kubeconfig", &real.kubeconfig]].concat();
    succeed(&real.scene.windlass(&saved), 0);
    assert_eq!(real.replicas(), "2");

    let path = "kustomize/hydra/base/kustomization.yaml";
    real.scene.replace(path, "- pdb.yaml\n", "");
    real.scene.commit("no disruption budget");
    let pruned = real.windlass("plan", &["hydra"]);
    succeed(&pruned, 3);
    shows(&pruned, "prune     PodDisruptionBudget/dev/hydra");
    succeed(&real.apply(), 0);
    assert_ne!(real.kubectl("get pdb/hydra -n dev").code, Some(0));
    assert_eq!(real.replicas(), "3");
}

/// A repository of one service with two ConfigMaps, in a namespace of its own.
fn small(namespace: &str) -> Real {
    let scene = Scene::empty();
    std::fs::create_dir(scene.repository()).unwrap();
    scene.git(&["init", "-q", "-b", "main"]);
    scene.write(
        "kustomize/maps/overlays/hooked/kustomization.yaml",
        &format!("namespace: {namespace}\nresources:\n- a.yaml\n- b.yaml\n"),
    );
    for name in ["a", "b"] {
        scene.write(
            &format!("kustomize/maps/overlays/hooked/{name}.yaml"),
            &format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  key: one\n"
            ),
        );
    }
    scene.commit("two maps");
    Real {
        scene,
        environment: "hooked",
        kubeconfig: ControlPlane::shared().kubeconfig().display().to_string(),
    }
}

/// A webhook that nobody answers for.
fn webhook(namespace: &str) -> String {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "gone"},
        "webhooks": [{
            "name": "gone.example.com",
            "clientConfig": {"url": "https://127.0.0.1:1/"},
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["CREATE", "UPDATE"]}],
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }],
    })
    .to_string()
}

/// A policy that no ConfigMap satisfies, and its binding.
fn policy(namespace: &str) -> String {
    let policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "frozen"},
        "spec": {
            "matchConstraints": {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["CREATE", "UPDATE"]}],
            },
            "validations": [{"expression": "false", "message": "maps are frozen until Monday"}],
        },
    });
    let binding = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "frozen"},
        "spec": {"policyName": "frozen", "validationActions": ["Deny"]},
    });
    format!("{policy}\n---\n{binding}\n")
}

#[test]
fn admission_that_fails_or_refuses_is_told_and_deletes_nothing() {
    let namespace = ControlPlane::shared().namespace("hooked");
    let namespace = namespace.name();
    let real = small(namespace);
    succeed(&real.apply(), 0);
    let probe = format!("label cm/b -n {namespace} probe=x --dry-run=server");
    let directory = "kustomize/maps/overlays/hooked";
    real.scene
        .replace(&format!("{directory}/a.yaml"), "one", "two");
    real.scene
        .replace(&format!("{directory}/kustomization.yaml"), "- b.yaml\n", "");
    real.scene.commit("one changes, one leaves");

    let hooks = [
        (
            webhook(namespace),
            "failed calling webhook \"gone.example.com\"",
        ),
        (policy(namespace), "maps are frozen until Monday"),
    ];
    for (hook, words) in hooks {
        real.scene.write("hook.yaml", &hook);
        let file = real
            .scene
            .repository()
            .join("hook.yaml")
            .display()
            .to_string();
        real.kubectl_ok(&format!("apply -f {file}"));
        eventually("admission refuses", || real.kubectl(&probe).code != Some(0));
        let refused = real.apply();
        succeed(&refused, 1);
        shows(&refused, words);
        shows(&refused, &format!("{directory}/a.yaml:1"));
        real.kubectl_ok(&format!("get cm/b -n {namespace}"));
        real.kubectl_ok(&format!("delete -f {file}"));
        eventually("admission is gone", || real.kubectl(&probe).code == Some(0));
    }
    succeed(&real.apply(), 0);
    assert_ne!(
        real.kubectl(&format!("get cm/b -n {namespace}")).code,
        Some(0)
    );
    let changed = real.kubectl_ok(&format!(
        "get cm/a -n {namespace} -o jsonpath={{.data.key}}"
    ));
    assert_eq!(changed, "two");
}
