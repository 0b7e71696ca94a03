//! Which children stay.

use std::ops::Range;

use crate::mapping::Entry;
use crate::node::Node;

/// A run of old children that are gone and the new ones in their place, and then one that stays.
pub(super) struct Run {
    pub(super) removed: Range<usize>,
    pub(super) added: Range<usize>,
    /// The old and the new index of the child behind the run; `None` at the end.
    pub(super) kept: Option<(usize, usize)>,
}

/// Returns the runs of two lists whose children are the same when `same` says so. A child that has moved
/// forwards counts as removed and added.
pub(super) fn align<T>(old: &[T], new: &[T], same: impl Fn(&T, &T) -> bool) -> Vec<Run> {
    let mut runs = Vec::new();
    let (mut old_from, mut new_from) = (0, 0);
    for (index, child) in new.iter().enumerate() {
        let found = old[old_from..].iter().position(|old| same(old, child));
        if let Some(found) = found {
            let at = old_from + found;
            runs.push(Run {
                removed: old_from..at,
                added: new_from..index,
                kept: Some((at, index)),
            });
            (old_from, new_from) = (at + 1, index + 1);
        }
    }
    runs.push(Run {
        removed: old_from..old.len(),
        added: new_from..new.len(),
        kept: None,
    });
    runs
}

/// Returns whether the new node is the old one, changed or not.
pub(super) fn same_node(old: &Node, new: &Node) -> bool {
    new.start.is_known() && new.start == old.start
}

/// Returns whether the new entry is the old one: by its place, or a new one with the same key.
pub(super) fn same_entry(old: &Entry, new: &Entry) -> bool {
    if new.key.start.is_known() {
        return same_node(&old.key, &new.key);
    }
    old.key.is_scalar() && old.key.text() == new.key.text()
}
