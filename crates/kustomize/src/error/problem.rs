//! The mistakes that a build can find.

use thiserror::Error;
use windlass_tree::{PathError, TreeError, TreePath};
use windlass_yaml::ParseError;

use super::{
    FieldProblem, GeneratorProblem, KustomizationProblem, LoadProblem, ObjectProblem, PatchProblem,
    Place, PluginProblem, ReferenceProblem, Refusal, ReplacementProblem, SelectionProblem,
};
use crate::remote::redacted;

/// What is wrong.
///
/// Where kustomize 5.8.1 has well-known words for a mistake, the message has them too, so that searching
/// for it finds the same help.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Problem {
    /// The tree did not answer.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A path that is not one of the tree.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A text that is not YAML.
    #[error("MalformedYAMLError: yaml: {0}")]
    Yaml(ParseError),
    /// A path, or what stands there.
    #[error(transparent)]
    Load(#[from] LoadProblem),
    /// Something that a build does not do.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A kustomization file.
    #[error(transparent)]
    Kustomization(#[from] KustomizationProblem),
    /// An object.
    #[error(transparent)]
    Object(#[from] ObjectProblem),
    /// A generator.
    #[error(transparent)]
    Generator(#[from] GeneratorProblem),
    /// A plugin.
    #[error(transparent)]
    Plugin(#[from] PluginProblem),
    /// A field that is to be set.
    #[error(transparent)]
    Field(#[from] FieldProblem),
    /// A selection.
    #[error(transparent)]
    Selection(#[from] SelectionProblem),
    /// A patch.
    #[error(transparent)]
    Patch(#[from] PatchProblem),
    /// A name or a reference to it.
    #[error(transparent)]
    Reference(#[from] ReferenceProblem),
    /// A replacement.
    #[error(transparent)]
    Replacement(#[from] ReplacementProblem),
    /// An entry of `resources` that cannot be added.
    #[error("accumulating resources from '{path}': {problem}")]
    Resource {
        /// The entry.
        path: String,
        /// Why.
        problem: Box<Problem>,
    },
    /// A mistake in an object.
    #[error("{object}: {problem}")]
    InObject {
        /// The identity of the object.
        object: String,
        /// The mistake.
        problem: Box<Problem>,
    },
    /// A mistake in another file.
    #[error("{place}: {problem}")]
    InFile {
        /// Where.
        place: Place,
        /// The mistake.
        problem: Box<Problem>,
    },
}

impl Problem {
    /// Returns the path of the file that is not there, if that is the problem.
    #[must_use]
    pub fn missing_file(&self) -> Option<TreePath> {
        match self {
            Self::Load(LoadProblem::MissingFile { path, .. }) => {
                TreePath::new(path.trim_start_matches('/')).ok()
            }
            Self::Resource { problem, .. }
            | Self::InObject { problem, .. }
            | Self::InFile { problem, .. } => problem.missing_file(),
            _ => None,
        }
    }

    /// Returns what kustomize says about it, where it says anything.
    pub(crate) fn in_go(&self) -> Option<String> {
        if let Self::Replacement(ReplacementProblem::SourceValue { problem, .. }) = self {
            return problem.in_go();
        }
        if let Some(inner) = self.inner() {
            let (ours, words) = (inner.to_string(), inner.in_go()?);
            return Some(self.to_string().replace(&ours, &words));
        }
        match self {
            Self::Yaml(ParseError::Syntax { at, problem, .. }) => Some(format!(
                "MalformedYAMLError: yaml: line {}: {problem}",
                at.line
            )),
            Self::Yaml(ParseError::DuplicateKey { .. } | ParseError::Merge { .. }) => {
                Some(self.to_string())
            }
            Self::Tree(_)
            | Self::Path(_)
            | Self::Yaml(_)
            | Self::Refused(_)
            | Self::Load(
                LoadProblem::Content
                | LoadProblem::DocumentSeparator
                | LoadProblem::Remote { .. }
                | LoadProblem::NotDefinitions { .. },
            )
            | Self::Generator(GeneratorProblem::NoSuchFile { .. }) => None,
            _ => Some(self.to_string()),
        }
    }

    /// Returns the problem whose message is a part of this one's.
    fn inner(&self) -> Option<&Self> {
        match self {
            Self::Plugin(PluginProblem::Config { problem, .. })
            | Self::Patch(
                PatchProblem::File { problem, .. } | PatchProblem::Unreadable { problem, .. },
            )
            | Self::Field(
                FieldProblem::NotSet { problem, .. } | FieldProblem::Namespace { problem },
            )
            | Self::Kustomization(KustomizationProblem::Invalid { problem })
            | Self::Resource { problem, .. }
            | Self::InObject { problem, .. }
            | Self::InFile { problem, .. } => Some(problem),
            _ => None,
        }
    }

    /// Returns what to do about it, and what there is instead; empty when the message says it all.
    #[must_use]
    pub fn advice(&self) -> String {
        if let Some(inner) = self.inner() {
            return inner.advice();
        }
        match self {
            Self::Load(problem) => problem.advice(),
            Self::Kustomization(problem) => problem.advice(),
            Self::Object(problem) => problem.advice(),
            Self::Generator(problem) => problem.advice(),
            Self::Plugin(problem) => problem.advice(),
            Self::Selection(problem) => problem.advice(),
            Self::Patch(problem) => problem.advice(),
            Self::Reference(problem) => problem.advice(),
            Self::Replacement(problem) => problem.advice(),
            Self::Field(problem) => problem.advice(),
            Self::Tree(_)
            | Self::Path(_)
            | Self::Yaml(_)
            | Self::Refused(_)
            | Self::Resource { .. }
            | Self::InObject { .. }
            | Self::InFile { .. } => String::new(),
        }
    }

    /// Returns the advice as it stands behind the message.
    pub(super) fn hint(&self) -> String {
        let advice = self.advice();
        if advice.is_empty() {
            advice
        } else {
            format!("; {advice}")
        }
    }

    /// Returns the place that the problem itself knows, and the problem without it.
    pub(crate) fn with_place(self) -> (Option<Place>, Self) {
        match self {
            Self::InFile { place, problem } => {
                let (inner, problem) = problem.with_place();
                (inner.or(Some(place)), problem)
            }
            Self::Plugin(PluginProblem::Config { id, problem }) => {
                let (place, problem) = problem.with_place();
                let problem = Box::new(problem);
                (place, PluginProblem::Config { id, problem }.into())
            }
            other => (None, other),
        }
    }

    /// Calls `visit` with every place that the message names.
    pub(crate) fn for_each_place(&mut self, visit: &mut dyn FnMut(&mut Place)) {
        match self {
            Self::Object(ObjectProblem::DuplicateId { first, .. })
            | Self::Generator(GeneratorProblem::GeneratedTwice { first, .. }) => visit(first),
            Self::Generator(GeneratorProblem::SeveralToMerge { places, .. })
            | Self::Reference(ReferenceProblem::NamespaceConflict { places, .. })
            | Self::Replacement(ReplacementProblem::SourceAmbiguous { places, .. })
            | Self::Selection(SelectionProblem::SeveralPatchTargets { places, .. }) => {
                places.iter_mut().for_each(visit);
            }
            Self::InFile { place, problem } => {
                visit(place);
                problem.for_each_place(visit);
            }
            Self::Resource { problem, .. }
            | Self::InObject { problem, .. }
            | Self::Plugin(PluginProblem::Config { problem, .. }) => problem.for_each_place(visit),
            _ => {}
        }
    }

    /// Returns the problem as that of an entry of `patches`.
    pub(crate) fn of_entry(mut self) -> Self {
        if let Self::Selection(SelectionProblem::NoPatchTarget { is_entry, .. }) = &mut self {
            *is_entry = true;
        }
        self
    }

    /// Returns the problem as that of an entry of `resources`.
    pub(crate) fn in_resource(self, path: &str) -> Self {
        Self::Resource {
            path: redacted(crate::loader::shown(path)),
            problem: Box::new(self),
        }
    }
}
