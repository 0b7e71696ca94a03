//! `replicas`.

use windlass_object::Gvk;
use windlass_yaml::Node;

use crate::edit;
use crate::error::{Problem, SelectionProblem};
use crate::fieldspec::{self, FieldSpec, Make};
use crate::id::ResId;
use crate::item::Item;
use crate::items::Items;
use crate::kustomization::Replica;

pub(super) fn run(
    items: &mut Items,
    replica: &Replica,
    fields: &[FieldSpec],
) -> Result<(), Problem> {
    let mut found = false;
    for index in 0..items.len() {
        if !items.get(index).ever_named(&replica.name) {
            continue;
        }
        let item = items.item_mut(index);
        for spec in fields {
            if item.ever(|id| id.name == replica.name && spec.gvk.selects(&id.gvk)) {
                found = true;
                fieldspec::apply(
                    &mut item.node,
                    spec,
                    Make::Scalar,
                    &mut |node: &mut Node| {
                        fieldspec::require_scalar(node)?;
                        edit::assign(node, Node::int(replica.count));
                        Ok(())
                    },
                )?;
            }
        }
    }
    if found {
        return Ok(());
    }
    let kinds: Vec<String> = fields.iter().map(|spec| spec.gvk.to_string()).collect();
    let wanted = ResId {
        gvk: Gvk::new("", ""),
        name: replica.name.clone(),
        namespace: String::new(),
        is_cluster_scoped: false,
    };
    let is_scaled = |item: &Item| fields.iter().any(|spec| spec.gvk.kind == item.kind());
    Err(SelectionProblem::ReplicaTarget {
        name: replica.name.clone(),
        kinds: kinds.join(" "),
        there: items.similar_among(&wanted, is_scaled),
    }
    .into())
}
