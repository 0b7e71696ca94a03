//! The `ValueAddTransformer`: writes one value into many fields.

use windlass_yaml::{Mapping, Node, Value};

use super::namespace;
use crate::edit;
use crate::error::Problem;
use crate::fieldspec;
use crate::item::Item;
use crate::items::Items;
use crate::kustomization::Selector;

/// A value and where it goes.
#[derive(Clone, Debug, Default)]
pub(crate) struct ValueAdd {
    pub(crate) value: String,
    pub(crate) targets: Vec<ValueTarget>,
}

/// A field of the objects that a selector chooses.
#[derive(Clone, Debug, Default)]
pub(crate) struct ValueTarget {
    pub(crate) selector: Option<Selector>,
    pub(crate) field_path: String,
    /// The part of a path of files that the value becomes, from 1; 0 when it is the whole field.
    pub(crate) position: usize,
}

impl ValueAdd {
    pub(super) fn run(&self, items: &mut Items) -> Result<(), Problem> {
        for target in &self.targets {
            let selected = match &target.selector {
                Some(selector) => items.select(selector)?,
                None => (0..items.len()).collect(),
            };
            for index in selected {
                self.write(items.item_mut(index), target)?;
            }
        }
        Ok(())
    }

    fn write(&self, item: &mut Item, target: &ValueTarget) -> Result<(), Problem> {
        if target.field_path == "metadata/namespace" {
            return namespace::set_on_node(item, &self.value);
        }
        let mut node = &mut item.node;
        let parts = fieldspec::split_path(&target.field_path, '/');
        let last = parts.len().saturating_sub(1);
        for (index, part) in parts.iter().enumerate() {
            let mapping = fieldspec::require_mapping(node)?;
            node = mapping.get_or_insert_with(part, || made(index == last));
            if node.is_null() && index < last {
                // kustomize goes on in a mapping of its own, which is nobody's.
                return Ok(());
            }
        }
        fieldspec::require_scalar(node)?;
        let value = if target.position == 0 {
            self.value.clone()
        } else {
            insert_part(edit::text(node), target.position - 1, &self.value)
        };
        edit::assign_loose(node, &value);
        Ok(())
    }
}

fn made(is_last: bool) -> Node {
    if is_last {
        Node::plain("")
    } else {
        Node::new(Value::Mapping(Mapping::new()))
    }
}

/// Inserts a part into a path of files.
fn insert_part(path: &str, position: usize, part: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    parts.insert(position.min(parts.len()), part);
    let joined = parts.join("/");
    if path.starts_with('/') {
        format!("/{joined}")
    } else {
        joined
    }
}
