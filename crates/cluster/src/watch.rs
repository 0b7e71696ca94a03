//! Tells which objects of units changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use kube::api::{Api, ApiResource, DynamicObject, PartialObjectMeta};
use kube::core::GroupVersionKind;
use kube::runtime::watcher::{Config, Event, watcher};
use kube::{ResourceExt, core::ObjectMeta};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use windlass_object::ObjectRef;
use windlass_plan::{NAMESPACE_LABEL, Unit};

use crate::{Cluster, Kind};

/// How many changes wait to be looked at before the watches are held back.
const BACKLOG: usize = 1024;
/// The pause before a watch that failed begins anew: first and longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// A change of an object that belongs to a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The unit that the object's labels name.
    pub unit: Unit,
    /// The object.
    pub id: ObjectRef,
    /// Its version, or `None` when it was deleted.
    pub version: Option<String>,
    /// A text that changes when something else than the status does. The same text means that only the
    /// status changed.
    pub shape: String,
}

/// Watches over the kinds of objects that units hold. Only metadata is sent, and only of objects whose
/// labels name a unit of the namespace.
pub struct Watched {
    cluster: Cluster,
    namespace: String,
    tasks: JoinSet<()>,
    watches: BTreeMap<Kind, AbortHandle>,
    sender: mpsc::Sender<Change>,
    receiver: mpsc::Receiver<Change>,
}

impl Cluster {
    /// Returns watches over the objects of units of `namespace`; no kind is watched yet.
    #[must_use]
    pub fn watch(&self, namespace: &str) -> Watched {
        let (sender, receiver) = mpsc::channel(BACKLOG);
        Watched {
            cluster: self.clone(),
            namespace: namespace.to_owned(),
            tasks: JoinSet::new(),
            watches: BTreeMap::new(),
            sender,
            receiver,
        }
    }
}

impl Watched {
    /// Watches the kinds of `ids` too. A kind that is not served yet is left out.
    pub async fn add<'i>(&mut self, ids: impl IntoIterator<Item = &'i ObjectRef>) {
        let kinds = self.cluster.kinds().await;
        let wanted: BTreeSet<&Kind> = ids
            .into_iter()
            .filter_map(|id| kinds.preferred(&id.group, &id.kind))
            .collect();
        for kind in wanted {
            if !self.watches.contains_key(kind) {
                let task = watch_kind(
                    self.cluster.clone(),
                    kind.clone(),
                    format!("{NAMESPACE_LABEL}={}", self.namespace),
                    self.sender.clone(),
                );
                self.watches.insert(kind.clone(), self.tasks.spawn(task));
            }
        }
    }

    /// Waits for the next change. At the start of a watch each object counts as changed.
    pub async fn next(&mut self) -> Change {
        let change = self.receiver.recv().await;
        change.expect("the channel is open as long as its sender, which is kept beside it")
    }

    /// Returns a change that is there already.
    pub fn try_next(&mut self) -> Option<Change> {
        self.receiver.try_recv().ok()
    }
}

/// Watches one kind for as long as someone listens. Lost connections are made anew, with growing pauses.
async fn watch_kind(cluster: Cluster, kind: Kind, selector: String, sender: mpsc::Sender<Change>) {
    let mut events = events(&cluster, &kind, &selector);
    let mut pause = PAUSES.0;
    while let Some(event) = events.next().await {
        let (object, is_live) = match event {
            Ok(Event::Apply(object) | Event::InitApply(object)) => (object, true),
            Ok(Event::Delete(object)) => (object, false),
            Ok(Event::Init | Event::InitDone) => {
                pause = PAUSES.0;
                continue;
            }
            Err(_) => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSES.1);
                continue;
            }
        };
        let change = change(&kind, &object, is_live);
        if let Some(change) = change
            && sender.send(change).await.is_err()
        {
            return;
        }
    }
}

fn events(
    cluster: &Cluster,
    kind: &Kind,
    selector: &str,
) -> BoxStream<
    'static,
    Result<Event<PartialObjectMeta<DynamicObject>>, kube::runtime::watcher::Error>,
> {
    let gvk = GroupVersionKind::gvk(&kind.group, &kind.version, &kind.kind);
    let resource = ApiResource::from_gvk_with_plural(&gvk, &kind.plural);
    let api = Api::<PartialObjectMeta<DynamicObject>>::all_with(cluster.client.clone(), &resource);
    watcher(api, Config::default().labels(selector)).boxed()
}

fn change(kind: &Kind, object: &PartialObjectMeta<DynamicObject>, is_live: bool) -> Option<Change> {
    let unit = Unit::new(
        object.labels().get(NAMESPACE_LABEL)?,
        object.labels().get(windlass_plan::NAME_LABEL)?,
    );
    let id = ObjectRef {
        group: kind.group.clone(),
        kind: kind.kind.clone(),
        namespace: object.namespace(),
        name: object.name_any(),
    };
    let version = object.resource_version().filter(|_| is_live);
    Some(Change {
        unit,
        id,
        version,
        shape: shape(&object.metadata),
    })
}

/// Returns what changes with everything but the status: the generation where the kind counts them, and
/// the version where it does not.
fn shape(metadata: &ObjectMeta) -> String {
    let count = match metadata.generation {
        Some(generation) => format!("generation {generation}"),
        None => format!("version {:?}", metadata.resource_version),
    };
    let mut shape = format!(
        "{:?} {count} {:?} {:?}",
        metadata.uid, metadata.labels, metadata.deletion_timestamp
    );
    // The deployment controller counts roll-outs in an annotation.
    let annotations = metadata.annotations.iter().flatten();
    for (key, value) in annotations.filter(|(key, _)| !key.starts_with("deployment.kubernetes.io/"))
    {
        write!(shape, " {key}={value}").expect("writing to a string cannot fail");
    }
    shape
}
