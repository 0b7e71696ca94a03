//! What a plan is made from.

use std::collections::BTreeMap;

use windlass_object::{FingerprintKey, ObjectRef};

use crate::{Approvals, Desired, Guards, Held, Observed, Others, Unit};

/// Everything a plan is made from.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// The unit.
    pub unit: &'a Unit,
    /// The revision of the source, such as `main@sha1:…`.
    pub revision: &'a str,
    /// What the source wants.
    pub desired: &'a Desired,
    /// What the unit has applied.
    pub inventory: &'a Held,
    /// What the cluster has, for each desired object and each in the inventory. One that is missing here is
    /// not known.
    pub observed: &'a BTreeMap<ObjectRef, Observed>,
    /// What other units have to do with the objects of this one.
    pub others: &'a Others,
    /// What a person has allowed.
    pub approvals: &'a Approvals,
    /// The limits.
    pub guards: &'a Guards,
    /// The field manager that we apply as, such as `kustomize-controller`.
    pub manager: &'a str,
    /// The key of the fingerprints.
    pub key: &'a FingerprintKey,
}
