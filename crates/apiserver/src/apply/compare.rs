//! The fields in which two objects differ.

use serde_json::Value;
use windlass_object::schema::Schema;

use super::shape::{Shape, field_schema, fields, item_step, items, shape};
use crate::managed_fields::{FieldSet, Node, Step};

/// What changed from an old object to a new one.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Comparison {
    /// Fields that are new or have another value.
    pub(super) changed: FieldSet,
    /// Fields that are gone.
    pub(super) removed: FieldSet,
}

/// Returns what changed.
pub(super) fn compare(old: &Value, new: &Value, schema: &Schema) -> Comparison {
    let (mut changed, mut removed) = (Node::default(), Node::default());
    compare_nodes(Some(old), Some(new), schema, &mut changed, &mut removed);
    Comparison {
        changed: changed.children,
        removed: removed.children,
    }
}

fn compare_nodes(
    old: Option<&Value>,
    new: Option<&Value>,
    schema: &Schema,
    changed: &mut Node,
    removed: &mut Node,
) {
    if old == new {
        return;
    }
    match (both_shapes(old, new, schema), old, new) {
        (Shape::Map, ..) if !(is_empty(old) && is_empty(new)) => {
            compare_maps(old, new, schema, changed, removed);
        }
        (Shape::List, ..) if !(is_empty(old) && is_empty(new)) => {
            compare_lists(old, new, schema, changed, removed);
        }
        (_, _, Some(_)) => changed.member = true,
        _ => {}
    }
    // What was not there is added, and what is not there is removed, with all that is below.
    changed.member |= old.is_none();
    removed.member |= new.is_none();
}

/// Two shapes are compared as a whole, unless one side is missing or null.
fn both_shapes(old: Option<&Value>, new: Option<&Value>, schema: &Schema) -> Shape {
    let of = |value: Option<&Value>| {
        let value = value.filter(|value| !value.is_null());
        value.map(|value| shape(schema, value))
    };
    match (of(old), of(new)) {
        (Some(old), Some(new)) if old != new => Shape::Leaf,
        (Some(one), _) | (None, Some(one)) => one,
        (None, None) => Shape::Leaf,
    }
}

fn is_empty(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Object(map)) => map.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        _ => true,
    }
}

fn compare_maps(
    old: Option<&Value>,
    new: Option<&Value>,
    schema: &Schema,
    changed: &mut Node,
    removed: &mut Node,
) {
    let (old, new) = (old.and_then(fields), new.and_then(fields));
    let get = |name: &str| new.and_then(|map| map.get(name));
    let was = |name: &str| old.and_then(|map| map.get(name));
    let gone = old
        .into_iter()
        .flatten()
        .filter(|(name, _)| get(name).is_none());
    for name in gone
        .chain(new.into_iter().flatten())
        .map(|(name, _)| name.as_str())
    {
        let below = field_schema(schema, name);
        let step = || Step::Field(name.into());
        descend(was(name), get(name), below, step, changed, removed);
    }
}

fn compare_lists(
    old: Option<&Value>,
    new: Option<&Value>,
    schema: &Schema,
    changed: &mut Node,
    removed: &mut Node,
) {
    let (old, new) = (ByStep::new(old, schema), ByStep::new(new, schema));
    for (step, item) in &old.0 {
        if new.get(step).is_none() {
            let step = || step.clone();
            descend(Some(item), None, schema.items(), step, changed, removed);
        }
    }
    for (step, item) in &new.0 {
        let was = old.get(step);
        let step = || step.clone();
        descend(was, Some(item), schema.items(), step, changed, removed);
    }
}

fn descend(
    old: Option<&Value>,
    new: Option<&Value>,
    schema: &Schema,
    step: impl Fn() -> Step,
    changed: &mut Node,
    removed: &mut Node,
) {
    let (mut below, mut gone) = (Node::default(), Node::default());
    compare_nodes(old, new, schema, &mut below, &mut gone);
    if !below.is_empty() {
        changed.children.insert(step(), below);
    }
    if !gone.is_empty() {
        removed.children.insert(step(), gone);
    }
}

/// The items of a list, sorted by their step; of those with the same one, the first. Items without a
/// step are left out.
struct ByStep<'a>(Vec<(Step, &'a Value)>);

impl<'a> ByStep<'a> {
    fn new(list: Option<&'a Value>, schema: &Schema) -> Self {
        let list = list.map_or(&[][..], items);
        let named = |item| item_step(schema, item).ok().map(|step| (step, item));
        let mut items: Vec<_> = list.iter().filter_map(named).collect();
        items.sort_by(|a, b| a.0.cmp(&b.0));
        items.dedup_by(|later, first| later.0 == first.0);
        Self(items)
    }

    fn get(&self, step: &Step) -> Option<&'a Value> {
        let found = self.0.binary_search_by(|(other, _)| other.cmp(step));
        found.ok().map(|index| self.0[index].1)
    }
}
