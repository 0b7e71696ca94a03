//! Finding and reading the files of a build.

use thiserror::Error;

use super::show::did_you_mean;
use super::{Problem, There};
use crate::remote::RemoteError;

/// What is wrong with a path, or with what stands there.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum LoadProblem {
    /// A document separator with text behind it, which is not printed: it may be a secret that is not indented.
    #[error("invalid document separator: --- …")]
    DocumentSeparator,
    /// A directory that has no kustomization file.
    #[error(
        "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '{directory}'"
    )]
    MissingKustomization {
        /// The directory.
        directory: String,
        /// What lies there.
        there: There,
    },
    /// A directory that has more than one kustomization file.
    #[error("Found multiple kustomization files under: {directory}")]
    SeveralKustomizations {
        /// The directory.
        directory: String,
        /// The names of the files.
        names: Vec<String>,
    },
    /// A file of `crds` that holds something else.
    #[error(
        "unable to parse open API definition from '{path}': {key} is not a definition; `crds` lists OpenAPI \
         definitions by type, a CustomResourceDefinition belongs to `resources`"
    )]
    NotDefinitions {
        /// The path as it is listed.
        path: String,
        /// The first key that has no definition.
        key: String,
    },
    /// An empty path.
    #[error("new root cannot be empty")]
    EmptyPath,
    /// A base whose path starts at the root of the file system.
    #[error("new root '{path}' cannot be absolute")]
    AbsoluteBase {
        /// The path.
        path: String,
    },
    /// A file that is not there.
    #[error("evalsymlink failure on '{path}' : {}no such file or directory", stat(*is_below_file, lacking))]
    MissingFile {
        /// The file, from the root on.
        path: String,
        /// The first part of the path that is not there, from the root on.
        lacking: String,
        /// Whether the part above it is a file.
        is_below_file: bool,
        /// The entry of its directory that is called most like it.
        similar: Option<String>,
        /// Whether there is a symbolic link, which leads nowhere.
        is_link: bool,
    },
    /// An object where a path is wanted. It is not shown, since it may be a Secret.
    #[error("evalsymlink failure on '…' : no such file or directory")]
    Content,
    /// A kustomization file among the objects.
    #[error("{problem}")]
    KustomizationAsFile {
        /// Why it is no object.
        problem: Box<Problem>,
    },
    /// A directory where a file is wanted.
    #[error("'{path}' must resolve to a file")]
    NotAFile {
        /// The directory.
        path: String,
    },
    /// A file outside the directory of the kustomization.
    #[error("security; file '{file}' is not in or below '{root}'")]
    OutsideRoot {
        /// The file.
        file: String,
        /// Where it really lies, when a symbolic link leads there.
        real: Option<String>,
        /// The directory.
        root: String,
    },
    /// A base or file elsewhere that is not there.
    #[error("{url}: {reason}")]
    Remote {
        /// The address, with the revision of a repository.
        url: String,
        /// Why.
        reason: RemoteError,
    },
    /// A path that leads out of the repository that its kustomization is in.
    #[error(
        "security; bases in kustomizations found in cloned git repos must be within the repo, but base '{path}' is outside '{repository}'"
    )]
    OutsideRepository {
        /// Where it leads.
        path: String,
        /// The repository; the root for that of the build.
        repository: String,
    },
    /// A kustomization that leads back to itself.
    #[error("cycle detected: candidate root '{candidate}' contains visited root '{visited}'")]
    Cycle {
        /// The directory that is to be built.
        candidate: String,
        /// The directory that is being built.
        visited: String,
    },
    /// A component among the resources.
    #[error("expected kind != 'Component' for path '{path}'")]
    ComponentAsResource {
        /// The directory.
        path: String,
    },
    /// A kustomization among the components.
    #[error("expected kind 'Component' for path '{path}' but got '{kind}'")]
    NotAComponent {
        /// The directory.
        path: String,
        /// Its kind.
        kind: String,
    },
    /// A file among the components.
    #[error("must build at directory: '{path}': file is not directory")]
    ComponentIsFile {
        /// The file.
        path: String,
    },
}

/// Returns the name of the call that failed, as Go has it.
fn stat(is_below_file: bool, lacking: &str) -> String {
    if is_below_file {
        format!("not a directory: {lacking}: ")
    } else {
        format!("lstat {lacking}: ")
    }
}

impl LoadProblem {
    pub(super) fn advice(&self) -> String {
        match self {
            Self::DocumentSeparator => {
                "put the text behind --- on a line of its own, or indent it".to_owned()
            }
            Self::MissingKustomization { there, .. } if there.is_empty() => {
                "the directory is empty".to_owned()
            }
            Self::MissingKustomization { there, .. } => format!("the directory has {there}"),
            Self::SeveralKustomizations { names, .. } => {
                format!("keep one of {}", names.join(", "))
            }
            Self::NotDefinitions { .. } | Self::Remote { .. } | Self::OutsideRepository { .. } => {
                String::new()
            }
            Self::EmptyPath => "name a file or directory".to_owned(),
            Self::AbsoluteBase { .. } => "write the path as seen from this file".to_owned(),
            Self::KustomizationAsFile { .. } => {
                "list the directory of a kustomization, not its file; none lists itself".to_owned()
            }
            Self::MissingFile { is_link: true, .. } => {
                "there is a symbolic link, but it leads nowhere".to_owned()
            }
            Self::MissingFile { path, .. } if path.contains(['*', '?']) => {
                "patterns are not expanded here: `kustomize edit add resource` lists the files of one"
                    .to_owned()
            }
            Self::MissingFile { similar, .. } => did_you_mean(similar.as_deref()),
            Self::Content => {
                "this is no path: put the object into a file of its own, and list that".to_owned()
            }
            Self::NotAFile { .. } => "it is a directory: name a file in it".to_owned(),
            Self::OutsideRoot { real, .. } => {
                let leads = real
                    .as_ref()
                    .map(|real| format!("a link leads to '{real}'; "));
                format!(
                    "{}move it there, or allow files from anywhere (--load-restrictor LoadRestrictionsNone)",
                    leads.unwrap_or_default()
                )
            }
            Self::Cycle { .. } => "a kustomization cannot be built of itself".to_owned(),
            Self::ComponentAsResource { .. } => "list it under `components`".to_owned(),
            Self::NotAComponent { .. } => "list it under `resources`".to_owned(),
            Self::ComponentIsFile { .. } => {
                "list a file under `resources`; a component is a directory".to_owned()
            }
        }
    }
}
