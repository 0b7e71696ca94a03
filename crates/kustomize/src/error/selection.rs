//! Selecting the objects that are to be changed.

use thiserror::Error;

use super::Place;
use super::show::{Listed, There};

/// What is wrong with a selection.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SelectionProblem {
    /// A regular expression that is none.
    #[error("{pattern:?} is not a regular expression: {reason}")]
    Pattern {
        /// The expression.
        pattern: String,
        /// Why not.
        reason: String,
    },
    /// A label selector that is none.
    #[error("{selector:?} is not a label selector: {reason}")]
    LabelSelector {
        /// The selector.
        selector: String,
        /// Why not.
        reason: &'static str,
    },
    /// `replicas` for an object that is not there.
    #[error(
        "resource with name {name} does not match a config with the following GVK [{kinds}]{}",
        There(there)
    )]
    ReplicaTarget {
        /// The name.
        name: String,
        /// The kinds that were looked for.
        kinds: String,
        /// What the build has.
        there: Vec<String>,
    },
    /// A patch for an object that is not there.
    #[error(
        "no matches for Id {id}; failed to find unique target for patch {id}{}",
        There(there)
    )]
    NoPatchTarget {
        /// The identity.
        id: String,
        /// What the build has.
        there: Vec<String>,
    },
    /// A patch for which there are several objects.
    #[error(
        "multiple matches for Id {id}; failed to find unique target for patch {id}: {}",
        Listed(places)
    )]
    SeveralPatchTargets {
        /// The identity.
        id: String,
        /// Where the objects were read.
        places: Vec<Place>,
    },
}
