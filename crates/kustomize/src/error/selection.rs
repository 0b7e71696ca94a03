//! Selecting the objects that are to be changed.

use thiserror::Error;

use super::show::Listed;
use super::{Place, There};

/// What is wrong with a selection.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SelectionProblem {
    /// A regular expression that is none.
    #[error("error parsing regexp: {reason}: `{pattern}`")]
    Pattern {
        /// The expression.
        pattern: String,
        /// Why not.
        reason: String,
    },
    /// A label selector that is none.
    #[error("unable to parse {selector:?} as a label selector: {reason}")]
    LabelSelector {
        /// The selector.
        selector: String,
        /// Why not.
        reason: &'static str,
    },
    /// `replicas` for an object that is not there.
    #[error("resource with name {name} does not match a config with the following GVK [{kinds}]")]
    ReplicaTarget {
        /// The name.
        name: String,
        /// The kinds that were looked for.
        kinds: String,
        /// What the build has.
        there: There,
    },
    /// A patch for an object that is not there.
    #[error("{}no matches for Id {id}; failed to find unique target for patch {id}", no_resource(id, *is_entry))]
    NoPatchTarget {
        /// The identity.
        id: String,
        /// What the build has.
        there: There,
        /// Whether the patch is an entry of `patches`, and not of `patchesStrategicMerge`.
        is_entry: bool,
    },
    /// A patch for which there are several objects.
    #[error("multiple matches for Id {id}; failed to find unique target for patch {id}")]
    SeveralPatchTargets {
        /// The identity.
        id: String,
        /// Where the objects were read.
        places: Vec<Place>,
    },
}

/// What kustomize says about entries of `patches` alone.
fn no_resource(id: &str, is_entry: bool) -> String {
    if is_entry {
        format!("no resource matches strategic merge patch {id:?}: ")
    } else {
        String::new()
    }
}

impl SelectionProblem {
    pub(super) fn advice(&self) -> String {
        match self {
            Self::ReplicaTarget { there, .. } | Self::NoPatchTarget { there, .. } => {
                format!("the build has {there}")
            }
            Self::SeveralPatchTargets { places, .. } => {
                format!("name the namespace; they are at {}", Listed(places))
            }
            Self::Pattern { .. } | Self::LabelSelector { .. } => String::new(),
        }
    }
}
