//! Why an action is what it is, in data and in words.

use std::fmt;

use serde::{Deserialize, Serialize};
use windlass_object::ObjectRef;

use crate::{Conflict, Unit};

/// Why an action is what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Reason {
    /// Create: it is in the source and not in the cluster.
    Missing,
    /// Update: fields differ.
    Differs,
    /// Adopt: it exists, and no unit owns it yet.
    Adopted,
    /// Update: another unit gave it up, or a person said so.
    TakenOver {
        /// The unit that had it.
        from: Unit,
    },
    /// Replace: fields differ that cannot be changed, and it may be deleted and created anew.
    Replaced {
        /// Those fields; empty where the server does not name them.
        fields: Vec<String>,
        /// By what it may be.
        allowed: String,
    },
    /// Update: no field changes, but others own some of what the source has.
    Owners,
    /// Update: what changes can be told only when that is there for which it waits.
    Untried,
    /// Unchanged: live and desired agree.
    Same,
    /// Prune: it is no longer in the source.
    NotDesired,
    /// Prune: the same, of an object that is protected or that another unit may want, with the approval that
    /// this needs.
    Approved {
        /// What the approval was needed for.
        why: String,
    },
    /// Skip: it is no longer in the source, and it is gone already.
    Gone,
    /// Skip, or Blocked if it is desired: it is being deleted already.
    Terminating,
    /// Skip: another unit wants or holds it. It stays in this inventory until it carries the labels of the other.
    HandedOver {
        /// That unit.
        to: Unit,
    },
    /// Skip: it no longer carries the labels of this unit.
    NotOurs,
    /// Skip: a controller owns it.
    Controlled {
        /// The owner, such as `Deployment/web`.
        by: String,
    },
    /// Skip: an annotation or label says so.
    OptedOut {
        /// Key and value, such as `kustomize.toolkit.fluxcd.io/prune: disabled`.
        by: String,
    },
    /// Skip: it drifted, and drift is told and not corrected.
    Drifted {
        /// Why it would be written otherwise.
        what: Box<Reason>,
    },
    /// Skip: it is in the source as it was applied, and drift is not looked for.
    DriftIgnored,
    /// Blocked: what the source wants is not known.
    DesiredUnknown {
        /// Why.
        why: String,
    },
    /// Blocked: what the unit has applied is not known.
    InventoryUnknown {
        /// Why.
        why: String,
    },
    /// Blocked: what the cluster has is not known.
    LiveUnknown {
        /// Why.
        why: String,
    },
    /// Blocked: no dry run was made.
    NotTried,
    /// Blocked: deleting such an object needs an approval.
    Protected {
        /// What it is, such as `a Namespace takes everything in it along`.
        why: String,
    },
    /// Blocked: a desired object stands on it. No approval lifts this.
    Needed {
        /// That object.
        by: ObjectRef,
    },
    /// Blocked: other units want or hold objects in it or of its kind. No approval lifts this.
    NeededByOthers {
        /// How many objects.
        objects: usize,
        /// Those units.
        units: Vec<Unit>,
    },
    /// Blocked: the source wants nothing at all.
    EmptySource {
        /// How many objects the inventory has.
        held: usize,
    },
    /// Blocked: too large a share would be deleted.
    Shrink {
        /// How many would be deleted.
        prunes: usize,
        /// How many objects the inventory has.
        held: usize,
    },
    /// Blocked: what these other units want is not known, and one of them may want it.
    OthersUnknown {
        /// Those units.
        units: Vec<Unit>,
    },
    /// Blocked: other objects of the unit cannot be applied, and one of them may replace this one.
    Incomplete {
        /// How many.
        failing: usize,
    },
    /// Blocked: an object that it needs is not there, and this plan does not make it: it cannot be applied, or
    /// another unit has it.
    Needs {
        /// That object.
        id: ObjectRef,
        /// The unit whose source has it, if one has.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        made_by: Option<Unit>,
    },
    /// Blocked: objects wait for each other in a circle.
    Cycle {
        /// The circle.
        ids: Vec<ObjectRef>,
    },
    /// Failed: fields differ that cannot be changed, and nothing says that it may be deleted and created anew.
    Immutable {
        /// Those fields; empty where the server does not name them.
        fields: Vec<String>,
    },
    /// Failed: fields differ that cannot be changed, and it must not be deleted. No approval lifts this.
    Irreplaceable {
        /// Those fields; empty where the server does not name them.
        fields: Vec<String>,
        /// Why it must not be deleted, or not be created anew.
        why: Box<Reason>,
    },
    /// Blocked: fields differ that cannot be changed, and deleting such an object needs an approval.
    ReplaceProtected {
        /// Those fields; empty where the server does not name them.
        fields: Vec<String>,
        /// What it is, such as `a PersistentVolumeClaim may take its data along`.
        why: String,
    },
    /// Conflict: the source of another unit has it, too.
    HeldBy {
        /// That unit.
        unit: Unit,
    },
    /// Conflict: it carries the labels of another unit, or is in its inventory, and nothing says that the other
    /// gave it up.
    Foreign {
        /// That unit.
        unit: Unit,
    },
    /// Conflict: other field managers own some of its fields.
    Fields {
        /// Which.
        conflicts: Vec<Conflict>,
    },
    /// Failed: the server refuses it.
    Rejected {
        /// The server's reason, such as `Invalid`.
        reason: String,
        /// The server's words; `None` for a Secret, whose values they may quote.
        message: Option<String>,
    },
}

/// What brought a change about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// The source changed.
    Source,
    /// The source changed, in nothing but images of containers.
    Image,
    /// The source did not change: this version of Windlass makes another object of it than the one that applied it.
    Renderer,
    /// The source did not change and nobody wrote to the object: the server's defaults are others, or admission is,
    /// as after an upgrade of the cluster.
    Default,
    /// The live object was changed or deleted behind our back. [`written_by`](crate::Field::written_by) says by whom.
    Drift,
    /// Both.
    Both,
}

impl Reason {
    /// Returns whether another unit is about to make what is missing, so that it goes away by itself.
    #[must_use]
    pub fn is_awaited(&self) -> bool {
        matches!(
            self,
            Self::Needs {
                made_by: Some(_),
                ..
            }
        )
    }

    /// Returns whether it tells of drift that is left as it is.
    #[must_use]
    pub fn is_drift(&self) -> bool {
        matches!(self, Self::Drifted { .. })
    }

    /// Returns whether an approval of the plan lifts it.
    #[must_use]
    pub fn is_approvable(&self) -> bool {
        matches!(
            self,
            Self::Protected { .. }
                | Self::ReplaceProtected { .. }
                | Self::Immutable { .. }
                | Self::EmptySource { .. }
                | Self::Shrink { .. }
                | Self::OthersUnknown { .. }
                | Self::Foreign { .. }
        )
    }
}

impl Reason {
    /// Returns whether everything that it depends on is known. `false` means that the same plan, made again,
    /// may come out differently though nothing changes.
    #[must_use]
    pub fn is_known(&self) -> bool {
        !matches!(
            self,
            Self::DesiredUnknown { .. }
                | Self::InventoryUnknown { .. }
                | Self::LiveUnknown { .. }
                | Self::NotTried
                | Self::OthersUnknown { .. }
        )
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => formatter.write_str("not in the cluster"),
            Self::Differs => formatter.write_str("differs"),
            Self::Adopted => formatter.write_str("exists and belongs to nobody; adopted"),
            Self::TakenOver { from } => write!(formatter, "taken over from {from}"),
            Self::Replaced { fields, allowed } => write!(
                formatter,
                "{} cannot be changed; deleted and created anew ({allowed})",
                named(fields)
            ),
            Self::Immutable { fields } => write!(
                formatter,
                "{} cannot be changed; to have it deleted and created anew, annotate it with \
                 kustomize.toolkit.fluxcd.io/force: enabled in the source, or approve it",
                named(fields)
            ),
            Self::Irreplaceable { fields, why } => write!(
                formatter,
                "{} cannot be changed, and it is not replaced: {why}",
                named(fields)
            ),
            Self::ReplaceProtected { fields, why } => write!(
                formatter,
                "{} cannot be changed; {why}; replaced only with an approval",
                named(fields)
            ),
            Self::Owners => formatter.write_str("its fields are taken over"),
            Self::Untried => formatter.write_str("compared once what it waits for is there"),
            Self::Same => formatter.write_str("as desired"),
            Self::NotDesired => formatter.write_str("no longer in the source"),
            Self::Approved { why } => write!(formatter, "no longer in the source; {why}; approved"),
            Self::Gone => formatter.write_str("no longer in the source, and gone already"),
            Self::Terminating => {
                formatter.write_str("being deleted; its finalizers are not done yet")
            }
            Self::HandedOver { to } => write!(formatter, "handed over to {to}"),
            Self::NotOurs => {
                formatter.write_str("no longer carries the labels of this unit; left alone")
            }
            Self::Controlled { by } => write!(formatter, "{by} controls it; left alone"),
            Self::OptedOut { by } => write!(formatter, "left alone: {by}"),
            Self::Drifted { what } => match **what {
                Self::Missing => formatter.write_str("drift: deleted behind our back; left so"),
                Self::Differs => formatter.write_str("drift; left as it is"),
                ref what => write!(formatter, "drift; left as it is: {what}"),
            },
            Self::DriftIgnored => {
                formatter.write_str("drift is not looked for; applied when the source changes")
            }
            Self::DesiredUnknown { why } => {
                write!(
                    formatter,
                    "what the source wants is not known, so nothing is done: {why}"
                )
            }
            Self::InventoryUnknown { why } => {
                write!(
                    formatter,
                    "the inventory is not known, so nothing is done: {why}"
                )
            }
            Self::LiveUnknown { why } => write!(formatter, "the live object is not known: {why}"),
            Self::NotTried => formatter.write_str("no dry run was made; plan again"),
            Self::Protected { why } => write!(formatter, "{why}; deleted only with an approval"),
            Self::Needed { by } => {
                write!(
                    formatter,
                    "deleting it would take {by} along, which the source wants"
                )
            }
            Self::NeededByOthers { objects, units } => write!(
                formatter,
                "deleting it would take {objects} objects of {} along; remove them there first",
                listed(units)
            ),
            Self::EmptySource { held } => write!(
                formatter,
                "the source wants nothing, and {held} objects are held; deleted only with an approval"
            ),
            Self::Shrink { prunes, held } => write!(
                formatter,
                "{prunes} of {held} objects would be deleted; deleted only with an approval"
            ),
            Self::OthersUnknown { units } => {
                write!(
                    formatter,
                    "{}; deleted only with an approval",
                    may_want(units)
                )
            }
            Self::Incomplete { failing } => write!(
                formatter,
                "deleted once all else is applied; {failing} cannot be applied yet"
            ),
            Self::Needs {
                id,
                made_by: Some(unit),
            } => write!(formatter, "waits until {unit} has made {id}"),
            Self::Needs { id, made_by: None } => {
                write!(formatter, "needs {id}, which is not there")
            }
            Self::Cycle { ids } => write!(
                formatter,
                "waits for itself: {}; remove one depends-on",
                circle(ids)
            ),
            Self::HeldBy { unit } => write!(
                formatter,
                "{unit} has it in its source; remove it from one of them"
            ),
            Self::Foreign { unit } => write!(
                formatter,
                "belongs to {unit}, and whether that gave it up is not known; taken over only with an approval"
            ),
            Self::Fields { conflicts } => {
                write!(formatter, "other managers own {}", owned(conflicts))
            }
            Self::Rejected {
                reason,
                message: Some(message),
            } => {
                write!(formatter, "the API server says {reason}: {message}")
            }
            Self::Rejected {
                reason,
                message: None,
            } => write!(
                formatter,
                "the API server says {reason}; its words are withheld, since they may quote a secret value"
            ),
        }
    }
}

/// Says that what `units` want is not known.
pub(crate) fn may_want(units: &[Unit]) -> String {
    format!("{} cannot be rendered and may want it", listed(units))
}

fn listed(units: &[Unit]) -> String {
    match units {
        [unit] => unit.to_string(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
        [] => "another unit".to_owned(),
    }
}

fn named(fields: &[String]) -> String {
    match fields {
        [] => "something".to_owned(),
        fields => fields.join(", "),
    }
}

fn circle(ids: &[ObjectRef]) -> String {
    let names: Vec<String> = ids.iter().map(ToString::to_string).collect();
    names.join(" → ")
}

fn owned(conflicts: &[Conflict]) -> String {
    let fields = conflicts
        .iter()
        .map(|conflict| format!("{} ({})", conflict.path, conflict.manager));
    fields.collect::<Vec<_>>().join(", ")
}
