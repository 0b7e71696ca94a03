//! The plan as a value.

use std::fmt;

use serde::{Deserialize, Serialize};
use windlass_object::{FieldChange, KeyedDigest, ObjectRef, Origin};

use crate::{Cause, Reason, Unit};

/// What will be done for one unit, and why.
///
/// Its JSON form (serde) holds no secret value and can be read back with [`Plan::from_json`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The unit.
    pub unit: Unit,
    /// The revision of the source.
    pub revision: String,
    /// Why there is nothing to do although there may be: the source or the inventory is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Reason>,
    /// The actions that write, in order. A wave begins when the actions that each of its own waits for are
    /// done; a failure holds only what waits for it, and all of [`Phase::Prune`].
    pub waves: Vec<Wave>,
    /// The actions that write nothing: unchanged, skipped, blocked, in conflict or failed; sorted by identity.
    pub rest: Vec<Action>,
    /// What identifies this plan in an approval.
    pub hash: PlanHash,
}

/// Actions that do not wait for each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wave {
    /// Whether it applies or deletes.
    pub phase: Phase,
    /// The actions, sorted by identity.
    pub actions: Vec<Action>,
}

/// The two halves of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Writes what is desired: creates, updates, adopts and replaces.
    Apply,
    /// Deletes; only when every action of the waves before has succeeded.
    Prune,
}

/// What is done to one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// The object.
    pub id: ObjectRef,
    /// The API version, without the group: that of the source, or of the inventory for a deletion.
    pub version: String,
    /// What is done.
    pub op: Op,
    /// Why.
    pub reason: Reason,
    /// What brought it about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// Where the object is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The fields that change; of what exists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// The field managers whose fields are taken over before it is applied: those of them that the source lacks go
    /// away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken_from: Vec<String>,
    /// What must be so before it begins. All of it is brought about by earlier waves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wait_for: Vec<Wait>,
    /// The digest of the desired object, for the inventory; `None` for a deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<KeyedDigest>,
}

/// What is done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    /// Applied; it does not exist.
    Create,
    /// Applied; it exists and differs.
    Update,
    /// Applied; it exists and belongs to nobody.
    Adopt,
    /// Deleted, and applied when it is gone; a field differs that cannot be changed.
    Replace,
    /// Nothing; it is as it should be.
    Unchanged,
    /// Deleted.
    Prune,
    /// Nothing, on purpose.
    Skip,
    /// Nothing; something must happen first, such as an approval.
    Blocked,
    /// Nothing; someone else owns it or some of its fields.
    Conflict,
    /// Nothing; the server refuses it.
    Failed,
}

/// One field that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// What changes.
    #[serde(flatten)]
    pub change: FieldChange,
    /// Who wrote the live value, where that was not us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_by: Option<Writer>,
}

/// A field manager, as `metadata.managedFields` has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Writer {
    /// The name, such as `kubectl-edit`.
    pub manager: String,
    /// `Apply` or `Update`.
    pub operation: String,
    /// When, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
}

/// What an action waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Wait {
    /// The object.
    pub id: ObjectRef,
    /// How far it must be.
    pub until: Until,
}

/// How far an object must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Until {
    /// Applied without an error.
    Applied,
    /// Its health is Current; for a CustomResourceDefinition that means established.
    Current,
}

/// How many actions there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// To be created.
    pub create: usize,
    /// To be updated.
    pub update: usize,
    /// To be taken into the inventory as they are changed.
    #[serde(default)]
    pub adopt: usize,
    /// To be deleted and created anew.
    #[serde(default)]
    pub replace: usize,
    /// As they should be.
    pub unchanged: usize,
    /// To be deleted.
    pub prune: usize,
    /// Left alone on purpose.
    pub skip: usize,
    /// To be done when another unit has made what they stand on.
    pub later: usize,
    /// Held.
    pub blocked: usize,
    /// Owned by someone else.
    pub conflict: usize,
    /// Refused.
    pub failed: usize,
}

/// What identifies a plan: 64 hex digits of a SHA-256 over what is done to which object, each in the form
/// that it would have with every approval given; so that an approval does not change it. Not in it are the
/// revision and the places in the source: another commit with the same effect has the same hash. Secret values
/// are in it as keyed digests.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlanHash(pub(crate) String);

/// Why a text is no saved plan.
#[derive(Debug, thiserror::Error)]
#[error("this is not a saved plan; make one anew")]
pub struct PlanFileError(#[from] serde_json::Error);

impl Plan {
    /// Returns the plan that was saved as `json`.
    ///
    /// To run it, plan anew, with its hash among the approvals, and go on only when the new plan has that hash.
    pub fn from_json(json: &str) -> Result<Self, PlanFileError> {
        Ok(serde_json::from_str(json)?)
    }

    /// Returns all actions: those of the waves in order, then the rest.
    pub fn actions(&self) -> impl Iterator<Item = &Action> {
        let writing = self.waves.iter().flat_map(|wave| &wave.actions);
        writing.chain(&self.rest)
    }

    /// Returns the action on `id`.
    #[must_use]
    pub fn action(&self, id: &ObjectRef) -> Option<&Action> {
        self.actions().find(|action| &action.id == id)
    }

    /// Returns whether running the plan would write anything.
    #[must_use]
    pub fn writes(&self) -> bool {
        !self.waves.is_empty()
    }

    /// Returns whether live and desired agree: nothing to write, nothing held, and no drift that is left as it is.
    #[must_use]
    pub fn is_converged(&self) -> bool {
        let settled = |action: &Action| {
            matches!(action.op, Op::Unchanged | Op::Skip) && !action.reason.is_drift()
        };
        self.problem.is_none() && self.actions().all(settled)
    }

    /// Returns whether the plan is made from facts alone: the source, the inventory, the live objects and the
    /// wishes of other units. A plan that is not may call objects blocked that are as they should be.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.problem.is_none() && self.actions().all(|action| action.reason.is_known())
    }

    /// Returns how many actions there are of each kind.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for action in self.actions() {
            *counts.of(action) += 1;
        }
        counts
    }
}

impl Op {
    /// Returns whether it writes the desired object.
    #[must_use]
    pub fn is_apply(self) -> bool {
        matches!(
            self,
            Self::Create | Self::Update | Self::Adopt | Self::Replace
        )
    }
}

impl Counts {
    fn of(&mut self, action: &Action) -> &mut usize {
        if action.reason.is_awaited() {
            return &mut self.later;
        }
        match action.op {
            Op::Create => &mut self.create,
            Op::Update => &mut self.update,
            Op::Adopt => &mut self.adopt,
            Op::Replace => &mut self.replace,
            Op::Unchanged => &mut self.unchanged,
            Op::Prune => &mut self.prune,
            Op::Skip => &mut self.skip,
            Op::Blocked => &mut self.blocked,
            Op::Conflict => &mut self.conflict,
            Op::Failed => &mut self.failed,
        }
    }
}

impl std::iter::Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |sum, counts| Self {
            create: sum.create + counts.create,
            update: sum.update + counts.update,
            adopt: sum.adopt + counts.adopt,
            replace: sum.replace + counts.replace,
            unchanged: sum.unchanged + counts.unchanged,
            prune: sum.prune + counts.prune,
            skip: sum.skip + counts.skip,
            later: sum.later + counts.later,
            blocked: sum.blocked + counts.blocked,
            conflict: sum.conflict + counts.conflict,
            failed: sum.failed + counts.failed,
        })
    }
}

impl PlanHash {
    /// Returns the hash that `text` is: 64 hex digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_hash = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hash.then(|| Self(text.to_ascii_lowercase()))
    }

    /// Returns the 64 hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the first twelve digits, for people.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl fmt::Display for Writer {
    /// Writes `written by kubectl-edit at 2026-11-22T10:00:00Z`, as far as it is known.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "written by {}", self.manager)?;
        let mut time = self.time.iter();
        time.try_for_each(|time| write!(formatter, " at {time}"))
    }
}

impl fmt::Display for PlanHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
