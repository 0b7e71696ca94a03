//! What a plan needs to know of a cluster.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use serde_json::Value;
use windlass_object::{Object, ObjectRef};
use windlass_plan::{DesiredSet, DryRun, Inventory, Live, Observed};

use crate::request::{Mode, Ownership};
use crate::{About, Cluster, ClusterError, Definitions, Kind, Kinds, request};

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
        let kinds = self.kinds().await;
        let wanted = desired.into_iter().flat_map(DesiredSet::objects);
        let is_wanted = |id: &ObjectRef| desired.is_some_and(|desired| desired.get(id).is_some());
        let held = inventory
            .entries()
            .map(|entry| &entry.id)
            .filter(|id| !is_wanted(id));
        let wanted = wanted.map(|object| self.observe_one(&kinds, object, definitions).boxed());
        let held = held.map(|id| self.observe_held(&kinds, id).boxed());
        // Collected first: a stream of closures over borrows is not Send (rust-lang/rust#102211).
        let all: Vec<BoxFuture<'_, (ObjectRef, Observed)>> = wanted.chain(held).collect();
        stream::iter(all).buffer_unordered(PARALLEL).collect().await
    }

    async fn observe_one(
        &self,
        kinds: &Kinds,
        object: &Object,
        definitions: &Definitions,
    ) -> (ObjectRef, Observed) {
        let observed = self.observe_desired(kinds, object, definitions).await;
        (object.id().clone(), observed)
    }

    async fn observe_held(&self, kinds: &Kinds, id: &ObjectRef) -> (ObjectRef, Observed) {
        (id.clone(), Observed::live(self.live(kinds, id).await))
    }

    /// Returns the live object.
    pub async fn get(&self, id: &ObjectRef) -> Live {
        self.live(&*self.kinds().await, id).await
    }

    async fn observe_desired(
        &self,
        kinds: &Kinds,
        object: &Object,
        definitions: &Definitions,
    ) -> Observed {
        let Some(kind) = kinds.get(object.gvk()) else {
            return not_served(kinds, object, definitions);
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

    async fn live(&self, kinds: &Kinds, id: &ObjectRef) -> Live {
        match kinds.preferred(&id.group, &id.kind) {
            Some(kind) => self.live_of(kind, id).await,
            None if !kinds.is_known(&id.group) => Live::Unknown {
                reason: format!("the API group {} does not answer", id.group),
            },
            // A kind that is served no more has no objects any more: its definition took them along.
            None => Live::Absent,
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
            Err(error) => Live::Unknown {
                reason: error.to_string(),
            },
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
            Ownership::Force,
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

/// Returns what is known of an object whose kind, in its version, the cluster does not serve.
fn not_served(kinds: &Kinds, object: &Object, definitions: &Definitions) -> Observed {
    let id = object.id();
    let unknown = |reason: String| Observed::live(Live::Unknown { reason });
    if !kinds.is_known(&id.group) {
        return unknown(format!("the API group {} does not answer", id.group));
    }
    if let Some(definition) = definitions.definition_of(id) {
        // Another version may be served already; what is live is then not looked at before this one is.
        let live = match kinds.preferred(&id.group, &id.kind) {
            None => Live::Absent,
            Some(other) => Live::Unknown {
                reason: format!("{} is served as {} only", id.kind, other.version),
            },
        };
        return Observed {
            live,
            dry_run: DryRun::Deferred {
                until: vec![definition.clone()],
            },
        };
    }
    let message = match kinds.preferred(&id.group, &id.kind) {
        Some(other) => format!("the cluster serves {} as {} only", id.kind, other.version),
        None => format!("the cluster serves no {}", id.kind),
    };
    Observed {
        live: Live::Absent,
        dry_run: DryRun::Rejected {
            reason: "NoKindMatch".to_owned(),
            message,
        },
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
