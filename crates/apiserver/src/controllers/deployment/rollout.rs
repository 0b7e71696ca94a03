//! How many pods each ReplicaSet of a Deployment shall have now.

use std::sync::Arc;

use serde_json::Value;

use crate::controllers::template;
use crate::controllers::world::{Kind, World};
use crate::fields::{integer, text};

/// Returns how many pods there may be at most during a rollout.
pub(super) fn maximum(deployment: &Value) -> i64 {
    integer(deployment, "/spec/replicas") + surge(deployment)
}

/// Returns how many pods must be available at least.
pub(super) fn needed(deployment: &Value) -> i64 {
    integer(deployment, "/spec/replicas") - unavailable(deployment)
}

/// Returns the size that the ReplicaSet of a new template begins with.
pub(super) fn first_size(deployment: &Value, old: &[&Arc<Value>]) -> i64 {
    let wanted = integer(deployment, "/spec/replicas");
    let others: i64 = old.iter().map(|set| size(set)).sum();
    if is_recreate(deployment) {
        return if others == 0 { wanted } else { 0 };
    }
    wanted.min((maximum(deployment) - others).max(0))
}

/// Returns the size that each ReplicaSet shall have now: the new one first.
///
/// It follows kube-controller-manager's rolling update: grow as far as the surge allows, and shrink as
/// far as enough pods stay available, taking those that are not available first.
pub(super) fn sizes<'a>(
    world: &World,
    deployment: &Value,
    new: &'a Arc<Value>,
    old: &[&'a Arc<Value>],
) -> Vec<(&'a Arc<Value>, i64)> {
    let wanted = integer(deployment, "/spec/replicas");
    if is_recreate(deployment) {
        return recreate(world, new, old, wanted);
    }
    let others: i64 = old.iter().map(|set| size(set)).sum();
    let room = (maximum(deployment) - others).max(0);
    let grown = wanted.min(room).max(size(new).min(wanted));
    let mut sizes = vec![(new, grown)];
    sizes.extend(shrink(deployment, new, old, grown));
    sizes
}

fn recreate<'a>(
    world: &World,
    new: &'a Arc<Value>,
    old: &[&'a Arc<Value>],
    wanted: i64,
) -> Vec<(&'a Arc<Value>, i64)> {
    let mut pods = old.iter().flat_map(|set| world.owned(set, Kind::Pod));
    let is_clear = !pods.any(|pod| template::is_active(pod));
    let mut sizes: Vec<_> = old.iter().map(|set| (*set, 0)).collect();
    sizes.push((
        new,
        if is_clear {
            wanted
        } else {
            size(new).min(wanted)
        },
    ));
    sizes
}

fn shrink<'a>(
    deployment: &Value,
    new: &Value,
    old: &[&'a Arc<Value>],
    grown: i64,
) -> Vec<(&'a Arc<Value>, i64)> {
    let needed = needed(deployment);
    let total: i64 = grown + old.iter().map(|set| size(set)).sum::<i64>();
    let missing = (grown - available(new)).max(0);
    let mut spare = (total - needed - missing).max(0);
    let mut removable =
        (available(new) + old.iter().map(|set| available(set)).sum::<i64>() - needed).max(0);
    let mut sizes = Vec::new();
    for set in old {
        let broken = (size(set) - available(set)).clamp(0, spare);
        let healthy = available(set).min(removable).min(spare - broken).max(0);
        spare -= broken + healthy;
        removable -= healthy;
        sizes.push((*set, (size(set) - broken - healthy).max(0)));
    }
    sizes
}

fn is_recreate(deployment: &Value) -> bool {
    text(deployment, "/spec/strategy/type") == "Recreate"
}

/// Surge and unavailability cannot both be zero: a rollout could not move.
fn surge(deployment: &Value) -> i64 {
    if is_recreate(deployment) {
        return 0;
    }
    part(deployment, "maxSurge", Round::Up)
}

fn unavailable(deployment: &Value) -> i64 {
    let allowed = part(deployment, "maxUnavailable", Round::Down);
    match (allowed, surge(deployment)) {
        (0, 0) => 1,
        _ => allowed.min(integer(deployment, "/spec/replicas")),
    }
}

#[derive(Clone, Copy)]
enum Round {
    Up,
    Down,
}

/// Returns a number of pods that is given as such or as a percentage; 25% by default.
fn part(deployment: &Value, field: &str, round: Round) -> i64 {
    let pointer = format!("/spec/strategy/rollingUpdate/{field}");
    let replicas = integer(deployment, "/spec/replicas");
    let text = match deployment.pointer(&pointer) {
        Some(Value::Number(number)) => return number.as_i64().unwrap_or_default(),
        Some(Value::String(text)) => text.as_str(),
        _ => "25%",
    };
    let percent: i64 = text.trim_end_matches('%').parse().unwrap_or(25);
    match round {
        Round::Up => (replicas * percent + 99) / 100,
        Round::Down => replicas * percent / 100,
    }
}

fn size(set: &Value) -> i64 {
    integer(set, "/spec/replicas")
}

fn available(set: &Value) -> i64 {
    integer(set, "/status/availableReplicas")
}
