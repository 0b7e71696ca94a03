//! The rules for objects of built-in kinds that no schema can say, for the kinds that people write.

use std::collections::HashSet;

use serde_json::Value;
use windlass_object::Gvk;

use super::{FieldErrors, config, metadata, network, pod, policy, quota, workload};
use crate::status::Cause;

/// Returns what is wrong with a new object, or with a new version of `live`. The object has its defaults.
pub(crate) fn validate(gvk: &Gvk, live: Option<&Value>, object: &Value) -> Vec<Cause> {
    let mut errors = FieldErrors::default();
    metadata::check(gvk, live, object, &mut errors);
    check_kind(gvk, live, object, &mut errors);
    errors.into_causes()
}

fn check_kind(gvk: &Gvk, live: Option<&Value>, object: &Value, errors: &mut FieldErrors) {
    match (gvk.group.as_str(), gvk.kind.as_str()) {
        ("", "Pod") => pod::pod(live, object, errors),
        ("apps", "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet") => {
            workload::check(&gvk.kind, live, object, errors);
        }
        ("batch", "Job") => workload::job(live, object, errors),
        ("batch", "CronJob") => workload::cron_job(object, errors),
        ("autoscaling", "HorizontalPodAutoscaler") => workload::autoscaler(object, errors),
        ("policy", "PodDisruptionBudget") => workload::budget(object, errors),
        ("", "Service") => network::service(live, object, errors),
        ("networking.k8s.io", "Ingress") => network::ingress(object, errors),
        ("networking.k8s.io", "NetworkPolicy") => policy::check(object, errors),
        ("", "PersistentVolume") => config::volume(live, object, errors),
        ("", "Node") => config::node(live, object, errors),
        ("", "Namespace") => config::namespace(object, errors),
        ("", "ConfigMap") => config::config_map(live, object, errors),
        ("", "ResourceQuota") => quota::check(live, object, errors),
        ("", "Secret") => config::secret(live, object, errors),
        ("", "PersistentVolumeClaim") => config::claim(live, object, errors),
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => config::role(gvk, object, errors),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
            config::binding(gvk, live, object, errors);
        }
        ("storage.k8s.io", "StorageClass") => config::storage_class(live, object, errors),
        _ => {}
    }
}

/// Says that a field must not change, if it did.
pub(super) fn immutable(
    live: Option<&Value>,
    object: &Value,
    pointer: &str,
    errors: &mut FieldErrors,
) {
    let Some(live) = live else {
        return;
    };
    let (old, new) = (live.pointer(pointer), object.pointer(pointer));
    if old != new {
        let path = pointer.trim_start_matches('/').replace('/', ".");
        errors.invalid(&path, new.unwrap_or(&Value::Null), "field is immutable");
    }
}

/// The names seen so far, of which each may be there once.
pub(super) struct Unique<'a>(HashSet<&'a str>);

impl<'a> Unique<'a> {
    pub(super) fn new() -> Self {
        Self(HashSet::new())
    }

    pub(super) fn check(&mut self, name: &'a str, path: &str, errors: &mut FieldErrors) {
        if !self.0.insert(name) {
            errors.duplicate(path, &name.into());
        }
    }
}
