//! What a plan needs to know of a cluster.

mod lists;
mod live;
mod slim;
mod trial;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use serde_json::Value;
use smol_str::SmolStr;
use windlass_object::{Object, ObjectRef, PackedObject};
use windlass_plan::{DesiredSet, DryRun, Inventory, Live, Observed};

use crate::served::{Served, Wanted};
use lists::{Listed, Seen};
pub(crate) use slim::without_owners;
pub(crate) use trial::refusal;

use crate::{Cluster, Definitions, Kind, flow};

/// Which objects a dry run is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// Those that an apply would create or may change: for a plan that someone is going to read.
    All,
    /// Those that an apply may change. Where there are many objects of a kind, what is not there yet is tried by its
    /// creation: for a plan that is carried out at once. It costs half as much, and what the server refuses fails in
    /// any case, by itself.
    Changes,
}

/// What is known of the cluster before its objects are looked at one by one.
struct Look<'a> {
    served: &'a Served,
    definitions: &'a Definitions,
    desired: Option<&'a DesiredSet>,
    listed: Listed,
    /// Namespaces that are not there.
    missing: BTreeSet<SmolStr>,
}

/// An object to look at.
enum Target<'a> {
    /// A desired one, that no list tells of.
    Desired(&'a PackedObject),
    /// A desired one that a list of our objects lacks: it is not there, or lost its labels.
    Unlisted(&'a Kind, &'a PackedObject),
    /// A desired one that is there and may have to be changed.
    Listed(&'a Kind, &'a PackedObject, Value),
    /// One that is held, and not desired any more.
    Held(&'a ObjectRef),
}

impl Cluster {
    /// Returns what the cluster has of each desired object and of each in the inventory, and what a
    /// server-side apply of the desired ones would give.
    ///
    /// Where there are many objects of a kind they are listed, and a dry run is made only of those that an apply may
    /// change ([`is_settled`](windlass_plan::is_settled)). Of one that stays as it is, the live object lacks what is
    /// large.
    ///
    /// It never fails as a whole: what could not be found out is said for each object.
    pub async fn observe(
        &self,
        desired: Option<&DesiredSet>,
        inventory: &Inventory,
        definitions: &Definitions,
    ) -> BTreeMap<ObjectRef, Observed> {
        self.observe_with(desired, inventory, definitions, Trial::All)
            .await
    }

    /// Returns the same, with as many dry runs as `trial` says.
    pub async fn observe_with(
        &self,
        desired: Option<&DesiredSet>,
        inventory: &Inventory,
        definitions: &Definitions,
        trial: Trial,
    ) -> BTreeMap<ObjectRef, Observed> {
        let wanted = || desired.into_iter().flat_map(DesiredSet::objects);
        let is_wanted = |id: &ObjectRef| desired.is_some_and(|desired| desired.get(id).is_some());
        let ids = inventory.entries().map(|entry| &entry.id);
        let held: Vec<&ObjectRef> = ids.filter(|id| !is_wanted(id)).collect();
        let asked = Wanted::new(wanted(), held.iter().copied());
        let served = self.served(&asked).await;
        let listed = match desired {
            Some(desired) => self.list_many(&served, desired, &held, trial).await,
            None => Listed::default(),
        };
        let mut look = Look {
            missing: self.missing_of(&served, listed.empty_namespaces()).await,
            served: &served,
            definitions,
            desired,
            listed,
        };
        let mut observed = Vec::with_capacity(held.len() + desired.map_or(0, DesiredSet::len));
        let mut targets = Vec::new();
        let ids = wanted().map(PackedObject::id).chain(held.iter().copied());
        let found = wanted()
            .map(|object| look.find(object))
            .collect::<Vec<_>>()
            .into_iter()
            .chain(held.iter().map(|id| look.find_held(id)));
        for (id, found) in ids.zip(found) {
            match found {
                Ok(known) => observed.push((id.clone(), known)),
                Err(target) => targets.push(target),
            }
        }
        self.look_at_all(&look, targets, &mut observed).await;
        // Most come in order, and are not searched for one by one.
        observed.into_iter().collect()
    }

    /// Looks at the objects one by one. They are begun as others end: what is needed to wait for an answer is large.
    async fn look_at_all(
        &self,
        look: &Look<'_>,
        targets: Vec<Target<'_>>,
        observed: &mut Vec<(ObjectRef, Observed)>,
    ) {
        let mut targets = targets.into_iter();
        let mut looking = FuturesUnordered::new();
        loop {
            let free = flow::MOST - looking.len();
            let next = targets.by_ref().take(free);
            looking.extend(next.map(|target| self.look_at(look, target).boxed()));
            let Some((id, one)) = looking.next().await else {
                return;
            };
            observed.push((id, one));
        }
    }

    async fn look_at(&self, look: &Look<'_>, target: Target<'_>) -> (ObjectRef, Observed) {
        match target {
            Target::Desired(object) => (
                object.id().clone(),
                self.observe_desired(look, &object.open()).await,
            ),
            Target::Unlisted(kind, object) => {
                let tried = self.try_first(look, kind, &object.open()).await;
                (object.id().clone(), tried)
            }
            Target::Listed(kind, object, live) => {
                let live = Live::Present(live);
                let tried = self.tried(look, kind, &object.open(), live).await;
                (object.id().clone(), tried)
            }
            Target::Held(id) => {
                let live = self.live(look.served, id).await;
                (id.clone(), Observed::live(live))
            }
        }
    }

    /// Returns those of the namespaces that the server says are not there.
    async fn missing_of(
        &self,
        served: &Served,
        namespaces: BTreeSet<SmolStr>,
    ) -> BTreeSet<SmolStr> {
        let mut missing = BTreeSet::new();
        for namespace in namespaces {
            let live = self.live(served, &namespace_ref(&namespace)).await;
            if matches!(live, Live::Absent) {
                missing.insert(namespace);
            }
        }
        missing
    }

    async fn observe_desired(&self, look: &Look<'_>, object: &Object) -> Observed {
        let Some(kind) = look.served.kinds.get(object.gvk()) else {
            return self.not_served(look.served, object, look.definitions).await;
        };
        match self.live_of(kind, object.id()).await.into_object() {
            Ok(Some(live)) => match self.see(look.desired, Some(object), live) {
                Seen::Settled(live) => settled(live),
                Seen::Other(live) => self.tried(look, kind, object, Live::Present(live)).await,
            },
            Ok(None) => self.tried(look, kind, object, Live::Absent).await,
            Err(reason) => Observed::live(Live::Unknown { reason }),
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
}

impl<'a> Look<'a> {
    /// Returns what the lists tell of a desired object, or what is to be looked at.
    fn find(&mut self, object: &'a PackedObject) -> Result<Observed, Target<'a>> {
        let id = object.id();
        let Some(kind) = self.served.kinds.get(object.gvk()) else {
            return Err(Target::Desired(object));
        };
        match self.listed.take(id) {
            Some(Seen::Settled(live)) => Ok(settled(live)),
            Some(Seen::Other(live)) => Err(Target::Listed(kind, object, live)),
            None if !self.listed.covers(kind, id) => Err(Target::Desired(object)),
            None if self.listed.lacks(id) => Ok(Observed {
                live: Live::Absent,
                dry_run: DryRun::Deferred { until: Vec::new() },
            }),
            None => match &id.namespace {
                Some(namespace) if self.missing.contains(namespace) => Ok(Observed {
                    live: Live::Absent,
                    dry_run: awaiting(namespace),
                }),
                _ => Err(Target::Unlisted(kind, object)),
            },
        }
    }

    /// Returns what the lists tell of an object that is held, or that it is to be looked at.
    fn find_held(&mut self, id: &'a ObjectRef) -> Result<Observed, Target<'a>> {
        match self.listed.take(id) {
            Some(Seen::Settled(live)) => Ok(Observed::live(live)),
            Some(Seen::Other(live)) => Ok(Observed::live(Live::Present(without_owners(live)))),
            None => Err(Target::Held(id)),
        }
    }
}

fn settled(live: Live) -> Observed {
    Observed {
        live,
        dry_run: DryRun::Settled,
    }
}

fn awaiting(namespace: &str) -> DryRun {
    DryRun::Deferred {
        until: vec![namespace_ref(namespace)],
    }
}

fn no_kind(message: String) -> DryRun {
    DryRun::Rejected {
        reason: "NoKindMatch".to_owned(),
        message,
    }
}

fn namespace_ref(name: &str) -> ObjectRef {
    ObjectRef {
        group: SmolStr::default(),
        kind: "Namespace".into(),
        namespace: None,
        name: name.into(),
    }
}
