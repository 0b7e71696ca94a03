//! What the server would make of an object: the dry run of its apply.

use std::borrow::Cow;

use serde_json::Value;
use windlass_object::{Object, ObjectRef};
use windlass_plan::{DryRun, Live, Observed, immutable_fields};

use super::live::is_named;
use super::slim::{identity, is_same, slim, without_owners};
use super::{Look, namespace_ref, settled};
use crate::request::Mode;
use crate::{About, Cluster, ClusterError, Kind, request};

/// How often an object is looked at that changes all the time.
const LOOKS: usize = 3;

impl Cluster {
    /// Tries the apply of an object of which it is known what is live. What someone changed between the two looks is
    /// looked at again: it is no difference.
    pub(super) async fn tried(
        &self,
        look: &Look<'_>,
        kind: &Kind,
        object: &Object,
        mut live: Live,
    ) -> Observed {
        for _ in 1..LOOKS {
            let applied = self.to_apply(look, object, &live);
            match self.dry_run(kind, &applied).await {
                Ok(DryRun::Merged(merged)) if has_changed(&live, &merged) => {
                    live = self.live_of(kind, object.id()).await;
                }
                tried => return self.observed(look, kind, object, live, tried).await,
            }
        }
        let tried = self
            .dry_run(kind, &self.to_apply(look, object, &live))
            .await;
        self.observed(look, kind, object, live, tried).await
    }

    /// Returns what is applied where this is live: what is ignored stays as it is.
    fn to_apply<'o>(&self, look: &Look<'_>, object: &'o Object, live: &Live) -> Cow<'o, Object> {
        match (look.desired, live) {
            (Some(desired), Live::Present(live)) => desired.to_apply(object, live, self.manager()),
            _ => Cow::Borrowed(object),
        }
    }

    async fn observed(
        &self,
        look: &Look<'_>,
        kind: &Kind,
        object: &Object,
        live: Live,
        tried: Result<DryRun, ClusterError>,
    ) -> Observed {
        let tried = match (tried, &live) {
            (Ok(DryRun::Merged(merged)), Live::Present(live)) => {
                let desired = look.desired;
                match desired.and_then(|desired| desired.takes(&self.taker(), object, live)) {
                    Some(takeover) => self.foresee(kind, object, takeover, live, merged).await,
                    None => Ok(DryRun::Merged(merged)),
                }
            }
            (tried, _) => tried,
        };
        let tried = match (tried, &live) {
            (Ok(DryRun::Immutable { fields, .. }), Live::Present(live)) => {
                let anew = self.try_anew(kind, object, live).await.map(Box::new);
                anew.map(|anew| DryRun::Immutable { fields, anew })
            }
            (tried, _) => tried,
        };
        match tried {
            Ok(dry_run) => bounded(live, dry_run),
            Err(error) => Observed::live(Live::Unknown {
                reason: error.to_string(),
            }),
        }
    }

    /// Tries the apply of an object that is most likely not there: what would be created has no version yet.
    pub(super) async fn try_first(
        &self,
        look: &Look<'_>,
        kind: &Kind,
        object: &Object,
    ) -> Observed {
        match self.dry_run(kind, object).await {
            Ok(DryRun::Merged(merged)) if is_new(&merged, &object.id().name) => {
                bounded(Live::Absent, DryRun::Merged(merged))
            }
            Ok(dry_run) => {
                let live = self.live_of(kind, object.id()).await;
                let ignores = look
                    .desired
                    .is_some_and(|desired| desired.ignores(object.id()));
                match &dry_run {
                    DryRun::Merged(merged) if ignores || has_changed(&live, merged) => {
                        self.tried(look, kind, object, live).await
                    }
                    _ => self.observed(look, kind, object, live, Ok(dry_run)).await,
                }
            }
            Err(error) => Observed::live(Live::Unknown {
                reason: error.to_string(),
            }),
        }
    }

    /// Tries the apply. Without an answer nothing is known, and the error says why.
    async fn dry_run(&self, kind: &Kind, object: &Object) -> Result<DryRun, ClusterError> {
        let id = object.id();
        let request = request::apply(
            kind,
            id.namespace.as_deref(),
            &id.name,
            object.value(),
            self.manager(),
            Mode::DryRun,
        );
        match self.send(request).await {
            Ok(merged) => Ok(DryRun::Merged(merged)),
            Err(ClusterError::Refused {
                code,
                reason,
                message,
                about,
            }) if code < 500 => Ok(refusal(id, &about, reason, message)),
            Err(error) => Err(error),
        }
    }
}

/// Returns the two without what a plan does not ask for: thousands are kept until it is made.
fn bounded(live: Live, dry_run: DryRun) -> Observed {
    match (live, dry_run) {
        (Live::Absent, DryRun::Merged(merged)) => Observed {
            live: Live::Absent,
            dry_run: DryRun::Merged(identity(merged)),
        },
        (Live::Present(live), DryRun::Merged(merged)) if is_same(&live, &merged) => {
            settled(Live::settled(&slim(live)))
        }
        (live, DryRun::Merged(merged)) => Observed {
            live,
            dry_run: DryRun::Merged(without_owners(merged)),
        },
        (live, dry_run) => Observed { live, dry_run },
    }
}

/// Whether the object is another than when it was looked at.
fn has_changed(live: &Live, merged: &Value) -> bool {
    let version = |object: &Value| {
        let version = object.pointer("/metadata/resourceVersion");
        version
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    match live {
        Live::Absent => !version(merged).is_empty(),
        Live::Unknown { .. } => false,
        live => live
            .object()
            .is_some_and(|live| version(&live) != version(merged)),
    }
}

/// Whether the result of a dry run is one of creating the object: it has no version then, of Kubernetes too.
fn is_new(merged: &Value, name: &str) -> bool {
    let text = |pointer| merged.pointer(pointer).and_then(Value::as_str);
    let version = text("/metadata/resourceVersion").unwrap_or_default();
    is_named(merged, name) && version.is_empty() && text("/metadata/uid").is_some()
}

/// Returns what a refused dry run says: the object is wrong, or cannot be changed so, or its namespace is not there
/// yet.
pub(crate) fn refusal(id: &ObjectRef, about: &About, reason: String, message: String) -> DryRun {
    match &id.namespace {
        Some(namespace) if reason == "NotFound" && about.kind == "namespaces" => DryRun::Deferred {
            until: vec![namespace_ref(namespace)],
        },
        _ => match immutable_fields(&message, &about.complaints) {
            Some(fields) => DryRun::Immutable {
                fields,
                anew: Box::new(DryRun::None),
            },
            None => DryRun::Rejected { reason, message },
        },
    }
}
