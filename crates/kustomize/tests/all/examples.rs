//! Every kustomization of the example repositories, beside the real program.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use windlass_kustomize::{BuildOptions, build};
use windlass_tree::{MemoryTree, TreePath};

use crate::support::{first_difference, read_tree};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples")
        .join(name)
}

/// Runs a program that `./test` has installed.
fn run(tool: &str, arguments: &[&Path]) -> Output {
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache/windlass/tools"));
    let tools = std::env::var_os("WINDLASS_TOOLS").map(PathBuf::from);
    let program = tools.or(home).unwrap().join("bin").join(tool);
    assert!(
        program.exists(),
        "{} is missing; ./test installs it",
        program.display()
    );
    Command::new(program).args(arguments).output().unwrap()
}

fn kustomizations(tree: &MemoryTree) -> Vec<TreePath> {
    tree.files()
        .filter(|(file, _)| file.file_name() == "kustomization.yaml")
        .filter_map(|(file, _)| file.parent())
        .collect()
}

/// Builds every kustomization with both programs, and returns how many build.
fn compare_all(root: &Path) -> usize {
    let tree = read_tree(root);
    let mut mismatches = Vec::new();
    let mut identical = 0;
    for directory in kustomizations(&tree) {
        let real = run(
            "kubectl",
            &[Path::new("kustomize"), &root.join(directory.as_str())],
        );
        let ours = build(&tree, &directory, &BuildOptions::default());
        let real_text = String::from_utf8(real.stdout).unwrap();
        match (real.status.success(), ours) {
            (true, Ok(built)) if built.to_yaml() == real_text => identical += 1,
            (true, Ok(built)) => mismatches.push(format!(
                "{directory}: {}",
                first_difference(&real_text, built.to_yaml())
            )),
            (true, Err(errors)) => mismatches.push(format!("{directory} fails: {errors}")),
            (false, Ok(_)) => mismatches.push(format!("{directory} builds, and should not")),
            (false, Err(_)) => {}
        }
    }
    assert!(mismatches.is_empty(), "{}", mismatches.join("\n"));
    identical
}

/// Copies a directory, for what is generated must not lie in the project.
fn copy(from: &Path, to: &Path) {
    for (file, bytes) in read_tree(from).files() {
        let path = to.join(file.as_str());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

#[test]
fn the_platform_builds_to_the_bytes_of_kustomize() {
    let built = compare_all(&example("platform"));
    assert!(built >= 30, "only {built} kustomizations build");
}

#[test]
fn the_fleet_with_its_megabytes_of_definitions_builds_to_the_bytes_of_kustomize() {
    let fleet = tempfile::tempdir().unwrap();
    copy(&example("fleet"), fleet.path());
    let schemas = fleet.path().join("operator/config/schemas");
    let generated = run("python3", &[&example("fleet/generate.py"), &schemas]);
    assert!(generated.status.success(), "{generated:?}");
    let built = compare_all(fleet.path());
    assert!(built >= 22, "only {built} kustomizations build");
}
