//! Deletes one object, and only as it was when it was looked at last.

use serde_json::Value;
use windlass_object::ObjectRef;
use windlass_plan::{Reason, Unit, reason_to_keep};

use super::{Written, message};
use crate::request::Propagation;
use crate::{Cluster, ClusterError, request};

/// How often a deletion is tried of an object that changes all the time.
const TRIES: usize = 3;

impl Cluster {
    /// Deletes an object that is still the unit's to delete.
    pub(super) async fn prune(&self, unit: &Unit, id: &ObjectRef) -> Result<Written, String> {
        for _ in 0..TRIES {
            let Some(live) = self.get(id).await.into_object()? else {
                return Ok(Written::Gone);
            };
            match reason_to_keep(&live, unit) {
                None => {}
                Some(Reason::Terminating) => return Ok(Written::Terminating),
                Some(reason) => return Err(format!("it is not deleted: {reason}")),
            }
            match self.delete(id, &live, Propagation::Background).await? {
                Err(error) if error.is_conflict() => {}
                Err(error) => return Err(message(id, &error)),
                Ok(()) => return Ok(self.deleted(id).await),
            }
        }
        Err(format!(
            "it changed {TRIES} times while it was to be deleted; planning again"
        ))
    }

    /// Asks for the deletion of the object if it is still as in `live`.
    pub(super) async fn delete(
        &self,
        id: &ObjectRef,
        live: &Value,
        propagation: Propagation,
    ) -> Result<Result<(), ClusterError>, String> {
        let text = |pointer| live.pointer(pointer).and_then(Value::as_str);
        let uid = text("/metadata/uid").ok_or("the API server gave it no uid")?;
        let version = text("/metadata/resourceVersion");
        let version = version.ok_or("the API server gave it no resourceVersion")?;
        let kinds = self.kinds().await;
        let kind = kinds
            .preferred(&id.group, &id.kind)
            .ok_or("its kind is not served any more")?;
        let namespace = id.namespace.as_deref();
        let request = request::delete(kind, namespace, &id.name, uid, version, propagation);
        Ok(self.send_opt(request, &id.name).await.map(drop))
    }

    /// Returns whether the object is gone, or waits for its finalizers.
    async fn deleted(&self, id: &ObjectRef) -> Written {
        match self.get(id).await.into_object() {
            Ok(None) => Written::Gone,
            Ok(Some(_)) | Err(_) => Written::Terminating,
        }
    }
}
