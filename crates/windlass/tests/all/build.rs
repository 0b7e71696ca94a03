//! `windlass build` beside the real `kustomize`.

use std::process::Command;

use crate::scene::{Scene, tool};

/// Every directory of the example that builds without secrets.
const DIRECTORIES: [&str; 8] = [
    "kustomize/storefront/overlays/dev",
    "kustomize/storefront/overlays/staging",
    "bootstrap/namespaces/overlays/dev",
    "bootstrap/ingress-nginx/overlays/staging",
    "bootstrap/fluentd/overlays/dev",
    "bootstrap/jaeger-operator/overlays/dev",
    "bootstrap/prometheus-operator/overlays/staging",
    "bootstrap/rbac/overlays/dev",
];

#[test]
fn a_directory_builds_to_the_bytes_of_kustomize() {
    let scene = Scene::platform();
    for directory in DIRECTORIES {
        let real = scene.run(
            Command::new(tool("kubectl"))
                .args(["kustomize", directory])
                .current_dir(scene.repository()),
        );
        assert_eq!(real.code, Some(0), "{real:?}");
        let ours = scene.windlass(&["build", directory]);
        assert_eq!(ours.code, Some(0), "{directory}: {}", ours.all());
        assert_eq!(ours.stdout, real.stdout, "{directory}");
    }
}

#[test]
fn an_environment_is_read_from_the_commit_unless_the_worktree_is_asked_for() {
    let scene = Scene::platform();
    scene.replace(
        "kustomize/storefront/overlays/dev/kustomization.yaml",
        "replicas: 1",
        "replicas: 7",
    );
    let committed = scene.windlass(&["build", "--env", "dev", "storefront"]);
    assert!(
        committed.stdout.contains("replicas: 1"),
        "{}",
        committed.all()
    );
    let disk = scene.windlass(&["build", "--env", "dev", "storefront", "--worktree"]);
    assert!(disk.stdout.contains("replicas: 7"), "{}", disk.all());
}

#[test]
fn two_revisions_are_compared_without_a_cluster() {
    let scene = Scene::platform();
    let same = scene.windlass(&["diff", "--env", "dev", "--from", "main"]);
    assert_eq!(same.code, Some(0), "{}", same.all());
    scene.git(&["branch", "before"]);
    scene.replace(
        "kustomize/storefront/overlays/dev/kustomization.yaml",
        "replicas: 1",
        "replicas: 7",
    );
    scene.commit("seven");
    let changed = scene.windlass(&["diff", "--env", "dev", "--from", "before"]);
    assert_eq!(changed.code, Some(3), "{}", changed.all());
    assert!(
        changed.stdout.contains("spec.replicas: 1 → 7"),
        "{}",
        changed.all()
    );
}

#[test]
fn a_file_with_secrets_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = Scene::platform();
    let ran = scene.windlass(&["build", "--env", "dev", "-o", "all.yaml"]);
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    assert!(ran.stderr.contains("in the clear"), "{}", ran.all());
    let file = scene.repository().join("all.yaml");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let piped = scene.windlass(&["build", "--env", "dev"]);
    assert_eq!(scene.read("all.yaml"), piped.stdout);
    assert!(!piped.stderr.contains("in the clear"), "{}", piped.stderr);
}

#[test]
fn a_flag_that_would_have_no_effect_is_refused() {
    let scene = Scene::platform();
    let directory = "kustomize/storefront/overlays/dev";
    for flags in [
        &["--worktree"][..],
        &["--revision", "foo"],
        &["--age-key-file", "nope"],
    ] {
        let ran = scene.windlass(&[&["build", directory], flags].concat());
        assert_eq!((ran.code, &*ran.stdout), (Some(2), ""), "{}", ran.all());
        assert!(ran.stderr.contains("--env <ENV>"), "{}", ran.stderr);
    }
    for flags in [
        &["--load-restrictor", "LoadRestrictionsNone"][..],
        &["--reorder", "none"],
        &["--enable-managedby-label"],
        &["--allow-remote-bases"],
    ] {
        let ran = scene.windlass(&[&["build", "--env", "dev"], flags].concat());
        assert_eq!((ran.code, &*ran.stdout), (Some(2), ""), "{}", ran.all());
        assert!(ran.stderr.contains("cannot be used"), "{}", ran.stderr);
    }
}

#[test]
fn what_has_an_effect_does_not_stand_below_what_has_none() {
    let scene = Scene::platform();
    let help = scene.windlass(&["build", "--help"]).stdout;
    let without = help.find("without effect").unwrap();
    for flag in ["--revision", "--worktree", "--age-key-file", "--output"] {
        let at = help.find(flag).unwrap();
        assert!(at < without, "{flag}: {help}");
    }
    assert!(help.contains("or its address"), "{help}");
    assert!(help.contains("$XDG_CACHE_HOME/windlass/remote"), "{help}");
}

#[test]
fn an_output_that_cannot_be_written_is_named_and_changes_nothing() {
    let scene = Scene::platform();
    scene.write(
        "app/kustomization.yaml",
        "configMapGenerator: [{name: a}, {name: b}, {name: c}]\ngeneratorOptions: {disableNameSuffixHash: true}\n",
    );
    scene.write("out/v1_configmap_c.yaml/taken", "");
    let ran = scene.windlass(&["build", "app", "-o", "out"]);
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    assert!(
        ran.stderr
            .contains("out/v1_configmap_c.yaml: a directory is there"),
        "{}",
        ran.stderr
    );
    let left = std::fs::read_dir(scene.repository().join("out")).unwrap();
    assert_eq!(left.count(), 1);
    let ran = scene.windlass(&["build", "app", "-o", "nodir/out.yaml"]);
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    assert!(
        ran.stderr
            .contains("error: nodir: No such file or directory"),
        "{}",
        ran.stderr
    );
    let ran = scene.windlass(&["build", "--env", "dev", "storefront", "-o", "out"]);
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    assert!(
        ran.stderr
            .contains("out: a directory is there; name a file"),
        "{}",
        ran.stderr
    );
}

#[test]
fn the_verbs_of_kustomize_are_pointed_to() {
    let scene = Scene::platform();
    for verb in ["create", "edit"] {
        let ran = scene.windlass(&[verb, "x"]);
        assert_eq!(ran.code, Some(2), "{}", ran.all());
        let hint = format!("windlass kustomize {verb}");
        assert!(ran.stderr.contains(&hint), "{}", ran.stderr);
    }
    let ran = scene.windlass(&["kustomize", "openapi", "info"]);
    assert_eq!(ran.code, Some(2), "{}", ran.all());
    assert!(ran.stderr.contains("kubectl get --raw"), "{}", ran.stderr);
}
