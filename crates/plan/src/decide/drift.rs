//! What is to be done about what others changed behind our back.

use crate::{Action, Cause, Drifting, Inputs, Op, Reason};
use windlass_object::Object;

/// Returns the action, or that the object is left as it is: it drifted, the source is as it was applied, and drift is
/// not to be corrected. Only the digest of what was applied tells that; without it the object is applied.
pub(super) fn tolerated(
    inputs: &Inputs<'_>,
    object: &Object,
    is_applied: bool,
    action: Action,
) -> Action {
    let drifting = Drifting::of(object.value()).unwrap_or(inputs.guards.drift);
    if drifting == Drifting::Correct || !is_applied || !corrects(&action) {
        return action;
    }
    let kept = Action {
        wait_for: Vec::new(),
        taken_from: Vec::new(),
        ..action
    };
    if drifting == Drifting::Off {
        let kept = Action {
            cause: None,
            fields: Vec::new(),
            ..kept
        };
        return kept.with((Op::Skip, Reason::DriftIgnored));
    }
    let what = Box::new(kept.reason.clone());
    let cause = kept.cause.filter(|cause| *cause == Cause::Default);
    let kept = Action {
        cause: cause.or(Some(Cause::Drift)),
        ..kept
    };
    kept.with((Op::Skip, Reason::Drifted { what }))
}

/// Whether the action would bring the object back to what was applied, or says why it cannot.
fn corrects(action: &Action) -> bool {
    matches!(
        action.reason,
        Reason::Missing
            | Reason::Differs
            | Reason::Adopted
            | Reason::Owners
            | Reason::Untried
            | Reason::Replaced { .. }
            | Reason::Immutable { .. }
            | Reason::Irreplaceable { .. }
            | Reason::ReplaceProtected { .. }
    )
}
