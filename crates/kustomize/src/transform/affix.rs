//! `namePrefix` and `nameSuffix`.

use windlass_object::Gvk;
use windlass_yaml::Node;

use crate::edit;
use crate::error::{Problem, Refusal};
use crate::fieldspec::{self, FieldSpec, Make};
use crate::item::Item;
use crate::items::Items;

/// The most bytes of a name: objects remember all that they had.
const MAX_NAME: usize = 1024;

pub(super) fn add_prefix(
    items: &mut Items,
    prefix: &str,
    fields: &[FieldSpec],
) -> Result<(), Problem> {
    let remember = |item: &mut Item| item.prefixes.push(prefix.to_owned());
    add(items, fields, !prefix.is_empty(), remember, |name| {
        format!("{prefix}{name}")
    })
}

pub(super) fn add_suffix(
    items: &mut Items,
    suffix: &str,
    fields: &[FieldSpec],
) -> Result<(), Problem> {
    let remember = |item: &mut Item| item.suffixes.push(suffix.to_owned());
    add(items, fields, !suffix.is_empty(), remember, |name| {
        format!("{name}{suffix}")
    })
}

/// Kinds whose name means something elsewhere and is left alone.
fn is_fixed(gvk: &Gvk) -> bool {
    match gvk.kind.as_str() {
        "CustomResourceDefinition" | "Namespace" => true,
        "APIService" => gvk.group == "apiregistration.k8s.io",
        _ => false,
    }
}

fn add(
    items: &mut Items,
    fields: &[FieldSpec],
    is_change: bool,
    remember: impl Fn(&mut Item),
    rename: impl Fn(&str) -> String,
) -> Result<(), Problem> {
    for item in items.list_mut() {
        let id = item.original_id();
        if is_fixed(&id.gvk) {
            continue;
        }
        for spec in fields.iter().filter(|spec| spec.gvk.selects(&id.gvk)) {
            if spec.path == "metadata/name" && is_change {
                remember(item);
                item.remember_id();
            }
            fieldspec::apply(
                &mut item.node,
                spec,
                Make::Scalar,
                &mut |node: &mut Node| {
                    fieldspec::require_scalar(node)?;
                    let name = rename(edit::text(node));
                    if name.len() > MAX_NAME {
                        return Err(Refusal::Name { limit: MAX_NAME }.into());
                    }
                    edit::assign_loose(node, &name);
                    Ok(())
                },
            )?;
        }
    }
    Ok(())
}
