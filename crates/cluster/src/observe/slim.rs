//! What is kept of an object in memory: not its owners, and of one that is as it should be only what plans and
//! health ask for. Thousands of objects are held at once.

use serde_json::{Map, Value};

/// The bulk of built-in kinds, which says nothing about how they are.
const BULK: [(&str, &str, &str); 20] = [
    ("ConfigMap", "", "data"),
    ("ConfigMap", "", "binaryData"),
    ("Secret", "", "data"),
    ("Deployment", "/spec", "template"),
    ("StatefulSet", "/spec", "template"),
    ("DaemonSet", "/spec", "template"),
    ("Job", "/spec", "template"),
    ("CronJob", "/spec", "jobTemplate"),
    ("PodTemplate", "", "template"),
    ("Service", "/spec", "ports"),
    ("Service", "/spec", "selector"),
    ("Ingress", "", "spec"),
    ("NetworkPolicy", "", "spec"),
    ("CustomResourceDefinition", "/spec", "versions"),
    ("Role", "", "rules"),
    ("ClusterRole", "", "rules"),
    ("RoleBinding", "", "subjects"),
    ("RoleBinding", "", "roleRef"),
    ("ClusterRoleBinding", "", "subjects"),
    ("ClusterRoleBinding", "", "roleRef"),
];

/// Returns the object without its owners.
pub(crate) fn without_owners(mut object: Value) -> Value {
    remove(&mut object, "/metadata", "managedFields");
    object
}

/// Returns what is kept of an object that nothing is done to: without its owners and the bulk of its kind.
pub(super) fn slim(object: Value) -> Value {
    let mut object = without_owners(object);
    let kind = object
        .get("kind")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let bulk: Vec<_> = BULK.iter().filter(|(name, ..)| *name == kind).collect();
    for (_, parent, field) in bulk {
        remove(&mut object, parent, field);
    }
    remove(
        &mut object,
        "/metadata/annotations",
        "kubectl.kubernetes.io/last-applied-configuration",
    );
    object
}

/// Returns who an object is, and whose.
pub(super) fn identity(mut object: Value) -> Value {
    let mut kept = Map::new();
    for key in ["apiVersion", "kind", "metadata"] {
        if let Some(value) = object.get_mut(key) {
            kept.insert(key.to_owned(), value.take());
        }
    }
    without_owners(Value::Object(kept))
}

/// Returns whether both have the same content, whoever owns it.
pub(super) fn is_same(one: &Value, other: &Value) -> bool {
    let same = |one: &Value, other: &Value, but: &str| {
        let fields = |value: &Value| {
            value
                .as_object()
                .map(|fields| fields.len() - usize::from(fields.contains_key(but)))
        };
        let has = |(key, value): (&String, &Value)| key == but || other.get(key) == Some(value);
        fields(one) == fields(other) && one.as_object().is_some_and(|fields| fields.iter().all(has))
    };
    same(one, other, "metadata") && same(&one["metadata"], &other["metadata"], "managedFields")
}

fn remove(object: &mut Value, parent: &str, field: &str) {
    let parent = object.pointer_mut(parent).and_then(Value::as_object_mut);
    parent.map(|parent| parent.remove(field));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn status_and_counts_are_kept_and_templates_are_not() {
        let object = json!({
            "kind": "Deployment",
            "metadata": {"name": "web", "managedFields": []},
            "spec": {"replicas": 2, "template": {"spec": {}}},
            "status": {"replicas": 2},
        });
        let kept = json!({
            "kind": "Deployment",
            "metadata": {"name": "web"},
            "spec": {"replicas": 2},
            "status": {"replicas": 2},
        });
        assert_eq!(slim(object), kept);
    }
}
