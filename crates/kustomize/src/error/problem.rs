//! The mistakes that a build can find.

use thiserror::Error;
use windlass_tree::{PathError, TreeError, TreePath};
use windlass_yaml::ParseError;

use super::{
    FieldProblem, GeneratorProblem, KustomizationProblem, LoadProblem, ObjectProblem, PatchProblem,
    Place, PluginProblem, ReferenceProblem, Refusal, ReplacementProblem, SelectionProblem,
};

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
    pub fn missing_file(&self) -> Option<&TreePath> {
        match self {
            Self::Load(LoadProblem::MissingFile { path, .. }) => Some(path),
            Self::Resource { problem, .. }
            | Self::InObject { problem, .. }
            | Self::InFile { problem, .. } => problem.missing_file(),
            _ => None,
        }
    }

    /// Returns the problem as that of an entry of `resources`.
    pub(crate) fn in_resource(self, path: &str) -> Self {
        Self::Resource {
            path: path.to_owned(),
            problem: Box::new(self),
        }
    }
}
