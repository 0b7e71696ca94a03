//! References by name: when an object was renamed, those that name it follow.

mod candidates;
mod referrer;

use std::collections::HashMap;

use crate::config::NameReference;
use crate::fieldspec::FieldSpec;
use crate::id::GvkSelector;
use crate::items::Items;
use crate::transform::Report;
use candidates::Candidates;
use referrer::Referrer;

/// Rewrites all references to objects that were renamed.
pub(crate) fn fix(items: &mut Items, references: &[NameReference], report: &mut Report<'_>) {
    let specs = Specs::new(references);
    let candidates = Candidates::new(items);
    for (index, item) in items.list_mut().iter_mut().enumerate() {
        let kind = item.original_id().gvk;
        let mut specs = specs
            .of(&kind.kind)
            .filter(|(_, spec)| spec.gvk.selects(&kind))
            .peekable();
        if specs.peek().is_none() {
            continue;
        }
        let place = item.place.clone();
        let mut referrer = match Referrer::new(&candidates, index, &mut item.node) {
            Ok(referrer) => referrer,
            Err(problem) => {
                report(Some(&place), problem);
                continue;
            }
        };
        for (target, spec) in specs {
            if let Err(problem) = referrer.update(target, spec) {
                report(Some(&place), problem);
            }
        }
    }
}

/// A field that refers to a kind.
type Spec<'r> = (&'r GvkSelector, &'r FieldSpec);

/// The specs by the kind of the referrer, in the order in which kustomize applies them.
struct Specs<'r> {
    by_kind: HashMap<&'r str, Vec<Spec<'r>>>,
    of_any_kind: Vec<Spec<'r>>,
}

impl<'r> Specs<'r> {
    fn new(references: &'r [NameReference]) -> Self {
        let mut specs = Self {
            by_kind: HashMap::new(),
            of_any_kind: Vec::new(),
        };
        for reference in references {
            for spec in &reference.referrers {
                let list = match spec.gvk.kind.as_str() {
                    "" => &mut specs.of_any_kind,
                    kind => specs.by_kind.entry(kind).or_default(),
                };
                list.push((&reference.target, spec));
            }
        }
        specs
    }

    fn of(&self, kind: &str) -> impl Iterator<Item = Spec<'r>> {
        let by_kind = self.by_kind.get(kind).into_iter().flatten();
        by_kind.chain(&self.of_any_kind).copied()
    }
}
