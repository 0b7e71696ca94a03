//! Tells which objects of units changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use kube::api::{Api, ApiResource, DynamicObject, PartialObjectMeta};
use kube::core::GroupVersionKind;
use kube::runtime::watcher::{Config, Error, Event, watcher};
use kube::{ResourceExt, core::ObjectMeta};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use windlass_object::ObjectRef;
use windlass_plan::{NAMESPACE_LABEL, Unit};

use crate::connect::chain;
use crate::send::varied;
use crate::{Cluster, Kind};

/// How many changes wait to be looked at before the watches are held back.
const BACKLOG: usize = 1024;
/// The pause before a watch that failed begins anew: first and longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// Two failures with less than this between them are failures in a row.
const IN_A_ROW: Duration = Duration::from_mins(2);

/// All that is sent of an object.
type Metadata = PartialObjectMeta<DynamicObject>;

/// What a watch has to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// An object changed.
    Changed(Change),
    /// A watch has failed twice in a row. It goes on trying, and says so once.
    Failing {
        /// The kind whose changes are not seen.
        kind: Kind,
        /// What went wrong.
        reason: String,
    },
}

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
    sender: mpsc::Sender<Notice>,
    receiver: mpsc::Receiver<Notice>,
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

    /// Waits for the next notice. At the start of a watch each object counts as changed.
    pub async fn next(&mut self) -> Notice {
        let notice = self.receiver.recv().await;
        notice.expect("the channel is open as long as its sender, which is kept beside it")
    }
}

/// Watches one kind for as long as someone listens. Lost connections are made anew, with growing pauses.
async fn watch_kind(cluster: Cluster, kind: Kind, selector: String, sender: mpsc::Sender<Notice>) {
    let mut events = events(&cluster, &kind, &selector);
    let mut watch = Watch::new(kind.clone());
    while let Some(event) = events.next().await {
        let has_failed = event.is_err();
        let is_expired = event.as_ref().is_err_and(is_expired);
        for notice in watch.take(event, Instant::now()) {
            if sender.send(notice).await.is_err() {
                return;
            }
        }
        if is_expired {
            events = self::events(&cluster, &kind, &selector);
        }
        if has_failed {
            tokio::time::sleep(varied(watch.pause())).await;
        }
    }
}

/// Whether a watch was refused because the server does not have its version any more. The watcher takes that for an
/// answer only when it comes as an event, and would ask the same again for ever (kube 5.0).
fn is_expired(error: &Error) -> bool {
    matches!(error, Error::WatchStartFailed(kube::Error::Api(status)) if status.code == 410)
}

fn events(
    cluster: &Cluster,
    kind: &Kind,
    selector: &str,
) -> BoxStream<'static, Result<Event<Metadata>, Error>> {
    let gvk = GroupVersionKind::gvk(&kind.group, &kind.version, &kind.kind);
    let resource = ApiResource::from_gvk_with_plural(&gvk, &kind.plural);
    let api = Api::<Metadata>::all_with(cluster.client.clone(), &resource);
    watcher(api, Config::default().labels(selector)).boxed()
}

/// What is known of the objects of one kind while it is watched.
struct Watch {
    kind: Kind,
    /// The objects that are there, with their units.
    known: BTreeMap<ObjectRef, Unit>,
    /// Those that were there before the list that is being read, and were not in it so far.
    unseen: BTreeMap<ObjectRef, Unit>,
    /// How often it failed in a row, and when it failed last.
    failures: u32,
    failed: Option<Instant>,
}

impl Watch {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            known: BTreeMap::new(),
            unseen: BTreeMap::new(),
            failures: 0,
            failed: None,
        }
    }

    /// Returns what an event says. When a list ends, what was known and is not in it is deleted: the
    /// watcher itself says nothing of those (kube 5.0).
    fn take(&mut self, event: Result<Event<Metadata>, Error>, now: Instant) -> Vec<Notice> {
        match event {
            Err(error) => return self.fail(&error, now).into_iter().collect(),
            Ok(Event::Init) => self.unseen.append(&mut self.known),
            Ok(Event::InitApply(object)) => return self.see(&object).into_iter().collect(),
            Ok(Event::InitDone) => {
                self.failures = 0;
                return self.forget_unseen();
            }
            Ok(Event::Apply(object)) => {
                self.failures = 0;
                return self.see(&object).into_iter().collect();
            }
            Ok(Event::Delete(object)) => {
                self.failures = 0;
                return self.forget(&object).into_iter().collect();
            }
        }
        Vec::new()
    }

    /// Returns how long to wait after a failure.
    fn pause(&self) -> Duration {
        let doublings = self.failures.saturating_sub(1).min(16);
        (PAUSES.0 * 2_u32.pow(doublings)).min(PAUSES.1)
    }

    fn see(&mut self, object: &Metadata) -> Option<Notice> {
        let change = change(&self.kind, object)?;
        self.unseen.remove(&change.id);
        self.known.insert(change.id.clone(), change.unit.clone());
        Some(Notice::Changed(change))
    }

    fn forget(&mut self, object: &Metadata) -> Option<Notice> {
        let change = change(&self.kind, object)?;
        self.known.remove(&change.id);
        Some(deleted(change.unit, change.id))
    }

    fn forget_unseen(&mut self) -> Vec<Notice> {
        let unseen = std::mem::take(&mut self.unseen).into_iter();
        unseen.map(|(id, unit)| deleted(unit, id)).collect()
    }

    fn fail(&mut self, error: &Error, now: Instant) -> Option<Notice> {
        // A quiet kind has no event between two failures that are hours apart.
        let is_in_a_row = self.failed.is_some_and(|failed| now - failed < IN_A_ROW);
        self.failures = if is_in_a_row { self.failures + 1 } else { 1 };
        self.failed = Some(now);
        (self.failures == 2).then(|| Notice::Failing {
            kind: self.kind.clone(),
            reason: chain(error),
        })
    }
}

fn deleted(unit: Unit, id: ObjectRef) -> Notice {
    Notice::Changed(Change {
        unit,
        id,
        version: None,
        shape: String::new(),
    })
}

fn change(kind: &Kind, object: &Metadata) -> Option<Change> {
    let unit = Unit::new(
        object.labels().get(NAMESPACE_LABEL)?,
        object.labels().get(windlass_plan::NAME_LABEL)?,
    );
    let id = ObjectRef {
        group: kind.group.as_str().into(),
        kind: kind.kind.as_str().into(),
        namespace: object.namespace().map(Into::into),
        name: object.name_any().into(),
    };
    Some(Change {
        unit,
        id,
        version: object.resource_version(),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn watch() -> Watch {
        Watch::new(Kind {
            group: String::new(),
            version: "v1".to_owned(),
            kind: "ConfigMap".to_owned(),
            plural: "configmaps".to_owned(),
            namespaced: true,
        })
    }

    fn object(name: &str) -> Metadata {
        let labels = json!({NAMESPACE_LABEL: "default", windlass_plan::NAME_LABEL: "web"});
        let metadata =
            json!({"name": name, "namespace": "default", "resourceVersion": "1", "labels": labels});
        serde_json::from_value(json!({"metadata": metadata})).unwrap()
    }

    /// Returns the deleted objects that the events tell of.
    fn deletions(
        watch: &mut Watch,
        events: impl IntoIterator<Item = Event<Metadata>>,
    ) -> Vec<String> {
        let notices = events
            .into_iter()
            .flat_map(|event| watch.take(Ok(event), Instant::now()));
        let deleted = notices.filter_map(|notice| match notice {
            Notice::Changed(change) if change.version.is_none() => Some(change.id.name.to_string()),
            _ => None,
        });
        deleted.collect()
    }

    fn list(names: &[&str]) -> Vec<Event<Metadata>> {
        let objects = names.iter().map(|name| Event::InitApply(object(name)));
        let begin = std::iter::once(Event::Init);
        begin.chain(objects).chain([Event::InitDone]).collect()
    }

    #[test]
    fn what_a_second_list_lacks_was_deleted() {
        let mut watch = watch();
        assert!(deletions(&mut watch, list(&["a", "b"])).is_empty());
        assert_eq!(deletions(&mut watch, list(&["b"])), ["a"]);
        assert!(deletions(&mut watch, list(&["b"])).is_empty());
    }

    #[test]
    fn a_list_that_breaks_off_deletes_nothing_and_the_next_one_does() {
        let mut watch = watch();
        deletions(&mut watch, list(&["a", "b"]));
        let broken = [Event::Init, Event::InitApply(object("b"))];
        assert!(deletions(&mut watch, broken).is_empty());
        assert_eq!(deletions(&mut watch, list(&["b"])), ["a"]);
    }

    #[test]
    fn the_pause_of_a_failing_watch_grows_until_a_list_is_complete() {
        let mut watch = watch();
        let mut pauses = Vec::new();
        for _ in 0..4 {
            watch.take(Ok(Event::Init), Instant::now());
            watch.take(Err(Error::NoResourceVersion), Instant::now());
            pauses.push(watch.pause().as_millis());
        }
        assert_eq!(pauses, [100, 200, 400, 800]);
        watch.take(Ok(Event::InitDone), Instant::now());
        watch.take(Err(Error::NoResourceVersion), Instant::now());
        assert_eq!(watch.pause(), PAUSES.0);
    }

    #[test]
    fn a_failing_watch_says_so_once() {
        let mut watch = watch();
        let mut fail = || {
            watch
                .take(Err(Error::NoResourceVersion), Instant::now())
                .len()
        };
        let told = [fail(), fail(), fail()];
        assert_eq!(told, [0, 1, 0]);
    }

    #[test]
    fn failures_that_are_far_apart_are_not_in_a_row() {
        let mut watch = watch();
        let now = Instant::now();
        for failure in 0..3 {
            let notices = watch.take(Err(Error::NoResourceVersion), now + IN_A_ROW * failure);
            assert!(notices.is_empty());
        }
    }
}
