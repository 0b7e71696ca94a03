//! The recorded cases of kustomize 5.8.1, in the folder that `WINDLASS_SHARED` names.

use std::path::{Path, PathBuf};

use serde_json::Value;
use windlass_kustomize::{BuildErrors, BuildOptions, build};
use windlass_tree::TreePath;

use crate::support::{first_difference, read_tree};

/// How many of the cases have to be as recorded. It only rises.
const FLOOR: usize = 469;

pub(crate) fn cases() -> Option<PathBuf> {
    let shared = std::env::var("WINDLASS_SHARED").map_or_else(
        |_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let cases = shared.join("kustomize-cases/cases");
    cases.is_dir().then_some(cases)
}

/// Says how a case differs from what was recorded; nothing when it does not.
fn difference(directory: &Path) -> Option<String> {
    let case = std::fs::read_to_string(directory.join("case.json")).unwrap();
    let case: Value = serde_json::from_str(&case).unwrap();
    let tree = read_tree(&directory.join("input"));
    let options = BuildOptions {
        files_from_anywhere: case["options"]["load_restrictor"] == "none",
        ..BuildOptions::default()
    };
    let built = TreePath::new(case["target"].as_str().unwrap())
        .map(|target| build(&tree, &target, &options));
    match built {
        Err(error) => Some(format!("target: {error}")),
        Ok(Ok(_)) if case["exit_code"] != 0 => Some("succeeds; it should fail".to_owned()),
        Ok(Err(errors)) if case["exit_code"] == 0 => Some(format!("fails: {errors}")),
        Ok(Err(errors)) => wrong_message(&case, &errors),
        Ok(Ok(built)) => {
            let warnings = built.warnings.iter().map(ToString::to_string);
            // Only these were recorded.
            let warnings: Vec<_> = warnings.filter(|line| line.starts_with("# ")).collect();
            let expected = std::fs::read_to_string(directory.join("expected.yaml")).unwrap();
            let printed = built.to_yaml();
            if printed != expected {
                return Some(first_difference(&expected, printed));
            }
            wrong_warnings(&case, &warnings)
        }
    }
}

/// The message has to contain what kustomize's own test asks for.
fn wrong_message(case: &Value, errors: &BuildErrors) -> Option<String> {
    let wanted = case["error"].as_str()?.replace("{INPUT}", "");
    let is_essential = case["error_from"] == "test" || std::env::var_os("EVERY_MESSAGE").is_some();
    let said: Vec<String> = errors
        .iter()
        .flat_map(|error| {
            [
                error.to_string(),
                error.original.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let said = said.join("\n");
    (is_essential && !said.contains(&wanted)).then(|| format!("says {said:?}, not {wanted:?}"))
}

fn wrong_warnings(case: &Value, warnings: &[String]) -> Option<String> {
    let expected: Vec<_> = case["warnings"]
        .as_array()?
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let deprecated: Vec<_> = expected
        .iter()
        .filter(|line| line.starts_with("# Warning"))
        .copied()
        .collect();
    (warnings != deprecated).then(|| format!("warns {warnings:?}, not {deprecated:?}"))
}

#[test]
fn builds_come_out_as_kustomize_recorded_them() {
    let Some(cases) = cases() else {
        println!("skipped: the folder with the recorded cases is not there");
        return;
    };
    let mut directories: Vec<_> = std::fs::read_dir(cases)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    directories.sort();
    let mismatches: Vec<_> = directories
        .iter()
        .filter_map(|directory| Some((directory.file_name()?.to_str()?, difference(directory)?)))
        .collect();
    for (name, difference) in &mismatches {
        println!("{name}: {difference}");
    }
    let passed = directories.len() - mismatches.len();
    println!("{passed} of {} cases are as recorded", directories.len());
    assert!(
        passed >= FLOOR,
        "only {passed} cases are as recorded; {FLOOR} were before"
    );
}
