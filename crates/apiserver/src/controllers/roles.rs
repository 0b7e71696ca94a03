//! ClusterRoles that gather the rules of others.

use std::sync::Arc;

use serde_json::{Value, json};

use super::step::{Step, Write};
use super::world::{Kind, World};
use crate::fields;
use crate::rbac;

/// Who owns the rules that are gathered.
const MANAGER: &str = "clusterrole-aggregation-controller";

/// Decides what becomes of a ClusterRole.
pub(super) fn step(world: &World, role: &Value) -> Step {
    let mut step = Step::default();
    let all: Vec<Arc<Value>> = world.list(Kind::ClusterRole, "").cloned().collect();
    if let Some(rules) = rbac::aggregated(role, &all)
        && role.get("rules") != Some(&Value::Array(rules.clone()))
    {
        let applied = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": fields::name(role)},
            "rules": rules,
        });
        step.write(Write::Apply(Kind::ClusterRole, applied, MANAGER));
    }
    step
}
