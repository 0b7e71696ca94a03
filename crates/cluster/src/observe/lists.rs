//! Many objects of a kind are read in pages of a list instead of one by one.
//!
//! A list is of the objects that carry the labels of the unit. One that lacks an object does not say that there is
//! none: it may have lost its labels.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use smol_str::SmolStr;
use tokio::task::JoinSet;
use windlass_object::{Object, ObjectRef, PackedObject};
use windlass_plan::{DesiredSet, Live, Unit, is_settled};

use super::Trial;
use super::slim::slim;
use crate::served::Served;
use crate::{Cluster, ClusterError, Kind, page, request};

/// From how many objects on a list is made: so many reads cost as much as a page.
const LEAST: usize = 8;
/// How many lists are read at once: each holds a page in memory.
const PARALLEL: usize = 4;
/// How many objects a page has.
const PAGE: usize = 250;
/// How many names a page has.
const NAMES: usize = 500;
/// How many objects could be read in the time of a page of names.
const READS_A_PAGE: usize = 25;
/// How often a list is begun anew that expires before its last page.
const TRIES: usize = 3;

/// What was seen of an object in a list.
pub(super) enum Seen {
    /// An apply would leave it as it is. Only what [`slim`] keeps of it is here.
    Settled(Live),
    /// It is there.
    Other(Value),
}

/// What lists told.
#[derive(Default)]
pub(super) struct Listed {
    seen: BTreeMap<ObjectRef, Seen>,
    complete: BTreeSet<Place>,
    /// What is not there at all, with or without labels.
    absent: BTreeSet<ObjectRef>,
}

/// What one list tells, when it is complete.
#[derive(Default)]
struct Found {
    seen: BTreeMap<ObjectRef, Seen>,
    absent: BTreeSet<ObjectRef>,
}

/// What one list tells of: a kind in a namespace, or in none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    kind: Kind,
    namespace: Option<SmolStr>,
}

impl Place {
    fn of(kind: &Kind, id: &ObjectRef) -> Self {
        Self {
            kind: kind.clone(),
            namespace: id.namespace.clone(),
        }
    }

    fn has(&self, kind: &Kind, id: &ObjectRef) -> bool {
        self.namespace == id.namespace && self.kind == *kind
    }
}

/// What is looked for in one list.
struct Sought {
    place: Place,
    ids: BTreeSet<ObjectRef>,
}

/// Returns what is looked for, list by list, where it is much.
fn sought<'a>(objects: impl Iterator<Item = (&'a Kind, &'a ObjectRef)>) -> Vec<Sought> {
    // Objects are sorted, so that those of a place come together.
    let mut runs: Vec<(Place, Vec<ObjectRef>)> = Vec::new();
    for (kind, id) in objects {
        match runs.last_mut() {
            Some((place, ids)) if place.has(kind, id) => ids.push(id.clone()),
            _ => runs.push((Place::of(kind, id), vec![id.clone()])),
        }
    }
    let mut places: BTreeMap<Place, BTreeSet<ObjectRef>> = BTreeMap::new();
    for (place, ids) in runs {
        places
            .entry(place)
            .or_default()
            .append(&mut ids.into_iter().collect());
    }
    places.retain(|_, ids| ids.len() >= LEAST);
    let sought = places.into_iter().map(|(place, ids)| Sought { place, ids });
    sought.collect()
}

impl Listed {
    /// Returns what was seen of the object, once.
    pub(super) fn take(&mut self, id: &ObjectRef) -> Option<Seen> {
        self.seen.remove(id)
    }

    /// Returns whether a complete list could have had the object.
    pub(super) fn covers(&self, kind: &Kind, id: &ObjectRef) -> bool {
        !self.complete.is_empty() && self.complete.contains(&Place::of(kind, id))
    }

    /// Returns whether the object is not there for sure.
    pub(super) fn lacks(&self, id: &ObjectRef) -> bool {
        self.absent.contains(id)
    }

    /// Returns the namespaces of which complete lists had nothing at all.
    pub(super) fn empty_namespaces(&self) -> BTreeSet<SmolStr> {
        let seen: BTreeSet<&str> = self
            .seen
            .keys()
            .filter_map(|id| id.namespace.as_deref())
            .collect();
        let complete = self
            .complete
            .iter()
            .filter_map(|place| place.namespace.as_ref());
        complete
            .filter(|namespace| !seen.contains(namespace.as_str()))
            .cloned()
            .collect()
    }
}

impl Cluster {
    /// Lists where that is cheaper than to read object by object. A list that fails tells nothing.
    pub(super) async fn list_many(
        &self,
        served: &Served,
        desired: &DesiredSet,
        held: &[&ObjectRef],
        trial: Trial,
    ) -> Listed {
        let wanted = desired.objects().filter_map(|object| {
            let kind = served.kinds.get(object.gvk())?;
            Some((kind, object.id()))
        });
        let held = held.iter().filter_map(|id| {
            let kind = served.kinds.preferred(&id.group, &id.kind)?;
            Some((kind, *id))
        });
        let mut rest = sought(wanted.chain(held)).into_iter();
        // Tasks of their own: what a page holds is compared on every core. They end when they are not waited for.
        let mut lists = JoinSet::new();
        let mut listed = Listed::default();
        loop {
            for sought in rest.by_ref().take(PARALLEL - lists.len()) {
                let (cluster, desired) = (self.clone(), desired.clone());
                lists.spawn(async move { cluster.list_place(sought, &desired, trial).await });
            }
            match lists.join_next().await {
                None => return listed,
                Some(Ok(Some((place, mut found)))) => {
                    listed.seen.append(&mut found.seen);
                    listed.absent.append(&mut found.absent);
                    listed.complete.insert(place);
                }
                // A list that failed, or a panic, tells nothing.
                Some(Ok(None) | Err(_)) => {}
            }
        }
    }

    async fn list_place(
        &self,
        sought: Sought,
        desired: &DesiredSet,
        trial: Trial,
    ) -> Option<(Place, Found)> {
        let Sought { place, ids } = &sought;
        for _ in 0..TRIES {
            let see = |item: Value| {
                let item = typed(&place.kind, item);
                let id = identity(place, &item).filter(|id| ids.contains(id))?;
                let object = desired.get(&id).map(PackedObject::open);
                let seen = self.see(Some(desired), object.as_ref(), item);
                Some((id, seen))
            };
            match self.pages(place, desired.unit(), &see).await {
                Ok(seen) => {
                    let mut found = Found {
                        seen: seen.into_iter().collect(),
                        ..Found::default()
                    };
                    if trial == Trial::Changes {
                        let unseen = ids.iter().filter(|id| !found.seen.contains_key(*id));
                        found.absent = self.absent(place, unseen.collect()).await;
                    }
                    return Some((sought.place, found));
                }
                // It was compacted away between two pages.
                Err(error) if error.is_expired() => {}
                Err(_) => return None,
            }
        }
        None
    }

    /// Returns those of the objects that are not in a list of all names. None is, where such a list would be longer
    /// than to read the objects one by one, or fails.
    async fn absent(&self, place: &Place, mut ids: BTreeSet<&ObjectRef>) -> BTreeSet<ObjectRef> {
        let most = ids.len().div_ceil(READS_A_PAGE);
        if ids.len() < LEAST {
            return BTreeSet::new();
        }
        let list = request::names(&place.kind, place.namespace.as_deref(), NAMES);
        let mut page = list.clone();
        for _ in 0..most {
            let Ok(mut answer) = self.send(page).await else {
                break;
            };
            let Some(items) = names_of(&mut answer) else {
                break;
            };
            for item in &items {
                if let Some(id) = identity(place, item) {
                    ids.remove(&id);
                }
            }
            match answer.pointer("/metadata/continue").and_then(Value::as_str) {
                None | Some("") => return ids.into_iter().cloned().collect(),
                Some(token) => page = request::rest(&list, token),
            }
        }
        BTreeSet::new()
    }

    /// Returns what was seen of every object of a list. One at a time is held as a whole.
    async fn pages<T: Send>(
        &self,
        place: &Place,
        unit: &Unit,
        see: &(dyn Fn(Value) -> Option<T> + Sync),
    ) -> Result<Vec<T>, ClusterError> {
        let labels = unit.labels().map(|(key, value)| format!("{key}={value}"));
        let namespace = place.namespace.as_deref();
        let list = request::page(&place.kind, namespace, &labels.join(","), PAGE);
        let (mut page, mut seen) = (list.clone(), Vec::new());
        loop {
            let before = seen.len();
            let mut read = |body: &[u8]| {
                seen.truncate(before);
                page::read(body, &mut |item| seen.extend(see(item)))
            };
            let answer = self.send_reading(page, &mut read).await?;
            if !answer["items"].is_array() {
                return Err(self.unexpected("a list without items"));
            }
            match answer.pointer("/metadata/continue").and_then(Value::as_str) {
                None | Some("") => return Ok(seen),
                Some(token) => page = request::rest(&list, token),
            }
        }
    }

    pub(super) fn see(
        &self,
        desired: Option<&DesiredSet>,
        object: Option<&Object>,
        live: Value,
    ) -> Seen {
        let both = desired.zip(object);
        let is_settled = both.is_some_and(|(desired, object)| {
            let applied = desired.to_apply(object, &live, self.manager());
            is_settled(&applied, &live, self.manager())
                && desired.takes(&self.taker(), object, &live).is_none()
        });
        if is_settled {
            Seen::Settled(Live::settled(&slim(live)))
        } else {
            Seen::Other(live)
        }
    }
}

/// Returns the items of a page of names; `None` if it is none. An API server says `null` where it has no names, and not
/// `[]` as in its other lists; what does not call itself a list of names is not believed that.
fn names_of(answer: &mut Value) -> Option<Vec<Value>> {
    let has_kind = answer.get("kind")? == "PartialObjectMetadataList";
    match answer.get_mut("items")?.take() {
        Value::Array(items) => Some(items),
        Value::Null if has_kind => Some(Vec::new()),
        _ => None,
    }
}

/// The items of a list of a built-in kind do not say what they are.
fn typed(kind: &Kind, mut item: Value) -> Value {
    if let Some(fields) = item.as_object_mut() {
        let api_version = match kind.group.as_str() {
            "" => kind.version.clone(),
            group => format!("{group}/{}", kind.version),
        };
        fields
            .entry("apiVersion")
            .or_insert_with(|| api_version.into());
        fields
            .entry("kind")
            .or_insert_with(|| kind.kind.clone().into());
    }
    item
}

fn identity(place: &Place, item: &Value) -> Option<ObjectRef> {
    let metadata = item.get("metadata")?;
    let text = |key| metadata.get(key).and_then(Value::as_str).map(SmolStr::from);
    let namespace = text("namespace");
    (namespace == place.namespace).then_some(())?;
    Some(ObjectRef {
        group: place.kind.group.as_str().into(),
        kind: place.kind.kind.as_str().into(),
        namespace,
        name: text("name")?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_of_no_names_is_told_from_an_answer_without_names() {
        let kind = "PartialObjectMetadataList";
        let empty = [
            json!({"kind": kind, "metadata": {}, "items": null}),
            json!({"kind": kind, "metadata": {}, "items": []}),
        ];
        for mut answer in empty {
            assert_eq!(names_of(&mut answer), Some(Vec::new()));
        }
        let other = [
            json!({"kind": kind, "metadata": {}}),
            json!({"kind": "ConfigMapList", "items": null}),
            json!({"items": null}),
            json!({"kind": kind, "items": {}}),
            json!(null),
        ];
        for mut answer in other {
            assert_eq!(names_of(&mut answer), None, "{answer}");
        }
    }
}
