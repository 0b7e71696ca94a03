//! What a plan needs to know of a cluster.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use serde_json::Value;
use windlass_object::{Object, ObjectRef};
use windlass_plan::{DesiredSet, DryRun, Inventory, Live, Observed};

use crate::request::Mode;
use crate::served::{Served, Wanted};
use crate::{About, Cluster, ClusterError, Definitions, Kind, request};

/// How many objects are looked at at once.
const PARALLEL: usize = 16;

impl Cluster {
    /// Returns what the cluster has of each desired object and of each in the inventory, and what a
    /// server-side apply of the desired ones would give.
    ///
    /// It never fails as a whole: what could not be found out is said for each object.
    pub async fn observe(
        &self,
        desired: Option<&DesiredSet>,
        inventory: &Inventory,
        definitions: &Definitions,
    ) -> BTreeMap<ObjectRef, Observed> {
        let wanted = || desired.into_iter().flat_map(DesiredSet::objects);
        let is_wanted = |id: &ObjectRef| desired.is_some_and(|desired| desired.get(id).is_some());
        let ids = inventory.entries().map(|entry| &entry.id);
        let held: Vec<&ObjectRef> = ids.filter(|id| !is_wanted(id)).collect();
        let asked = Wanted::new(wanted(), held.iter().copied());
        let served = self.served(&asked).await;
        let wanted = wanted().map(|object| self.observe_one(&served, object, definitions).boxed());
        let held = held
            .into_iter()
            .map(|id| self.observe_held(&served, id).boxed());
        // Collected first: a stream of closures over borrows is not Send (rust-lang/rust#102211).
        let all: Vec<BoxFuture<'_, (ObjectRef, Observed)>> = wanted.chain(held).collect();
        stream::iter(all).buffer_unordered(PARALLEL).collect().await
    }

    async fn observe_one(
        &self,
        served: &Served,
        object: &Object,
        definitions: &Definitions,
    ) -> (ObjectRef, Observed) {
        let observed = self.observe_desired(served, object, definitions).await;
        (object.id().clone(), observed)
    }

    async fn observe_held(&self, served: &Served, id: &ObjectRef) -> (ObjectRef, Observed) {
        (id.clone(), Observed::live(self.live(served, id).await))
    }

    /// Returns the live object.
    pub async fn get(&self, id: &ObjectRef) -> Live {
        let served = self.served(&Wanted::new([], [id])).await;
        self.live(&served, id).await
    }

    async fn observe_desired(
        &self,
        served: &Served,
        object: &Object,
        definitions: &Definitions,
    ) -> Observed {
        let Some(kind) = served.kinds.get(object.gvk()) else {
            return self.not_served(served, object, definitions).await;
        };
        let (live, tried) =
            tokio::join!(self.live_of(kind, object.id()), self.dry_run(kind, object));
        match tried {
            Ok(dry_run) => Observed { live, dry_run },
            Err(error) => Observed::live(Live::Unknown {
                reason: error.to_string(),
            }),
        }
    }

    /// Returns what is known of an object whose kind, in its version, the cluster does not serve.
    async fn not_served(
        &self,
        served: &Served,
        object: &Object,
        definitions: &Definitions,
    ) -> Observed {
        let id = object.id();
        let other = served.kinds.preferred(&id.group, &id.kind);
        let definition = definitions.definition_of(id);
        let live = match other {
            // What is live is not looked at before its definition has the version of the source.
            Some(other) if definition.is_some() => Live::Unknown {
                reason: format!("{} is served as {} only", id.kind, other.version),
            },
            _ => self.live(served, id).await,
        };
        let dry_run = match (definition, other) {
            (Some(definition), _) => DryRun::Deferred {
                until: vec![definition.clone()],
            },
            (None, Some(other)) => no_kind(format!(
                "the cluster serves {} as {} only",
                id.kind, other.version
            )),
            (None, None) => no_kind(format!("the cluster serves no {}", id.kind)),
        };
        Observed { live, dry_run }
    }

    async fn live(&self, served: &Served, id: &ObjectRef) -> Live {
        match served.kinds.preferred(&id.group, &id.kind) {
            Some(kind) => self.live_of(kind, id).await,
            // A kind that is served no more has no objects any more: its definition took them along.
            None => match served.doubt(&id.group, &id.kind) {
                None => Live::Absent,
                Some(reason) => Live::Unknown { reason },
            },
        }
    }

    async fn live_of(&self, kind: &Kind, id: &ObjectRef) -> Live {
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

/// Returns what a refused dry run says: the object is wrong, or its namespace is not there yet.
fn refusal(id: &ObjectRef, about: &About, reason: String, message: String) -> DryRun {
    match &id.namespace {
        Some(namespace) if reason == "NotFound" && about.kind == "namespaces" => DryRun::Deferred {
            until: vec![namespace_ref(namespace)],
        },
        _ => DryRun::Rejected { reason, message },
    }
}

fn no_kind(message: String) -> DryRun {
    DryRun::Rejected {
        reason: "NoKindMatch".to_owned(),
        message,
    }
}

fn is_named(object: &Value, name: &str) -> bool {
    object.pointer("/metadata/name").and_then(Value::as_str) == Some(name)
}

fn namespace_ref(name: &str) -> ObjectRef {
    ObjectRef {
        group: String::new(),
        kind: "Namespace".to_owned(),
        namespace: None,
        name: name.to_owned(),
    }
}
