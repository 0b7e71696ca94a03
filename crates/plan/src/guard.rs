//! What must not be deleted, and what a person has allowed.

use std::collections::BTreeSet;

use windlass_object::ObjectRef;

use crate::PlanHash;

/// The limits of what a plan deletes by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guards {
    /// The share of the inventory, in percent, above which deletions wait for approval. Default 50.
    pub shrink_percent: usize,
    /// The number of deletions up to which the share does not matter. Default 5.
    pub shrink_free: usize,
    /// Namespaces in which each deletion waits for approval. Default `kube-system`, `kube-public` and
    /// `kube-node-lease`; the operator adds its own.
    pub protected_namespaces: BTreeSet<String>,
}

/// What a person has allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approvals {
    /// Everything in the plans with these hashes.
    pub plans: BTreeSet<PlanHash>,
    /// The deletion of these objects, or taking them over from another owner.
    pub objects: BTreeSet<ObjectRef>,
}

impl Default for Guards {
    fn default() -> Self {
        let protected = ["kube-system", "kube-public", "kube-node-lease"];
        Self {
            shrink_percent: 50,
            shrink_free: 5,
            protected_namespaces: protected.map(str::to_owned).into(),
        }
    }
}
