//! Which action comes before which, and no more than needed.

mod references;

use std::collections::{BTreeMap, BTreeSet};

use windlass_object::ObjectRef;

use crate::{Action, DesiredSet, Op, Phase, Reason, Wait, Wave};

use references::{Need, Needs};

/// Sets what each action waits for, blocks those that would wait in vain, and returns the ones that write, wave by
/// wave. An action is in the first wave in which nothing that it waits for is still to come.
/// `exists` says which objects are in the cluster to stay.
pub(crate) fn waves(
    desired: &DesiredSet,
    actions: &mut BTreeMap<ObjectRef, Action>,
    exists: &dyn Fn(&ObjectRef) -> bool,
) -> Vec<Vec<ObjectRef>> {
    let needs = Needs::of(desired);
    let mut open: BTreeMap<ObjectRef, Vec<Need>> = BTreeMap::new();
    for object in desired.objects() {
        let action = &actions[object.id()];
        if writes(action) {
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
            if settle(&id, &needs, actions, exists) {
                wave.push(id);
            }
        }
        waves.push(wave);
    }
    waves.retain(|wave| !wave.is_empty());
    waves
}

fn writes(action: &Action) -> bool {
    matches!(action.op, Op::Create | Op::Update)
}

/// Returns the actions that need nothing that is still open.
fn ready(open: &BTreeMap<ObjectRef, Vec<Need>>) -> Vec<ObjectRef> {
    let is_ready = |needs: &[Need]| needs.iter().all(|need| !open.contains_key(&need.id));
    let ready = open.iter().filter(|(_, needs)| is_ready(needs));
    ready.map(|(id, _)| id.clone()).collect()
}

/// Sets what the action waits for, or blocks it; returns whether it goes on.
fn settle(
    id: &ObjectRef,
    needs: &[Need],
    actions: &mut BTreeMap<ObjectRef, Action>,
    exists: &dyn Fn(&ObjectRef) -> bool,
) -> bool {
    let is_in_vain = |need: &&Need| is_in_vain(need, actions.get(&need.id), exists);
    let missing = needs.iter().find(is_in_vain);
    let waits: BTreeSet<Wait> = needs
        .iter()
        .filter_map(|need| wait(need, actions.get(&need.id)))
        .collect();
    let missing = missing.map(|need| need.id.clone());
    let Some(action) = actions.get_mut(id) else {
        return false;
    };
    action.wait_for = strongest(waits);
    if let Some(id) = missing {
        action.op = Op::Blocked;
        action.reason = Reason::Needs { id };
        action.cause = None;
        action.fields.clear();
        action.wait_for.clear();
        return false;
    }
    true
}

/// Whether the needed object will not be there. One that exists and merely cannot be changed is good enough,
/// unless the source asks for it by name.
fn is_in_vain(need: &Need, action: Option<&Action>, exists: &dyn Fn(&ObjectRef) -> bool) -> bool {
    match action {
        // Not desired: the dry run says that it is missing, or the source names an object of someone else.
        None => need.is_missing,
        Some(action) => match action.op {
            Op::Create | Op::Update | Op::Unchanged | Op::Skip | Op::Prune => false,
            Op::Blocked | Op::Conflict | Op::Failed => need.is_explicit || !exists(&need.id),
        },
    }
}

/// What is as it should be needs no wait, unless the source asks for its health or the dry run says that it is not
/// ready.
fn wait(need: &Need, action: Option<&Action>) -> Option<Wait> {
    let comes = action.is_some_and(writes);
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
    for id in open.keys() {
        let Some(action) = actions.get_mut(id) else {
            continue;
        };
        action.op = Op::Blocked;
        action.reason = Reason::Cycle {
            ids: circle_from(id, open),
        };
        action.cause = None;
        action.fields.clear();
        action.wait_for.clear();
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
