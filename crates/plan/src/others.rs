//! What other units have to do with the objects of this one.

use std::collections::{BTreeMap, BTreeSet};

use windlass_object::ObjectRef;

use crate::Unit;

/// What other units have to do with the objects of this one. The default is that there are no other units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Others {
    /// The claims of other units. An object without one has none.
    pub claims: BTreeMap<ObjectRef, Claim>,
    /// The units whose wishes are not known, since their source cannot be rendered. Each of them may want an
    /// object that this unit no longer wants, so nothing is deleted without an approval while there are any.
    /// This unit itself does not count.
    pub unknown: BTreeSet<Unit>,
}

/// What another unit has to do with an object that this one wants or holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The other unit.
    pub unit: Unit,
    /// What it has to do with the object.
    pub state: ClaimState,
}

/// How strong a claim is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimState {
    /// The other unit's source has the object.
    Desires,
    /// The other unit's inventory has it, but its source, which is known, has it no more.
    Holds,
    /// The other unit's inventory has it, and what its source says is not known.
    Unknown,
}
