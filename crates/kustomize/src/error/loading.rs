//! Finding and reading the files of a build.

use thiserror::Error;
use windlass_tree::TreePath;

use crate::remote::RemoteError;

use super::show::{DidYouMean, Rooted};

/// What is wrong with a path, or with what stands there.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum LoadProblem {
    /// A document separator with text behind it.
    #[error("invalid document separator: ---{rest}; put the text on a line of its own")]
    DocumentSeparator {
        /// The text.
        rest: String,
    },
    /// A directory that has no kustomization file.
    #[error(
        "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '{}'",
        Rooted(directory)
    )]
    MissingKustomization {
        /// The directory.
        directory: TreePath,
    },
    /// A directory that has more than one kustomization file.
    #[error(
        "Found multiple kustomization files under: {}; keep one of them",
        Rooted(directory)
    )]
    SeveralKustomizations {
        /// The directory.
        directory: TreePath,
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
    #[error("the path is empty")]
    EmptyPath,
    /// A file that is not there.
    #[error("evalsymlink failure on '{}': no such file or directory{}", Rooted(path), DidYouMean(similar.as_deref()))]
    MissingFile {
        /// The file.
        path: TreePath,
        /// The file of its directory that is called most like it.
        similar: Option<String>,
    },
    /// A directory where a file is wanted.
    #[error("'{}' must resolve to a file", Rooted(path))]
    NotAFile {
        /// The directory.
        path: TreePath,
    },
    /// A file outside the directory of the kustomization.
    #[error(
        "security; file '{}' is not in or below '{}'; move it there, or allow files from anywhere (--load-restrictor LoadRestrictionsNone)",
        Rooted(file),
        Rooted(root)
    )]
    OutsideRoot {
        /// The file.
        file: TreePath,
        /// The directory.
        root: TreePath,
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
        "security; bases in kustomizations found in cloned git repos must be within the repo, but base '{}' is outside '{}'",
        Rooted(path),
        Rooted(repository)
    )]
    OutsideRepository {
        /// Where it leads.
        path: TreePath,
        /// The repository; the root for that of the build.
        repository: TreePath,
    },
    /// A kustomization that leads back to itself.
    #[error(
        "cycle detected: candidate root '{}' contains visited root '{}'",
        Rooted(candidate),
        Rooted(visited)
    )]
    Cycle {
        /// The directory that is to be built.
        candidate: TreePath,
        /// The directory that is being built.
        visited: TreePath,
    },
    /// A component among the resources.
    #[error(
        "expected kind != 'Component' for path '{}'; list it under `components`",
        Rooted(path)
    )]
    ComponentAsResource {
        /// The directory.
        path: TreePath,
    },
    /// A kustomization among the components.
    #[error(
        "expected kind 'Component' for path '{}' but got '{kind}'; list it under `resources`",
        Rooted(path)
    )]
    NotAComponent {
        /// The directory.
        path: TreePath,
        /// Its kind.
        kind: String,
    },
    /// A file among the components.
    #[error("must build at directory: '{}': file is not directory", Rooted(path))]
    ComponentIsFile {
        /// The file.
        path: TreePath,
    },
}
