//! Whether the server would take an object anew that has to be deleted first.

use serde_json::Value;
use windlass_object::Object;
use windlass_plan::DryRun;

use crate::request::Mode;
use crate::{Cluster, ClusterError, Kind, request};

impl Cluster {
    /// Tries to create the object beside the live one, under a name that is free, so that admission, quotas,
    /// validation and our rights are asked before anything is deleted.
    ///
    /// Kinds whose names the server prescribes are not tried.
    pub(crate) async fn try_anew(
        &self,
        kind: &Kind,
        object: &Object,
        live: &Value,
    ) -> Result<DryRun, ClusterError> {
        let is_named_by_rule = matches!(
            kind.kind.as_str(),
            "CustomResourceDefinition" | "APIService" | "Namespace"
        );
        if is_named_by_rule {
            return Ok(DryRun::Merged(object.value().clone()));
        }
        let trial = trial(object.value(), live);
        let name = trial["metadata"]["name"].as_str().unwrap_or_default();
        let namespace = object.id().namespace.as_deref();
        let request = request::apply(kind, namespace, name, &trial, self.manager(), Mode::DryRun);
        match self.send(request).await {
            Ok(mut anew) => {
                anew["metadata"]["name"] = object.id().name.as_str().into();
                Ok(DryRun::Merged(anew))
            }
            Err(ClusterError::Refused {
                code,
                reason,
                message,
                ..
            }) if code < 500 => Ok(DryRun::Rejected { reason, message }),
            Err(error) => Err(error),
        }
    }
}

/// Returns the object under another name, without what only one object at a time can have: the addresses and ports
/// of a Service that the live one holds.
fn trial(desired: &Value, live: &Value) -> Value {
    let mut trial = desired.clone();
    let uid = live.pointer("/metadata/uid").and_then(Value::as_str);
    let uid = uid.unwrap_or_default().get(..8).unwrap_or_default();
    trial["metadata"]["name"] = format!("windlass-trial-{uid}").into();
    if desired["kind"] != "Service" {
        return trial;
    }
    let Some(spec) = trial.get_mut("spec").and_then(Value::as_object_mut) else {
        return trial;
    };
    for key in ["clusterIP", "clusterIPs", "healthCheckNodePort"] {
        if spec.get(key).is_some_and(|held| *held == live["spec"][key]) {
            spec.remove(key);
        }
    }
    let held = live["spec"]["ports"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let ports = spec.get_mut("ports").and_then(Value::as_array_mut);
    for port in ports.into_iter().flatten().filter_map(Value::as_object_mut) {
        let node_port = port.get("nodePort");
        if held.iter().any(|held| held.get("nodePort") == node_port) {
            port.remove("nodePort");
        }
    }
    trial
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_trial_asks_for_no_address_that_the_live_service_has() {
        let service = |ip: &str, port: u16| {
            json!({
                "kind": "Service", "metadata": {"name": "web", "uid": "0123456789"},
                "spec": {"clusterIP": ip, "ports": [{"port": 80, "nodePort": port}]},
            })
        };
        let same = trial(&service("10.0.0.7", 30080), &service("10.0.0.7", 30080));
        assert_eq!(same["spec"], json!({"ports": [{"port": 80}]}));
        assert_eq!(same["metadata"]["name"], "windlass-trial-01234567");
        let other = trial(&service("10.0.0.8", 30081), &service("10.0.0.7", 30080));
        assert_eq!(other["spec"], service("10.0.0.8", 30081)["spec"]);
    }
}
