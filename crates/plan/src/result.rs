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
    for action in plan.actions().filter(|action| is_held(action.op)) {
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
        let is_applied = action.op == Op::Unchanged || (action.op.is_apply() && is_done);
        let is_gone = action.op == Op::Prune && is_done;
        if is_applied {
            inventory.insert(entry(action, action.digest.clone()));
        } else if is_gone || is_let_go(action) {
            inventory.remove(&action.id);
        }
    }
    inventory
}

/// Returns whether all objects that are wanted are as this plan wants them, now that it has run.
#[must_use]
pub fn is_carried_out(plan: &Plan, outcomes: &BTreeMap<ObjectRef, Outcome>) -> bool {
    let is_done = |action: &Action| match action.op {
        Op::Unchanged | Op::Skip => true,
        _ => outcomes.get(&action.id) == Some(&Outcome::Done),
    };
    let mut wanted = plan.actions().filter(|action| action.digest.is_some());
    plan.problem.is_none() && wanted.all(is_done)
}

fn is_held(op: Op) -> bool {
    op.is_apply() || op == Op::Unchanged
}

fn entry(action: &Action, applied: Option<windlass_object::KeyedDigest>) -> Entry {
    Entry {
        id: action.id.clone(),
        version: action.version.as_str().into(),
        applied,
    }
}

/// Whether the plan leaves an object that is not desired to itself.
fn is_let_go(action: &Action) -> bool {
    let is_left = matches!(
        action.reason,
        Reason::Gone | Reason::NotOurs | Reason::Controlled { .. } | Reason::OptedOut { .. }
    );
    action.op == Op::Skip && action.digest.is_none() && is_left
}
