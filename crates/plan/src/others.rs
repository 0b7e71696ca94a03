//! What other units have to do with the objects of this one.

use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;
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
    /// What the deletion of a Namespace or of a CustomResourceDefinition would take along.
    pub dependents: Dependents,
    /// What plans of other units that run together with this one will make. Actions of this unit wait for such an
    /// object instead of being held.
    pub coming: BTreeSet<ObjectRef>,
}

/// How many objects other units want or hold in each namespace and of each kind.
///
/// A Namespace or CustomResourceDefinition is not deleted while there are any, and no approval lifts this: who
/// approves the plan of one unit does not see what another one loses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dependents {
    namespaces: BTreeMap<SmolStr, Share>,
    /// By group and kind.
    kinds: BTreeMap<(SmolStr, SmolStr), Share>,
}

/// Some objects, and whose they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) objects: usize,
    pub(crate) units: BTreeSet<Unit>,
}

impl Dependents {
    /// Counts an object that `unit` wants or holds. One that it both wants and holds is to be added once.
    pub fn add(&mut self, unit: &Unit, id: &ObjectRef) {
        if let Some(namespace) = &id.namespace {
            self.namespaces
                .entry(namespace.clone())
                .or_default()
                .add(unit);
        }
        let kind = (id.group.clone(), id.kind.clone());
        self.kinds.entry(kind).or_default().add(unit);
    }

    /// Returns the objects that the deletion of `id` would take along. `defined` are the group and kind that it
    /// defines, if it is a definition.
    pub(crate) fn of(&self, id: &ObjectRef, defined: Option<(&str, &str)>) -> Option<&Share> {
        match (id.group.as_str(), id.kind.as_str(), defined) {
            ("", "Namespace", _) => self.namespaces.get(&id.name),
            (_, "CustomResourceDefinition", Some((group, kind))) => {
                self.kinds.get(&(group.into(), kind.into()))
            }
            _ => None,
        }
    }
}

impl Share {
    fn add(&mut self, unit: &Unit) {
        self.objects += 1;
        if !self.units.contains(unit) {
            self.units.insert(unit.clone());
        }
    }
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
