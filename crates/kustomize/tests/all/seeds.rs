//! The laws hold for what the programs in `fuzz/` begin with: examples, recorded cases and seeds.

use std::fs;
use std::path::{Path, PathBuf};

use crate::any_input::{builds, copies_fields, patches};
use crate::support::read_tree;

fn in_project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// Returns the files below a directory as one text.
fn archive(directory: &Path, target: &str) -> String {
    let mut text = format!("{target}\n");
    for (path, bytes) in read_tree(directory).files() {
        let content = String::from_utf8_lossy(bytes);
        text.extend(["-- ", path.as_str(), " --\n", &*content]);
        text.push_str(if content.ends_with('\n') { "" } else { "\n" });
    }
    text
}

#[test]
fn seeds_of_all_kinds_keep_the_laws() {
    for (name, law) in [
        ("kustomization", builds as fn(&str)),
        ("patch", patches),
        ("fields", copies_fields),
    ] {
        for seed in entries(&in_project(&format!("fuzz/seeds/{name}"))) {
            law(&fs::read_to_string(seed).unwrap());
        }
    }
}

#[test]
fn the_overlays_of_the_examples_keep_the_laws() {
    for service in entries(&in_project("examples/platform/kustomize")) {
        for overlay in entries(&service.join("overlays")) {
            let overlay = overlay.file_name().unwrap().to_str().unwrap();
            builds(&archive(&service, &format!("overlays/{overlay}")));
        }
    }
}

#[test]
fn the_recorded_cases_keep_the_laws() {
    let Some(cases) = crate::conformance::cases() else {
        println!("skipped: the folder with the recorded cases is not there");
        return;
    };
    for case in entries(&cases) {
        let about = fs::read_to_string(case.join("case.json")).unwrap();
        let about: serde_json::Value = serde_json::from_str(&about).unwrap();
        builds(&archive(
            &case.join("input"),
            about["target"].as_str().unwrap(),
        ));
    }
}
