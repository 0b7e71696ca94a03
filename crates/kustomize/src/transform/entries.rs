//! `labels`, `commonLabels` and `commonAnnotations`: entries of mappings.

use windlass_yaml::Node;

use crate::error::Problem;
use crate::fieldspec::{self, FieldSpec, Make};
use crate::item::Item;
use crate::items::Items;
use crate::kustomization::Pairs;
use crate::work::Work;

pub(super) fn run(
    items: &mut Items,
    pairs: &Pairs,
    fields: &[FieldSpec],
    work: &mut Work,
) -> Result<(), Problem> {
    if pairs.is_empty() {
        return Ok(());
    }
    for item in items.list_mut() {
        let fields: Vec<_> = fields
            .iter()
            .filter(|spec| spec.selects(&item.node))
            .collect();
        for (key, value) in pairs {
            set(item, key, value, &fields, work)?;
        }
    }
    Ok(())
}

fn set(
    item: &mut Item,
    key: &str,
    value: &str,
    fields: &[&FieldSpec],
    work: &mut Work,
) -> Result<(), Problem> {
    // What stands in one place shares its value with no other.
    let is_alone = matches!(fields, [spec] if spec.path.starts_with("metadata/"));
    let mark = (!is_alone).then(|| {
        item.marks += 1;
        item.marks
    });
    for spec in fields {
        let set = &mut |node: &mut Node| {
            let length = node.as_mapping().map_or(0, windlass_yaml::Mapping::len);
            fieldspec::set_entry(node, key, value, mark)?;
            work.visit(length)?;
            work.add(
                node.as_mapping()
                    .map_or(0, |mapping| mapping.len() - length),
            )
        };
        fieldspec::apply_here(&mut item.node, spec, Make::Mapping, set)?;
    }
    Ok(())
}
