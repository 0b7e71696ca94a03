//! The binary called as `sops`, and held against what the real one was recorded to do.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::scene::{Scene, binary, tool, workspace};

/// The part of the texts that has to be the same byte for byte, in thousandths. It only rises.
const FORMAT_FLOOR: usize = 1000;
/// The same for exit codes and JSON.
const STRICT_FLOOR: usize = 996;

#[test]
fn the_binary_does_what_sops_was_recorded_to_do() {
    let Some(vectors) = vectors() else {
        say("skipped: the folder with the recorded cases is not there");
        return;
    };
    let scene = Scene::empty();
    let link = scene.home().join("sops");
    std::os::unix::fs::symlink(binary(), &link).unwrap();
    let report = scene.home().join("report.json");
    // It starts the stand-ins for key services itself, and gpg-agents that live as long as it does.
    let ran = Command::new(tool("python3"))
        .arg(vectors.join("check.py"))
        .args(["--jobs", "4", "--bin"])
        .arg(&link)
        .arg("--ref-sops")
        .arg(tool("sops"))
        .arg("--json")
        .arg(&report)
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&ran.stdout);
    say(&printed);
    let cases: Vec<Value> = serde_json::from_slice(&fs::read(&report).unwrap()).unwrap();
    let failed: Vec<&Value> = cases.iter().filter(|case| case["ok"] != true).collect();
    assert!(cases.len() >= 901, "{} cases were run", cases.len());
    assert!(failed.is_empty(), "{failed:#?}\n{printed}");
    assert!(thousandths(&printed, "byte-identical formatting") >= FORMAT_FLOOR);
    assert!(thousandths(&printed, "exact exit codes/error output/JSON bytes") >= STRICT_FLOOR);
}

/// Reads `NAME PASSED/ALL` from the report.
fn thousandths(printed: &str, name: &str) -> usize {
    let (_, counts) = printed.split_once(name).unwrap();
    let counts = counts.split([';', '\n']).next().unwrap().trim();
    let (passed, all) = counts.split_once('/').unwrap();
    passed.parse::<usize>().unwrap() * 1000 / all.parse::<usize>().unwrap()
}

#[expect(
    clippy::print_stdout,
    reason = "the test command looks for what was skipped, and shows the counts"
)]
fn say(what: &str) {
    println!("{what}");
}

fn vectors() -> Option<PathBuf> {
    let shared = std::env::var_os("WINDLASS_SHARED")
        .map_or_else(|| workspace().join("../shared"), PathBuf::from);
    Some(shared.join("sops-vectors")).filter(|vectors| vectors.join("check.py").is_file())
}
