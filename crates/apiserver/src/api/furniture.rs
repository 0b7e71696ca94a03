//! What every namespace has: the default ServiceAccount and the certificate of the authority. Who deletes or
//! changes them gets them back, as from kube-controller-manager 1.37.

use serde_json::{Value, json};

use super::{Api, Target, WriteOptions};
use crate::fields;
use crate::resource::GroupResource;
use crate::store::Key;

const ACCOUNT: &str = "default";
const AUTHORITY: &str = "kube-root-ca.crt";

const NOTE: &str = "kubernetes.io/description";
const NOTE_TEXT: &str = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal \
    endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across \
    distributions of Kubernetes clusters.";

/// Returns whether an object is one that every namespace has.
pub(crate) fn is_furniture(key: &Key) -> bool {
    let is = |resource: &str, name: &str| key.resource.resource == resource && key.name == name;
    key.resource.group.is_empty() && (is("serviceaccounts", ACCOUNT) || is("configmaps", AUTHORITY))
}

fn key(resource: &str, namespace: &str, name: &str) -> Key {
    Key {
        resource: GroupResource::new("", resource),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }
}

impl Api {
    /// Creates what every namespace has, where it is missing and the namespace is not going away.
    pub(crate) fn furnish_namespace(&self, namespace: &str) {
        let is_missing = |resource, name| self.store.get(&key(resource, namespace, name)).is_none();
        if is_missing("serviceaccounts", ACCOUNT) {
            let account = json!({"metadata": {"name": ACCOUNT}});
            self.ensure("", "v1", "serviceaccounts", namespace, account);
        }
        if is_missing("configmaps", AUTHORITY) {
            let authority = json!({
                "metadata": {"name": AUTHORITY, "annotations": {NOTE: NOTE_TEXT}},
                "data": {"ca.crt": self.authority},
            });
            self.ensure("", "v1", "configmaps", namespace, authority);
        }
    }

    /// Writes the certificate of the authority where someone has written another.
    pub(crate) fn restore_authority(&self, key: &Key, object: &Value) {
        if key.name != AUTHORITY || !is_furniture(key) || self.is_authority(object) {
            return;
        }
        let types = self.registry.types();
        let Some(resource) = types.stored(&key.resource) else {
            return;
        };
        let target = Target {
            resource,
            namespace: &key.namespace,
            name: &key.name,
            subresource: None,
        };
        let options = WriteOptions {
            field_manager: "kube-controller-manager".to_owned(),
            ..WriteOptions::default()
        };
        // It is gone, and then comes back with its deletion, or it is immutable.
        let _ = self.modify(target, &options, &mut |live| Ok(self.restored(live)));
    }

    fn is_authority(&self, object: &Value) -> bool {
        let notes = object.pointer("/metadata/annotations");
        let note = notes.and_then(|notes| notes.get(NOTE));
        object.get("data") == Some(&json!({"ca.crt": self.authority}))
            && note.is_some_and(|note| note != "")
    }

    fn restored(&self, live: &Value) -> Value {
        let mut object = live.clone();
        object["data"] = json!({"ca.crt": self.authority});
        if fields::map(&object, "/metadata/annotations").is_none() {
            object["metadata"]["annotations"] = json!({});
        }
        object["metadata"]["annotations"][NOTE] = NOTE_TEXT.into();
        object
    }
}
