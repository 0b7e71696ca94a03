//! The recorded answers of `sops-to-secret` (merge-sops-secrets 1.2.1).

use std::path::{Path, PathBuf};

use serde_json::Value;
use windlass_render::{Decryption, render_directory};
use windlass_sops::Keyring;
use windlass_tree::{MemoryTree, TreePath};

use crate::repository::load;

/// Cases that are answered otherwise on purpose, with what is said instead.
const REFUSED: [(&str, &str); 1] = [("placeholder-left", "is a placeholder")];

fn recorded() -> Option<PathBuf> {
    let shared = std::env::var_os("WINDLASS_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let folder = shared.join("sops-to-secret-example");
    folder.exists().then_some(folder)
}

fn keyring(folder: &Path) -> Keyring {
    let text = std::fs::read_to_string(folder.join("age-test-key.txt")).unwrap();
    Keyring::parse(&text).unwrap()
}

fn render(mut tree: MemoryTree, keyring: &Keyring) -> Result<Vec<Value>, String> {
    tree.write("kustomization.yaml", "resources:\n- secret.yaml\n")
        .unwrap();
    let rendered = render_directory(&tree, &TreePath::root(), Decryption::new(keyring));
    let rendered = rendered.map_err(|error| error.to_string())?;
    let objects = rendered.into_objects().into_iter();
    Ok(objects.map(|object| object.open().into_value()).collect())
}

/// Returns what a Secret in the clear comes to.
fn expected(text: &str) -> Vec<Value> {
    // js-yaml writes the milliseconds of a timestamp, Go does not.
    let text = text.replace("2019-01-02T00:00:00.000Z", "2019-01-02T00:00:00Z");
    let tree = MemoryTree::from_iter([("secret.yaml", text)]);
    render(tree, &Keyring::new()).unwrap()
}

#[test]
fn recorded_secrets_have_the_same_values() {
    let Some(folder) = recorded() else {
        println!("skipped: the folder of recorded cases is missing (WINDLASS_SHARED)");
        return;
    };
    let keyring = keyring(&folder);
    let mut differ = Vec::new();
    for entry in std::fs::read_dir(folder.join("edge")).unwrap() {
        let case = entry.unwrap().path();
        let name = case.file_name().unwrap().to_str().unwrap();
        let wanted = std::fs::read_to_string(case.join("expected.stdout")).ok();
        let refused = REFUSED.iter().find(|(refused, _)| *refused == name);
        match (render(load(&case), &keyring), wanted, refused) {
            (Err(error), _, Some((_, reason))) if error.contains(reason) => {}
            (Err(_), None, None) => {}
            (Ok(objects), Some(text), None) if objects == expected(&text) => {}
            (answer, ..) => differ.push(format!("{name}: {answer:?}")),
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[test]
fn the_layout_of_the_reference_platform_gives_its_secret() {
    let Some(folder) = recorded() else {
        println!("skipped: the folder of recorded cases is missing (WINDLASS_SHARED)");
        return;
    };
    let platform = folder.join("platform-hydra");
    let tree = load(&platform.join("overlays/staging"));
    let wanted = std::fs::read_to_string(platform.join("expected-secret.yaml")).unwrap();
    assert_eq!(render(tree, &keyring(&folder)).unwrap(), expected(&wanted));
}
