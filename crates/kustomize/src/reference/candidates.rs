//! What can be referred to, found by the names it had.

use std::collections::HashMap;

use crate::id::{GvkSelector, NO_NAMESPACE, ResId};
use crate::item::Item;
use crate::items::Items;

/// An object that others may refer to, as it is when references are followed.
pub(super) struct Candidate {
    pub(super) id: ResId,
    original_namespace: String,
    previous: Vec<ResId>,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
}

impl Candidate {
    fn new(item: &Item) -> Self {
        Self {
            id: item.current_id(),
            original_namespace: item.original_id().effective_namespace().to_owned(),
            previous: item.previous_ids().collect(),
            prefixes: item.prefixes.clone(),
            suffixes: item.suffixes.clone(),
        }
    }

    /// Returns whether the object was once of a kind that is selected.
    pub(super) fn was_of(&self, kind: &GvkSelector) -> bool {
        self.previous.iter().any(|id| kind.selects(&id.gvk))
    }

    /// Returns whether both went through the same prefixes and suffixes. When `empty_fits`, none at all
    /// fits any.
    pub(super) fn same_affixes(&self, other: &Self, empty_fits: bool) -> bool {
        let same = |a: &[String], b: &[String]| {
            empty_fits && (a.is_empty() || b.is_empty()) || same_ending(a, b)
        };
        same(&self.prefixes, &other.prefixes) && same(&self.suffixes, &other.suffixes)
    }
}

/// Returns whether the shorter list is the end of the longer one; the empty one is only of itself.
fn same_ending(a: &[String], b: &[String]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.is_empty() {
        long.is_empty()
    } else {
        long.ends_with(short)
    }
}

/// All objects of a build.
pub(super) struct Candidates {
    list: Vec<Candidate>,
    by_previous_name: HashMap<String, Vec<usize>>,
    by_original_namespace: HashMap<String, Vec<usize>>,
}

impl Candidates {
    pub(super) fn new(items: &Items) -> Self {
        let list: Vec<Candidate> = items.iter().map(Candidate::new).collect();
        let mut by_previous_name: HashMap<String, Vec<usize>> = HashMap::new();
        let mut by_original_namespace: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, candidate) in list.iter().enumerate() {
            for id in &candidate.previous {
                let same_name = by_previous_name.entry(id.name.clone()).or_default();
                if same_name.last() != Some(&index) {
                    same_name.push(index);
                }
            }
            let namespace = candidate.original_namespace.clone();
            by_original_namespace
                .entry(namespace)
                .or_default()
                .push(index);
        }
        Self {
            list,
            by_previous_name,
            by_original_namespace,
        }
    }

    /// Returns whether nothing was renamed.
    pub(super) fn are_none(&self) -> bool {
        self.by_previous_name.is_empty()
    }

    pub(super) fn get(&self, index: usize) -> &Candidate {
        &self.list[index]
    }

    /// Returns the objects that once had this name.
    pub(super) fn once_named(&self, name: &str) -> impl Iterator<Item = &Candidate> {
        self.by_previous_name
            .get(name)
            .into_iter()
            .flatten()
            .map(|index| &self.list[*index])
    }

    /// Returns which namespace of an object counts when a reference names this one: the original one, if
    /// `fits` takes an object that was there, else the present one.
    pub(super) fn in_namespace(
        &self,
        namespace: &str,
        fits: impl Fn(&Candidate) -> bool,
    ) -> impl Fn(&Candidate) -> bool {
        let was_there = self
            .by_original_namespace
            .get(namespace)
            .into_iter()
            .flatten();
        let by_original =
            namespace != NO_NAMESPACE && was_there.clone().any(|index| fits(&self.list[*index]));
        let namespace = namespace.to_owned();
        move |candidate| {
            let of_candidate = if by_original {
                &candidate.original_namespace
            } else {
                candidate.id.effective_namespace()
            };
            namespace != NO_NAMESPACE && of_candidate == namespace
        }
    }
}
