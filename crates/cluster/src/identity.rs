//! What tells a cluster from all others.

use serde_json::Value;

use crate::{Cluster, ClusterError, Kind, request};

/// The namespace that every cluster has, and that is never made anew.
const NAMESPACE: &str = "kube-system";

impl Cluster {
    /// Returns what tells this cluster from all others, whatever its address: the uid of `kube-system`.
    pub async fn uid(&self) -> Result<String, ClusterError> {
        let kind = Kind {
            group: String::new(),
            version: "v1".to_owned(),
            kind: "Namespace".to_owned(),
            plural: "namespaces".to_owned(),
            namespaced: false,
        };
        let namespace = self.send(request::get(&kind, None, NAMESPACE)).await?;
        let uid = namespace.pointer("/metadata/uid").and_then(Value::as_str);
        let uid = uid.ok_or_else(|| self.unexpected("a namespace without uid"))?;
        Ok(uid.to_owned())
    }
}
