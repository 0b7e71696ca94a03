//! The way from wrapped keys to the data key, without asking anybody itself.

use super::{DataKey, NoKey, WrappedKeys};
use crate::{DecryptionOrder, KeyFailure, KeyService, SecretBytes, WrappedKey, shamir};

/// The search for the data key of a document: it says which keys to try, and is told what came of it.
///
/// ```
/// # use windlass_sops::{Document, KeyFailure, NoKey, SecretBytes, DataKey, WrappedKey};
/// # fn ask(key: &WrappedKey) -> Result<SecretBytes, KeyFailure> { unimplemented!() }
/// # fn open(document: &Document) -> Result<DataKey, NoKey> {
/// let mut unwrapping = document.unwrapping(&Default::default());
/// loop {
///     // One key of each group that is not open yet: these can be asked for at the same time.
///     let wanted = unwrapping.wanted();
///     if wanted.is_empty() {
///         break unwrapping.finish();
///     }
///     for wanted in wanted {
///         let answer = ask(wanted.key);
///         unwrapping.answer(wanted, answer);
///     }
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct Unwrapping<'d> {
    groups: Vec<Group<'d>>,
    /// How many groups are needed.
    threshold: usize,
}

/// A key to try.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'d> {
    /// The wrapped key.
    pub key: &'d WrappedKey,
    group: usize,
}

#[derive(Debug)]
struct Group<'d> {
    /// The keys that were not tried yet, the next one last.
    untried: Vec<&'d WrappedKey>,
    failed: Vec<(&'d WrappedKey, KeyFailure)>,
    share: Option<SecretBytes>,
}

impl<'d> Unwrapping<'d> {
    pub(crate) fn new(keys: &'d WrappedKeys, order: &DecryptionOrder) -> Self {
        let groups = keys.groups.iter().map(|group| {
            let mut untried: Vec<_> = group.iter().collect();
            untried.sort_by_key(|key| order.rank(key.key.key_type()));
            untried.reverse();
            let failed = Vec::new();
            let share = None;
            Group {
                untried,
                failed,
                share,
            }
        });
        Self {
            groups: groups.collect(),
            threshold: keys.needed(),
        }
    }

    /// Returns the next key to try of each group that is not open yet. Empty: there is nothing left to
    /// try, or to find.
    pub fn wanted(&self) -> Vec<Wanted<'d>> {
        let groups = self.groups.iter().enumerate();
        let closed = groups.filter(|(_, group)| group.share.is_none());
        closed
            .filter_map(|(at, group)| {
                let key = *group.untried.last()?;
                Some(Wanted { key, group: at })
            })
            .collect()
    }

    /// Takes what came of trying a key. Each is asked for once.
    pub fn answer(&mut self, wanted: Wanted<'d>, answer: Result<SecretBytes, KeyFailure>) {
        let group = &mut self.groups[wanted.group];
        group.untried.retain(|key| !std::ptr::eq(*key, wanted.key));
        match answer {
            Ok(share) => group.share = Some(share),
            Err(failure) => group.failed.push((wanted.key, failure)),
        }
    }

    /// Returns the data key, when enough groups could be opened.
    pub fn finish(self) -> Result<DataKey, NoKey> {
        let shares: Vec<_> = self
            .groups
            .iter()
            .filter_map(|group| group.share.clone())
            .collect();
        let secret = match &shares[..] {
            [key] if self.groups.len() == 1 => Some(key.clone()),
            shares if self.groups.len() > 1 && shares.len() >= self.threshold => {
                shamir::combine(shares)
            }
            _ => None,
        };
        secret
            .and_then(DataKey::new)
            .ok_or_else(|| self.failure(shares.len()))
    }

    fn failure(&self, opened: usize) -> NoKey {
        let closed = self.groups.iter().filter(|group| group.share.is_none());
        let failed = closed.flat_map(|group| &group.failed);
        NoKey {
            keys: failed
                .map(|(key, failure)| (key.key.clone(), failure.clone()))
                .collect(),
            groups: self.groups.len(),
            threshold: self.threshold,
            opened,
        }
    }

    /// Asks `service` for one key after the other.
    pub fn ask<S: KeyService + ?Sized>(mut self, service: &S) -> Result<DataKey, NoKey> {
        loop {
            let wanted = self.wanted();
            if wanted.is_empty() {
                return self.finish();
            }
            for wanted in wanted {
                self.answer(wanted, service.unwrap(wanted.key));
            }
        }
    }
}
