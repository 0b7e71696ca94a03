//! From the inputs to the plan.

use std::collections::BTreeMap;

use windlass_object::ObjectRef;

use crate::decide::{self, Grant};
use crate::{
    Action, Desired, DesiredSet, Held, Inputs, Inventory, Op, Phase, Plan, PlanHash, Reason, Wave,
};
use crate::{guard, hash, order};

/// Returns the plan that these inputs lead to. It is a function of them alone, and total: whatever is missing or
/// wrong in them shows as an action that writes nothing.
///
/// Nothing is written when the source or the inventory is not known. Nothing is deleted while an object of the
/// unit cannot be applied, since it may replace what would be deleted.
#[must_use]
pub fn plan(inputs: &Inputs<'_>) -> Plan {
    match (inputs.desired, inputs.inventory) {
        (Desired::Complete(desired), Held::Known(inventory)) => known(inputs, desired, inventory),
        (Desired::Failed { reason }, held) => {
            let ids = match held {
                Held::Known(inventory) => inventory.entries().map(decide::of_entry).collect(),
                Held::Unknown { .. } => Vec::new(),
            };
            nothing(
                inputs,
                ids,
                &Reason::DesiredUnknown {
                    why: reason.clone(),
                },
            )
        }
        (Desired::Complete(desired), Held::Unknown { reason }) => {
            let ids = desired
                .objects()
                .map(|object| decide::of_object(inputs, object))
                .collect();
            nothing(
                inputs,
                ids,
                &Reason::InventoryUnknown {
                    why: reason.clone(),
                },
            )
        }
    }
}

/// The plan that does nothing to any of `actions`.
fn nothing(inputs: &Inputs<'_>, mut actions: Vec<Action>, reason: &Reason) -> Plan {
    for action in &mut actions {
        action.op = Op::Blocked;
        action.reason = reason.clone();
    }
    let mut plan = assemble(inputs, Vec::new(), actions);
    plan.problem = Some(reason.clone());
    plan.hash = hash::of(&plan);
    plan
}

/// The hash is that of the plan with every approval given; a plan that needs none is made once.
fn known(inputs: &Inputs<'_>, desired: &DesiredSet, inventory: &Inventory) -> Plan {
    let given = arrange(
        inputs,
        desired,
        inventory,
        Grant::Given(&inputs.approvals.objects),
    );
    if !given.actions().any(|action| action.reason.is_approvable()) {
        return given;
    }
    let full = arrange(inputs, desired, inventory, Grant::All);
    if inputs.approvals.plans.contains(&full.hash) {
        return full;
    }
    Plan {
        hash: full.hash,
        ..given
    }
}

fn arrange(
    inputs: &Inputs<'_>,
    desired: &DesiredSet,
    inventory: &Inventory,
    grant: Grant<'_>,
) -> Plan {
    let mut applies: BTreeMap<ObjectRef, Action> = desired
        .objects()
        .map(|object| {
            (
                object.id().clone(),
                decide::apply(inputs, desired, inventory, object, grant),
            )
        })
        .collect();
    let undesired = inventory
        .entries()
        .filter(|entry| desired.get(&entry.id).is_none());
    let mut prunes: Vec<Action> = undesired
        .map(|entry| decide::prune(inputs, desired, entry, grant))
        .collect();
    let many = guard::too_many(&prunes, &applies, desired, inventory, inputs);
    guard::hold_replacements(&mut applies, many.as_ref(), grant);
    let waves = order::waves(inputs, desired, &mut applies);
    guard::hold_prunes(&mut prunes, &applies, many.as_ref(), inputs, grant);
    let mut waves: Vec<Wave> = waves
        .into_iter()
        .map(|ids| apply_wave(&mut applies, &ids))
        .collect();
    let (doing, kept): (Vec<Action>, Vec<Action>) = prunes
        .into_iter()
        .partition(|action| action.op == Op::Prune);
    waves.extend(order::prune_waves(doing));
    let mut plan = assemble(inputs, waves, applies.into_values().chain(kept).collect());
    plan.hash = hash::of(&plan);
    plan
}

fn apply_wave(applies: &mut BTreeMap<ObjectRef, Action>, ids: &[ObjectRef]) -> Wave {
    Wave {
        phase: Phase::Apply,
        actions: ids.iter().filter_map(|id| applies.remove(id)).collect(),
    }
}

fn assemble(inputs: &Inputs<'_>, waves: Vec<Wave>, mut rest: Vec<Action>) -> Plan {
    rest.sort_by(|one, two| one.id.cmp(&two.id));
    Plan {
        unit: inputs.unit.clone(),
        revision: inputs.revision.to_owned(),
        problem: None,
        waves,
        rest,
        hash: PlanHash(String::new()),
    }
}
