//! Values that are one value in kustomize, although they stand in several places of an object.
//!
//! When kustomize 5.8.1 adds a label to an object, it puts one and the same node into the labels, the
//! selector and the pod template. Whatever changes it later in one place (a patch in an overlay, another
//! value for the label) changes it in all of them. Here such values carry a mark in place of an anchor,
//! which objects have none of after reading.

use std::collections::HashMap;

use windlass_yaml::{Node, Value};

use crate::item::Item;
use crate::items::Items;

/// The values that are shared, by their mark, as they were before a step.
pub(crate) struct Snapshot(HashMap<usize, Node>);

impl Snapshot {
    /// Remembers the shared values of an object; nothing when it has none.
    pub(crate) fn of(node: &Node) -> Option<Self> {
        let mut values = HashMap::new();
        visit(node, &mut |mark, value| {
            values.entry(mark).or_insert_with(|| value.clone());
        });
        (!values.is_empty()).then_some(Self(values))
    }

    /// Makes the values one again: what changed in one place changes in all.
    pub(crate) fn restore(&self, node: &mut Node) {
        let mut changed: HashMap<usize, Node> = HashMap::new();
        visit(node, &mut |mark, value| {
            if self.0.get(&mark).is_some_and(|before| before != value) {
                changed.insert(mark, value.clone());
            }
        });
        if !changed.is_empty() {
            replace(node, &changed);
        }
    }
}

/// Remembers the values that objects share with themselves.
pub(crate) fn snapshots(items: &Items) -> Vec<Option<Snapshot>> {
    let snapshot = |item: &Item| (item.marks > 0).then(|| Snapshot::of(&item.node)).flatten();
    items.iter().map(snapshot).collect()
}

/// Makes the remembered values one again.
pub(crate) fn restore(items: &mut Items, snapshots: Vec<Option<Snapshot>>) {
    for (item, snapshot) in items.list_mut().iter_mut().zip(snapshots) {
        if let Some(snapshot) = snapshot {
            snapshot.restore(&mut item.node);
        }
    }
}

/// Marks a value as one with all others that have the same mark.
pub(crate) fn mark(node: &mut Node, number: usize) {
    node.anchor = Some(number.to_string().into());
}

fn mark_of(node: &Node) -> Option<usize> {
    node.anchor.as_deref()?.parse().ok()
}

/// Makes all values their own.
pub(crate) fn forget(node: &mut Node) {
    node.anchor = None;
    match &mut node.value {
        Value::Sequence(items) => items.iter_mut().for_each(forget),
        Value::Mapping(mapping) => mapping.values_mut().for_each(forget),
        Value::Scalar(_) | Value::Alias(_) => {}
    }
}

fn visit(node: &Node, each: &mut impl FnMut(usize, &Node)) {
    match &node.value {
        Value::Sequence(items) => items.iter().for_each(|item| visit(item, each)),
        Value::Mapping(mapping) => mapping.values().for_each(|value| visit(value, each)),
        Value::Scalar(_) | Value::Alias(_) => {
            if let Some(mark) = mark_of(node) {
                each(mark, node);
            }
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
