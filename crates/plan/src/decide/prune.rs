//! What is to be done to an object that is held and no longer desired.

use serde_json::Value;
use windlass_object::{ObjectRef, PackedObject};

use super::{Grant, claim_of, is_terminating, look, of_entry, optout};
use crate::{Action, ClaimState, DesiredSet, Entry, Inputs, Op, Reason, Unit, guard};

/// Returns the deletion of a held object, or why it is kept. The caller has a complete desired set without it.
pub(crate) fn prune(
    inputs: &Inputs<'_>,
    desired: &DesiredSet,
    entry: &Entry,
    grant: Grant<'_>,
) -> Action {
    let (op, reason) = match look(inputs, &entry.id) {
        Err(why) => (Op::Blocked, Reason::LiveUnknown { why }),
        Ok(None) => (Op::Skip, Reason::Gone),
        Ok(Some(live)) => of_live(inputs, desired, entry, &live, grant),
    };
    Action {
        op,
        reason,
        ..of_entry(entry)
    }
}

fn of_live(
    inputs: &Inputs<'_>,
    desired: &DesiredSet,
    entry: &Entry,
    live: &Value,
    grant: Grant<'_>,
) -> (Op, Reason) {
    if let Some(reason) = reason_to_skip(inputs, entry, live) {
        return (Op::Skip, reason);
    }
    if let Some(reason) = needed(inputs, desired, &entry.id, live) {
        return (Op::Blocked, reason);
    }
    match guard::protection(&entry.id, inputs.guards) {
        None => (Op::Prune, Reason::NotDesired),
        Some(why) if grant.covers(&entry.id) => (Op::Prune, Reason::Approved { why }),
        Some(why) => (Op::Blocked, Reason::Protected { why }),
    }
}

/// Returns why a live object is not the unit's to delete, as far as the object itself shows it.
///
/// Whoever carries out a deletion asks this again of the object as it is then.
#[must_use]
pub fn reason_to_keep(live: &Value, unit: &Unit) -> Option<Reason> {
    if is_terminating(live) {
        return Some(Reason::Terminating);
    }
    if Unit::of(live).as_ref() != Some(unit) {
        return Some(Reason::NotOurs);
    }
    if let Some(by) = controller_of(live) {
        return Some(Reason::Controlled { by });
    }
    optout::of_prune(live).map(|by| Reason::OptedOut { by })
}

/// A claim of another unit says more than that the object is controlled or has opted out.
fn reason_to_skip(inputs: &Inputs<'_>, entry: &Entry, live: &Value) -> Option<Reason> {
    let reason = reason_to_keep(live, inputs.unit);
    if let Some(Reason::Terminating | Reason::NotOurs) = reason {
        return reason;
    }
    match claim_of(inputs, &entry.id) {
        Some((unit, ClaimState::Desires | ClaimState::Unknown)) => {
            Some(Reason::HandedOver { to: unit.clone() })
        }
        _ => reason,
    }
}

/// Returns which objects the deletion would take along, if there are any that someone wants.
pub(super) fn needed(
    inputs: &Inputs<'_>,
    desired: &DesiredSet,
    id: &ObjectRef,
    live: &Value,
) -> Option<Reason> {
    if let Some(by) = user_of(desired, id, live) {
        return Some(Reason::Needed { by: by.clone() });
    }
    let share = inputs.others.dependents.of(id, defined_by(live))?;
    let (objects, units) = (share.objects, share.units.iter().cloned().collect());
    Some(Reason::NeededByOthers { objects, units })
}

/// Returns a desired object that the deletion would take along.
fn user_of<'d>(desired: &'d DesiredSet, gone: &ObjectRef, live: &Value) -> Option<&'d ObjectRef> {
    let defined = defined_by(live);
    let uses = |id: &&ObjectRef| match gone.kind.as_str() {
        "Namespace" => id.namespace.as_ref() == Some(&gone.name),
        "CustomResourceDefinition" => defined == Some((id.group.as_str(), id.kind.as_str())),
        _ => false,
    };
    desired.objects().map(PackedObject::id).find(uses)
}

/// Returns the group and kind that a CustomResourceDefinition defines.
fn defined_by(live: &Value) -> Option<(&str, &str)> {
    let text = |pointer: &str| live.pointer(pointer).and_then(Value::as_str);
    Some((text("/spec/group")?, text("/spec/names/kind")?))
}

/// An operator that copies labels to what it creates must not make us delete that.
fn controller_of(live: &Value) -> Option<String> {
    let owners = live.pointer("/metadata/ownerReferences")?.as_array()?;
    let owner = owners
        .iter()
        .find(|owner| owner.get("controller") == Some(&Value::Bool(true)))?;
    let text = |key: &str| owner.get(key).and_then(Value::as_str).unwrap_or("?");
    Some(format!("{}/{}", text("kind"), text("name")))
}
