//! The objects of a build, in the order they were read, no two with the same identity.

use std::collections::HashMap;

use crate::context::MAX_OBJECTS;
use crate::error::{GeneratorProblem, ObjectProblem, Problem, Refusal, SelectionProblem};
use crate::id::{IdKey, ResId};
use crate::item::{Behavior, Item};
use crate::kustomization::Selector;
use crate::merge_data;
use crate::selector::Matcher;

/// The objects of a build.
#[derive(Clone, Debug, Default)]
pub(crate) struct Items {
    list: Vec<Item>,
    /// Where each identity is; dropped when objects change, since that can change what they are called.
    ids: Option<HashMap<IdKey, usize>>,
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
        &mut self.list
    }

    pub(crate) fn into_vec(self) -> Vec<Item> {
        self.list
    }

    /// Appends an object whose identity is new.
    pub(crate) fn append(&mut self, item: Item) -> Result<(), Problem> {
        let key = item.id_key();
        if self.list.len() >= MAX_OBJECTS {
            return Err(Refusal::Objects { limit: MAX_OBJECTS }.into());
        }
        let next = self.list.len();
        let ids = self.ids.get_or_insert_with(|| index(&self.list));
        if let Some(&there) = ids.get(&key) {
            return Err(ObjectProblem::DuplicateId {
                id: item.current_id().to_string(),
                first: self.list[there].place.clone(),
            }
            .into());
        }
        ids.insert(key, next);
        self.list.push(item);
        Ok(())
    }

    /// Checks that no two objects have the same identity.
    pub(crate) fn check_ids(&mut self) -> Result<(), Problem> {
        for item in std::mem::take(self.list_mut()) {
            if item.is_empty() {
                // What a patch has just deleted goes away at the end of its step.
                self.list_mut().push(item);
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
            }
            .into()),
            ref several => Err(SelectionProblem::SeveralPatchTargets {
                id: id.to_string(),
                places: several
                    .iter()
                    .map(|index| self.list[*index].place.clone())
                    .collect(),
            }
            .into()),
        }
    }

    /// Returns the places of the objects that a selector chooses.
    pub(crate) fn select(&self, selector: &Selector) -> Result<Vec<usize>, Problem> {
        let matcher = Matcher::new(selector)?;
        let chosen = |index: &usize| matcher.selects(&self.list[*index]);
        Ok((0..self.list.len()).filter(chosen).collect())
    }

    /// Returns what the build has, for a message: objects of the same kind or name, else the first few.
    pub(crate) fn similar(&self, id: &ResId) -> Vec<String> {
        let show = |item: &Item| format!("{}/{}", item.kind(), item.name());
        let alike = |item: &&Item| item.kind() == id.gvk.kind || item.ever_named(&id.name);
        let mut found: Vec<String> = self.list.iter().filter(alike).take(8).map(show).collect();
        if found.is_empty() {
            found = self.list.iter().take(8).map(show).collect();
        }
        found
    }

    /// Appends a generated object, or lets it replace the one that is there, or merges it into that.
    pub(crate) fn absorb(&mut self, mut item: Item) -> Result<(), Problem> {
        let id = item.current_id();
        let behavior = item.behavior;
        let adds = matches!(behavior, Behavior::Create | Behavior::Unspecified);
        match self.find_any(&id)[..] {
            [] if adds => self.append(item),
            [] => {
                let (id, behavior) = (id.to_string(), behavior.word());
                Err(GeneratorProblem::NothingToMerge { id, behavior }.into())
            }
            [_] if adds => {
                let (id, behavior) = (id.to_string(), behavior.word());
                Err(GeneratorProblem::GeneratedTwice { id, behavior }.into())
            }
            [index] => {
                merge_data::absorb(&mut item, &self.list[index]);
                self.list_mut()[index] = item;
                Ok(())
            }
            _ => Err(GeneratorProblem::SeveralToMerge { id: id.to_string() }.into()),
        }
    }
}

fn index(list: &[Item]) -> HashMap<IdKey, usize> {
    list.iter()
        .enumerate()
        .map(|(at, item)| (item.id_key(), at))
        .collect()
}
