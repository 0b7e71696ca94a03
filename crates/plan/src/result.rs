//! What the inventory is before and after a plan runs.

use std::collections::BTreeMap;

use windlass_object::ObjectRef;

use crate::{Action, Entry, Inventory, Op, Plan, Reason};

/// What became of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Applied, or for a deletion: the object is gone.
    Done,
    /// The deletion is accepted, but finalizers still hold the object.
    Terminating,
    /// It failed, or whether it succeeded is not known.
    Failed,
    /// It was not begun.
    NotBegun,
}

/// Returns what must be stored before the plan's first write: all that is held, and all that will be created.
/// Should the process end at any instant, no object is left that no inventory knows.
#[must_use]
pub fn inventory_before(plan: &Plan, held: &Inventory) -> Inventory {
    let mut inventory = held.clone();
    for action in plan.actions().filter(|action| is_applied(action.op)) {
        if !inventory.contains(&action.id) {
            inventory.insert(entry(action, None));
        }
    }
    inventory
}

/// Returns what is to be stored when the plan has run. An action without an outcome was not begun.
///
/// `before` is what [`inventory_before`] returned. Only what is gone, and what the plan lets go of, leaves it.
#[must_use]
pub fn inventory_after(
    plan: &Plan,
    before: &Inventory,
    outcomes: &BTreeMap<ObjectRef, Outcome>,
) -> Inventory {
    let mut inventory = before.clone();
    for action in plan.actions() {
        let is_done = outcomes.get(&action.id) == Some(&Outcome::Done);
        match action.op {
            Op::Create | Op::Update if is_done => {
                inventory.insert(entry(action, action.digest.clone()))
            }
            Op::Unchanged => inventory.insert(entry(action, action.digest.clone())),
            Op::Prune if is_done => inventory.remove(&action.id),
            Op::Skip if lets_go(&action.reason) => inventory.remove(&action.id),
            _ => {}
        }
    }
    inventory
}

fn is_applied(op: Op) -> bool {
    matches!(op, Op::Create | Op::Update | Op::Unchanged)
}

fn entry(action: &Action, applied: Option<windlass_object::KeyedDigest>) -> Entry {
    Entry {
        id: action.id.clone(),
        version: action.version.clone(),
        applied,
    }
}

/// Whether an object that is skipped for this reason leaves the inventory.
fn lets_go(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::Gone
            | Reason::HandedOver { .. }
            | Reason::NotOurs
            | Reason::Controlled { .. }
            | Reason::OptedOut { .. }
    )
}
