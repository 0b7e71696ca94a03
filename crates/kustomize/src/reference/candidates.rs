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

    fn affixes(&self) -> Affixes {
        (self.prefixes.last().cloned(), self.suffixes.last().cloned())
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

/// The innermost prefix and suffix of an object, as far as it has any.
type Affixes = (Option<String>, Option<String>);

/// The objects that once had a name.
#[derive(Default)]
struct Named {
    all: Vec<usize>,
    have_prefixes: bool,
    have_suffixes: bool,
    by_affixes: HashMap<Affixes, Vec<usize>>,
}

/// All objects of a build.
pub(super) struct Candidates {
    list: Vec<Candidate>,
    by_previous_name: HashMap<String, Named>,
    by_original_namespace: HashMap<String, Vec<usize>>,
}

impl Candidates {
    pub(super) fn new(items: &Items) -> Self {
        let list: Vec<Candidate> = items.iter().map(Candidate::new).collect();
        let mut by_previous_name: HashMap<String, Named> = HashMap::new();
        let mut by_original_namespace: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, candidate) in list.iter().enumerate() {
            for id in &candidate.previous {
                let named = by_previous_name.entry(id.name.clone()).or_default();
                if named.all.last() != Some(&index) {
                    named.all.push(index);
                    named.have_prefixes |= !candidate.prefixes.is_empty();
                    named.have_suffixes |= !candidate.suffixes.is_empty();
                    let same = named.by_affixes.entry(candidate.affixes());
                    same.or_default().push(index);
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

    pub(super) fn get(&self, index: usize) -> &Candidate {
        &self.list[index]
    }

    /// Returns the objects that once had this name.
    pub(super) fn once_named(&self, name: &str) -> impl Iterator<Item = &Candidate> {
        let named = self.by_previous_name.get(name);
        let all = named.into_iter().flat_map(|named| &named.all);
        all.map(|index| &self.list[*index])
    }

    /// Returns those of them that [`Candidate::same_affixes`] with `this` can hold for. A base that a
    /// thousand overlays use gives a thousand objects of one name, and each overlay wants its own.
    pub(super) fn once_named_near(&self, name: &str, this: &Candidate) -> Vec<&Candidate> {
        let Some(named) = self.by_previous_name.get(name) else {
            return Vec::new();
        };
        let (prefix, suffix) = this.affixes();
        let any_prefix = prefix.is_none() && named.have_prefixes;
        if any_prefix || suffix.is_none() && named.have_suffixes {
            return self.once_named(name).collect();
        }
        let mut near: Vec<usize> = [
            (prefix.clone(), suffix.clone()),
            (None, suffix),
            (prefix, None),
            (None, None),
        ]
        .iter()
        .filter_map(|affixes| named.by_affixes.get(affixes))
        .flatten()
        .copied()
        .collect();
        near.sort_unstable();
        near.dedup();
        near.into_iter().map(|index| &self.list[index]).collect()
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
