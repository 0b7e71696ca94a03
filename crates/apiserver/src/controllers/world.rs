//! What the controllers know: the objects that they follow, by kind, namespace, name and owner.

mod objects;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::Value;

use super::template::is_active;
use crate::fields::{self, list, text};
use crate::label_selector::selects;
use crate::resource::GroupResource;
use crate::store::Stored;
use objects::Objects;

/// The kinds that controllers follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    ClusterRole,
    ServiceAccount,
    ConfigMap,
    Secret,
    PersistentVolume,
    PersistentVolumeClaim,
    ControllerRevision,
    Deployment,
    ReplicaSet,
    StatefulSet,
    DaemonSet,
    Job,
    Pod,
    Service,
    Endpoints,
    EndpointSlice,
    HorizontalPodAutoscaler,
    PodDisruptionBudget,
}

/// Kind, API group, version and plural name.
const KINDS: [(Kind, &str, &str, &str); 18] = [
    (
        Kind::ClusterRole,
        "rbac.authorization.k8s.io",
        "v1",
        "clusterroles",
    ),
    (Kind::ServiceAccount, "", "v1", "serviceaccounts"),
    (Kind::ConfigMap, "", "v1", "configmaps"),
    (Kind::Secret, "", "v1", "secrets"),
    (Kind::PersistentVolume, "", "v1", "persistentvolumes"),
    (
        Kind::PersistentVolumeClaim,
        "",
        "v1",
        "persistentvolumeclaims",
    ),
    (
        Kind::ControllerRevision,
        "apps",
        "v1",
        "controllerrevisions",
    ),
    (Kind::Deployment, "apps", "v1", "deployments"),
    (Kind::ReplicaSet, "apps", "v1", "replicasets"),
    (Kind::StatefulSet, "apps", "v1", "statefulsets"),
    (Kind::DaemonSet, "apps", "v1", "daemonsets"),
    (Kind::Job, "batch", "v1", "jobs"),
    (Kind::Pod, "", "v1", "pods"),
    (Kind::Service, "", "v1", "services"),
    (Kind::Endpoints, "", "v1", "endpoints"),
    (
        Kind::EndpointSlice,
        "discovery.k8s.io",
        "v1",
        "endpointslices",
    ),
    (
        Kind::HorizontalPodAutoscaler,
        "autoscaling",
        "v2",
        "horizontalpodautoscalers",
    ),
    (
        Kind::PodDisruptionBudget,
        "policy",
        "v1",
        "poddisruptionbudgets",
    ),
];

/// Which object: kind, namespace (empty for one of the cluster) and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Id {
    pub(super) kind: Kind,
    pub(super) namespace: String,
    pub(super) name: String,
}

/// An object has changed, or is new.
pub(super) struct News {
    /// What it was before.
    pub(super) previous: Option<Arc<Value>>,
}

/// The objects.
#[derive(Default)]
pub(super) struct World {
    objects: Objects,
    /// The objects that a controller owns, by its uid.
    owned: HashMap<String, BTreeSet<Id>>,
    /// The pods by their address, so that no two get the same.
    addresses: HashMap<String, Id>,
    /// Pods by each of their labels, and Services by one label that they select.
    labelled: HashMap<Label, BTreeSet<String>>,
    /// Pods and ReplicaSets that no controller owns.
    orphans: BTreeSet<Id>,
    /// Pods that do not run yet.
    pending: BTreeSet<Id>,
}

/// Kind, namespace, key and value.
type Label = (Kind, String, String, String);

impl Kind {
    /// Returns all kinds.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        KINDS.iter().map(|(kind, ..)| *kind)
    }

    /// Returns the kind that is stored there, when controllers follow it.
    pub(super) fn of(resource: &GroupResource) -> Option<Self> {
        let mut kinds = KINDS.iter();
        let found = kinds
            .find(|(_, group, _, plural)| resource.group == *group && resource.resource == *plural);
        found.map(|(kind, ..)| *kind)
    }

    /// Returns group, version and plural name.
    pub(super) fn path(self) -> (&'static str, &'static str, &'static str) {
        let found = KINDS.iter().find(|(kind, ..)| *kind == self);
        found.map_or(("", "", ""), |(_, group, version, plural)| {
            (group, version, plural)
        })
    }

    /// Returns the `apiVersion`.
    pub(super) fn api_version(self) -> String {
        match self.path() {
            ("", version, _) => version.to_owned(),
            (group, version, _) => format!("{group}/{version}"),
        }
    }

    /// Returns the kind whose name that is.
    fn named(name: &str) -> Option<Self> {
        Self::all().find(|kind| kind.name() == name)
    }

    /// Returns the kind's name, such as `Pod`.
    pub(super) fn name(self) -> String {
        format!("{self:?}")
    }
}

impl Id {
    /// Returns which object `object` is.
    pub(super) fn of(kind: Kind, object: &Value) -> Self {
        Self {
            kind,
            namespace: fields::namespace(object).to_owned(),
            name: fields::name(object).to_owned(),
        }
    }
}

impl World {
    /// Takes note of an object; returns `None` when this is no news.
    pub(super) fn apply(&mut self, id: &Id, object: &Arc<Stored>) -> Option<News> {
        if self.objects.version(id) >= object.version() {
            return None;
        }
        let previous = self.get(id.kind, &id.namespace, &id.name).cloned();
        if let Some(previous) = &previous {
            self.unlink(id, previous);
        }
        self.link(id, &object.value());
        self.objects.insert(id, Arc::clone(object));
        Some(News { previous })
    }

    /// Takes note that an object was deleted at `version`; returns what it was, or `None` when this is
    /// no news.
    pub(super) fn delete(&mut self, id: &Id, deleted_at: u64) -> Option<Arc<Value>> {
        if self.objects.version(id) > deleted_at {
            return None;
        }
        let previous = Arc::clone(self.get(id.kind, &id.namespace, &id.name)?);
        self.objects.remove(id);
        self.unlink(id, &previous);
        Some(previous)
    }

    /// Lets go of what was looked at longest ago.
    pub(super) fn cool(&mut self) {
        self.objects.cool();
    }

    /// Returns an object.
    pub(super) fn get(&self, kind: Kind, namespace: &str, name: &str) -> Option<&Arc<Value>> {
        self.objects.get(kind, namespace, name)
    }

    /// Returns which objects of a kind there are in a namespace.
    pub(super) fn ids<'a>(
        &'a self,
        kind: Kind,
        namespace: &'a str,
    ) -> impl Iterator<Item = Id> + use<'a> {
        self.objects.names(kind, namespace).map(move |name| Id {
            kind,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }

    /// Returns the objects of a kind in a namespace.
    pub(super) fn list<'a>(
        &'a self,
        kind: Kind,
        namespace: &'a str,
    ) -> impl Iterator<Item = &'a Arc<Value>> + use<'a> {
        let names = self.objects.names(kind, namespace);
        names.filter_map(move |name| self.get(kind, namespace, name))
    }

    /// Returns the pods of a namespace that do not run yet.
    pub(super) fn pending<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = Id> + use<'a> {
        let first = Id {
            kind: Kind::Pod,
            namespace: namespace.to_owned(),
            name: String::new(),
        };
        let pending = self.pending.range(first..);
        pending
            .take_while(move |id| id.namespace == namespace)
            .cloned()
    }

    /// Returns the objects of a kind that `owner` controls, sorted by name.
    pub(super) fn owned<'a>(
        &'a self,
        owner: &Value,
        kind: Kind,
    ) -> impl Iterator<Item = &'a Arc<Value>> + use<'a> {
        let ids = self.owned.get(fields::uid(owner));
        ids.into_iter()
            .flatten()
            .filter(move |id| id.kind == kind)
            .filter_map(|id| self.get(id.kind, &id.namespace, &id.name))
    }

    /// Returns the pods of a namespace that have a label, or the Services that were filed under it.
    pub(super) fn labelled<'a>(
        &'a self,
        kind: Kind,
        namespace: &'a str,
        key: &str,
        value: &str,
    ) -> impl Iterator<Item = &'a Arc<Value>> + use<'a> {
        let label = (kind, namespace.to_owned(), key.to_owned(), value.to_owned());
        let names = self.labelled.get(&label).into_iter().flatten();
        names.filter_map(move |name| self.get(kind, namespace, name))
    }

    /// Returns the objects of a kind that no controller owns and that the selector of `owner` selects.
    pub(super) fn orphans<'a>(
        &'a self,
        kind: Kind,
        owner: &'a Value,
    ) -> impl Iterator<Item = &'a Arc<Value>> {
        let namespace = fields::namespace(owner);
        let orphans = self.orphans.iter();
        orphans
            .filter(move |id| id.kind == kind && id.namespace == namespace)
            .filter_map(|id| self.get(id.kind, &id.namespace, &id.name))
            .filter(|object| selects(&owner["spec"]["selector"], object))
    }

    /// Returns the controller of an object.
    pub(super) fn controller_of(&self, object: &Value) -> Option<(Kind, &Arc<Value>)> {
        let reference = controller_reference(object)?;
        let kind = Kind::named(text(reference, "/kind"))?;
        let name = text(reference, "/name");
        let owner = self.get(kind, fields::namespace(object), name)?;
        (fields::uid(owner) == text(reference, "/uid")).then_some((kind, owner))
    }

    /// Returns an address of the network of pods that no pod has; `seed` chooses where to look first.
    pub(super) fn free_address(&self, seed: u32) -> String {
        let hosts = 0xffff - 2;
        let candidates = (0..hosts).map(|offset| {
            let host = (seed % hosts + offset) % hosts + 1;
            format!("10.244.{}.{}", host >> 8, host & 0xff)
        });
        let mut candidates = candidates.filter(|address| !self.addresses.contains_key(address));
        candidates.next().unwrap_or_else(|| "10.244.0.1".to_owned())
    }

    fn link(&mut self, id: &Id, object: &Value) {
        if let Some(reference) = controller_reference(object) {
            let uid = text(reference, "/uid").to_owned();
            self.owned.entry(uid).or_default().insert(id.clone());
        } else if matches!(id.kind, Kind::Pod | Kind::ReplicaSet) {
            self.orphans.insert(id.clone());
        }
        if is_pending(id, object) {
            self.pending.insert(id.clone());
        }
        if let Some(address) = pod_address(id, object) {
            self.addresses.insert(address.to_owned(), id.clone());
        }
        for label in labels(id, object) {
            let names = self.labelled.entry(label).or_default();
            names.insert(id.name.clone());
        }
    }

    fn unlink(&mut self, id: &Id, object: &Value) {
        self.orphans.remove(id);
        self.pending.remove(id);
        if let Some(reference) = controller_reference(object) {
            let uid = text(reference, "/uid");
            if let Some(ids) = self.owned.get_mut(uid) {
                ids.remove(id);
                if ids.is_empty() {
                    self.owned.remove(uid);
                }
            }
        }
        if let Some(address) = pod_address(id, object) {
            self.addresses.remove(address);
        }
        for label in labels(id, object) {
            if let Some(names) = self.labelled.get_mut(&label) {
                names.remove(&id.name);
                if names.is_empty() {
                    self.labelled.remove(&label);
                }
            }
        }
    }
}

fn is_pending(id: &Id, object: &Value) -> bool {
    id.kind == Kind::Pod && text(object, "/status/phase") == "Pending" && is_active(object)
}

fn pod_address<'a>(id: &Id, object: &'a Value) -> Option<&'a str> {
    let address = text(object, "/status/podIP");
    (id.kind == Kind::Pod && !address.is_empty()).then_some(address)
}

/// Returns the labels that an object is filed under.
fn labels<'a>(id: &'a Id, object: &'a Value) -> impl Iterator<Item = Label> + use<'a> {
    let (pointer, count) = match id.kind {
        Kind::Pod => ("/metadata/labels", usize::MAX),
        Kind::Service => ("/spec/selector", 1),
        _ => ("", 0),
    };
    let labels = fields::map(object, pointer).into_iter().flatten();
    labels.take(count).map(|(key, value)| {
        let value = value.as_str().unwrap_or_default();
        (id.kind, id.namespace.clone(), key.clone(), value.to_owned())
    })
}

/// Returns the owner reference of the controller of an object.
pub(super) fn controller_reference(object: &Value) -> Option<&Value> {
    let mut owners = list(object, "/metadata/ownerReferences").iter();
    owners.find(|owner| fields::flag(owner, "/controller"))
}
