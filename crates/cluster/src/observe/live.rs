//! One object, as the cluster has it.

use std::sync::atomic::Ordering;

use serde_json::Value;
use windlass_object::ObjectRef;
use windlass_plan::Live;

use crate::served::{Served, Wanted};
use crate::{Cluster, ClusterError, Kind, request};

impl Cluster {
    /// Returns the live object.
    pub async fn get(&self, id: &ObjectRef) -> Live {
        let served = self.served(&Wanted::new([], [id])).await;
        self.live(&served, id).await
    }

    pub(super) async fn live(&self, served: &Served, id: &ObjectRef) -> Live {
        match served.kinds.preferred(&id.group, &id.kind) {
            Some(kind) => self.live_of(kind, id).await,
            // A kind that is served no more has no objects any more: its definition took them along.
            None => match served.doubt(&id.group, &id.kind) {
                None => Live::Absent,
                Some(reason) => Live::Unknown { reason },
            },
        }
    }

    pub(super) async fn live_of(&self, kind: &Kind, id: &ObjectRef) -> Live {
        let request = request::get(kind, id.namespace.as_deref(), &id.name);
        match self.send_opt(request, &id.name).await {
            Ok(Some(object)) if is_named(&object, &id.name) => Live::Present(object),
            Ok(Some(_)) => Live::Unknown {
                reason: format!(
                    "the API server {} answered with something else",
                    self.server()
                ),
            },
            Ok(None) => Live::Absent,
            Err(error) => {
                // Perhaps the kind is served no more: the next look asks.
                let is_news = matches!(error, ClusterError::Refused { code: 404, .. });
                self.is_outdated.fetch_or(is_news, Ordering::Relaxed);
                Live::Unknown {
                    reason: error.to_string(),
                }
            }
        }
    }
}

pub(super) fn is_named(object: &Value, name: &str) -> bool {
    object.pointer("/metadata/name").and_then(Value::as_str) == Some(name)
}
