//! ClusterRoles that gather the rules of others.

use std::sync::Arc;

use serde_json::Value;

use super::step::{Step, Write};
use super::world::{Kind, World};
use crate::rbac;

/// Decides what becomes of a ClusterRole.
pub(super) fn step(world: &World, role: &Value) -> Step {
    let mut step = Step::default();
    let all: Vec<Arc<Value>> = world.list(Kind::ClusterRole, "").cloned().collect();
    if let Some(rules) = rbac::aggregated(role, &all)
        && role.get("rules") != Some(&Value::Array(rules.clone()))
    {
        let mut next = role.clone();
        next["rules"] = rules.into();
        step.write(Write::Update(Kind::ClusterRole, next));
    }
    step
}
