//! Garbage: dependents whose owners are gone, the content of namespaces and the objects of definitions that
//! are being deleted. And what every namespace has, once somebody takes it away.
//!
//! [`Collector`] is fed with events and does what follows from each; it is level-based, so that doing too
//! much of it does no harm. One task feeds it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::{Value, json};
use windlass_object::Gvk;

use crate::api::{
    Api, DeleteOptions, FOREGROUND, ORPHAN, Propagation, Target, WriteOptions, affects_quotas,
    finalizers, is_deleting, is_furniture, protection, waiting,
};
use crate::crd;
use crate::fields;
use crate::resource::{GroupResource, ResourceType, Subresource};
use crate::shutdown::Shutdown;
use crate::status::Status;
use crate::store::{Change, Event, Key, Range, Scope};

/// Who depends on whom.
struct Collector {
    api: Arc<Api>,
    /// The dependents of an owner, by the owner's uid.
    dependents: HashMap<String, BTreeSet<Key>>,
    /// The namespaces that are to be counted for their quotas.
    uncounted: BTreeSet<String>,
}

/// Runs until the server ends.
pub(crate) async fn run(api: Arc<Api>, mut shutdown: Shutdown) {
    loop {
        let mut collector = Collector::new(Arc::clone(&api));
        let Ok(mut watch) = api.store.watch(Scope::All, None) else {
            continue;
        };
        collector.reset();
        while let Ok(events) = watch.take() {
            for event in &events {
                collector.apply(event);
            }
            collector.count();
            tokio::select! {
                () = watch.changed() => {}
                () = shutdown.wait() => return,
            }
        }
        // So much has happened at once that events are missing: begin anew.
    }
}

/// Does everything that objects call for as they are now: for tests, which have no task.
#[cfg(test)]
pub(crate) fn settle(api: &Arc<Api>) {
    loop {
        let revision = api.store.revision();
        Collector::new(Arc::clone(api)).reset();
        if api.store.revision() == revision {
            return;
        }
    }
}

impl Collector {
    fn new(api: Arc<Api>) -> Self {
        Self {
            api,
            dependents: HashMap::new(),
            uncounted: BTreeSet::new(),
        }
    }

    /// Looks at everything that there is.
    fn reset(&mut self) {
        let mut all = Vec::new();
        for resource in self.api.store.populated() {
            for object in self.api.store.list(&resource, &Range::default()).items {
                let value = object.value();
                let key = key_of(&resource, &value);
                self.index(&key, &value);
                // Most are not looked at again, which is a matter of seconds when there are many.
                let is_simple = !is_deleting(&value) && owners(&value).next().is_none();
                all.push((key, (!is_simple).then_some(object)));
            }
        }
        for (key, object) in all {
            match object {
                Some(object) => self.settle(&key, &object.value()),
                None if self.is_homeless(&key) => self.delete(&key, None, Propagation::Background),
                None if is_namespace(&key) => self.api.furnish_namespace(&key.name),
                None => {}
            }
        }
        self.api.count_for_all_quotas();
    }

    /// Counts for the quotas of which something has become free.
    fn count(&mut self) {
        for namespace in std::mem::take(&mut self.uncounted) {
            self.api.count_for_quotas(&namespace);
        }
    }

    /// Follows one event.
    fn apply(&mut self, event: &Event) {
        let object = event.object.value();
        let key = key_of(&event.resource, &object);
        let previous = event.previous.as_ref().map(|it| it.value());
        if let Some(previous) = &previous {
            self.forget(&key, previous);
        }
        let now = (event.change != Change::Deleted).then_some(&*object);
        if self.api.has_quotas(&key) && affects_quotas(&key, previous.as_deref(), now) {
            self.uncounted.insert(key.namespace.clone());
        }
        if event.change == Change::Deleted {
            self.owner_gone(&object);
            self.content_gone(&key);
            self.dependent_gone(&object, &key.namespace);
            if is_furniture(&key) {
                self.api.furnish_namespace(&key.namespace);
            }
        } else {
            self.index(&key, &object);
            self.settle(&key, &object);
            self.api.restore_authority(&key, &object);
        }
        if key.resource.group.is_empty() && key.resource.resource == "pods" {
            self.release_claims(&object);
        }
    }

    fn index(&mut self, key: &Key, object: &Value) {
        for owner in owners(object) {
            let uid = fields::text(owner, "/uid").to_owned();
            self.dependents.entry(uid).or_default().insert(key.clone());
        }
    }

    fn forget(&mut self, key: &Key, object: &Value) {
        for owner in owners(object) {
            let uid = fields::text(owner, "/uid");
            if let Some(keys) = self.dependents.get_mut(uid) {
                keys.remove(key);
                if keys.is_empty() {
                    self.dependents.remove(uid);
                }
            }
        }
    }

    /// Does what an object calls for as it is now.
    fn settle(&self, key: &Key, object: &Value) {
        if is_deleting(object) {
            self.finish_deletion(key, object);
        } else if self.is_homeless(key) {
            self.delete(key, None, Propagation::Background);
        } else if owners(object).next().is_some() {
            self.collect_if_orphaned(key, object);
        }
    }

    /// Whether the namespace of an object went away while the object was created.
    fn is_homeless(&self, key: &Key) -> bool {
        if key.namespace.is_empty() {
            return false;
        }
        let namespace = self
            .api
            .store
            .get(&cluster_key("", "namespaces", &key.namespace));
        namespace.is_none_or(|namespace| is_deleting(&namespace))
    }

    fn finish_deletion(&self, key: &Key, object: &Value) {
        let has = |finalizer: &str| finalizers(object).any(|it| it == finalizer);
        if has(ORPHAN) {
            self.release_dependents(object);
            self.remove_finalizer(key, ORPHAN);
        }
        if has(FOREGROUND) && self.delete_dependents(object) {
            self.remove_finalizer(key, FOREGROUND);
        }
        if has(crd::FINALIZER) && self.delete_instances(object) {
            self.remove_finalizer(key, crd::FINALIZER);
        }
        if let Some(protection) = protection(&key.resource).filter(|it| has(it))
            && !self.is_used(key, object)
        {
            self.remove_finalizer(key, protection);
        }
        if is_namespace(key) {
            self.empty_namespace(&key.name);
        }
    }

    /// Whether a claim has a pod that is not at its end, or a volume a claim.
    fn is_used(&self, key: &Key, object: &Value) -> bool {
        if key.resource.resource == "persistentvolumes" {
            return fields::text(object, "/status/phase") == "Bound";
        }
        let pods = GroupResource::new("", "pods");
        let range = Range {
            namespace: Some(&key.namespace),
            ..Range::default()
        };
        let pods = self.api.store.list(&pods, &range).items;
        pods.iter().any(|pod| {
            let pod = pod.value();
            let is_over = ["Succeeded", "Failed"].contains(&fields::text(&pod, "/status/phase"));
            !is_over && claims(&pod).any(|claim| claim == key.name)
        })
    }

    /// A pod is gone, or at its end: the claims that it used may go.
    fn release_claims(&self, pod: &Value) {
        for claim in claims(pod) {
            let key = Key {
                resource: GroupResource::new("", "persistentvolumeclaims"),
                namespace: fields::namespace(pod).to_owned(),
                name: claim.to_owned(),
            };
            if let Some(claim) = self.api.store.get(&key).filter(|it| is_deleting(it)) {
                self.finish_deletion(&key, &claim);
            }
        }
    }

    /// The owner is gone: its dependents follow, unless another owner holds them.
    fn owner_gone(&self, owner: &Value) {
        for (key, dependent) in self.dependents_of(owner) {
            self.collect_if_orphaned(&key, &dependent);
        }
    }

    /// An object is gone that its owners may have waited for.
    fn dependent_gone(&self, object: &Value, namespace: &str) {
        for key in owners(object).filter_map(|owner| self.owner_key(owner, namespace)) {
            if let Some(owner) = self.api.store.get(&key).filter(|it| is_deleting(it)) {
                self.finish_deletion(&key, &owner);
            }
        }
    }

    /// An object is gone that something may have waited for: its namespace or its definition.
    fn content_gone(&self, key: &Key) {
        let waiting = self.api.registry.types();
        let waiting = waiting
            .stored(&key.resource)
            .and_then(|it| it.custom.as_ref());
        let parents = [
            (!key.namespace.is_empty()).then(|| cluster_key("", "namespaces", &key.namespace)),
            waiting.map(|custom| {
                let definitions = "customresourcedefinitions";
                cluster_key("apiextensions.k8s.io", definitions, &custom.definition)
            }),
        ];
        for parent in parents.into_iter().flatten() {
            if let Some(object) = self.api.store.get(&parent).filter(|it| is_deleting(it)) {
                self.finish_deletion(&parent, &object);
            }
        }
    }

    /// Deletes an object when none of its owners is there; otherwise drops the references to those that
    /// are not.
    fn collect_if_orphaned(&self, key: &Key, object: &Value) {
        let (present, absent): (Vec<&Value>, Vec<&Value>) =
            owners(object).partition(|owner| self.is_there(owner, &key.namespace));
        if absent.is_empty() {
            return;
        }
        if present.is_empty() {
            let uid = fields::text(object, "/metadata/uid").to_owned();
            self.delete(key, Some(uid), Propagation::Background);
            return;
        }
        let gone: Vec<String> = absent
            .iter()
            .map(|it| fields::text(it, "/uid").to_owned())
            .collect();
        self.drop_owners(key, &gone);
    }

    /// Whether the owner that a reference names is there: the same object, not another of its name.
    fn is_there(&self, owner: &Value, namespace: &str) -> bool {
        let Some(key) = self.owner_key(owner, namespace) else {
            // A kind that is not known may be one that is yet to be defined.
            return true;
        };
        let found = self.api.store.get(&key);
        found.is_some_and(|it| fields::text(&it, "/metadata/uid") == fields::text(owner, "/uid"))
    }

    /// Returns where an owner is that a reference names; `None` when its kind is not known.
    fn owner_key(&self, owner: &Value, namespace: &str) -> Option<Key> {
        let gvk = Gvk::new(
            fields::text(owner, "/apiVersion"),
            fields::text(owner, "/kind"),
        );
        let types = self.api.registry.types();
        let resource = types.kind(&gvk)?;
        Some(Key {
            resource: resource.storage.clone(),
            namespace: if resource.namespaced {
                namespace.to_owned()
            } else {
                String::new()
            },
            name: fields::text(owner, "/name").to_owned(),
        })
    }

    fn dependents_of(&self, owner: &Value) -> Vec<(Key, Arc<Value>)> {
        let uid = fields::text(owner, "/metadata/uid");
        let keys = self.dependents.get(uid).into_iter().flatten();
        keys.filter_map(|key| Some((key.clone(), self.api.store.get(key)?)))
            .collect()
    }

    fn release_dependents(&self, owner: &Value) {
        let uid = fields::text(owner, "/metadata/uid").to_owned();
        for (key, _) in self.dependents_of(owner) {
            self.drop_owners(&key, std::slice::from_ref(&uid));
        }
    }

    /// Deletes the dependents that hold their owner; returns whether there are none any longer.
    fn delete_dependents(&self, owner: &Value) -> bool {
        let uid = fields::text(owner, "/metadata/uid");
        let holding: Vec<(Key, Arc<Value>)> = self
            .dependents_of(owner)
            .into_iter()
            .filter(|(_, dependent)| {
                let mut owners = owners(dependent).filter(|it| fields::text(it, "/uid") == uid);
                owners.any(|it| fields::flag(it, "/blockOwnerDeletion"))
            })
            .collect();
        for (key, dependent) in &holding {
            if !is_deleting(dependent) {
                self.delete(key, None, Propagation::Foreground);
            }
        }
        holding
            .iter()
            .all(|(key, _)| self.api.store.get(key).is_none())
    }

    /// Deletes the objects of a definition; returns whether there are none any longer.
    fn delete_instances(&self, definition: &Value) -> bool {
        let storage = GroupResource::new(
            fields::text(definition, "/spec/group"),
            fields::text(definition, "/spec/names/plural"),
        );
        for object in self.api.store.list(&storage, &Range::default()).items {
            let key = key_of(&storage, &object.value());
            self.delete(&key, None, Propagation::Background);
        }
        self.api
            .store
            .list(&storage, &Range::default())
            .items
            .is_empty()
    }

    /// Deletes what is in a namespace, and then lets the namespace go.
    fn empty_namespace(&self, namespace: &str) {
        let range = || Range {
            namespace: Some(namespace),
            ..Range::default()
        };
        let mut remaining = Vec::new();
        for resource in self.api.store.populated() {
            for object in self.api.store.list(&resource, &range()).items {
                let key = key_of(&resource, &object.value());
                self.delete(&key, None, Propagation::Background);
            }
            let items = self.api.store.list(&resource, &range()).items;
            let items: Vec<Value> = items.iter().map(|it| Value::clone(&it.value())).collect();
            if !items.is_empty() {
                remaining.push((resource, items));
            }
        }
        let key = cluster_key("", "namespaces", namespace);
        if !remaining.is_empty() {
            let now = self.api.now();
            self.modify(&key, Some(Subresource::Status), &mut |live| {
                waiting(live, &remaining, &now)
            });
            return;
        }
        self.modify(&key, Some(Subresource::Finalize), &mut |live| {
            let mut object = live.clone();
            object["spec"]["finalizers"] = json!([]);
            object
        });
    }

    fn delete(&self, key: &Key, uid: Option<String>, propagation: Propagation) {
        let options = DeleteOptions {
            propagation,
            uid,
            ..DeleteOptions::default()
        };
        self.with_target(key, None, |target| {
            // It is gone already, or another has taken its name: both are as well.
            let _ = self.api.delete(target, &options);
        });
    }

    fn drop_owners(&self, key: &Key, uids: &[String]) {
        self.modify(key, None, &mut |live| {
            let mut object = live.clone();
            if let Some(owners) = object["metadata"]["ownerReferences"].as_array_mut() {
                owners.retain(|it| !uids.iter().any(|uid| uid == fields::text(it, "/uid")));
            }
            object
        });
    }

    fn remove_finalizer(&self, key: &Key, finalizer: &str) {
        self.modify(key, None, &mut |live| {
            let mut object = live.clone();
            if let Some(finalizers) = object["metadata"]["finalizers"].as_array_mut() {
                finalizers.retain(|it| it != finalizer);
            }
            object
        });
    }

    fn modify(
        &self,
        key: &Key,
        subresource: Option<Subresource>,
        change: &mut dyn FnMut(&Value) -> Value,
    ) {
        let options = WriteOptions {
            field_manager: "kube-controller-manager".to_owned(),
            ..WriteOptions::default()
        };
        self.with_target(key, subresource, |target| {
            // An object that is gone needs no change, and every other failure comes back with an event.
            let _: Result<_, Status> = self
                .api
                .modify(target, &options, &mut |live| Ok(change(live)));
        });
    }

    fn with_target(
        &self,
        key: &Key,
        subresource: Option<Subresource>,
        action: impl FnOnce(Target<'_>),
    ) {
        let types = self.api.registry.types();
        let stored: Option<&Arc<ResourceType>> = types.stored(&key.resource);
        if let Some(resource) = stored {
            action(Target {
                resource,
                namespace: &key.namespace,
                name: &key.name,
                subresource,
            });
        }
    }
}

/// Returns the names of the claims that a pod uses.
fn claims(pod: &Value) -> impl Iterator<Item = &str> {
    let volumes = fields::list(pod, "/spec/volumes").iter();
    volumes.filter_map(|it| fields::optional_text(it, "/persistentVolumeClaim/claimName"))
}

fn is_namespace(key: &Key) -> bool {
    key.resource.group.is_empty() && key.resource.resource == "namespaces"
}

fn owners(object: &Value) -> impl Iterator<Item = &Value> {
    fields::list(object, "/metadata/ownerReferences").iter()
}

fn key_of(resource: &GroupResource, object: &Value) -> Key {
    Key {
        resource: resource.clone(),
        namespace: fields::text(object, "/metadata/namespace").to_owned(),
        name: fields::text(object, "/metadata/name").to_owned(),
    }
}

fn cluster_key(group: &str, resource: &str, name: &str) -> Key {
    Key {
        resource: GroupResource::new(group, resource),
        namespace: String::new(),
        name: name.to_owned(),
    }
}
