//! A small repository that the tests change.

use std::fs;
use std::path::Path;

use windlass_render::{Decryption, RenderErrors, Rendered, render, render_text, units};
use windlass_sops::Keyring;
use windlass_tree::{MemoryTree, Tree, TreePath};

pub(crate) const CANARY: &str = "canary-77aa";
/// The canary in Base64.
pub(crate) const CANARY_BASE64: &str = "Y2FuYXJ5LTc3YWE";

const DATABASE_URL: &str = include_str!("../data/.sops/DATABASE_URL.enc");
const SYSTEM_SECRET: &str = include_str!("../data/.sops/SYSTEM_SECRET.enc");

const FILES: [(&str, &str); 8] = [
    (
        "kustomize/hydra/base/kustomization.yaml",
        "resources:\n- service.yaml\n- deployment.yaml\n",
    ),
    (
        "kustomize/hydra/base/service.yaml",
        "# the port\napiVersion: v1\nkind: Service\nmetadata: {name: hydra}\nspec: {ports: [{port: 80}]}\n",
    ),
    (
        "kustomize/hydra/base/deployment.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: hydra}\nspec: {replicas: 1}\n",
    ),
    (
        "kustomize/hydra/overlays/dev/kustomization.yaml",
        "namespace: dev\nresources:\n- ../../base\n- secret.yaml\n",
    ),
    (
        "kustomize/hydra/overlays/dev/secret-stub.yaml",
        "# filled in\napiVersion: v1\nkind: Secret\nmetadata: {name: hydra}\ndata: {DATABASE_URL: \"\"}\n",
    ),
    (
        "kustomize/hydra/overlays/dev/.sops/DATABASE_URL.enc",
        DATABASE_URL,
    ),
    (
        "kustomize/hydra/overlays/dev/.sops/SYSTEM_SECRET.enc",
        SYSTEM_SECRET,
    ),
    ("README.md", "nothing to render\n"),
];

/// Returns the repository; it renders without a mistake.
pub(crate) fn repository() -> MemoryTree {
    FILES.into_iter().collect()
}

/// Returns the repository with some files changed or added.
pub(crate) fn with(changes: &[(&str, &str)]) -> MemoryTree {
    FILES.iter().chain(changes).copied().collect()
}

pub(crate) fn keyring() -> Keyring {
    Keyring::parse(include_str!("../data/first.agekey")).unwrap()
}

/// Renders the only service of the environment dev. Its text has the same warnings and mistakes.
pub(crate) fn render_dev(tree: &dyn Tree) -> Result<Rendered, RenderErrors> {
    let units = units(tree, "dev").unwrap();
    let keyring = keyring();
    let rendered = render(tree, &units[0], Decryption::new(&keyring));
    let text = render_text(tree, &units[0].directory, Decryption::new(&keyring));
    match (&rendered, &text) {
        (Ok(rendered), Ok(text)) => assert_eq!(text.warnings(), rendered.warnings()),
        (Err(errors), Err(of_text)) => assert_eq!(of_text.errors(), errors.errors()),
        _ => panic!("one of them failed"),
    }
    rendered
}

/// Returns the text of the only service of the environment dev.
pub(crate) fn text_dev(tree: &dyn Tree) -> String {
    let units = units(tree, "dev").unwrap();
    let text = render_text(tree, &units[0].directory, Decryption::new(&keyring()));
    text.unwrap().into_yaml()
}

/// Reads a directory into memory; files that are not UTF-8 too.
pub(crate) fn load(root: &Path) -> MemoryTree {
    let mut tree = MemoryTree::new();
    load_into(&mut tree, root, &TreePath::root());
    tree
}

fn load_into(tree: &mut MemoryTree, directory: &Path, at: &TreePath) {
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let path = at.join(entry.file_name().to_str().unwrap()).unwrap();
        if entry.file_type().unwrap().is_dir() {
            load_into(tree, &entry.path(), &path);
        } else {
            tree.insert(path, fs::read(entry.path()).unwrap());
        }
    }
}
