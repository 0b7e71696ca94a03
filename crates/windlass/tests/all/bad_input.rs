//! Mistakes in a repository: what, where, what to do; in `build`, `plan` and `up`.

use crate::scene::Scene;

/// A mistake, how it is made, and what must be said of it.
struct Mistake {
    name: &'static str,
    make: fn(&Scene),
    says: &'static [&'static str],
}

const KUSTOMIZATION: &str = "kustomize/storefront/overlays/dev/kustomization.yaml";
const MANIFESTS: &str = "kustomize/storefront/base/manifests.yaml";

const MISTAKES: &[Mistake] = &[
    Mistake {
        name: "a syntax error",
        make: |scene| scene.write(MANIFESTS, "kind: Service\n  metadata: {\n"),
        says: &["kustomize/storefront/base/manifests.yaml:2"],
    },
    Mistake {
        name: "a missing file",
        make: |scene| scene.remove(MANIFESTS),
        says: &[
            "kustomize/storefront/base/kustomization.yaml:4",
            "manifests.yaml",
        ],
    },
    Mistake {
        name: "a patch without a target",
        make: |scene| scene.replace(KUSTOMIZATION, "name: storefront\n", "name: storefrunt\n"),
        says: &["storefrunt", "Deployment"],
    },
    Mistake {
        name: "an unknown field",
        make: |scene| scene.replace(KUSTOMIZATION, "images:", "imagos:"),
        says: &["kustomization.yaml:6", "imagos", "images"],
    },
    Mistake {
        name: "a path out of the repository",
        make: |scene| scene.replace(KUSTOMIZATION, "../../base", "../../../../../etc"),
        says: &["kustomization.yaml:5", "leaves the repository"],
    },
    Mistake {
        name: "a link out of the repository",
        make: |scene| {
            scene.remove(MANIFESTS);
            let link = scene.repository().join(MANIFESTS);
            std::os::unix::fs::symlink("/etc/passwd", link).unwrap();
        },
        says: &["manifests.yaml", "/etc/passwd"],
    },
];

const TAMPERED: Mistake = Mistake {
    name: "a tampered secret",
    make: |scene| {
        let path = "kustomize/hydra/overlays/dev/.sops/SYSTEM_SECRET.enc";
        let text = scene.read(path);
        let at = text.find("data:").unwrap() + "data:".len();
        let flipped = if text[at..].starts_with('A') {
            "B"
        } else {
            "A"
        };
        scene.write(
            path,
            &format!("{}{flipped}{}", &text[..at], &text[at + 1..]),
        );
    },
    says: &["SYSTEM_SECRET.enc"],
};

const NO_KEY: Mistake = Mistake {
    name: "a missing key",
    make: |scene| scene.remove("demo.agekey"),
    says: &["SYSTEM_SECRET.enc", "no identity was given"],
};

#[test]
fn each_mistake_is_said_with_its_place_by_build_plan_and_up() {
    for mistake in MISTAKES.iter().chain([&TAMPERED, &NO_KEY]) {
        let scene = Scene::platform();
        (mistake.make)(&scene);
        scene.commit("a mistake");
        for arguments in [
            &["build", "--env", "dev"][..],
            &["plan", "--env", "dev"],
            &["up", "--env", "dev", "--once", "--timeout", "20s"],
        ] {
            let ran = scene.windlass(arguments);
            let case = format!("{}, {arguments:?}:\n{}", mistake.name, ran.all());
            assert_eq!(ran.code, Some(1), "{case}");
            for part in mistake.says {
                assert!(ran.all().contains(part), "no {part:?}: {case}");
            }
        }
    }
}

#[test]
fn all_independent_mistakes_are_said_at_once() {
    let scene = Scene::platform();
    (MISTAKES[0].make)(&scene);
    (TAMPERED.make)(&scene);
    scene.commit("two mistakes");
    let ran = scene.windlass(&["build", "--env", "dev"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("manifests.yaml:2"), "{}", ran.all());
    assert!(ran.stderr.contains("SYSTEM_SECRET.enc"), "{}", ran.all());
    assert_eq!(ran.stdout, "");
}

#[test]
fn a_mistake_after_an_apply_deletes_nothing() {
    for mistake in MISTAKES.iter().chain([&TAMPERED, &NO_KEY]) {
        let scene = Scene::platform();
        scene.converge();
        let before = objects(&scene);
        assert!(before.contains("Deployment/storefront"), "{before}");
        (mistake.make)(&scene);
        scene.commit("a mistake");
        let ran = scene.windlass(&[
            "up",
            "--env",
            "dev",
            "--once",
            "--timeout",
            "20s",
            "-o",
            "json",
        ]);
        assert_eq!(ran.code, Some(1), "{}: {}", mistake.name, ran.all());
        assert!(
            !ran.stdout.contains("\"prune\""),
            "{}: {}",
            mistake.name,
            ran.all()
        );
        assert_eq!(objects(&scene), before, "{}", mistake.name);
    }
}

/// Returns the objects of the embedded cluster with their uids: one that was deleted and made anew has another.
fn objects(scene: &Scene) -> String {
    let state = scene.state();
    let kubeconfig = state.join("kubeconfig");
    let mut server = scene.start(&[
        "apiserver",
        "--state",
        state.to_str().unwrap(),
        "--kubeconfig",
        kubeconfig.to_str().unwrap(),
    ]);
    server.wait_for("KUBECONFIG");
    let kinds = "ns,crd,deploy,sts,ds,svc,cm,secret,sa,ing,cronjob,pvc";
    let row = "jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.uid}{\"\\n\"}{end}";
    let objects = scene.kubectl_ok(&["get", kinds, "-A", "-o", row]);
    assert_eq!(server.interrupt(), Some(0));
    objects
}

#[test]
fn a_missing_key_is_answered_with_where_to_put_one() {
    let scene = Scene::platform();
    (NO_KEY.make)(&scene);
    scene.commit("a mistake");
    let ran = scene.windlass(&["build", "--env", "dev"]);
    assert!(ran.stderr.contains("SOPS_AGE_KEY_FILE"), "{}", ran.all());
}

#[test]
fn an_environment_that_does_not_exist_is_answered_with_those_that_do() {
    let scene = Scene::platform();
    for command in ["build", "plan", "up"] {
        let ran = scene.windlass(&[command, "--env", "prod"]);
        assert_eq!(ran.code, Some(1), "{}", ran.all());
        assert!(ran.stderr.contains("dev, staging"), "{}", ran.all());
    }
}

#[test]
fn an_environment_that_does_not_exist_leaves_no_state() {
    let scene = Scene::platform();
    for env in ["prod", "../../x"] {
        for command in ["plan", "diff", "status", "up"] {
            let ran = scene.windlass(&[command, "--env", env]);
            assert_eq!(ran.code, Some(1), "{}", ran.all());
            assert!(!scene.home().join(".local").exists(), "{command} {env}");
        }
    }
}

#[test]
fn a_service_that_does_not_exist_is_answered_with_those_that_do() {
    let scene = Scene::platform();
    let ran = scene.windlass(&["build", "--env", "dev", "hydro"]);
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    assert!(ran.stderr.contains("hydra"), "{}", ran.all());
}

#[test]
fn a_repository_without_commits_says_so() {
    let scene = Scene::empty();
    std::fs::create_dir(scene.repository()).unwrap();
    scene.git(&["init", "-q", "-b", "main"]);
    for command in ["build", "plan", "up"] {
        let ran = scene.windlass(&[command, "--env", "dev"]);
        assert_eq!(ran.code, Some(1), "{}", ran.all());
        assert!(ran.stderr.contains("no commits yet"), "{}", ran.all());
    }
}

#[test]
fn an_object_that_the_api_server_refuses_is_named_with_its_line() {
    let scene = Scene::platform();
    // Without its namespace an object cannot be tried, so a plan can say this of a cluster that has it only.
    scene.converge();
    scene.replace(MANIFESTS, "containerPort: 8080", "containerPort: 80800");
    scene.commit("a mistake");
    for arguments in [
        &["plan", "--env", "dev"][..],
        &["up", "--env", "dev", "--once", "--timeout", "20s"],
    ] {
        let ran = scene.windlass(arguments);
        assert_eq!(ran.code, Some(1), "{}", ran.all());
        for part in ["Deployment/dev/storefront", "manifests.yaml:"] {
            assert!(ran.all().contains(part), "no {part:?}: {}", ran.all());
        }
    }
}

#[test]
fn a_change_of_what_cannot_change_is_said_in_few_words_with_what_to_do() {
    let scene = Scene::platform();
    scene.replace(
        "kustomize/hydra/base/migration-job.yaml",
        "force: enabled",
        "force: disabled",
    );
    scene.commit("no permission to replace");
    scene.converge();
    scene.replace(
        "kustomize/hydra/overlays/dev/kustomization.yaml",
        "newTag: v2.3.0",
        "newTag: v2.3.1",
    );
    scene.commit("another image");
    let ran = scene.windlass(&["up", "--env", "dev", "--once", "--timeout", "20s"]);
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    let line = ran
        .stdout
        .lines()
        .find(|line| line.contains("Job/dev/hydra-migrate: "));
    let line = line.unwrap_or_else(|| panic!("{}", ran.all()));
    assert!(
        line.contains("force: enabled in the source, or approve it"),
        "{line}"
    );
    assert!(line.chars().count() < 500, "{line}");
}
