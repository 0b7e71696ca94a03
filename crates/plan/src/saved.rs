//! Plans in a file, to be run later and nothing else.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use windlass_object::ObjectRef;

use crate::{Action, Guards, Op, Plan, Reason, hash};

/// The format that is written, and the only one that is read.
const FORMAT: &str = "windlass.dev/plan/v1";

/// The plans of the units of an environment, with all that is needed to make them again.
///
/// Whoever runs them makes them anew, at the same revision and with the same limits, and goes on with those units
/// whose new plan [is the same](Plan::does_the_same), or [what is left of it](Plan::is_left_in). So a file can only have less done than was planned, never
/// anything else, whoever changed it. It holds no secret value, as a [`Plan`] does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedPlans {
    /// The environment.
    pub environment: String,
    /// The revision of the source, such as `main@sha1:…`.
    pub revision: String,
    /// The cluster.
    pub cluster: SavedCluster,
    /// The services that were asked for; none means all.
    pub services: Vec<String>,
    /// The limits.
    pub guards: Guards,
    /// What a person had allowed, as they wrote it.
    pub approvals: Vec<String>,
    /// The plans.
    pub units: Vec<SavedUnit>,
}

/// Which cluster a plan is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedCluster {
    /// The address of its API server, for people.
    pub server: String,
    /// What tells it from all others, whatever its address.
    pub uid: String,
    /// The field manager to apply as.
    pub manager: String,
    /// Other managers whose fields are taken over, besides kubectl.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub override_managers: Vec<String>,
}

/// The plan of one unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedUnit {
    /// What people call the unit.
    pub name: String,
    /// Its plan.
    pub plan: Plan,
}

/// Why a text is no saved plan.
#[derive(Debug, thiserror::Error)]
pub enum SavedPlansError {
    /// It is not JSON.
    #[error("it is no saved plan, or only a part of one: {0}")]
    Json(serde_json::Error),
    /// It is JSON of something else.
    #[error("it is no saved plan: it has no \"format\"")]
    Foreign,
    /// Another version of Windlass wrote it.
    #[error("it has the format {found:?}, and this version of Windlass reads {FORMAT:?}")]
    Format {
        /// Its format.
        found: String,
    },
    /// It is not as it was written.
    #[error("it was changed after it was saved: its digest is not that of what it holds")]
    Changed,
    /// It says that it is of our format, and has other fields.
    #[error("it is no saved plan: {0}")]
    Fields(serde_json::Error),
}

/// The file: what it is, the plans, and a digest of them. The digest finds accidents, not attackers.
#[derive(Serialize)]
struct File<'a> {
    format: &'a str,
    digest: String,
    plans: &'a Value,
}

impl SavedPlans {
    /// Returns the text of the file.
    #[must_use]
    pub fn to_json(&self) -> String {
        let plans = serde_json::to_value(self).expect("the keys of a plan are texts");
        let file = File {
            format: FORMAT,
            digest: digest(&plans),
            plans: &plans,
        };
        let mut text = serde_json::to_string_pretty(&file).expect("a JSON value always prints");
        text.push('\n');
        text
    }

    /// Returns the plans in the text of a file.
    pub fn from_json(text: &str) -> Result<Self, SavedPlansError> {
        let mut file: Value = serde_json::from_str(text).map_err(SavedPlansError::Json)?;
        match file.get("format").and_then(Value::as_str) {
            Some(FORMAT) => {}
            Some(found) => {
                let found = found.to_owned();
                return Err(SavedPlansError::Format { found });
            }
            None => return Err(SavedPlansError::Foreign),
        }
        let plans = file.get_mut("plans").map(Value::take).unwrap_or_default();
        if file.get("digest").and_then(Value::as_str) != Some(&digest(&plans)) {
            return Err(SavedPlansError::Changed);
        }
        serde_json::from_value(plans).map_err(SavedPlansError::Fields)
    }

    /// Returns the plan of the unit of this name.
    #[must_use]
    pub fn plan(&self, name: &str) -> Option<&Plan> {
        let unit = self.units.iter().find(|unit| unit.name == name);
        unit.map(|unit| &unit.plan)
    }
}

impl Plan {
    /// Returns whether running this plan and `other` does the same to the same objects.
    ///
    /// The field `hash` alone does not tell: it is that of the plan with every approval given, and in what was read
    /// from a file it may be anything.
    #[must_use]
    pub fn does_the_same(&self, other: &Self) -> bool {
        self.hash == other.hash && hash::of(self) == hash::of(other)
    }

    /// Returns whether `now` is what is left to do of this plan: as when it was carried out in part, and ended.
    ///
    /// Each action of `now` is one of this plan, or its object is as this plan would have made it.
    #[must_use]
    pub fn is_left_in(&self, now: &Self) -> bool {
        let is_planned = |action: &Action| {
            let planned = self.action(&action.id);
            planned.is_some_and(|planned| is_same(planned, action) || is_done(planned, action))
        };
        self.problem.is_none() && now.problem.is_none() && now.actions().all(is_planned)
    }

    /// Returns in which actions `now` is not this plan, a line each, for people.
    #[must_use]
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let ids: BTreeSet<&ObjectRef> = self
            .actions()
            .chain(now.actions())
            .map(|it| &it.id)
            .collect();
        let mut lines: Vec<String> = ids
            .into_iter()
            .filter_map(|id| {
                let (planned, now) = (self.action(id), now.action(id));
                let (planned, now) = (told(planned), told(now));
                (planned != now).then(|| format!("{id}: planned: {planned}; now: {now}"))
            })
            .collect();
        match &now.problem {
            Some(problem) if lines.is_empty() => lines.push(problem.to_string()),
            _ if lines.is_empty() => {
                lines.push("other values, other reasons, or another order".to_owned());
            }
            _ => {}
        }
        lines
    }
}

/// Whether both do the same to the same object. What they wait for may be there by now.
fn is_same(one: &Action, other: &Action) -> bool {
    let changes = |action: &Action| {
        let changes = action.fields.iter().map(|field| field.change.clone());
        changes.collect::<Vec<_>>()
    };
    one.op == other.op
        && one.version == other.version
        && one.reason == other.reason
        && one.digest == other.digest
        && one.taken_from == other.taken_from
        && changes(one) == changes(other)
}

/// Whether what was planned is done.
fn is_done(planned: &Action, now: &Action) -> bool {
    match now.op {
        Op::Unchanged => {
            let is_applied = planned.op.is_apply() || planned.op == Op::Unchanged;
            is_applied && planned.digest == now.digest && planned.version == now.version
        }
        Op::Skip => planned.op == Op::Prune && now.reason == Reason::Gone,
        _ => false,
    }
}

/// Says what an action does.
fn told(action: Option<&Action>) -> String {
    const SHOWN: usize = 3;
    let Some(action) = action else {
        return "nothing".to_owned();
    };
    if !action.op.is_apply() || action.fields.is_empty() {
        return format!("{} ({})", action.op, action.reason);
    }
    let fields = action.fields.iter().take(SHOWN);
    let fields: Vec<String> = fields
        .map(|field| format!("{:.60}", field.change))
        .collect();
    let more = action.fields.len().saturating_sub(SHOWN);
    let more = if more > 0 {
        format!(", and {more} more")
    } else {
        String::new()
    };
    format!("{} ({}{more})", action.op, fields.join(", "))
}

fn digest(plans: &Value) -> String {
    let bytes = serde_json::to_vec(plans).expect("a JSON value always prints");
    format!("sha256:{}", hash::hex(&Sha256::digest(bytes)))
}
