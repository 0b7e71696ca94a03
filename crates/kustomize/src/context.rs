//! What all parts of a build share: the tree, the schemas, and the mistakes so far.

use std::collections::BTreeSet;
use std::sync::Arc;

use windlass_tree::{Tree, TreePath};
use windlass_yaml::Node;

use crate::BuildOptions;
use crate::edit;
use crate::error::{BuildError, Place, Problem, Refusal, Warning};
use crate::loader::absolute;
use crate::remote::{Mounts, Remotes, address_of};
use crate::schema::Schemas;
use crate::secret_files::{InClear, SecretFiles};
use crate::trail::{self, Step};
use crate::work::Work;

/// The largest number of objects that one build may have.
pub(crate) const MAX_OBJECTS: usize = 200_000;

/// The largest number of kustomizations that one build may read, the same one counted each time.
pub(crate) const MAX_KUSTOMIZATIONS: usize = 100_000;

/// The most bytes that one build may read, the same file counted each time: 512 MiB.
const MAX_BYTES: usize = 512 << 20;

/// How often one build may offer an object to a transformer.
const MAX_STEPS: usize = 20_000_000;

/// How many mistakes a build tells; it counts the others.
const MAX_MISTAKES: usize = 1_000;

/// The largest number of kustomizations within each other.
pub(crate) const MAX_DEPTH: usize = 100;

/// The state of a build.
pub(crate) struct Context<'t> {
    pub(crate) tree: Mounts<'t>,
    pub(crate) options: &'t BuildOptions,
    pub(crate) secret_files: &'t dyn SecretFiles,
    pub(crate) schemas: Schemas,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) kustomizations: usize,
    pub(crate) bytes: usize,
    pub(crate) work: Work,
    steps: usize,
    /// Whether the build is too large, so that going on would only take time.
    is_too_large: bool,
    /// The bases and components that are being built, outermost first.
    trail: Vec<Step>,
    errors: Vec<BuildError>,
    /// How many mistakes were found after those.
    untold: usize,
    /// The bases that cannot be built: what is wrong there has been said.
    failed: BTreeSet<TreePath>,
    read: BTreeSet<TreePath>,
}

impl<'t> Context<'t> {
    pub(crate) fn new(
        tree: &'t dyn Tree,
        remotes: &'t dyn Remotes,
        options: &'t BuildOptions,
    ) -> Self {
        Self {
            tree: Mounts::new(tree, remotes),
            options,
            secret_files: &InClear,
            schemas: Schemas::default(),
            warnings: Vec::new(),
            kustomizations: 0,
            bytes: 0,
            work: Work::default(),
            steps: 0,
            is_too_large: false,
            trail: Vec::new(),
            errors: Vec::new(),
            untold: 0,
            failed: BTreeSet::new(),
            read: BTreeSet::new(),
        }
    }

    /// Returns the bytes of a file and takes note that the build depends on it.
    pub(crate) fn read(&mut self, file: &TreePath) -> Result<Arc<[u8]>, Problem> {
        self.read.insert(file.clone());
        let bytes = self.tree.read(file)?;
        self.bytes += bytes.len();
        if self.bytes > MAX_BYTES {
            return Err(Refusal::Bytes { limit: MAX_BYTES }.into());
        }
        Ok(bytes)
    }

    /// Counts the values of objects that were read.
    pub(crate) fn count_values(&mut self, objects: &[Node]) -> Result<(), Problem> {
        self.work.add(objects.iter().map(edit::size).sum())
    }

    /// Counts objects that a transformer looks at, and returns whether it may; says so once when not.
    pub(crate) fn may_transform(&mut self, place: &Place, objects: usize) -> bool {
        let before = self.steps;
        self.steps += objects;
        if before <= MAX_STEPS && self.steps > MAX_STEPS {
            self.fail(place, Refusal::Steps { limit: MAX_STEPS });
        }
        self.steps <= MAX_STEPS && !self.is_exhausted()
    }

    /// Returns whether a limit of the whole build was passed.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.is_too_large || self.work.is_exhausted()
    }

    /// Does something within a base or component.
    pub(crate) fn within<T>(&mut self, step: Step, work: impl FnOnce(&mut Self) -> T) -> T {
        self.trail.push(step);
        let done = work(self);
        self.trail.pop();
        done
    }

    /// Takes note of a mistake; the build goes on to find others, and fails in the end.
    pub(crate) fn fail(&mut self, place: &Place, problem: impl Into<Problem>) {
        self.fail_as(place, problem.into(), str::to_owned);
    }

    /// Does as [`Context::fail`] for a mistake that kustomize says more about than [`Problem::in_go`].
    pub(crate) fn fail_as(
        &mut self,
        place: &Place,
        problem: Problem,
        original: impl FnOnce(&str) -> String,
    ) {
        let (inner, mut problem) = problem.with_place();
        self.is_too_large |= matches!(&problem, Problem::Refused(refusal) if refusal.is_of_build());
        if self.errors.len() >= MAX_MISTAKES {
            self.untold += 1;
            return;
        }
        let mut place = inner.unwrap_or_else(|| place.clone());
        let original = problem
            .in_go()
            .map(|words| trail::wrap(&self.trail, &original(&words)))
            .filter(|text| !problem.to_string().contains(text.as_str()));
        self.complete(&mut place);
        problem.for_each_place(&mut |place| self.complete(place));
        self.errors.push(BuildError {
            place,
            problem: Box::new(problem),
            original,
        });
    }

    /// Adds to a place what only messages need: what people call the file, and the first character of a
    /// line whose column is not known.
    fn complete(&self, place: &mut Place) {
        if place.line > 0 && place.column == 0 {
            let bytes = self.tree.read(&place.path).unwrap_or_default();
            let line = bytes
                .split(|byte| *byte == b'\n')
                .nth(place.line as usize - 1);
            let indent = line
                .unwrap_or_default()
                .iter()
                .take_while(|byte| **byte == b' ');
            place.column = u32::try_from(indent.count() + 1).unwrap_or(1);
        }
        if let Some(address) = address_of(&place.path) {
            place.name = Some(address);
            return;
        }
        let Some(here) = &self.options.working_directory else {
            return;
        };
        let path = place.path.as_str();
        let inner = path.strip_prefix(here.as_str()).unwrap_or_default();
        place.name = Some(match inner.strip_prefix('/') {
            Some(inner) if !here.is_root() => inner.to_owned(),
            _ if place.path == *here => ".".to_owned(),
            _ => absolute(&place.path),
        });
    }

    /// Takes note of mistakes that know their place.
    pub(crate) fn extend(&mut self, errors: Vec<BuildError>) {
        for error in errors {
            self.fail(&error.place, *error.problem);
        }
    }

    /// Returns the value, or takes note of the mistake.
    pub(crate) fn note<T>(
        &mut self,
        place: &Place,
        result: Result<T, impl Into<Problem>>,
    ) -> Option<T> {
        result.map_err(|problem| self.fail(place, problem)).ok()
    }

    /// Takes note of a base that cannot be built.
    pub(crate) fn give_up(&mut self, root: &TreePath) {
        self.failed.insert(root.clone());
    }

    /// Returns whether the base was built before, and had mistakes.
    pub(crate) fn has_failed(&self, root: &TreePath) -> bool {
        self.failed.contains(root)
    }

    /// Returns how many mistakes there are so far.
    pub(crate) fn error_count(&self) -> usize {
        self.errors.len() + self.untold
    }

    /// Returns the files that were read, the warnings and the mistakes.
    pub(crate) fn finish(mut self) -> (BTreeSet<TreePath>, Vec<Warning>, Vec<BuildError>) {
        if let Some(last) = self.errors.last().filter(|_| self.untold > 0) {
            let (told, more) = (MAX_MISTAKES, self.untold);
            self.errors.push(BuildError {
                place: last.place.clone(),
                problem: Box::new(Refusal::Mistakes { told, more }.into()),
                original: None,
            });
        }
        (self.read, self.warnings, self.errors)
    }
}

#[cfg(test)]
mod tests {
    use windlass_tree::MemoryTree;

    use super::*;
    use crate::work::MAX_VALUES;

    fn at_the_limit(test: impl FnOnce(&mut Context<'_>, &TreePath)) {
        let tree = MemoryTree::from_iter([("a.yaml", "a")]);
        let options = BuildOptions::default();
        let mut context = Context::new(&tree, &crate::NoRemotes, &options);
        context.work = Work::done(MAX_VALUES - 1, 0);
        context.bytes = MAX_BYTES - 1;
        context.steps = MAX_STEPS - 1;
        test(&mut context, &TreePath::new("a.yaml").unwrap());
    }

    #[test]
    fn a_build_reads_as_many_bytes_as_the_limit_and_no_more() {
        at_the_limit(|context, file| {
            assert!(context.read(file).is_ok());
            assert!(context.read(file).is_err());
        });
    }

    #[test]
    fn a_build_holds_as_many_values_as_the_limit_and_no_more() {
        at_the_limit(|context, _| {
            assert!(context.count_values(&[Node::null()]).is_ok());
            assert!(context.count_values(&[Node::null()]).is_err());
        });
    }

    #[test]
    fn mistakes_beyond_the_limit_are_counted() {
        let (tree, options) = (MemoryTree::new(), BuildOptions::default());
        let mut context = Context::new(&tree, &crate::NoRemotes, &options);
        let place = Place::file(TreePath::new("a.yaml").unwrap());
        for limit in 0..MAX_MISTAKES + 2 {
            context.fail(&place, Refusal::Name { limit });
        }
        assert_eq!(context.error_count(), MAX_MISTAKES + 2);
        let (_, _, errors) = context.finish();
        assert_eq!(
            errors[MAX_MISTAKES].to_string(),
            "a.yaml: 2 more mistakes are not told, only the first 1000"
        );
    }

    #[test]
    fn transformers_look_at_as_many_objects_as_the_limit_and_the_build_says_so_once() {
        at_the_limit(|context, file| {
            let place = Place::file(file.clone());
            let may: Vec<bool> = (0..3).map(|_| context.may_transform(&place, 1)).collect();
            assert_eq!((may, context.error_count()), (vec![true, false, false], 1));
        });
    }
}
