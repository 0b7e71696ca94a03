//! The recorded kustomize cases of the shared folder, where it is there.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests read the recorded cases, and say so when these are not there"
)]

use std::fs;
use std::path::{Path, PathBuf};

use windlass_yaml::{parse, print_build};

use crate::any_text::{edits, reads_and_prints, rewrites};

fn shared() -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("WINDLASS_SHARED").map_or(default, PathBuf::from);
    let cases = shared.join("kustomize-cases/cases");
    if cases.is_dir() {
        return Some(cases);
    }
    println!("skipped: {} is not there", cases.display());
    None
}

fn print_again(text: &str) -> Result<String, String> {
    let documents = parse(text).map_err(|error| error.to_string())?;
    let printed: Result<Vec<_>, _> = documents
        .iter()
        .map(|document| print_build(&document.root).map_err(|error| error.to_string()))
        .collect();
    Ok(printed?.join("---\n"))
}

#[test]
fn what_kustomize_printed_prints_as_itself() {
    let Some(cases) = shared() else { return };
    let mut compared = 0;
    let mut different = Vec::new();
    for case in fs::read_dir(cases).expect("the folder was seen") {
        let file = case.expect("it can be listed").path().join("expected.yaml");
        let Ok(expected) = fs::read_to_string(&file) else {
            continue;
        };
        compared += 1;
        let printed = print_again(&expected);
        if printed.as_ref() != Ok(&expected) {
            different.push(format!("{}: {printed:?}", file.display()));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(compared > 100, "only {compared} cases");
}

/// Calls `visit` with the bytes of every YAML file below a directory.
fn each_yaml_file(directory: &Path, visit: &mut dyn FnMut(&[u8])) {
    for entry in fs::read_dir(directory).expect("the directory is there") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            each_yaml_file(&path, visit);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            visit(&fs::read(&path).expect("it can be read"));
        }
    }
}

/// Checks the laws on every YAML file below a directory, and returns how many there are.
fn keep_the_laws(directory: &Path) -> usize {
    let mut count = 0;
    each_yaml_file(directory, &mut |bytes| {
        reads_and_prints(bytes);
        edits(&String::from_utf8_lossy(bytes), "v2");
        rewrites(&String::from_utf8_lossy(bytes), "v2");
        count += 1;
    });
    count
}

#[test]
fn the_files_of_the_examples_keep_the_laws() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    assert!(keep_the_laws(&examples) > 20);
}

#[test]
fn the_files_of_the_recorded_cases_keep_the_laws() {
    if let Some(cases) = shared() {
        assert!(keep_the_laws(&cases) > 1000);
    }
}
