//! Values that are one value in kustomize, although they stand in several places of an object.
//!
//! When kustomize 5.8.1 adds a label to an object, it puts one and the same node into the labels, the
//! selector and the pod template. Whatever changes it later in one place (a patch in an overlay, another
//! value for the label) changes it in all of them. Here such values carry a mark in place of an anchor,
//! which objects have none of after reading.

use std::collections::HashMap;

use windlass_yaml::{Node, Value};

use crate::item::Item;

/// The shared values of the objects that a step changes, as they were before.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sharing {
    objects: HashMap<usize, Snapshot>,
    /// How many values were looked at.
    visited: usize,
}

/// The values that an object shares with itself, by their mark.
type Snapshot = HashMap<usize, Node>;

impl Sharing {
    /// Remembers the shared values of an object, before the first change of it.
    pub(crate) fn remember(&mut self, index: usize, item: &Item) {
        if item.marks == 0 || self.objects.contains_key(&index) {
            return;
        }
        let mut values = Snapshot::new();
        self.visited += visit(&item.node, &mut |mark, value| {
            values.entry(mark).or_insert_with(|| value.clone());
        });
        self.objects.insert(index, values);
    }

    /// Does as [`Sharing::remember`] for all objects.
    pub(crate) fn remember_all(&mut self, items: &[Item]) {
        for (index, item) in items.iter().enumerate() {
            self.remember(index, item);
        }
    }

    /// Makes the values one again, and returns how many were looked at.
    pub(crate) fn restore(mut self, items: &mut [Item]) -> usize {
        for (index, before) in &self.objects {
            if let Some(item) = items.get_mut(*index).filter(|_| !before.is_empty()) {
                self.visited += restore(before, &mut item.node);
            }
        }
        self.visited
    }
}

/// Writes what changed in one place of a value in all others.
fn restore(before: &Snapshot, node: &mut Node) -> usize {
    let mut changed: HashMap<usize, Node> = HashMap::new();
    let visited = visit(node, &mut |mark, value| {
        if before.get(&mark).is_some_and(|before| before != value) {
            changed.insert(mark, value.clone());
        }
    });
    if !changed.is_empty() {
        replace(node, &changed);
    }
    visited
}

/// Marks a value as one with all others that have the same mark.
pub(crate) fn mark(node: &mut Node, number: usize) {
    node.set_anchor(Some(number.to_string().into()));
}

fn mark_of(node: &Node) -> Option<usize> {
    node.anchor()?.parse().ok()
}

/// Makes all values their own.
pub(crate) fn forget(node: &mut Node) {
    node.set_anchor(None);
    match &mut node.value {
        Value::Sequence(items) => items.iter_mut().for_each(forget),
        Value::Mapping(mapping) => mapping.values_mut().for_each(forget),
        Value::Scalar(_) | Value::Alias(_) => {}
    }
}

/// Calls `each` with the marked values, and returns the number of all.
fn visit(node: &Node, each: &mut impl FnMut(usize, &Node)) -> usize {
    match &node.value {
        Value::Sequence(items) => 1 + items.iter().map(|item| visit(item, each)).sum::<usize>(),
        Value::Mapping(mapping) => {
            1 + mapping
                .values()
                .map(|value| visit(value, each))
                .sum::<usize>()
        }
        Value::Scalar(_) | Value::Alias(_) => {
            if let Some(mark) = mark_of(node) {
                each(mark, node);
            }
            1
        }
    }
}

fn replace(node: &mut Node, changed: &HashMap<usize, Node>) {
    match &mut node.value {
        Value::Sequence(items) => items.iter_mut().for_each(|item| replace(item, changed)),
        Value::Mapping(mapping) => mapping
            .values_mut()
            .for_each(|value| replace(value, changed)),
        Value::Scalar(_) | Value::Alias(_) => {
            if let Some(value) = mark_of(node).and_then(|mark| changed.get(&mark)) {
                *node = value.clone();
            }
        }
    }
}
