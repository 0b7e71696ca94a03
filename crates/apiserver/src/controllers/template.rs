//! Pods from templates, and the short hash that tells one template from another.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::step::{map_at, owner_reference};
use super::world::{Kind, World};
use crate::fields::{self, text};

/// The label by which a Deployment tells its ReplicaSets apart.
pub(super) const HASH_LABEL: &str = "pod-template-hash";
/// The label by which StatefulSets and DaemonSets know which template a pod comes from.
pub(super) const REVISION_LABEL: &str = "controller-revision-hash";

const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// Returns a hash of a value in letters that spell no words, at most ten.
///
/// It is stable, but not the hash that kube-controller-manager computes: that one hashes Go's form of the
/// value.
pub(super) fn short_hash(value: &Value) -> String {
    let digits = fnv(value.to_string().as_bytes()).to_string();
    let letters = digits
        .bytes()
        .map(|digit| ALPHABET[usize::from(digit) % ALPHABET.len()]);
    letters.map(char::from).collect()
}

/// FNV-1a with 32 bits.
pub(super) fn fnv(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash: u32, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

/// Returns a pod of the template of `owner`; `name` is a full name, or a prefix that ends in `-`.
pub(super) fn pod(kind: Kind, owner: &Value, name: &str, labels: &[(&str, &str)]) -> Value {
    let mut metadata = Map::new();
    let name_field = if name.ends_with('-') {
        "generateName"
    } else {
        "name"
    };
    metadata.insert(name_field.to_owned(), name.into());
    let namespace = fields::namespace(owner);
    metadata.insert("namespace".to_owned(), namespace.into());
    for field in ["labels", "annotations", "finalizers"] {
        if let Some(value) = owner.pointer(&format!("/spec/template/metadata/{field}")) {
            metadata.insert(field.to_owned(), value.clone());
        }
    }
    let mut all = map_at(owner, "/spec/template/metadata/labels");
    for (key, value) in labels {
        all.insert((*key).to_owned(), (*value).into());
    }
    metadata.insert("labels".to_owned(), Value::Object(all));
    let references = json!([owner_reference(kind, owner)]);
    metadata.insert("ownerReferences".to_owned(), references);
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": owner.pointer("/spec/template/spec"),
    })
}

/// Returns why no pod of the template of `owner` can be created: its ServiceAccount is missing.
pub(super) fn creation_problem(world: &World, owner: &Value, name: &str) -> Option<String> {
    let namespace = fields::namespace(owner);
    let account = match text(owner, "/spec/template/spec/serviceAccountName") {
        "" => "default",
        account => account,
    };
    if world
        .get(Kind::ServiceAccount, namespace, account)
        .is_some()
    {
        return None;
    }
    Some(format!(
        "Error creating: pods \"{name}\" is forbidden: error looking up service account \
         {namespace}/{account}: serviceaccount \"{account}\" not found"
    ))
}

/// Returns whether a pod may still do work: it has not ended and nobody deletes it.
pub(super) fn is_active(pod: &Value) -> bool {
    !matches!(text(pod, "/status/phase"), "Succeeded" | "Failed") && !fields::is_terminating(pod)
}

/// Returns whether a pod is ready.
pub(super) fn is_ready(pod: &Value) -> bool {
    fields::condition(pod, "Ready") == Some("True")
}

/// Returns how many of the pods are ready. They count as available at once, whatever `minReadySeconds`
/// says: nobody waits for a stand-in to settle.
pub(super) fn count_ready(pods: &[&Arc<Value>]) -> usize {
    pods.iter().filter(|pod| is_ready(pod)).count()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::short_hash;

    #[test]
    fn the_hash_of_a_template_changes_with_it_and_is_a_label_value() {
        let one = short_hash(&json!({"image": "a:1"}));
        assert_eq!(one, short_hash(&json!({"image": "a:1"})));
        assert_ne!(one, short_hash(&json!({"image": "a:2"})));
        assert!((1..=10).contains(&one.len()), "{one}");
    }
}
