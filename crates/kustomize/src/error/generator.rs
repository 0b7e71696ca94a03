//! Generators of ConfigMaps, Secrets and policies.

use thiserror::Error;

use super::show::Listed;
use super::{Place, There};

/// What is wrong with a generator.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum GeneratorProblem {
    /// A generator without a name.
    #[error("a configmap must have a name")]
    Nameless {
        /// What it generates.
        kind: &'static str,
    },
    /// A literal that is not `key=value`. It is not printed, since it may be a secret.
    #[error("invalid literal source, expected key=value")]
    Literal,
    /// A file source without a key.
    #[error("missing key name for file path {path:?} in source {text:?}")]
    FileKey {
        /// The path.
        path: String,
        /// The source.
        text: String,
    },
    /// A file source without a path.
    #[error("missing file path for key name {key:?} in source {text:?}")]
    FilePath {
        /// The key.
        key: String,
        /// The source.
        text: String,
    },
    /// A file source with more than one `=`.
    #[error("source {text:?} key name or file path contains '='")]
    FileEquals {
        /// The source.
        text: String,
    },
    /// An env file that is not text.
    #[error("line {line} has invalid utf8 bytes")]
    EnvEncoding {
        /// The line.
        line: u32,
    },
    /// A file of a Secret that is not there. What should be its path is not printed, since it may be a value.
    #[error("evalsymlink failure on '{source_name}' : no such file or directory", source_name = text)]
    NoSuchFile {
        /// The source, with its key only.
        text: String,
    },
    /// A key that comes twice.
    #[error("{} {name} illegally repeats the key `{key}`", kind.to_lowercase())]
    RepeatedKey {
        /// What is generated.
        kind: &'static str,
        /// The name of the generated object.
        name: String,
        /// The key.
        key: String,
    },
    /// A generated object that is there already.
    #[error(
        "id {id} exists; can not use behavior: '{behavior}', behavior must be merge or replace"
    )]
    GeneratedTwice {
        /// The identity.
        id: String,
        /// The behaviour of the generator.
        behavior: &'static str,
        /// Where the first one is configured or was read.
        first: Box<Place>,
    },
    /// A generator with nothing to merge into.
    #[error("id {id} does not exist; cannot merge or replace")]
    NothingToMerge {
        /// The identity.
        id: String,
        /// The behaviour of the generator.
        behavior: &'static str,
        /// What the build has.
        there: There,
    },
    /// A generator with several objects to merge into.
    #[error("found multiple objects that could accept merge of {id}")]
    SeveralToMerge {
        /// The identity.
        id: String,
        /// Where the objects were read.
        places: Vec<Place>,
    },
    /// A cloud that the `IAMPolicyGenerator` does not know.
    #[error("cloud provider {cloud} not supported yet")]
    Cloud {
        /// The cloud.
        cloud: String,
    },
}

impl GeneratorProblem {
    pub(super) fn advice(&self) -> String {
        match self {
            Self::Nameless { kind } => format!("give this {kind} generator a `name`"),
            Self::Literal => "the text is not shown, since it may be a secret".to_owned(),
            Self::FileKey { .. } | Self::FilePath { .. } | Self::FileEquals { .. } => {
                "write a path, or key=path".to_owned()
            }
            Self::NoSuchFile { .. } => {
                "write key=path; a value belongs under `literals`, and is not shown here".to_owned()
            }
            Self::EnvEncoding { .. } => "save the file as UTF-8 text".to_owned(),
            Self::RepeatedKey { .. } => "keep one of its sources".to_owned(),
            Self::GeneratedTwice { first, .. } => {
                format!("the first one is at {first}; set `behavior` here, or use another name")
            }
            Self::NothingToMerge {
                behavior, there, ..
            } => format!(
                "the behavior is {behavior}, and the build has {there}; create is for what is not there yet"
            ),
            Self::SeveralToMerge { places, .. } => format!("they are at {}", Listed(places)),
            Self::Cloud { .. } => "`cloud` can be gke".to_owned(),
        }
    }
}
