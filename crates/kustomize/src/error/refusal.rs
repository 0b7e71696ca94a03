//! What a build does not do, and how much of the rest.

use thiserror::Error;

/// What a build refuses: what it never does, and more than its limits allow.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    /// Helm charts.
    #[error(
        "{field}: Helm charts are not built here, since that runs the helm program; render the chart with `helm template` and list the result under `resources`"
    )]
    Helm {
        /// The field or plugin.
        field: String,
    },
    /// A plugin that is a program or container.
    #[error("external plugins disabled; unable to load external plugin '{kind}': a build runs no {}; use a built-in transformer, or run the function beforehand and commit its output", if *is_function { "container or function" } else { "program" })]
    Program {
        /// The kind of its config.
        kind: String,
        /// Whether it is a KRM function.
        is_function: bool,
    },
    /// A remote base that leads to this disk, or to what is reached with less care than it was itself.
    #[error(
        "{url}: security; {repository} came over a network that is protected better, so it may not lead there"
    )]
    LessCare {
        /// The address.
        url: String,
        /// The repository that names it.
        repository: String,
    },
    /// Too many kustomizations within each other.
    #[error("kustomizations are nested deeper than {limit}")]
    Depth {
        /// The limit.
        limit: usize,
    },
    /// More kustomizations than a build may read.
    #[error("the build reads more than {limit} kustomizations")]
    Kustomizations {
        /// The limit.
        limit: usize,
    },
    /// More objects than a build may have.
    #[error("the build has more than {limit} objects")]
    Objects {
        /// The limit.
        limit: usize,
    },
    /// Values that grow without bound.
    #[error("the copies that the build makes have more than {limit} values")]
    Size {
        /// The limit.
        limit: usize,
    },
    /// Values within each other without bound.
    #[error("a field would be more than {limit} levels deep")]
    Nesting {
        /// The limit.
        limit: usize,
    },
    /// Names that grow without bound.
    #[error("a name would have more than {limit} bytes; Kubernetes allows 253 at most")]
    Name {
        /// The limit.
        limit: usize,
    },
    /// A list that takes too long to merge.
    #[error(
        "a list that is merged by the keys of its elements has more than {limit} of them with the same key or none"
    )]
    List {
        /// The limit.
        limit: usize,
    },
    /// More definitions within each other than are followed.
    #[error(
        "the definitions have more than {limit} properties, those that others refer to counted each time"
    )]
    Definitions {
        /// The limit.
        limit: usize,
    },
    /// More bytes than a build may read.
    #[error("the build reads more than {limit} bytes, a file counted each time")]
    Bytes {
        /// The limit.
        limit: usize,
    },
    /// More work than a build may do.
    #[error("the transformers of the build look at objects more than {limit} times")]
    Steps {
        /// The limit.
        limit: usize,
    },
    /// More fields than a build may look at.
    #[error("the patches and labels of the build look at more than {limit} fields and elements")]
    Visits {
        /// The limit.
        limit: usize,
    },
    /// More mistakes than a build tells.
    #[error("{more} more mistakes are not told, only the first {told}")]
    Mistakes {
        /// How many are told.
        told: usize,
        /// How many others there are.
        more: usize,
    },
    /// More values than a build may hold.
    #[error("the objects of the build have more than {limit} values")]
    Values {
        /// The limit.
        limit: usize,
    },
}

impl Refusal {
    /// Returns whether the build as a whole is too large, not one part of it.
    pub(crate) fn is_of_build(&self) -> bool {
        matches!(
            self,
            Self::Kustomizations { .. }
                | Self::Objects { .. }
                | Self::Bytes { .. }
                | Self::Steps { .. }
                | Self::Values { .. }
                | Self::Visits { .. }
        )
    }
}
