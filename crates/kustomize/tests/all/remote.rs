//! Bases from elsewhere, by a `Remotes` that takes note of what it is asked for.

use std::sync::{Arc, Mutex};

use windlass_kustomize::{BuildOptions, RemoteError, Remotes, Repository, build_with};
use windlass_tree::{MemoryTree, Tree, TreePath};

#[derive(Default)]
struct Asked(Mutex<Vec<u64>>);

impl Remotes for Asked {
    fn repository(&self, repository: &Repository) -> Result<Arc<dyn Tree>, RemoteError> {
        let mut asked = self.0.lock().unwrap();
        asked.push(repository.timeout.as_secs());
        let number = asked.len();
        let next = format!("resources: ['https://example.com/org/{number}?timeout=24h']\n");
        let last = "configMapGenerator: [{name: a}]\n".to_owned();
        let text = if number < 3 { next } else { last };
        Ok(Arc::new(MemoryTree::from_iter([(
            "kustomization.yaml",
            text,
        )])))
    }

    fn file(&self, _: &str) -> Result<Arc<[u8]>, RemoteError> {
        Err(RemoteError::Off)
    }
}

#[test]
fn a_base_from_elsewhere_cannot_ask_for_a_day() {
    let text = "resources: ['https://example.com/org/repo?timeout=24h']\n";
    let tree = MemoryTree::from_iter([("kustomization.yaml", text)]);
    let asked = Asked::default();
    let built = build_with(&tree, &TreePath::root(), &BuildOptions::default(), &asked);
    assert!(built.is_ok(), "{built:?}");
    assert_eq!(*asked.0.lock().unwrap(), [24 * 3600, 60, 60]);
}
