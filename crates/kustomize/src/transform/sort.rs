//! `sortOptions`: the order of the output.

use std::cmp::Ordering;

use crate::error::{KustomizationProblem, Problem};
use crate::id::ResId;
use crate::items::Items;
use crate::kustomization::SortOptions;
use crate::order;

/// Sorts the objects. Without options the order is the one called legacy.
pub(crate) fn sort(items: &mut Items, options: Option<&SortOptions>) -> Result<(), Problem> {
    match options {
        None => by_rank(items, &order::FIRST, &order::LAST),
        Some(SortOptions { order, legacy, .. }) => match (order.as_str(), legacy) {
            ("fifo", None) => {}
            ("fifo", Some(_)) => return Err(KustomizationProblem::SortOptionsUnused.into()),
            ("legacy", None) => by_rank(items, &order::FIRST, &order::LAST),
            ("legacy", Some((first, last))) => by_rank(items, first, last),
            _ => {
                return Err(KustomizationProblem::SortOrder {
                    order: order.clone(),
                }
                .into());
            }
        },
    }
    items.check_ids()
}

fn by_rank<S: AsRef<str>>(items: &mut Items, first: &[S], last: &[S]) {
    let keys = items
        .iter()
        .map(|item| Key::new(&item.current_id(), first, last));
    let mut keys: Vec<(Key, usize)> = keys.zip(0..).collect();
    keys.sort_by(|(a, _), (b, _)| a.compare(b));
    items.permute(keys.into_iter().map(|(_, at)| at).collect());
}

struct Key {
    rank: i32,
    gvk: String,
    id: String,
    /// Namespaces of the core group are sorted the other way round among kinds of that name.
    is_namespace: bool,
    is_core: bool,
}

impl Key {
    fn new<S: AsRef<str>>(id: &ResId, first: &[S], last: &[S]) -> Self {
        Self {
            rank: order::rank_in(&id.gvk.kind, first, last),
            gvk: order::gvk_text(&id.gvk),
            id: order::id_text(id),
            is_namespace: id.gvk.kind == "Namespace",
            is_core: id.gvk.group.is_empty(),
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        let reversed = self.is_namespace && other.is_namespace && (self.is_core || other.is_core);
        let by_kind = self.gvk.cmp(&other.gvk);
        self.rank
            .cmp(&other.rank)
            .then(if reversed { by_kind.reverse() } else { by_kind })
            .then_with(|| self.id.cmp(&other.id))
    }
}
