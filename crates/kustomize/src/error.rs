//! What can be wrong with a kustomization, and where.

mod field;
mod generator;
mod kustomization;
mod loading;
mod object;
mod patch;
mod plugin;
mod problem;
mod reference;
mod refusal;
mod replacement;
mod selection;
mod show;
mod there;

use std::fmt;

use windlass_tree::TreePath;
use windlass_yaml::Position;

pub use field::FieldProblem;
pub use generator::GeneratorProblem;
pub use kustomization::KustomizationProblem;
pub use loading::LoadProblem;
pub use object::ObjectProblem;
pub use patch::PatchProblem;
pub use plugin::PluginProblem;
pub use problem::Problem;
pub use reference::ReferenceProblem;
pub use refusal::Refusal;
pub use replacement::ReplacementProblem;
pub use selection::SelectionProblem;
pub use there::{End, Reached, There};

/// Where something stands: a file of the tree, and a line and column counted from 1.
///
/// Line 0 means that the whole file is meant, column 0 the whole line.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Place {
    /// The file.
    pub path: TreePath,
    /// The line, counted from 1; 0 for the whole file.
    pub line: u32,
    /// The column, counted from 1; 0 for the whole line.
    pub column: u32,
    /// What people call the file, when that is not its path in the tree.
    pub(crate) name: Option<String>,
}

impl Place {
    /// Returns the place of a whole file.
    #[must_use]
    pub fn file(path: TreePath) -> Self {
        Self {
            path,
            ..Self::default()
        }
    }

    /// Returns the place of a position in a file.
    #[must_use]
    pub fn at(path: &TreePath, position: Position) -> Self {
        Self {
            path: path.clone(),
            line: position.line,
            column: position.column,
            name: None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => formatter.write_str(name)?,
            None => write!(formatter, "{}", self.path)?,
        }
        if self.line > 0 {
            write!(formatter, ":{}", self.line)?;
        }
        if self.line > 0 && self.column > 0 {
            write!(formatter, ":{}", self.column)?;
        }
        Ok(())
    }
}

/// One mistake and its place.
///
/// Its message has the place, what is wrong in kustomize's words where it has some, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}{}", problem.hint())]
pub struct BuildError {
    /// Where the mistake stands.
    pub place: Place,
    /// What is wrong.
    pub problem: Box<Problem>,
    /// What kustomize 5.8.1 says, where its message is longer than that of `problem`: it says how it came
    /// there, and some programs look for that.
    pub original: Option<String>,
}

/// All independent mistakes that kept a build from having a result, in the order they were found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildErrors(Vec<BuildError>);

impl BuildErrors {
    /// Returns the mistakes as an error, or nothing when there are none.
    pub(crate) fn from_list(mut errors: Vec<BuildError>) -> Result<(), Self> {
        let mut seen = std::collections::HashSet::new();
        errors.retain(|error| seen.insert(error.to_string()));
        if errors.is_empty() {
            Ok(())
        } else {
            Err(Self(errors))
        }
    }

    /// Returns the mistakes; there is at least one.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &BuildError> {
        self.0.iter()
    }

    /// Returns the mistakes; there is at least one.
    #[must_use]
    pub fn into_vec(self) -> Vec<BuildError> {
        self.0
    }
}

impl fmt::Display for BuildErrors {
    /// Writes one line for each mistake.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n")?;
            }
            write!(formatter, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for BuildErrors {}

/// Something that works but should be changed, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Where it stands.
    pub place: Place,
    /// The line that kustomize 5.8.1 prints on stderr for it.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}
