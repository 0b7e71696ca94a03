//! `examples/platform`, rendered by this crate and by kustomize and sops themselves.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use windlass_render::{Decryption, Unit, UnitKind, render_text, units};
use windlass_sops::Keyring;
use windlass_tree::MemoryTree;

use crate::repository::load;

const ENVIRONMENTS: [&str; 2] = ["dev", "staging"];

#[test]
fn services_are_what_the_script_of_flux_v1_prints() {
    let checkout = Checkout::new();
    for environment in ENVIRONMENTS {
        let expected = checkout.output(environment, "./generate_kustomize_output.sh", &[]);
        let ours: String = checkout
            .units(environment, UnitKind::Service)
            .iter()
            .map(|unit| checkout.render(unit) + "---\n")
            .collect();
        assert_same(environment, &expected, &ours);
    }
}

#[test]
fn addons_are_what_kustomize_prints() {
    let checkout = Checkout::new();
    checkout.write_secrets_of_addons();
    for environment in ENVIRONMENTS {
        for unit in checkout.units(environment, UnitKind::Addon) {
            let arguments = ["build", unit.directory.as_str()];
            let expected = checkout.output(environment, "kustomize", &arguments);
            assert_same(&unit.name, &expected, &checkout.render(&unit));
        }
    }
}

/// The example in a directory of its own, because the script writes secrets in the clear beside their
/// stubs, and as a tree.
struct Checkout {
    directory: tempfile::TempDir,
    tree: MemoryTree,
    keyring: Keyring,
}

impl Checkout {
    fn new() -> Self {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/platform");
        let directory = tempfile::tempdir().unwrap();
        for path in files_below(&example) {
            let copy = directory.path().join(path.strip_prefix(&example).unwrap());
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::copy(&path, &copy).unwrap();
        }
        let key = fs::read_to_string(example.join("demo.agekey")).unwrap();
        Self {
            directory,
            tree: load(&example),
            keyring: Keyring::parse(&key).unwrap(),
        }
    }

    fn units(&self, environment: &str, kind: UnitKind) -> Vec<Unit> {
        let units = units(&self.tree, environment).unwrap();
        let units: Vec<Unit> = units.into_iter().filter(|unit| unit.kind == kind).collect();
        assert!(!units.is_empty(), "{environment} has no {kind:?}");
        units
    }

    fn render(&self, unit: &Unit) -> String {
        let decryption = Decryption::new(&self.keyring);
        render_text(&self.tree, &unit.directory, decryption)
            .unwrap_or_else(|errors| panic!("{}: {errors}", unit.name))
            .into_yaml()
    }

    /// What people do by hand before they build an addon: the script looks at services only.
    fn write_secrets_of_addons(&self) {
        for stub in files_below(&self.directory.path().join("bootstrap")) {
            if stub.ends_with("secret-stub.yaml") {
                let secret = self.output("", "./sops-to-secret", &[stub.to_str().unwrap()]);
                fs::write(stub.with_file_name("secret.yaml"), secret).unwrap();
            }
        }
    }

    /// Returns what a program prints, run at the top of the copy.
    ///
    /// The script ends with 0 whatever happens, so a word of an error on stderr is one.
    fn output(&self, environment: &str, program: &str, arguments: &[&str]) -> String {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", tools().display()))
            .env("HOME", self.directory.path())
            .env("ENVIRONMENT", environment)
            .env(
                "SOPS_AGE_KEY_FILE",
                self.directory.path().join("demo.agekey"),
            )
            .output()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let stderr = String::from_utf8_lossy(&output.stderr);
        let failed = !output.status.success() || stderr.to_lowercase().contains("error");
        assert!(!failed, "{program} {arguments:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Where `tools/install` puts the programs to compare with.
fn tools() -> PathBuf {
    let tools = std::env::var_os("WINDLASS_TOOLS").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache/windlass/tools"),
        PathBuf::from,
    );
    for name in ["kustomize", "sops", "python3"] {
        let program = tools.join("bin").join(name);
        assert!(
            program.exists(),
            "{} is missing: ./test installs it",
            program.display()
        );
    }
    tools.join("bin")
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files_below(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// Compares two streams object by object and names all that differ; then byte by byte.
fn assert_same(what: &str, expected: &str, ours: &str) {
    let (expected_objects, our_objects) = (by_identity(expected), by_identity(ours));
    let mut differences = String::new();
    for (identity, text) in &expected_objects {
        match our_objects.get(identity) {
            Some(ours) if ours == text => {}
            Some(ours) => {
                writeln!(
                    differences,
                    "{identity} differs\n-- expected\n{text}-- ours\n{ours}"
                )
                .unwrap();
            }
            None => writeln!(differences, "{identity} is missing").unwrap(),
        }
    }
    for identity in our_objects.keys() {
        if !expected_objects.contains_key(identity) {
            writeln!(differences, "{identity} is not expected").unwrap();
        }
    }
    assert!(differences.is_empty(), "{what}:\n{differences}");
    assert!(
        expected == ours,
        "{what}: the same objects, in another order:\n{ours}"
    );
}

/// Returns the objects of a stream by kind, namespace and name, each as its text.
fn by_identity(stream: &str) -> BTreeMap<String, String> {
    let mut objects = BTreeMap::new();
    let texts = stream.split_inclusive("\n---\n");
    for text in texts.map(|text| text.strip_suffix("---\n").unwrap_or(text)) {
        let documents = windlass_yaml::parse(text).unwrap();
        let [document] = documents.as_slice() else {
            panic!("not one document: {text}");
        };
        let field = |path: &[&str]| {
            document
                .root
                .at(path)
                .and_then(|node| node.text())
                .unwrap_or("-")
                .to_owned()
        };
        let identity = format!(
            "{}/{}/{}",
            field(&["kind"]),
            field(&["metadata", "namespace"]),
            field(&["metadata", "name"])
        );
        let earlier = objects.insert(identity, text.to_owned());
        assert!(earlier.is_none(), "twice in one stream: {text}");
    }
    objects
}
