//! The order of objects in the output, and of field specs in a config.

use windlass_object::Gvk;

use crate::id::ResId;

/// Kinds that come first, in this order (kustomize 5.8.1, `SortOrderTransformer`).
pub(crate) const FIRST: [&str; 22] = [
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];

/// Kinds that come last, in this order.
pub(crate) const LAST: [&str; 2] = [
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

/// Returns the rank of a kind: negative for the first ones, positive for the last ones.
pub(crate) fn rank(kind: &str) -> i32 {
    rank_in(kind, &FIRST, &LAST)
}

/// Returns the rank of a kind for lists of the first and last ones. The last list wins.
pub(crate) fn rank_in<S: AsRef<str>>(kind: &str, first: &[S], last: &[S]) -> i32 {
    let position = |list: &[S]| {
        let at = list.iter().rposition(|entry| entry.as_ref() == kind)?;
        i32::try_from(at).ok()
    };
    let count = i32::try_from(first.len()).unwrap_or(i32::MAX);
    match (position(last), position(first)) {
        (Some(at), _) => at + 1,
        (None, Some(at)) => at - count,
        (None, None) => 0,
    }
}

/// Returns the text by which kinds of the same rank are sorted.
pub(crate) fn gvk_text(gvk: &Gvk) -> String {
    format!(
        "{}_{}_{}",
        or(&gvk.group, "~G"),
        or(&gvk.version, "~V"),
        or(&gvk.kind, "~K")
    )
}

/// Returns the text by which objects of the same kind are sorted.
pub(crate) fn id_text(id: &ResId) -> String {
    format!("{}|{}", or(&id.namespace, "~X"), or(&id.name, "~N"))
}

fn or<'t>(text: &'t str, otherwise: &'t str) -> &'t str {
    if text.is_empty() { otherwise } else { text }
}
