//! `labels`, `commonLabels` and `commonAnnotations`: entries of mappings.

use windlass_yaml::Node;

use crate::error::Problem;
use crate::fieldspec::{self, FieldSpec, Make};
use crate::items::Items;
use crate::kustomization::Pairs;

pub(super) fn run(items: &mut Items, pairs: &Pairs, fields: &[FieldSpec]) -> Result<(), Problem> {
    if pairs.is_empty() {
        return Ok(());
    }
    for item in items.list_mut() {
        let fields: Vec<_> = fields
            .iter()
            .filter(|spec| spec.selects(&item.node))
            .collect();
        for (key, value) in pairs {
            item.marks += 1;
            let mark = item.marks;
            for spec in &fields {
                let set = &mut |node: &mut Node| fieldspec::set_entry(node, key, value, Some(mark));
                fieldspec::apply_here(&mut item.node, spec, Make::Mapping, set)?;
            }
        }
    }
    Ok(())
}
