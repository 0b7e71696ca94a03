//! Which action comes before which, and no more than needed.

mod references;

use std::collections::{BTreeMap, BTreeSet};

use windlass_object::ObjectRef;

use crate::{Action, ClaimState, DesiredSet, Inputs, Op, Phase, Reason, Wait, Wave, decide};

use references::{Need, Needs};

/// Sets what each action waits for, blocks those that would wait in vain, and returns the ones that write, wave by
/// wave. An action is in the first wave in which nothing that it waits for is still to come.
pub(crate) fn waves(
    inputs: &Inputs<'_>,
    desired: &DesiredSet,
    actions: &mut BTreeMap<ObjectRef, Action>,
) -> Vec<Vec<ObjectRef>> {
    let needs = Needs::of(desired);
    let mut open: BTreeMap<ObjectRef, Vec<Need>> = BTreeMap::new();
    for object in desired.objects() {
        let action = &actions[object.id()];
        if action.op.is_apply() {
            open.insert(
                object.id().clone(),
                needs.needs_of(object, &action.wait_for),
            );
        }
    }
    let mut waves = Vec::new();
    while !open.is_empty() {
        let ready = ready(&open);
        if ready.is_empty() {
            block_circles(&open, actions);
            break;
        }
        let mut wave = Vec::new();
        for id in ready {
            let needs = open.remove(&id).unwrap_or_default();
            if settle(inputs, &id, &needs, actions) {
                wave.push(id);
            }
        }
        waves.push(wave);
    }
    waves.retain(|wave| !wave.is_empty());
    waves
}

/// Returns the actions that need nothing that is still open.
fn ready(open: &BTreeMap<ObjectRef, Vec<Need>>) -> Vec<ObjectRef> {
    let is_ready = |needs: &[Need]| needs.iter().all(|need| !open.contains_key(&need.id));
    let ready = open.iter().filter(|(_, needs)| is_ready(needs));
    ready.map(|(id, _)| id.clone()).collect()
}

/// Sets what the action waits for, or blocks it; returns whether it goes on.
fn settle(
    inputs: &Inputs<'_>,
    id: &ObjectRef,
    needs: &[Need],
    actions: &mut BTreeMap<ObjectRef, Action>,
) -> bool {
    let is_in_vain = |need: &&Need| is_in_vain(inputs, need, actions.get(&need.id));
    let missing = needs.iter().find(is_in_vain);
    let waits = needs
        .iter()
        .filter_map(|need| wait(need, actions.get(&need.id)));
    let waits = strongest(waits.collect());
    let Some(action) = actions.get_mut(id) else {
        return false;
    };
    match missing {
        Some(need) => hold(action, missing_of(inputs, &need.id)),
        None => action.wait_for = waits,
    }
    missing.is_none()
}

/// Whether the needed object will not be there. One that exists and merely cannot be changed is good enough,
/// unless the source asks for it by name.
fn is_in_vain(inputs: &Inputs<'_>, need: &Need, action: Option<&Action>) -> bool {
    let Some(action) = action else {
        // Not desired: the dry run says that it is missing, or the source names an object of someone else.
        return need.is_missing && !inputs.others.coming.contains(&need.id);
    };
    let exists = decide::exists(inputs, &need.id);
    match action.op {
        Op::Create | Op::Update | Op::Adopt | Op::Replace | Op::Unchanged | Op::Prune => false,
        Op::Skip => !exists,
        Op::Blocked | Op::Conflict | Op::Failed => need.is_explicit || !exists,
    }
}

fn missing_of(inputs: &Inputs<'_>, id: &ObjectRef) -> Reason {
    let claim = inputs.others.claims.get(id);
    let claim = claim.filter(|claim| claim.state == ClaimState::Desires);
    Reason::Needs {
        id: id.clone(),
        made_by: claim.map(|claim| claim.unit.clone()),
    }
}

/// Makes a write wait for another plan.
fn hold(action: &mut Action, reason: Reason) {
    action.op = Op::Blocked;
    action.reason = reason;
    action.cause = None;
    action.fields.clear();
    action.wait_for.clear();
}

/// What is as it should be needs no wait, unless the source asks for its health or the dry run says that it is not
/// ready.
fn wait(need: &Need, action: Option<&Action>) -> Option<Wait> {
    let comes = action.is_some_and(|action| action.op.is_apply());
    (comes || need.is_explicit || need.is_missing).then(|| Wait {
        id: need.id.clone(),
        until: need.until,
    })
}

/// An object is waited for once.
fn strongest(waits: BTreeSet<Wait>) -> Vec<Wait> {
    let mut strongest = BTreeMap::new();
    for wait in waits {
        let until = strongest.entry(wait.id).or_insert(wait.until);
        *until = wait.until.max(*until);
    }
    strongest
        .into_iter()
        .map(|(id, until)| Wait { id, until })
        .collect()
}

/// What is left needs itself, or something that does.
fn block_circles(open: &BTreeMap<ObjectRef, Vec<Need>>, actions: &mut BTreeMap<ObjectRef, Action>) {
    for (id, action) in actions.iter_mut() {
        if open.contains_key(id) {
            let ids = circle_from(id, open);
            hold(action, Reason::Cycle { ids });
        }
    }
}

/// Follows the needs from `start` until an object comes again.
fn circle_from(start: &ObjectRef, open: &BTreeMap<ObjectRef, Vec<Need>>) -> Vec<ObjectRef> {
    let mut path = vec![start.clone()];
    loop {
        let last = &path[path.len() - 1];
        let next = open
            .get(last)
            .and_then(|needs| needs.iter().find(|need| open.contains_key(&need.id)));
        let Some(next) = next else { return path };
        let seen = path.iter().position(|id| id == &next.id);
        path.push(next.id.clone());
        if let Some(seen) = seen {
            return path.split_off(seen);
        }
    }
}

/// Returns the deletions in the order that keeps a cluster usable meanwhile: what could refuse requests first, what
/// others stand on last.
pub(crate) fn prune_waves(prunes: Vec<Action>) -> Vec<Wave> {
    let mut ranks: BTreeMap<u8, Vec<Action>> = BTreeMap::new();
    for action in prunes {
        ranks
            .entry(prune_rank(&action.id))
            .or_default()
            .push(action);
    }
    let wave = |actions| Wave {
        phase: Phase::Prune,
        actions,
    };
    ranks.into_values().map(wave).collect()
}

fn prune_rank(id: &ObjectRef) -> u8 {
    match id.kind.as_str() {
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" | "APIService" => 0,
        "ServiceAccount" | "Role" | "RoleBinding" | "ClusterRole" | "ClusterRoleBinding" => 2,
        "Namespace" | "CustomResourceDefinition" | "PersistentVolume" => 3,
        kind if id.namespace.is_none() && kind.ends_with("Class") => 2,
        _ => 1,
    }
}
