//! Takes fields over that kubectl and older programs wrote.

use std::time::Duration;

use serde_json::{Value, json};
use windlass_object::Object;
use windlass_plan::{DesiredSet, DryRun, Takeover, Taker};

use crate::observe::{refusal, without_owners};
use crate::pauses::Pauses;
use crate::request::Mode;
use crate::{Cluster, ClusterError, Kind, request};

/// How long it is tried with an object that changes all the time.
const LONGEST_CHASE: Duration = Duration::from_secs(10);
/// What of `metadata` may be applied.
const METADATA: [&str; 4] = ["labels", "annotations", "finalizers", "ownerReferences"];

impl Cluster {
    /// Returns the same connection, which takes over the fields of these field managers, too, besides those of
    /// kubectl: so that what they wrote and the source lacks goes away.
    #[must_use]
    pub fn taking_over(mut self, managers: impl IntoIterator<Item = String>) -> Self {
        self.also = managers.into_iter().collect();
        self
    }

    pub(crate) fn taker(&self) -> Taker<'_> {
        Taker {
            manager: self.manager(),
            also: &self.also,
        }
    }

    /// Returns what an apply gives that begins with the takeover, from what a dry run of the apply alone gave. The
    /// server is asked what it makes of an object without the fields: it sets defaults.
    pub(crate) async fn foresee(
        &self,
        kind: &Kind,
        object: &Object,
        takeover: Takeover,
        live: &Value,
        merged: Value,
    ) -> Result<DryRun, ClusterError> {
        let id = object.id();
        let foreseen = takeover.foresee(&merged, &self.taker());
        let from = takeover.from;
        if foreseen == merged {
            return Ok(DryRun::TakenOver { from, merged });
        }
        let patch = difference(live, &foreseen);
        let namespace = id.namespace.as_deref();
        let request = request::patch(
            kind,
            namespace,
            &id.name,
            &patch,
            self.manager(),
            Mode::DryRun,
        );
        match self.send(request).await {
            Ok(merged) => Ok(DryRun::TakenOver {
                from,
                merged: without_owners(merged),
            }),
            Err(ClusterError::Refused {
                code,
                reason,
                message,
                about,
            }) if code < 500 => Ok(refusal(id, &about, reason, message)),
            Err(error) => Err(error),
        }
    }

    /// Takes the fields over, of the object as it is.
    pub(crate) async fn take_over(
        &self,
        kind: &Kind,
        desired: &DesiredSet,
        object: &Object,
    ) -> Result<Result<(), ClusterError>, String> {
        let id = object.id();
        let mut pauses = Pauses::new(LONGEST_CHASE);
        loop {
            let Some(live) = self.get(id).await.into_object()? else {
                return Ok(Ok(()));
            };
            let Some(takeover) = desired.takes(&self.taker(), object, &live) else {
                return Ok(Ok(()));
            };
            let (namespace, patch) = (id.namespace.as_deref(), takeover.patch(&live));
            let request = request::patch(
                kind,
                namespace,
                &id.name,
                &patch,
                self.manager(),
                Mode::Persist,
            );
            match self.send(request).await {
                Err(error) if error.is_conflict() && pauses.pause().await => {}
                done => return Ok(done.map(drop)),
            }
        }
    }
}

/// Returns the JSON patch that makes one object the other, in all that may be applied.
fn difference(live: &Value, wanted: &Value) -> Value {
    let mut patch = Vec::new();
    let keys = |object: &Value| -> Vec<String> {
        let fields = object.as_object().into_iter().flatten();
        fields.map(|(key, _)| key.clone()).collect()
    };
    let is_content =
        |key: &&String| !["apiVersion", "kind", "metadata", "status"].contains(&key.as_str());
    let mut set = |path: String, before: Option<&Value>, after: Option<&Value>| match after {
        _ if before == after => {}
        Some(after) => patch.push(json!({"op": "add", "path": path, "value": after})),
        None => patch.push(json!({"op": "remove", "path": path})),
    };
    let mut names = keys(live);
    names.extend(keys(wanted));
    names.sort();
    names.dedup();
    for key in names.iter().filter(is_content) {
        set(format!("/{}", escaped(key)), live.get(key), wanted.get(key));
    }
    for key in METADATA {
        let path = format!("/metadata/{key}");
        set(path.clone(), live.pointer(&path), wanted.pointer(&path));
    }
    Value::Array(patch)
}

/// Returns a token of a JSON pointer (RFC 6901).
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_sets_removes_and_leaves_alone() {
        let live = json!({"kind": "A", "spec": {"a": 1}, "b/c": 1, "same": 1, "status": 1,
            "metadata": {"labels": {"a": "b"}, "uid": "1"}});
        let wanted =
            json!({"kind": "A", "spec": {"a": 2}, "same": 1, "d": 3, "metadata": {"uid": "2"}});
        assert_eq!(
            difference(&live, &wanted),
            json!([
                {"op": "remove", "path": "/b~1c"},
                {"op": "add", "path": "/d", "value": 3},
                {"op": "add", "path": "/spec", "value": {"a": 2}},
                {"op": "remove", "path": "/metadata/labels"},
            ])
        );
    }
}
