//! A configuration merged into the live object.

use serde_json::{Map, Value};
use windlass_object::schema::Schema;

use super::shape::{Shape, field_schema, is_same_item, item_step, shape};
use crate::managed_fields::Step;

/// Returns the live value with everything that the configuration names.
fn merge(live: &Value, applied: &Value, schema: &Schema) -> Value {
    let mut merged = live.clone();
    merge_into(&mut merged, applied, schema);
    merged
}

/// Returns whether `live` already has everything that the configuration names, so that merging would
/// change nothing.
pub(super) fn holds(live: &Value, applied: &Value, schema: &Schema) -> bool {
    match (shape(schema, applied), live, applied) {
        (Shape::Map, Value::Object(live), Value::Object(applied)) if !applied.is_empty() => {
            applied.iter().all(|(name, value)| {
                let below = field_schema(schema, name);
                live.get(name).is_some_and(|old| holds(old, value, below))
            })
        }
        (Shape::List, Value::Array(live), Value::Array(applied)) => {
            // Items of both must stand in one order: the rest of the live list is searched for each.
            let mut rest = live.iter();
            applied.iter().all(|new| {
                let same = rest.find(|old| is_same_item(schema, old, new));
                same.is_some_and(|old| holds(old, new, schema.items()))
            })
        }
        _ => live == applied,
    }
}

/// Merges into the live value everything that the configuration names.
pub(super) fn merge_into(live: &mut Value, applied: &Value, schema: &Schema) {
    match (shape(schema, applied), &mut *live, applied) {
        // Null takes nothing away from a mapping or a list whose fields have owners of their own.
        (Shape::Map, Value::Object(map), Value::Null) if !map.is_empty() => {}
        (Shape::List, Value::Array(list), Value::Null) if !list.is_empty() => {}
        (Shape::Map, Value::Object(live), Value::Object(applied)) if !applied.is_empty() => {
            merge_maps(live, applied, schema);
        }
        (Shape::Map, Value::Object(live), Value::Object(_)) if !live.is_empty() => {}
        (Shape::List, Value::Array(live), Value::Array(applied)) if !applied.is_empty() => {
            *live = merge_lists(live, applied, schema);
        }
        (Shape::List, Value::Array(live), Value::Array(_)) if !live.is_empty() => {}
        _ => live.clone_from(applied),
    }
}

fn merge_maps(live: &mut Map<String, Value>, applied: &Map<String, Value>, schema: &Schema) {
    for (name, value) in applied {
        match live.get_mut(name) {
            Some(old) => merge_into(old, value, field_schema(schema, name)),
            None => {
                live.insert(name.clone(), value.clone());
            }
        }
    }
}

/// Merges two lists of named items. Items of both stand in the order of the configuration, with the
/// others of the live list between them, where they were.
fn merge_lists(live: &[Value], applied: &[Value], schema: &Schema) -> Vec<Value> {
    let pairs = Pairs::new(live, applied, schema);
    let merged = |index: usize| {
        let old = pairs.of_applied[index];
        let new = &applied[index];
        old.map_or_else(|| new.clone(), |old| merge(&live[old], new, schema.items()))
    };
    let mut out = Vec::with_capacity(live.len().max(applied.len()));
    let (mut left, mut right) = (0, 0);
    while left < live.len() || right < applied.len() {
        match pairs.of_live.get(left) {
            Some(None) => {
                out.push(live[left].clone());
                left += 1;
                continue;
            }
            // An item of both waits until it is the next of them in the configuration.
            Some(Some(pair)) if *pair != right && pairs.next_shared(right) != Some(*pair) => {
                left += 1;
                continue;
            }
            Some(Some(pair)) => left += usize::from(*pair == right),
            None => {}
        }
        if right < applied.len() {
            out.push(merged(right));
            right += 1;
        }
    }
    out
}

/// Which items of two lists have the same name, by position.
struct Pairs {
    of_live: Vec<Option<usize>>,
    of_applied: Vec<Option<usize>>,
}

impl Pairs {
    fn new(live: &[Value], applied: &[Value], schema: &Schema) -> Self {
        let (live, applied) = (steps(live, schema), steps(applied, schema));
        let (live_index, applied_index) = (sorted(&live), sorted(&applied));
        let pair = |steps: &[Option<Step>], index: &[(&Step, usize)]| {
            let pair = |step: &Option<Step>| step.as_ref().and_then(|step| find(index, step));
            steps.iter().map(pair).collect()
        };
        Self {
            of_live: pair(&live, &applied_index),
            of_applied: pair(&applied, &live_index),
        }
    }

    /// Returns the first item of the configuration from `right` on that the live list has, too.
    fn next_shared(&self, right: usize) -> Option<usize> {
        (right..self.of_applied.len()).find(|index| self.of_applied[*index].is_some())
    }
}

fn steps(items: &[Value], schema: &Schema) -> Vec<Option<Step>> {
    let step = |item| item_step(schema, item).ok();
    items.iter().map(step).collect()
}

/// Returns the steps with their positions, sorted; of equal ones the first.
fn sorted(steps: &[Option<Step>]) -> Vec<(&Step, usize)> {
    let places = steps.iter().zip(0..);
    let mut sorted: Vec<(&Step, usize)> = places
        .filter_map(|(step, place)| step.as_ref().map(|step| (step, place)))
        .collect();
    sorted.sort();
    sorted.dedup_by_key(|(step, _)| *step);
    sorted
}

fn find(index: &[(&Step, usize)], step: &Step) -> Option<usize> {
    let found = index.binary_search_by(|(other, _)| (*other).cmp(step));
    found.ok().map(|place| index[place].1)
}
