//! A tree that fails never makes a result smaller.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use windlass_render::Decryption;
use windlass_tree::{EntryKind, MemoryTree, Tree, TreeError, TreePath};

use crate::repository::{render_dev, repository};

/// A tree that does not answer some of its questions.
struct FailingTree<F> {
    tree: MemoryTree,
    asked: AtomicUsize,
    fails: F,
}

impl<F: Fn(usize) -> bool + Send + Sync> FailingTree<F> {
    fn new(fails: F) -> Self {
        Self {
            tree: repository(),
            asked: AtomicUsize::new(0),
            fails,
        }
    }

    fn ask(&self, path: &TreePath) -> Result<(), TreeError> {
        if (self.fails)(self.asked.fetch_add(1, Ordering::Relaxed)) {
            return Err(TreeError::Unreadable {
                path: path.clone(),
                reason: "the disk is on fire".to_owned(),
            });
        }
        Ok(())
    }
}

impl<F: Fn(usize) -> bool + Send + Sync> Tree for FailingTree<F> {
    fn kind(&self, path: &TreePath) -> Result<Option<EntryKind>, TreeError> {
        self.ask(path)?;
        self.tree.kind(path)
    }

    fn resolve(&self, path: &TreePath) -> Result<TreePath, TreeError> {
        self.ask(path)?;
        self.tree.resolve(path)
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        self.ask(path)?;
        self.tree.read(path)
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, EntryKind)>, TreeError> {
        self.ask(path)?;
        self.tree.list(path)
    }
}

fn unit() -> windlass_render::Unit {
    windlass_render::units(&repository(), "dev")
        .unwrap()
        .remove(0)
}

fn render_failing<F: Fn(usize) -> bool + Send + Sync>(
    tree: &FailingTree<F>,
) -> Result<windlass_render::Rendered, windlass_render::RenderErrors> {
    windlass_render::render(
        tree,
        &unit(),
        Decryption::new(&crate::repository::keyring()),
    )
}

fn questions() -> usize {
    let tree = FailingTree::new(|_| false);
    render_failing(&tree).unwrap();
    tree.asked.into_inner()
}

#[test]
fn every_question_without_an_answer_makes_the_render_fail() {
    let questions = questions();
    assert!(questions > 10);
    for failing in 0..questions {
        let errors = render_failing(&FailingTree::new(|asked| asked == failing)).unwrap_err();
        assert_eq!(errors.inputs().fingerprint(), None, "question {failing}");
        let text = errors.to_string();
        assert!(
            text.contains("the disk is on fire"),
            "question {failing}: {text}"
        );
    }
}

proptest! {
    #[test]
    fn any_failures_make_the_render_fail(failing in prop::collection::hash_set(0..questions(), 1..5)) {
        let tree = FailingTree::new(|asked| failing.contains(&asked));
        prop_assert!(render_failing(&tree).is_err());
    }

    /// An encrypted value that is cut off is refused, unless it was white space that went.
    #[test]
    fn a_truncated_value_makes_the_render_fail(length in any::<prop::sample::Index>()) {
        let path = TreePath::new("kustomize/hydra/overlays/dev/.sops/DATABASE_URL.enc").unwrap();
        let mut tree = repository();
        let bytes = tree.read(&path).unwrap();
        let length = length.index(bytes.len());
        tree.insert(path, &bytes[..length]);
        let whole = bytes[length..].trim_ascii().is_empty();
        prop_assert_eq!(render_dev(&tree).is_ok(), whole);
    }
}
