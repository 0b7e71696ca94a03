//! Which identities the objects of a build have, by their hashes: the identities themselves are in the objects, and a
//! second copy of each would be much.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use crate::item::Item;

/// Hashes identities. Two objects with the same identity have the same hash; others have so once in an eternity.
#[derive(Clone, Debug, Default)]
pub(crate) struct IdHasher(RandomState);

impl IdHasher {
    pub(crate) fn hash(&self, item: &Item) -> u64 {
        self.0.hash_one(item.id_parts())
    }
}

/// Where each identity is in a list of objects.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ids {
    hasher: IdHasher,
    places: HashMap<u64, usize>,
}

impl Ids {
    pub(crate) fn of(list: &[Item]) -> Self {
        let mut ids = Self::default();
        ids.places.reserve(list.len());
        for (at, item) in list.iter().enumerate() {
            ids.insert(item, at);
        }
        ids
    }

    pub(crate) fn insert(&mut self, item: &Item, at: usize) {
        self.places.insert(self.hasher.hash(item), at);
    }

    /// Returns where the list has an object with the identity of this one.
    pub(crate) fn find(&self, list: &[Item], item: &Item) -> Option<usize> {
        let at = *self.places.get(&self.hasher.hash(item))?;
        let is_same = |other: &Item| other.id_parts() == item.id_parts();
        if is_same(&list[at]) {
            return Some(at);
        }
        list.iter().position(is_same)
    }
}

/// Returns whether surely no two of the objects have the same identity.
pub(crate) fn are_unique<'i>(items: impl Iterator<Item = &'i Item>) -> bool {
    let hasher = IdHasher::default();
    let mut hashes: Vec<u64> = items.map(|item| hasher.hash(item)).collect();
    hashes.sort_unstable();
    hashes.windows(2).all(|pair| pair[0] != pair[1])
}
