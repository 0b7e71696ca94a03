//! What keeps objects from being done: said once where it is the same for many.

use std::collections::BTreeMap;
use std::fmt;

use super::{Writer, clean};
use crate::{Action, Op, Plan};

/// From how many objects on that are held for one reason the reason is said once.
const MANY: usize = 3;

impl Writer<'_> {
    /// Writes what is held; many objects that are held for one reason together.
    pub(super) fn held(&mut self, plan: &Plan) -> fmt::Result {
        let held = |action: &&Action| action.is_held() && !action.reason.is_awaited();
        let mut groups: Vec<Vec<&Action>> = Vec::new();
        let mut known: BTreeMap<(Op, String), usize> = BTreeMap::new();
        for action in plan.rest.iter().filter(held) {
            let group = known.entry((action.op, action.reason.to_string()));
            let group = *group.or_insert(groups.len());
            match groups.get_mut(group) {
                Some(actions) => actions.push(action),
                None => groups.push(vec![action]),
            }
        }
        if !groups.is_empty() {
            writeln!(self.out, "held")?;
        }
        for group in groups {
            match group.as_slice() {
                [first, ..] if group.len() >= MANY => self.group(first, &group)?,
                _ => group
                    .into_iter()
                    .try_for_each(|action| self.action(action))?,
            }
        }
        Ok(())
    }

    /// Writes the reason once, and the objects.
    fn group(&mut self, first: &Action, group: &[&Action]) -> fmt::Result {
        self.line(first, &format!("{} objects", group.len()), None)?;
        group.iter().try_for_each(|action| {
            let place = action.origin.as_ref().map(|origin| format!("  {origin}"));
            let place = clean(&place.unwrap_or_default());
            writeln!(self.out, "      {}{place}", clean(&action.id.to_string()))?;
            let mut fields = action.fields.iter();
            fields.try_for_each(|field| self.field(field, false))
        })
    }
}
