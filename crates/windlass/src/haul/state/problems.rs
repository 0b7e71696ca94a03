//! Why a unit is not applied, and whether it is worth another try.

use std::collections::BTreeSet;

use windlass_cluster::Applied;
use windlass_object::ObjectRef;
use windlass_plan::{Action, Op, Plan, Reason};

use super::Standing;

/// Why a unit is not applied.
#[derive(Default)]
pub(super) struct Problems {
    failed: Vec<String>,
    blocked: Vec<String>,
    /// What another unit is about to make.
    awaited: Vec<String>,
    /// Whether some of it may go away by itself, such as an API server that does not answer.
    pub(super) is_passing: bool,
    /// Whether nothing but another revision can help.
    is_final: bool,
}

/// How much of a reason is told: an API server may quote a whole object.
const LONGEST: usize = 300;

/// Returns the reason, cut to what can be read.
fn told(reason: &Reason) -> String {
    let text = reason.to_string();
    match text.char_indices().nth(LONGEST) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

impl Problems {
    pub(super) fn is_empty(&self) -> bool {
        self.failed.is_empty() && self.blocked.is_empty() && self.awaited.is_empty()
    }

    pub(super) fn is_tried_again(&self) -> bool {
        if self.is_final {
            return false;
        }
        !self.failed.is_empty() || !self.awaited.is_empty() || self.is_passing
    }

    pub(super) fn into_standing(self) -> Standing {
        let has_failed = !self.failed.is_empty();
        let is_blocked = !self.blocked.is_empty();
        let all = [self.failed, self.blocked, self.awaited].concat();
        if has_failed {
            Standing::Failed(all)
        } else if is_blocked {
            Standing::Blocked(all)
        } else if all.is_empty() {
            Standing::Working
        } else {
            Standing::Awaiting(all)
        }
    }

    pub(super) fn add(&mut self, action: &Action) {
        let place = action.origin.as_ref().map(|origin| format!("{origin}: "));
        let place = place.unwrap_or_default();
        let text = format!("{place}{}: {}", action.id, told(&action.reason));
        match (action.op, &action.reason) {
            (Op::Blocked, Reason::LiveUnknown { .. }) => {
                self.is_passing = true;
                self.failed.push(text);
            }
            (Op::Failed | Op::Conflict, _) => self.failed.push(text),
            (Op::Blocked, reason) if reason.is_awaited() => self.awaited.push(text),
            (Op::Blocked, _) => self.blocked.push(text),
            _ => {}
        }
    }
}

pub(super) fn problems(plan: &Plan, applied: &Applied, problem: Option<String>) -> Problems {
    let mut problems = Problems {
        is_passing: problem.is_some()
            || matches!(plan.problem, Some(Reason::InventoryUnknown { .. })),
        is_final: matches!(plan.problem, Some(Reason::DesiredUnknown { .. })),
        ..Problems::default()
    };
    problems.failed.extend(problem);
    problems
        .failed
        .extend(plan.problem.iter().map(ToString::to_string));
    plan.actions().for_each(|action| problems.add(action));
    problems
        .failed
        .extend(applied.failures.iter().map(ToString::to_string));
    problems
}

/// Returns what is being deleted and not gone yet.
pub(super) fn terminating(plan: &Plan, applied: &Applied) -> BTreeSet<ObjectRef> {
    let leaving = plan.actions().filter(|action| {
        let outcome = applied.outcomes.get(&action.id);
        action.reason == Reason::Terminating
            || outcome == Some(&windlass_plan::Outcome::Terminating)
    });
    leaving.map(|action| action.id.clone()).collect()
}
