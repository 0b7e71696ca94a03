//! What all parts of a build share: the tree, the schemas, and the mistakes so far.

use std::collections::BTreeSet;
use std::sync::Arc;

use windlass_tree::{Tree, TreePath};

use crate::BuildOptions;
use crate::error::{BuildError, Place, Problem, Warning};
use crate::schema::Schemas;

/// The largest number of objects that one build may have.
pub(crate) const MAX_OBJECTS: usize = 200_000;

/// The largest number of kustomizations that one build may read, the same one counted each time.
pub(crate) const MAX_KUSTOMIZATIONS: usize = 100_000;

/// The largest number of kustomizations within each other.
pub(crate) const MAX_DEPTH: usize = 100;

/// The state of a build.
pub(crate) struct Context<'t> {
    pub(crate) tree: &'t dyn Tree,
    pub(crate) options: &'t BuildOptions,
    pub(crate) schemas: Schemas,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) kustomizations: usize,
    errors: Vec<BuildError>,
    read: BTreeSet<TreePath>,
}

impl<'t> Context<'t> {
    pub(crate) fn new(tree: &'t dyn Tree, options: &'t BuildOptions) -> Self {
        Self {
            tree,
            options,
            schemas: Schemas::default(),
            warnings: Vec::new(),
            kustomizations: 0,
            errors: Vec::new(),
            read: BTreeSet::new(),
        }
    }

    /// Returns the bytes of a file and takes note that the build depends on it.
    pub(crate) fn read(&mut self, file: &TreePath) -> Result<Arc<[u8]>, Problem> {
        self.read.insert(file.clone());
        Ok(self.tree.read(file)?)
    }

    /// Takes note of a mistake; the build goes on to find others, and fails in the end.
    pub(crate) fn fail(&mut self, place: &Place, problem: impl Into<Problem>) {
        self.errors.push(BuildError {
            place: place.clone(),
            problem: problem.into(),
        });
    }

    /// Takes note of mistakes that know their place.
    pub(crate) fn extend(&mut self, errors: Vec<BuildError>) {
        self.errors.extend(errors);
    }

    /// Returns the value, or takes note of the mistake.
    pub(crate) fn note<T>(
        &mut self,
        place: &Place,
        result: Result<T, impl Into<Problem>>,
    ) -> Option<T> {
        result.map_err(|problem| self.fail(place, problem)).ok()
    }

    /// Returns how many mistakes there are so far.
    pub(crate) fn error_count(&self) -> usize {
        self.errors.len()
    }

    /// Returns the files that were read, the warnings and the mistakes.
    pub(crate) fn finish(self) -> (BTreeSet<TreePath>, Vec<Warning>, Vec<BuildError>) {
        (self.read, self.warnings, self.errors)
    }
}
