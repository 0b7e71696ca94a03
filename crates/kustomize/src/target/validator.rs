//! Validators: transformers that may not change anything.

use windlass_yaml::{Node, Value};

use super::{Gathered, Step, transform};
use crate::context::Context;
use crate::edit;
use crate::error::PluginProblem;
use crate::item::Item;

/// To copy a value and to compare it takes as long as to look at so many fields.
const VISITS_PER_VALUE: usize = 20;

/// Runs a transformer that may not change anything, but for the label by which it signs. As in kustomize, a
/// field that gets the value that it has is changed.
pub(super) fn run(context: &mut Context<'_>, gathered: &mut Gathered, step: &Step) {
    let values: usize = gathered
        .items
        .iter()
        .map(|item| edit::size(&item.node))
        .sum();
    let counted = context.work.visit(values * VISITS_PER_VALUE);
    if context.note(&step.place, counted).is_none() {
        return;
    }
    let before: Vec<Item> = gathered.items.iter().cloned().collect();
    transform(context, gathered, step);
    let is_same = before.len() == gathered.items.len()
        && before
            .iter()
            .zip(gathered.items.iter())
            .all(|(old, new)| is_unchanged(old, new));
    if !is_same {
        context.fail(&step.place, PluginProblem::ValidatorChanges);
    }
}

fn is_unchanged(old: &Item, new: &Item) -> bool {
    let labels = new.node.at(&["metadata", "labels"]);
    let is_signed = labels.is_some_and(|labels| labels.get("validated-by").is_some());
    let unsigned = is_signed.then(|| without_signature(new.node.clone()));
    old.has_records_of(new) && is_identical(&old.node, unsigned.as_ref().unwrap_or(&new.node))
}

fn without_signature(mut node: Node) -> Node {
    let labels = node.at_mut(&["metadata", "labels"]);
    let is_signed =
        |labels: &mut Node| labels.remove("validated-by").is_some() && edit::is_empty(labels);
    if labels.is_some_and(is_signed) {
        edit::remove_metadata(&mut node, "labels");
    }
    node
}

/// Returns whether both nodes are the same and were read at the same place.
fn is_identical(a: &Node, b: &Node) -> bool {
    if a.start != b.start || a.tag() != b.tag() {
        return false;
    }
    match (&a.value, &b.value) {
        (Value::Sequence(a), Value::Sequence(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_identical(a, b))
        }
        (Value::Mapping(a), Value::Mapping(b)) => {
            let same = |(a, b): ((&Node, &Node), (&Node, &Node))| {
                is_identical(a.0, b.0) && is_identical(a.1, b.1)
            };
            a.len() == b.len() && a.iter().zip(b.iter()).all(same)
        }
        (a, b) => a == b,
    }
}
