//! `labels`, `commonLabels` and `commonAnnotations`: entries of mappings.

use crate::error::Problem;
use crate::fieldspec::{self, FieldSpec, Make};
use crate::items::Items;
use crate::kustomization::Pairs;

pub(super) fn run(items: &mut Items, pairs: &Pairs, fields: &[FieldSpec]) -> Result<(), Problem> {
    if pairs.is_empty() {
        return Ok(());
    }
    for item in items.list_mut() {
        for (key, value) in pairs {
            for spec in fields {
                fieldspec::apply(
                    &mut item.node,
                    spec,
                    Make::Mapping,
                    &mut fieldspec::set_entry(key, value),
                )?;
            }
        }
    }
    Ok(())
}
