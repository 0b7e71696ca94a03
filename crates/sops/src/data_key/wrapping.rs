//! The way from a data key to wrapped keys, without asking anybody itself.

use super::DataKey;
use crate::{
    KeyFailure, KeyGroup, KeyService, KeyType, MasterKey, Random, SecretBytes, Timestamp,
    WrappedKey, shamir,
};

/// The data key of a document as it is stored: wrapped for one group of keys, or in shares for several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WrappedKeys {
    /// The groups, with their keys in the order of the document.
    pub groups: Vec<Vec<WrappedKey>>,
    /// How many groups are needed, as it is stored; 0 stands for all.
    pub threshold: usize,
}

/// Key groups that cannot protect a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyGroupsError {
    /// There is no key at all.
    #[error("no key to encrypt with was given")]
    NoKeys,
    /// A group has no key, so its share would be lost.
    #[error("key group {index} has no key, so its share would be lost")]
    EmptyGroup {
        /// Which group, counted from 0.
        index: usize,
    },
    /// The threshold is 1, or more than there are groups.
    #[error(
        "the threshold {threshold} is not possible with {groups} key groups; it is 2 to {groups}"
    )]
    Threshold {
        /// The threshold.
        threshold: usize,
        /// The number of groups.
        groups: usize,
    },
    /// There are more groups than shares can be told apart.
    #[error("there are {groups} key groups; the limit is 255")]
    TooManyGroups {
        /// The number of groups.
        groups: usize,
    },
}

/// A data key could not be wrapped for a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotWrapped {
    /// The groups are not possible.
    #[error(transparent)]
    Groups(#[from] KeyGroupsError),
    /// These keys did not wrap it.
    #[error("the data key cannot be wrapped: {}", failures(.keys))]
    Keys {
        /// The keys, and why.
        keys: Vec<(MasterKey, KeyFailure)>,
    },
}

fn failures(keys: &[(MasterKey, KeyFailure)]) -> String {
    let keys = keys.iter().map(|(key, failure)| format!("{key} {failure}"));
    keys.collect::<Vec<_>>().join("; ")
}

/// A data key on its way to being wrapped: it says what to wrap with which key, and is told what came of
/// it. The questions do not depend on each other, so all can be asked at the same time.
#[derive(Debug)]
pub struct Wrapping {
    slots: Vec<Slot>,
    shares: Vec<SecretBytes>,
    threshold: usize,
}

#[derive(Debug)]
struct Slot {
    group: usize,
    key: MasterKey,
    created_at: Option<String>,
    answer: Option<Result<String, KeyFailure>>,
}

impl Wrapping {
    pub(super) fn new(
        data_key: &DataKey,
        groups: &[KeyGroup],
        threshold: usize,
        now: &Timestamp,
        random: &mut dyn Random,
    ) -> Result<Self, KeyGroupsError> {
        check(groups, threshold)?;
        let count = groups.len();
        let needed = if threshold == 0 { count } else { threshold };
        let shares = match count {
            1 => vec![data_key.secret().clone()],
            _ => shamir::split(data_key.secret(), needed, count, random),
        };
        let slots = groups.iter().enumerate().flat_map(|(group, keys)| {
            keys.keys.iter().map(move |key| Slot {
                group,
                key: key.clone(),
                created_at: (key.key_type() != KeyType::Age).then(|| now.to_seconds()),
                answer: None,
            })
        });
        Ok(Self {
            slots: slots.collect(),
            shares,
            // sops 3.11 stores what it used: with several groups never 0.
            threshold: if count > 1 { needed } else { threshold },
        })
    }

    /// Says of the keys that `earlier` has that they were added when it says (`rotate` does).
    #[must_use]
    pub fn with_dates_of(mut self, earlier: &WrappedKeys) -> Self {
        for slot in &mut self.slots {
            if let Some(same) = earlier.iter().find(|known| known.key == slot.key) {
                slot.created_at.clone_from(&same.created_at);
            }
        }
        self
    }

    /// Returns what is to be wrapped: a number for [`answer`](Self::answer), the key to wrap with, and the secret.
    pub fn wanted(&self) -> impl Iterator<Item = (usize, &MasterKey, &SecretBytes)> {
        let slots = self.slots.iter().enumerate();
        let open = slots.filter(|(_, slot)| slot.answer.is_none());
        open.map(|(at, slot)| (at, &slot.key, &self.shares[slot.group]))
    }

    /// Takes what came of the question with this number.
    ///
    /// # Panics
    ///
    /// When there was no such question.
    pub fn answer(&mut self, number: usize, answer: Result<String, KeyFailure>) {
        self.slots[number].answer = Some(answer);
    }

    /// Returns the wrapped keys, when all could be wrapped.
    pub fn finish(self) -> Result<WrappedKeys, NotWrapped> {
        let mut groups = vec![Vec::new(); self.shares.len()];
        let mut keys = Vec::new();
        for slot in self.slots {
            let reason = "nobody wrapped it".to_owned();
            match slot
                .answer
                .unwrap_or(Err(KeyFailure::Unavailable { reason }))
            {
                Ok(wrapped) => groups[slot.group].push(WrappedKey {
                    key: slot.key,
                    wrapped,
                    created_at: slot.created_at,
                }),
                Err(failure) => keys.push((slot.key, failure)),
            }
        }
        if !keys.is_empty() {
            return Err(NotWrapped::Keys { keys });
        }
        let threshold = self.threshold;
        Ok(WrappedKeys { groups, threshold })
    }

    /// Asks `service` for one key after the other.
    pub fn ask<S: KeyService + ?Sized>(mut self, service: &S) -> Result<WrappedKeys, NotWrapped> {
        for slot in &mut self.slots {
            match service.resolved(&slot.key) {
                Ok(key) => slot.key = key,
                Err(failure) => slot.answer = Some(Err(failure)),
            }
        }
        let answers: Vec<_> = self
            .wanted()
            .map(|(number, key, secret)| (number, service.wrap(key, secret)))
            .collect();
        for (number, answer) in answers {
            self.answer(number, answer);
        }
        self.finish()
    }
}

fn check(groups: &[KeyGroup], threshold: usize) -> Result<(), KeyGroupsError> {
    let count = groups.len();
    if groups.iter().all(|group| group.keys.is_empty()) {
        return Err(KeyGroupsError::NoKeys);
    }
    if let Some(index) = groups.iter().position(|group| group.keys.is_empty()) {
        return Err(KeyGroupsError::EmptyGroup { index });
    }
    if count > 255 {
        return Err(KeyGroupsError::TooManyGroups { groups: count });
    }
    if count > 1 && threshold != 0 && !(2..=count).contains(&threshold) {
        let groups = count;
        return Err(KeyGroupsError::Threshold { threshold, groups });
    }
    Ok(())
}

impl WrappedKeys {
    /// Returns how many groups are needed to open the document.
    pub fn needed(&self) -> usize {
        match (self.groups.len(), self.threshold) {
            (1, _) => 1,
            (groups, 0) => groups,
            (_, threshold) => threshold,
        }
    }

    /// Returns all keys, group by group.
    pub fn iter(&self) -> impl Iterator<Item = &WrappedKey> {
        self.groups.iter().flatten()
    }

    /// Returns the groups without what is wrapped.
    pub fn key_groups(&self) -> Vec<KeyGroup> {
        let groups = self.groups.iter();
        groups
            .map(|group| group.iter().map(|key| key.key.clone()).collect())
            .collect()
    }
}
