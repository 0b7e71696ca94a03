//! The objects of a build, in the order they were read, no two with the same identity.

use crate::context::MAX_OBJECTS;
use crate::error::{
    GeneratorProblem, ObjectProblem, Place, Problem, Refusal, SelectionProblem, There,
};
use crate::id::ResId;
use crate::ids::{self, Ids};
use crate::item::{Behavior, Item};
use crate::kustomization::Selector;
use crate::merge_data;
use crate::nearest::distance;
use crate::schema::Schemas;
use crate::selector::Matcher;
use crate::shared::Sharing;

/// The objects of a build.
#[derive(Clone, Debug, Default)]
pub(crate) struct Items {
    list: Vec<Item>,
    /// Where each identity is; dropped when objects change, since that can change what they are called.
    ids: Option<Ids>,
    /// What the objects shared with themselves before a step changed them, while there is one.
    shared: Option<Sharing>,
    /// Whether the user's own schema was asked which objects belong to the cluster.
    knows_custom_scopes: bool,
}

impl Items {
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Item> {
        self.list.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn get(&self, index: usize) -> &Item {
        &self.list[index]
    }

    /// Returns the objects, to be changed.
    pub(crate) fn list_mut(&mut self) -> &mut Vec<Item> {
        self.ids = None;
        if let Some(shared) = &mut self.shared {
            shared.remember_all(&self.list);
        }
        &mut self.list
    }

    /// Returns one object, to be changed.
    pub(crate) fn item_mut(&mut self, index: usize) -> &mut Item {
        self.ids = None;
        if let Some(shared) = &mut self.shared {
            shared.remember(index, &self.list[index]);
        }
        &mut self.list[index]
    }

    /// Begins a step, in which values that are one stay one.
    pub(crate) fn begin_step(&mut self) {
        self.shared = Some(Sharing::default());
    }

    /// Ends a step: what changed in one of the places of a value changes in all. Returns how many values that
    /// took to look at.
    pub(crate) fn end_step(&mut self) -> usize {
        let shared = self.shared.take().unwrap_or_default();
        shared.restore(&mut self.list)
    }

    pub(crate) fn into_vec(self) -> Vec<Item> {
        self.list
    }

    /// Asks a schema that has come into force since the objects were read which of them belong to the cluster.
    pub(crate) fn update_scopes(&mut self, schemas: &Schemas) {
        if self.knows_custom_scopes || !schemas.has_custom() {
            return;
        }
        self.knows_custom_scopes = true;
        for item in self.list_mut() {
            item.update_scope(schemas);
        }
    }

    /// Appends an object whose identity is new.
    pub(crate) fn append(&mut self, item: Item) -> Result<(), Problem> {
        if self.list.len() >= MAX_OBJECTS {
            return Err(Refusal::Objects { limit: MAX_OBJECTS }.into());
        }
        let next = self.list.len();
        let ids = self.ids.get_or_insert_with(|| Ids::of(&self.list));
        if let Some(there) = ids.find(&self.list, &item) {
            return Err(ObjectProblem::DuplicateId {
                id: item.current_id().to_string(),
                first: Box::new(self.list[there].place.clone()),
            }
            .into());
        }
        ids.insert(&item, next);
        self.list.push(item);
        Ok(())
    }

    /// Appends objects whose identities are new.
    pub(crate) fn append_all(&mut self, other: Self) -> Result<(), Problem> {
        let others = self.adopt(other.list);
        others.into_iter().try_for_each(|item| self.append(item))
    }

    /// Takes over objects as they are when there are none yet, so that of a large base there is no second copy, not
    /// even for a moment. Returns those that must be appended one by one.
    pub(crate) fn adopt(&mut self, items: Vec<Item>) -> Vec<Item> {
        if !self.list.is_empty() || items.len() > MAX_OBJECTS || !ids::are_unique(items.iter()) {
            self.list.reserve(items.len());
            return items;
        }
        self.ids = None;
        self.list = items;
        Vec::new()
    }

    /// Puts the objects into another order: first the one that stands at `order[0]`, and so on.
    pub(crate) fn permute(&mut self, mut order: Vec<usize>) {
        let list = self.list_mut();
        for at in 0..order.len() {
            // What stood in a place before this one has been put where that one came from.
            while order[at] < at {
                order[at] = order[order[at]];
            }
            list.swap(at, order[at]);
        }
    }

    /// Checks that no two objects have the same identity.
    pub(crate) fn check_ids(&mut self) -> Result<(), Problem> {
        self.ids = None;
        if ids::are_unique(self.list.iter().filter(|item| !item.is_empty())) {
            return Ok(());
        }
        for item in std::mem::take(&mut self.list) {
            if item.is_empty() {
                // What a patch has just deleted goes away at the end of its step.
                self.list.push(item);
            } else {
                self.append(item)?;
            }
        }
        Ok(())
    }

    /// Drops the objects of which nothing is left.
    pub(crate) fn drop_empty(&mut self) {
        if self.list.iter().any(Item::is_empty) {
            self.list_mut().retain(|item| !item.is_empty());
        }
    }

    /// Returns the places of the objects that have or had this identity.
    pub(crate) fn find_any(&self, id: &ResId) -> Vec<usize> {
        let fits = |item: &Item| item.ever_named(&id.name) && item.ever(|other| id.same(other));
        (0..self.list.len())
            .filter(|index| fits(&self.list[*index]))
            .collect()
    }

    /// Returns the place of the one object that has or had this identity.
    pub(crate) fn find_target(&self, id: &ResId) -> Result<usize, Problem> {
        match self.find_any(id)[..] {
            [index] => Ok(index),
            [] => Err(SelectionProblem::NoPatchTarget {
                id: id.to_string(),
                there: self.similar(id),
                is_entry: false,
            }
            .into()),
            ref several => Err(SelectionProblem::SeveralPatchTargets {
                id: id.to_string(),
                places: self.places(several),
            }
            .into()),
        }
    }

    /// Returns the places of the objects that a selector chooses.
    pub(crate) fn select(&self, selector: &Selector) -> Result<Vec<usize>, Problem> {
        let matcher = Matcher::new(selector)?;
        let mut chosen = Vec::new();
        for (index, item) in self.list.iter().enumerate() {
            if matcher.selects(item)? {
                chosen.push(index);
            }
        }
        Ok(chosen)
    }

    fn places(&self, indices: &[usize]) -> Vec<Place> {
        let place = |index: &usize| self.list[*index].place.clone();
        indices.iter().map(place).collect()
    }

    /// Returns what the build has, for a message: what is most like `id` first.
    pub(crate) fn similar(&self, id: &ResId) -> There {
        self.similar_among(id, |_| true)
    }

    /// Does as [`Items::similar`] for the objects that `fits` accepts.
    pub(crate) fn similar_among(&self, id: &ResId, fits: impl Fn(&Item) -> bool) -> There {
        let fitting = self.iter().filter(|item| fits(item));
        There::nearest(fitting, |item| likeness(item, id))
    }

    /// Appends a generated object, or lets it replace the one that is there, or merges it into that.
    pub(crate) fn absorb(&mut self, mut item: Item) -> Result<(), Problem> {
        let id = item.current_id();
        let behavior = item.behavior;
        let adds = matches!(behavior, Behavior::Create | Behavior::Unspecified);
        match self.find_any(&id)[..] {
            [] if adds => self.append(item),
            [] => Err(GeneratorProblem::NothingToMerge {
                there: self.similar(&id),
                id: go_id(&id),
                behavior: behavior.word(),
            }
            .into()),
            [index] if adds => Err(GeneratorProblem::GeneratedTwice {
                id: go_id(&id),
                behavior: behavior.word(),
                first: Box::new(self.list[index].place.clone()),
            }
            .into()),
            [index] => {
                merge_data::absorb(&mut item, &self.list[index]);
                *self.item_mut(index) = item;
                Ok(())
            }
            ref several => Err(GeneratorProblem::SeveralToMerge {
                id: go_id(&id),
                places: self.places(several),
            }
            .into()),
        }
    }
}

/// Returns how far an object is from being the wanted one, and what a message calls it.
fn likeness(item: &Item, wanted: &ResId) -> (usize, String) {
    let mut name = format!("{}/{}", item.kind(), item.name());
    let is_kind = item.kind() == wanted.gvk.kind || wanted.gvk.kind.is_empty();
    let mut far = if wanted.name.is_empty() {
        0
    } else {
        distance(&wanted.name, item.name())
    };
    // An object of the kind is nearer than one of the name.
    far += if is_kind { 0 } else { 4 };
    if far == 0 && !wanted.name.is_empty() {
        let id = item.current_id();
        if id.gvk != wanted.gvk {
            name = format!("{name} of {}", item.api_version());
        }
        if !id.same_namespace(wanted) {
            name = match item.namespace() {
                "" => format!("{name} without namespace"),
                namespace => format!("{name} in namespace {namespace}"),
            };
        }
    }
    (far, name)
}

/// Returns an identity as Go prints its parts.
fn go_id(id: &ResId) -> String {
    let (gvk, scope) = (&id.gvk, id.is_cluster_scoped);
    format!(
        "resid.ResId{{Gvk:resid.Gvk{{Group:{:?}, Version:{:?}, Kind:{:?}, isClusterScoped:{scope}}}, Name:{:?}, \
         Namespace:{:?}}}",
        gvk.group, gvk.version, gvk.kind, id.name, id.namespace
    )
}
