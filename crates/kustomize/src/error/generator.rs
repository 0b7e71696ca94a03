//! Generators of ConfigMaps, Secrets and policies.

use thiserror::Error;
use windlass_tree::TreePath;

/// What is wrong with a generator.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum GeneratorProblem {
    /// A generator without a name.
    #[error("a {kind} generator needs a name")]
    Nameless {
        /// What it generates.
        kind: &'static str,
    },
    /// A literal that is not `key=value`. It is not printed, since it may be a secret.
    #[error("invalid literal source, expected key=value")]
    Literal,
    /// A file source that is neither `path` nor `key=path`.
    #[error("invalid file source {source_text:?}: write a path, or key=path")]
    FileSource {
        /// The source.
        source_text: String,
    },
    /// An env file that is not text.
    #[error("{file}:{line}: invalid utf8 bytes")]
    EnvEncoding {
        /// The file.
        file: TreePath,
        /// The line.
        line: usize,
    },
    /// A key that comes twice.
    #[error("configmap {name} illegally repeats the key `{key}`")]
    RepeatedKey {
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
    },
    /// A generator with nothing to merge into.
    #[error("id {id} does not exist; cannot merge or replace (behavior is {behavior})")]
    NothingToMerge {
        /// The identity.
        id: String,
        /// The behaviour of the generator.
        behavior: &'static str,
    },
    /// A generator with several objects to merge into.
    #[error("found multiple objects that could accept merge of {id}")]
    SeveralToMerge {
        /// The identity.
        id: String,
    },
    /// A cloud that the `IAMPolicyGenerator` does not know.
    #[error("cloud provider {cloud} not supported yet")]
    Cloud {
        /// The cloud.
        cloud: String,
    },
}
