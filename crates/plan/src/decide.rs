//! What is to be done to one object.

mod apply;
mod drift;
mod optout;
mod prune;
mod replace;

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;
use windlass_object::{ObjectRef, PackedObject};

use crate::{Action, ClaimState, Entry, Inputs, Live, Op, Reason, Unit};

pub(crate) use apply::apply;
pub(crate) use optout::merges;
pub(crate) use prune::prune;
pub use prune::reason_to_keep;

/// Which guards a person has lifted.
#[derive(Clone, Copy)]
pub(crate) enum Grant<'a> {
    /// Those on these objects.
    Given(&'a BTreeSet<ObjectRef>),
    /// All of them.
    All,
}

impl Grant<'_> {
    pub(crate) fn covers(self, id: &ObjectRef) -> bool {
        match self {
            Self::Given(ids) => ids.contains(id),
            Self::All => true,
        }
    }
}

/// Returns the action on an object of an inventory, before anything is decided.
pub(crate) fn of_entry(entry: &Entry) -> Action {
    undecided(&entry.id, &entry.version)
}

fn undecided(id: &ObjectRef, version: &str) -> Action {
    Action {
        id: id.clone(),
        version: version.to_owned(),
        op: Op::Skip,
        reason: Reason::NotDesired,
        cause: None,
        origin: None,
        fields: Vec::new(),
        taken_from: Vec::new(),
        wait_for: Vec::new(),
        digest: None,
    }
}

/// Returns the action on a desired object, before anything is decided.
pub(crate) fn of_object(inputs: &Inputs<'_>, object: &PackedObject) -> Action {
    Action {
        origin: object.origin().cloned(),
        digest: Some(inputs.key.digest_object(object)),
        op: Op::Unchanged,
        reason: Reason::Same,
        ..undecided(object.id(), &object.gvk().version)
    }
}

/// What another unit has to do with the object.
fn claim_of<'a>(inputs: &Inputs<'a>, id: &ObjectRef) -> Option<(&'a Unit, ClaimState)> {
    let claim = inputs.others.claims.get(id)?;
    (&claim.unit != inputs.unit).then_some((&claim.unit, claim.state))
}

/// Returns the live object, `None` when there is none, or why that is not known.
fn look<'a>(inputs: &Inputs<'a>, id: &ObjectRef) -> Result<Option<Cow<'a, Value>>, String> {
    match inputs.observed.get(id).map(|observed| &observed.live) {
        Some(Live::Unknown { reason }) => Err(reason.clone()),
        Some(live) => Ok(live.object()),
        None => Err("it was not looked at".to_owned()),
    }
}

fn is_terminating(live: &Value) -> bool {
    live.pointer("/metadata/deletionTimestamp")
        .is_some_and(|time| !time.is_null())
}

/// Returns whether the object is in the cluster, and not about to go.
pub(crate) fn exists(inputs: &Inputs<'_>, id: &ObjectRef) -> bool {
    matches!(look(inputs, id), Ok(Some(live)) if !is_terminating(&live))
}
