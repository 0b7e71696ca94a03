//! Deletes one object of which a field cannot be changed, and creates it anew.

use std::time::Duration;

use serde_json::Value;
use windlass_object::ObjectRef;
use windlass_plan::{Action, immutable_fields, reason_to_keep};

use super::{Run, Written, message, refusal};
use crate::pauses::Pauses;
use crate::request::Propagation;
use crate::{Cluster, ClusterError};

/// How long it is tried with an object that changes all the time.
const LONGEST_CHASE: Duration = Duration::from_secs(10);

impl Cluster {
    /// Replaces an object that is still the unit's, and still refuses the change.
    pub(super) async fn replace(&self, run: &Run<'_>, action: &Action) -> Result<Written, String> {
        let mut pauses = Pauses::new(LONGEST_CHASE);
        loop {
            let Some(live) = self.get(&action.id).await.into_object()? else {
                return self.write(action, run.desired).await;
            };
            if let Some(done) = self.refused_still(run, action, &live).await? {
                return Ok(done);
            }
            let how = propagation(&action.id);
            match self.delete(&action.id, &live, how).await? {
                Err(error) if error.is_conflict() => {}
                Err(error) => return Err(message(&action.id, &error)),
                Ok(()) => return self.create_anew(action, run, &live).await,
            }
            if !pauses.pause().await {
                return Err(format!(
                    "it changed all the time for {} s while it was to be replaced; planning again",
                    LONGEST_CHASE.as_secs()
                ));
            }
        }
    }

    /// Makes sure that `live` is to be deleted. Someone else may have replaced it since the plan was made: then it can
    /// simply be applied, and is, and nothing is deleted.
    async fn refused_still(
        &self,
        run: &Run<'_>,
        action: &Action,
        live: &Value,
    ) -> Result<Option<Written>, String> {
        match reason_to_keep(live, run.unit) {
            None => {}
            Some(reason) => return Err(format!("it is not replaced: {reason}")),
        }
        match self.try_write(action, run.desired).await? {
            Ok(written) => return Ok(Some(written)),
            Err(error) if is_immutable(&error) => {}
            Err(error) => return Err(refusal(run.desired, &action.id, &error)),
        }
        if (run.is_wanted)() {
            Ok(None)
        } else {
            Err("it is not replaced, since the source has changed meanwhile".to_owned())
        }
    }

    async fn create_anew(
        &self,
        action: &Action,
        run: &Run<'_>,
        deleted: &Value,
    ) -> Result<Written, String> {
        self.wait_until_gone(&action.id, deleted).await?;
        let written = self.write(action, run.desired).await;
        written.map_err(|reason| {
            format!("it was deleted to be created anew, which failed, and is tried again: {reason}")
        })
    }

    /// Waits for the finalizers of an object that is deleted.
    async fn wait_until_gone(&self, id: &ObjectRef, deleted: &Value) -> Result<(), String> {
        let mut pauses = Pauses::new(self.patience.object);
        loop {
            let why = match self.get(id).await.into_object() {
                Ok(None) => return Ok(()),
                Ok(Some(live)) if uid(&live) != uid(deleted) => return Ok(()),
                Ok(Some(live)) => held_by(&live),
                Err(reason) => reason,
            };
            if !pauses.pause().await {
                return Err(format!(
                    "waited {} s for {id} to be gone, to create it anew: {why}; it is created once it is gone",
                    self.patience.object.as_secs()
                ));
            }
        }
    }
}

fn uid(object: &Value) -> Option<&str> {
    object.pointer("/metadata/uid").and_then(Value::as_str)
}

/// Returns what an object waits for that is being deleted.
fn held_by(live: &Value) -> String {
    let finalizers = live.pointer("/metadata/finalizers");
    let finalizers = finalizers.and_then(Value::as_array).into_iter().flatten();
    let names: Vec<&str> = finalizers.filter_map(Value::as_str).collect();
    match names.as_slice() {
        [] => "it is still there".to_owned(),
        ["foregroundDeletion"] => "what it owns is not deleted yet".to_owned(),
        names => format!("its finalizers {} are not done", names.join(", ")),
    }
}

/// What runs Pods is gone only when they are: of a Job, no two may run at once.
fn propagation(id: &ObjectRef) -> Propagation {
    match id.group.as_str() {
        "apps" | "batch" => Propagation::Foreground,
        _ => Propagation::Background,
    }
}

fn is_immutable(error: &ClusterError) -> bool {
    matches!(error, ClusterError::Refused { message, about, .. }
        if immutable_fields(message, &about.complaints).is_some())
}
