//! A generated ConfigMap or Secret that replaces an earlier one, or is merged into it.

use windlass_yaml::Node;

use crate::edit;
use crate::item::{Behavior, Item};

/// Gives `item` what it takes over from the object that it replaces.
pub(crate) fn absorb(item: &mut Item, old: &Item) {
    copy_metadata(item, old);
    if item.behavior == Behavior::Merge {
        for field in ["data", "binaryData"] {
            let merged = merged(data(&old.node, field), data(&item.node, field));
            set_data(&mut item.node, field, merged);
        }
        if old.origin.is_some() {
            item.origin.clone_from(&old.origin);
        }
    }
    item.behavior = old.behavior;
    item.is_generated = old.is_generated;
}

/// Copies name, namespace, labels and annotations, as far as the new object does not say otherwise.
fn copy_metadata(item: &mut Item, old: &Item) {
    for field in ["labels", "annotations"] {
        let mine = edit::metadata_map(&item.node, field);
        let pairs = merged(edit::metadata_map(&old.node, field), mine);
        edit::set_metadata_map(&mut item.node, field, pairs);
    }
    edit::set_metadata_text(&mut item.node, "name", old.name());
    if old.namespace().is_empty() {
        edit::remove_metadata(&mut item.node, "namespace");
    } else {
        edit::set_metadata_text(&mut item.node, "namespace", old.namespace());
    }
    item.previous.clone_from(&old.previous);
    item.prefixes.clone_from(&old.prefixes);
    item.suffixes.clone_from(&old.suffixes);
    item.var_names.clone_from(&old.var_names);
    item.transformations.clone_from(&old.transformations);
    // The hash is added only when both want it.
    item.needs_hash &= old.needs_hash;
    item.place = old.place.clone();
}

/// Returns the pairs of both; the later ones win.
fn merged(first: Vec<(String, String)>, second: Vec<(String, String)>) -> Vec<(String, String)> {
    let pairs: std::collections::BTreeMap<String, String> =
        first.into_iter().chain(second).collect();
    pairs.into_iter().collect()
}

fn data(node: &Node, field: &str) -> Vec<(String, String)> {
    let mapping = node.get(field).and_then(Node::as_mapping);
    let pairs = mapping.into_iter().flat_map(windlass_yaml::Mapping::iter);
    // Null counts as an empty text here.
    let value = |value: &Node| {
        if value.is_null() {
            String::new()
        } else {
            edit::text(value).to_owned()
        }
    };
    pairs
        .map(|(key, node)| (edit::text(key).to_owned(), value(node)))
        .collect()
}

fn set_data(node: &mut Node, field: &str, pairs: Vec<(String, String)>) {
    node.remove(field);
    if !pairs.is_empty() {
        node.set(
            field,
            Node::mapping(
                pairs
                    .into_iter()
                    .map(|(key, value)| (key, Node::string(value))),
            ),
        );
    }
}
