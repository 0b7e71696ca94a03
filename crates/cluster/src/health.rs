//! How well the objects of a unit are.

use std::sync::{Arc, PoisonError};

use serde_json::Value;
use windlass_health::{Health, Rules};
use windlass_object::ObjectRef;

use crate::{Cluster, request};

/// How well an object is, or that it is not known.
#[derive(Clone, Debug, PartialEq)]
pub enum Assessed {
    /// It was looked at.
    Known(Health),
    /// It could not be read.
    Unknown {
        /// Why.
        reason: String,
    },
}

impl Cluster {
    /// From now on, this connection and its clones tell by these rules how well objects are.
    pub fn judge_by(&self, rules: Rules) {
        let mut held = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        *held = Arc::new(rules);
    }

    /// Returns how well an object is that was just read.
    #[must_use]
    pub fn assess(&self, live: &Value) -> Health {
        let rules = self.rules.read().unwrap_or_else(PoisonError::into_inner);
        let rules = Arc::clone(&rules);
        rules.assess(live)
    }

    /// Returns how well the object is. For a workload that is not well, its pods say why.
    pub async fn health(&self, id: &ObjectRef) -> Assessed {
        match self.get(id).await.into_object() {
            Ok(None) => Assessed::Known(Health::not_found()),
            Err(reason) => Assessed::Unknown { reason },
            Ok(Some(live)) => {
                let health = self.assess(&live);
                if health.is_current() {
                    return Assessed::Known(health);
                }
                let pods = self.pods_of(&live).await;
                Assessed::Known(health.with_pods(&live, &pods))
            }
        }
    }

    /// Returns the pods that a workload selects. Failing to list them only loses the details.
    async fn pods_of(&self, live: &Value) -> Vec<Value> {
        let labels = live
            .pointer("/spec/selector/matchLabels")
            .and_then(Value::as_object);
        let namespace = live.pointer("/metadata/namespace").and_then(Value::as_str);
        let (Some(labels), Some(namespace)) = (labels, namespace) else {
            return Vec::new();
        };
        let terms = labels
            .iter()
            .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()));
        let selector = terms.collect::<Vec<_>>().join(",");
        let kinds = self.kinds().await;
        let Some(pods) = kinds.preferred("", "Pod") else {
            return Vec::new();
        };
        let list = self
            .send(request::list(pods, Some(namespace), &selector))
            .await;
        match list.map(|mut list| list["items"].take()) {
            Ok(Value::Array(pods)) => pods,
            _ => Vec::new(),
        }
    }
}
