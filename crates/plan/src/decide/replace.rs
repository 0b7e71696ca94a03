//! What is to be done to an object of which a field differs that cannot be changed.

use serde_json::Value;

use super::apply::Step;
use super::prune::{needed, reason_to_keep};
use super::{Grant, optout};
use crate::{Action, DryRun, Field, Op, Reason, Replacing, blame, guard};

impl Step<'_> {
    /// Returns the replacement of a live object, or why it is kept. `fields` are those that cannot be changed, and
    /// `anew` is what a dry run of the creation gave.
    pub(super) fn replaced(
        &self,
        action: Action,
        fields: &[String],
        anew: &DryRun,
        grant: Grant<'_>,
    ) -> Action {
        let (Some(live), DryRun::Merged(_) | DryRun::Rejected { .. }) = (self.live, anew) else {
            return action.with((Op::Blocked, Reason::NotTried));
        };
        let fields = fields.to_vec();
        let action = match anew {
            DryRun::Merged(anew) => self.changing(action, live, anew),
            _ => action,
        };
        if let Some(why) = self.reason_to_keep(live, anew) {
            let why = Box::new(why);
            return action.with((Op::Failed, Reason::Irreplaceable { fields, why }));
        }
        match (self.doubt(&action), self.permission(grant)) {
            (Some(why), _) if !grant.covers(self.object.id()) => {
                action.with((Op::Blocked, Reason::ReplaceProtected { fields, why }))
            }
            (None, None) => action.with((Op::Failed, Reason::Immutable { fields })),
            (doubt, permission) => {
                let allowed = match doubt {
                    Some(why) => format!("{why}; approved"),
                    None => permission.unwrap_or_default(),
                };
                action.with((Op::Replace, Reason::Replaced { fields, allowed }))
            }
        }
    }

    /// Returns why the live object must not be deleted, whoever allows it, as far as this object and its users show.
    fn reason_to_keep(&self, live: &Value, anew: &DryRun) -> Option<Reason> {
        reason_to_keep(live, self.inputs.unit)
            .or_else(|| needed(self.inputs, self.desired, self.object.id(), live))
            .or_else(|| match anew {
                DryRun::Rejected { reason, message } => Some(self.rejected(reason, message)),
                _ => None,
            })
    }

    /// Returns why deleting the object needs an approval.
    ///
    /// Where the source has not changed since it was applied, the server or a webhook made of it what cannot be
    /// changed now, and would do so again: replacing would never end.
    fn doubt(&self, action: &Action) -> Option<String> {
        let applied = self.held.and_then(|held| held.applied.as_ref());
        let is_applied = applied.is_some() && applied == action.digest.as_ref();
        let again =
            "the source is as it was applied, so that it may have to be replaced again and again";
        guard::protection(self.object.id(), self.inputs.guards)
            .or_else(|| is_applied.then(|| again.to_owned()))
    }

    /// Returns by what the object may be replaced. What is in the cluster does not count: those who may write an
    /// annotation need not be those who may delete.
    fn permission(&self, grant: Grant<'_>) -> Option<String> {
        let marked = optout::force(self.object.value());
        let all = self.inputs.guards.replace == Replacing::All;
        let all = all.then(|| "all may be replaced".to_owned());
        let approved = grant.covers(self.object.id());
        marked
            .or(all)
            .or_else(|| approved.then(|| "approved".to_owned()))
    }

    /// Returns the action with the fields that the source changes. What the server sets by itself in a new object,
    /// such as an address, is left out.
    fn changing(&self, action: Action, live: &Value, anew: &Value) -> Action {
        let manager = self.inputs.manager;
        let is_told = |field: &Field| {
            let path = &field.change.path;
            blame::is_owner(live, path, manager) || blame::is_owner(anew, path, manager)
        };
        let fields = self.changes(live, anew);
        let fields: Vec<Field> = fields.into_iter().filter(is_told).collect();
        let cause = self.cause(&action, &Reason::Differs, &fields);
        Action {
            fields,
            cause: Some(cause),
            ..action
        }
    }
}
