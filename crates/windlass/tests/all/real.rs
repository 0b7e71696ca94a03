//! The example platform on a real kube-apiserver. No kubelet runs there, so nothing waits for Pods.

use std::process::Command;

use windlass_control_plane::ControlPlane;

use crate::scene::{Ran, Scene, tool};

struct Real {
    scene: Scene,
    kubeconfig: String,
}

impl Real {
    fn new() -> Self {
        let kubeconfig = ControlPlane::shared().kubeconfig();
        Self {
            scene: Scene::platform(),
            kubeconfig: kubeconfig.display().to_string(),
        }
    }

    fn windlass(&self, verb: &str, more: &[&str]) -> Ran {
        let common = [verb, "--env", "dev", "--kubeconfig", &self.kubeconfig];
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
