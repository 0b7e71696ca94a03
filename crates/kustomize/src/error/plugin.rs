//! Generators, transformers and validators that are configured in files of their own.

use thiserror::Error;

use super::Problem;
use super::show::did_you_mean;

/// What is wrong with a plugin.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PluginProblem {
    /// A built-in plugin that there is not.
    #[error("unable to load builtin {kind}.builtin.[noGrp]")]
    Unknown {
        /// The kind.
        kind: String,
        /// The known kind that is most like it.
        nearest: Option<String>,
    },
    /// A plugin whose config is wrong.
    #[error("plugin {id} fails configuration: {problem}")]
    Config {
        /// The identity of the config.
        id: String,
        /// What is wrong.
        problem: Box<Problem>,
    },
    /// A transformer among the generators.
    #[error("plugin {id} not a generator")]
    NotAGenerator {
        /// The identity of the config.
        id: String,
    },
    /// A generator among the transformers.
    #[error("plugin {id} not a transformer")]
    NotATransformer {
        /// The identity of the config.
        id: String,
    },
    /// A plugin that must say which fields it changes.
    #[error("fieldSpecs is not expected to be nil")]
    MissingFieldSpecs,
    /// A way to treat subjects that there is not.
    #[error(
        "invalid value {mode:?} for setRoleBindingSubjects: must be one of \"defaultOnly\", \"none\" or \"allServiceAccounts\""
    )]
    SubjectMode {
        /// The word.
        mode: String,
    },
    /// A `ValueAddTransformer` without targets.
    #[error("must specify at least one target")]
    ValueAddTargets,
    /// A part of a path that is before its beginning.
    #[error("value of FilePathPosition ({position}) cannot be negative")]
    NegativePosition {
        /// The position.
        position: i64,
    },
    /// A validator that changes objects.
    #[error("validator shouldn't modify the resource map")]
    ValidatorChanges,
}

impl PluginProblem {
    pub(super) fn advice(&self) -> String {
        match self {
            Self::Unknown { nearest, .. } => did_you_mean(nearest.as_deref()),
            Self::NotAGenerator { .. } => "list it under `transformers`".to_owned(),
            Self::NotATransformer { .. } => "list it under `generators`".to_owned(),
            Self::MissingFieldSpecs => "name the fields that the transformer changes".to_owned(),
            Self::ValueAddTargets => "list `targets`, each with a `fieldPath`".to_owned(),
            Self::ValidatorChanges => "list it under `transformers` if it should".to_owned(),
            Self::Config { .. } | Self::SubjectMode { .. } | Self::NegativePosition { .. } => {
                String::new()
            }
        }
    }
}
