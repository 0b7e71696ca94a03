//! Fields that the applier named the last time, not now, and that nobody else owns, taken away.

use serde_json::Value;
use windlass_object::schema::Schema;

use super::shape::{Shape, field_schema, is_declared, item_step, shape};
use crate::managed_fields::{FieldSet, Node};

/// Takes from `merged` what is in `last`, but not in `managed`: the fields that any manager owns, the
/// applier's new ones included.
///
/// A declared field counts as owned when something below it is, though fields of that kind are not in
/// the sets themselves.
pub(super) fn prune(merged: &mut Value, last: &FieldSet, managed: &FieldSet, schema: &Schema) {
    prune_below(merged, last, managed, schema, Above::default());
}

/// What holds above the value that is looked at.
#[derive(Clone, Copy, Default)]
struct Above {
    /// Something above was the applier's.
    was_owned: bool,
    /// Of that, something is nobody's now.
    is_free: bool,
}

fn prune_below(
    value: &mut Value,
    last: &FieldSet,
    managed: &FieldSet,
    schema: &Schema,
    above: Above,
) {
    match (shape(schema, value), value) {
        (Shape::Map, Value::Object(map)) => map.retain(|name, child| {
            let Some(owned) = last.field(name) else {
                return true;
            };
            let declared = is_declared(schema, name);
            let below = field_schema(schema, name);
            keep(child, owned, managed.field(name), declared, below, above)
        }),
        (Shape::List, Value::Array(items)) => items.retain_mut(|item| {
            let step = item_step(schema, item).ok();
            let owned = step.as_ref().and_then(|step| last.get(step));
            let Some((step, owned)) = step.as_ref().zip(owned) else {
                return true;
            };
            keep(item, owned, managed.get(step), false, schema.items(), above)
        }),
        _ => {}
    }
}

/// Returns whether the value stays, after what is below it has been pruned.
fn keep(
    value: &mut Value,
    last: &Node,
    managed: Option<&Node>,
    declared: bool,
    schema: &Schema,
    above: Above,
) -> bool {
    let holds = |node: &Node| node.member || declared;
    let was_owned = holds(last);
    let is_owned = managed.is_some_and(holds);
    let here = Above {
        was_owned: above.was_owned || was_owned,
        is_free: above.is_free || ((above.was_owned || was_owned) && !is_owned),
    };
    if was_owned && here.is_free {
        return false;
    }
    let none = FieldSet::default();
    let managed = managed.map_or(&none, |node| &node.children);
    let was_empty = is_empty(value);
    prune_below(value, &last.children, managed, schema, here);
    // A mapping or list of which nothing is left is no field of its own.
    was_empty || !is_empty(value)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}
