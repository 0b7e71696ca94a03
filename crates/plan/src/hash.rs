//! The hash of a plan.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::{Action, Plan, PlanHash};

/// Returns the hash over what is done to which object, in the order of the objects.
pub(crate) fn of(plan: &Plan) -> PlanHash {
    let mut actions: Vec<&Action> = plan.actions().collect();
    actions.sort_by(|one, two| one.id.cmp(&two.id));
    let mut hasher = Sha256::new();
    hasher.update(json(&plan.unit));
    for action in actions {
        let changes: Vec<_> = action.fields.iter().map(|field| &field.change).collect();
        let effect = (
            &action.id,
            &action.version,
            action.op,
            &action.reason,
            changes,
        );
        hasher.update(json(&(effect, &action.wait_for, &action.digest)));
        if !action.taken_from.is_empty() {
            hasher.update(json(&action.taken_from));
        }
    }
    PlanHash(hex(&hasher.finalize()))
}

/// JSON is its own delimiter: two sequences of values never give the same bytes.
fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("the keys of a plan are texts")
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
    }
    text
}
