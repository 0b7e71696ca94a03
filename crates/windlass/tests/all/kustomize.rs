//! The binary called as `kustomize`, and held against what the real one was recorded to do.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::scene::{Ran, Scene, binary, copy, workspace};

/// How many of the recorded cases have to be identical. It only rises.
const FLOOR: usize = 470;

#[test]
fn the_binary_does_what_kustomize_was_recorded_to_do() {
    let Some(cases) = recorded() else {
        skip("the folder with the recorded cases is not there");
        return;
    };
    let next = AtomicUsize::new(0);
    let work = || {
        let mut differences = Vec::new();
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            differences.extend(difference(case));
        }
        differences
    };
    let differences: Vec<Difference> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        let all = workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap());
        all.collect()
    });
    let lines = differences
        .iter()
        .map(|it| format!("{}: {}", it.case, it.what));
    let report = lines.collect::<Vec<_>>().join("\n");
    assert!(
        differences.iter().all(|it| it.is_in_bytes),
        "wrong outcome:\n{report}"
    );
    let identical = cases.len() - differences.len();
    assert!(
        identical >= FLOOR,
        "{identical} of {} are identical:\n{report}",
        cases.len()
    );
}

#[test]
fn a_link_named_kustomize_is_the_program() {
    let scene = Scene::platform();
    let directory = "kustomize/storefront/overlays/dev";
    let built = link(&scene, &["build", directory]);
    assert_eq!(built.code, Some(0), "{}", built.all());
    assert_eq!(built.stdout, scene.windlass(&["build", directory]).stdout);
    let long = scene.windlass(&["kustomize", "build", directory]);
    assert_eq!(built.stdout, long.stdout);
}

#[test]
fn the_link_fails_with_1_and_prints_help_when_called_without_a_verb() {
    let scene = Scene::platform();
    for arguments in [
        &["bogus"][..],
        &["build", "--bogus"],
        &["build", "a", "b"],
        &["build", "not-there"],
        &["cfg", "tree", "--all"],
    ] {
        let ran = link(&scene, arguments);
        assert_eq!((ran.code, &*ran.stdout), (Some(1), ""), "{arguments:?}");
    }
    let help = link(&scene, &[]);
    assert_eq!((help.code, &*help.stderr), (Some(0), ""));
    assert!(help.stdout.contains("Usage: kustomize "), "{}", help.stdout);
}

#[test]
fn the_version_is_in_the_form_that_scripts_parse_and_says_whose_it_is() {
    let scene = Scene::platform();
    let ran = link(&scene, &["version"]);
    assert_eq!(ran.stdout, "v5.8.1\n");
    assert!(ran.stderr.contains("windlass"), "{}", ran.stderr);
    let json = link(&scene, &["version", "-o", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["version"], "v5.8.1");
}

#[test]
fn flags_for_programs_matter_only_to_a_build_that_needs_one() {
    let scene = Scene::platform();
    let directory = "kustomize/storefront/overlays/dev";
    let flags = [
        "build",
        directory,
        "--enable-helm=true",
        "--enable-alpha-plugins",
        "--enable-exec",
        "--network",
        "-e",
        "A=b",
        "--mount",
        "type=bind",
        "--helm-command",
        "helm3",
        "--helm-api-versions",
        "v1",
    ];
    let ran = link(&scene, &flags);
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    scene.write("chart/kustomization.yaml", "helmCharts: [{name: x}]\n");
    let ran = link(&scene, &["build", "chart", "--enable-helm"]);
    assert_eq!((ran.code, &*ran.stdout), (Some(1), ""));
    assert!(ran.stderr.contains("helm template"), "{}", ran.stderr);
}

#[test]
fn a_directory_as_output_gets_a_file_for_each_object() {
    let scene = Scene::platform();
    scene.write("app/kustomization.yaml", "resources: [all.yaml]\n");
    scene.write(
        "app/all.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: A, namespace: one}\n---\n\
         apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n---\n\
         apiVersion: v1\nkind: Namespace\nmetadata: {name: one}\n",
    );
    fs::create_dir(scene.repository().join("out")).unwrap();
    let ran = link(&scene, &["build", "app", "-o", "out"]);
    assert_eq!((ran.code, &*ran.stdout), (Some(0), ""), "{}", ran.all());
    let mut names: Vec<_> = fs::read_dir(scene.repository().join("out"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "default_apps_v1_deployment_web.yaml",
            "one_v1_configmap_a.yaml",
            "v1_namespace_one.yaml"
        ]
    );
    assert_eq!(
        scene.read("out/v1_namespace_one.yaml"),
        "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: one\n"
    );
}

#[test]
fn what_the_kustomization_says_of_the_order_counts_more_than_the_flag() {
    let scene = Scene::platform();
    let files = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n---\n\
                 apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n";
    scene.write("app/all.yaml", files);
    scene.write("app/kustomization.yaml", "resources: [all.yaml]\n");
    let first = |arguments: &[&str]| {
        let ran = link(&scene, arguments);
        (
            ran.stdout.lines().nth(1).unwrap_or_default().to_owned(),
            ran.stderr,
        )
    };
    assert_eq!(first(&["build", "app"]).0, "kind: Namespace");
    assert_eq!(
        first(&["build", "app", "--reorder", "none"]).0,
        "kind: Service"
    );
    scene.write(
        "app/kustomization.yaml",
        "resources: [all.yaml]\nsortOptions: {order: fifo}\n",
    );
    let (kind, said) = first(&["build", "app", "--reorder", "legacy"]);
    assert_eq!(kind, "kind: Service");
    assert!(said.contains("Sorting order is set both"), "{said}");
}

#[test]
fn an_overlay_whose_secret_is_a_stub_says_how_it_is_rendered() {
    let scene = Scene::platform();
    let ran = scene.windlass(&["build", "kustomize/hydra/overlays/dev"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.contains("windlass build --env dev hydra"),
        "{}",
        ran.stderr
    );
}

#[expect(clippy::print_stdout, reason = "./test looks for this line")]
fn skip(why: &str) {
    println!("skipped: {why}");
}

/// A recorded case that comes out otherwise.
struct Difference {
    case: String,
    what: String,
    /// Whether it succeeds as it should, and only prints something else.
    is_in_bytes: bool,
}

fn recorded() -> Option<Vec<PathBuf>> {
    let shared = std::env::var_os("WINDLASS_SHARED")
        .map_or_else(|| workspace().join("../shared"), PathBuf::from);
    let entries = fs::read_dir(shared.join("kustomize-cases/cases")).ok()?;
    let mut cases: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    Some(cases)
}

fn difference(directory: &Path) -> Option<Difference> {
    let case: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(directory.join("case.json")).unwrap()).unwrap();
    let scene = Scene::empty();
    let input = scene.home().join("input");
    copy(&directory.join("input"), &input);
    let target = input.join(case["target"].as_str().unwrap());
    // Git keeps no empty directories.
    fs::create_dir_all(&target).unwrap();
    let mut command = Command::new(binary());
    command.arg("build").arg(&target);
    if case["options"]["load_restrictor"] == "none" {
        command.args(["--load-restrictor", "LoadRestrictionsNone"]);
    }
    let ran = scene.run(&mut command);
    let difference = |what: &str, is_in_bytes| {
        let case = directory
            .file_name()
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let what = format!("{what} {}", ran.stderr);
        Some(Difference {
            case,
            what,
            is_in_bytes,
        })
    };
    match (case["exit_code"].as_i64().unwrap(), ran.code) {
        (0, Some(0)) => {
            let expected = fs::read_to_string(directory.join("expected.yaml")).unwrap();
            (ran.stdout != expected).then(|| difference("prints something else", true))?
        }
        (1.., Some(1)) if ran.stdout.is_empty() => None,
        (recorded, code) => difference(&format!("{code:?} instead of {recorded};"), false),
    }
}

/// Runs the binary in the repository through a link named `kustomize`.
fn link(scene: &Scene, arguments: &[&str]) -> Ran {
    let link = scene.home().join("kustomize");
    if !link.exists() {
        std::os::unix::fs::symlink(binary(), &link).unwrap();
    }
    scene.run(
        Command::new(link)
            .args(arguments)
            .current_dir(scene.repository()),
    )
}
