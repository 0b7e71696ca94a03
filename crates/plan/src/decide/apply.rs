//! What is to be done to a desired object.

use serde_json::Value;
use windlass_object::{FieldChange, FieldPath, Object, ObjectRef, PackedObject, PathSegment, diff};

use super::{Grant, claim_of, drift, is_terminating, look, of_object, optout};
use crate::blame::{has_applied, is_owner, writer_of};
use crate::ignore::is_counted;
use crate::{
    Action, Cause, ClaimState, DesiredSet, DryRun, Entry, Field, Inputs, Inventory, Op, Reason,
    Unit, Until, Wait,
};

/// Returns what is to be done to `object`, without regard to the others of its unit.
pub(crate) fn apply(
    inputs: &Inputs<'_>,
    desired: &DesiredSet,
    inventory: &Inventory,
    packed: &PackedObject,
    grant: Grant<'_>,
) -> Action {
    let action = of_object(inputs, packed);
    let live = match look(inputs, packed.id()) {
        Ok(live) => live,
        Err(why) => return action.with((Op::Blocked, Reason::LiveUnknown { why })),
    };
    let live = live.as_deref();
    let held = inventory.get(packed.id());
    let object = &packed.open();
    let rendered = desired.rendition().zip(inventory.rendition());
    let step = Step {
        inputs,
        desired,
        is_rerendered: rendered.is_some_and(|(now, then)| now.is_of_other_program(then)),
        object,
        packed,
        live,
        held,
    };
    if let Some(verdict) = step.keep(grant) {
        return action.with(verdict);
    }
    let dry_run = inputs.observed.get(object.id());
    let dry_run = dry_run.map_or(&DryRun::None, |observed| &observed.dry_run);
    step.tried(action, dry_run, grant)
}

pub(super) struct Step<'a> {
    pub(super) inputs: &'a Inputs<'a>,
    pub(super) desired: &'a DesiredSet,
    /// Whether another program made the object, as it was applied, of the same files.
    pub(super) is_rerendered: bool,
    pub(super) object: &'a Object,
    pub(super) packed: &'a PackedObject,
    pub(super) live: Option<&'a Value>,
    pub(super) held: Option<&'a Entry>,
}

impl Action {
    pub(super) fn with(self, (op, reason): (Op, Reason)) -> Self {
        Self { op, reason, ..self }
    }
}

impl Step<'_> {
    /// Returns why the object is not applied at all.
    fn keep(&self, grant: Grant<'_>) -> Option<(Op, Reason)> {
        if let Some(by) = optout::of_apply(self.object.value(), self.live) {
            return Some((Op::Skip, Reason::OptedOut { by }));
        }
        if self.live.is_some_and(is_terminating) {
            return Some((Op::Blocked, Reason::Terminating));
        }
        self.foreign(grant).map(|reason| (Op::Conflict, reason))
    }

    /// Returns why the object is another unit's. Of two units that want it, the one that has it keeps it; while
    /// neither has it, it goes to the first by name.
    fn foreign(&self, grant: Grant<'_>) -> Option<Reason> {
        let owner = self.live.and_then(Unit::of);
        let is_ours = owner.as_ref() == Some(self.inputs.unit);
        let is_free = owner.is_none();
        match claim_of(self.inputs, self.object.id()) {
            Some((unit, ClaimState::Desires)) => {
                let comes_first = self.held.is_some() || self.inputs.unit < unit;
                let is_kept = is_ours || (is_free && comes_first);
                (!is_kept).then(|| Reason::HeldBy { unit: unit.clone() })
            }
            Some((unit, ClaimState::Holds)) if owner.as_ref() == Some(unit) => None,
            Some((unit, ClaimState::Unknown)) if !is_ours && self.live.is_some() => {
                self.granted(grant, unit)
            }
            _ if is_ours => None,
            _ => self.granted(grant, owner.as_ref()?),
        }
    }

    fn granted(&self, grant: Grant<'_>, unit: &Unit) -> Option<Reason> {
        let is_foreign = !grant.covers(self.object.id());
        is_foreign.then(|| Reason::Foreign { unit: unit.clone() })
    }

    fn tried(&self, action: Action, dry_run: &DryRun, grant: Grant<'_>) -> Action {
        let applied = self.held.and_then(|held| held.applied.as_ref());
        let is_applied = applied.is_some() && applied == action.digest.as_ref();
        let action = self.correcting(action, dry_run, grant);
        drift::tolerated(self.inputs, self.object, is_applied, action)
    }

    fn correcting(&self, action: Action, dry_run: &DryRun, grant: Grant<'_>) -> Action {
        match dry_run {
            DryRun::Settled if self.live.is_some() => action,
            DryRun::None | DryRun::Settled => action.with((Op::Blocked, Reason::NotTried)),
            DryRun::Rejected { reason, message } => {
                action.with((Op::Failed, self.rejected(reason, message)))
            }
            DryRun::Immutable { fields, anew } => self.replaced(action, fields, anew, grant),
            DryRun::Conflict(conflicts) => {
                let conflicts = conflicts.clone();
                action.with((Op::Conflict, Reason::Fields { conflicts }))
            }
            DryRun::Deferred { until } => {
                let wait = |id: &ObjectRef| Wait {
                    id: id.clone(),
                    until: Until::Current,
                };
                let wait_for = until.iter().map(wait).collect();
                self.new_or(Action { wait_for, ..action }, |action| {
                    action.with((Op::Update, Reason::Untried))
                })
            }
            DryRun::Merged(merged) => self.new_or(action, |action| self.compared(action, merged)),
            DryRun::TakenOver { from, merged } => self.new_or(action, |action| {
                let taken_from = from.clone();
                self.taken(
                    Action {
                        taken_from,
                        ..action
                    },
                    merged,
                )
            }),
        }
    }

    /// The server's words may quote what must not be shown.
    pub(super) fn rejected(&self, reason: &str, message: &str) -> Reason {
        let is_sensitive = self.desired.is_sensitive(self.packed);
        Reason::Rejected {
            reason: reason.to_owned(),
            message: Some(message.to_owned()).filter(|_| !is_sensitive),
        }
    }

    /// Returns the creation of an object that is not there, or else what `existing` says.
    fn new_or(&self, action: Action, existing: impl FnOnce(Action) -> Action) -> Action {
        if self.live.is_some() {
            return existing(action);
        }
        let applied = self.held.and_then(|held| held.applied.as_ref());
        let cause = match applied {
            None => Cause::Source,
            Some(_) if applied == action.digest.as_ref() => Cause::Drift,
            Some(_) => Cause::Both,
        };
        Action {
            cause: Some(cause),
            ..action
        }
        .with((Op::Create, Reason::Missing))
    }

    fn compared(&self, action: Action, merged: &Value) -> Action {
        let Some(live) = self.live else {
            return action;
        };
        let fields = self.changes(live, merged);
        if fields.is_empty() {
            return action;
        }
        let reason = match Unit::of(live) {
            None => Reason::Adopted,
            Some(from) if &from != self.inputs.unit => Reason::TakenOver { from },
            Some(_) => Reason::Differs,
        };
        let cause = self.cause(&action, &reason, &fields);
        let op = match reason {
            Reason::Adopted => Op::Adopt,
            _ => Op::Update,
        };
        Action {
            fields,
            cause: Some(cause),
            ..action
        }
        .with((op, reason))
    }

    /// The fields of an object may become ours though none of them changes.
    fn taken(&self, action: Action, merged: &Value) -> Action {
        let action = self.compared(action, merged);
        match action.op {
            Op::Unchanged => action.with((Op::Update, Reason::Owners)),
            _ => action,
        }
    }

    pub(super) fn changes(&self, live: &Value, after: &Value) -> Vec<Field> {
        let mask = self.desired.mask(self.inputs.key, self.object);
        // Someone else counts while the object is looked at; what we set is not ours to forget.
        let is_ours =
            |path: &FieldPath| !is_counted(path) || is_owner(live, path, self.inputs.manager);
        let field = |change: FieldChange| Field {
            written_by: writer_of(live, &change.path, self.inputs.manager),
            change,
        };
        let changes = diff(live, after, &mask).into_iter();
        let changes = changes.filter(|change| is_ours(&change.path));
        changes.map(field).collect()
    }

    /// With the digest of what was last applied, the cause is known. Without it, fields that others wrote are
    /// drift, and all other ones come from the source.
    pub(super) fn cause(&self, action: &Action, reason: &Reason, fields: &[Field]) -> Cause {
        let foreign = fields
            .iter()
            .filter(|field| field.written_by.is_some())
            .count();
        let applied = self.held.and_then(|held| held.applied.as_ref());
        match applied {
            _ if *reason != Reason::Differs => Cause::Source,
            Some(_) if applied == action.digest.as_ref() => self.drift(fields),
            None if foreign == fields.len() => Cause::Drift,
            _ if foreign > 0 => Cause::Both,
            Some(_) if self.is_rerendered => Cause::Renderer,
            _ if fields.iter().all(is_image) => Cause::Image,
            _ => Cause::Source,
        }
    }

    /// What nobody wrote, and we did not either, was set by the server.
    fn drift(&self, fields: &[Field]) -> Cause {
        let manager = self.inputs.manager;
        let Some(live) = self.live.filter(|live| has_applied(live, manager)) else {
            return Cause::Drift;
        };
        let is_default = |field: &Field| {
            field.written_by.is_none() && !is_owner(live, &field.change.path, manager)
        };
        if fields.iter().all(is_default) {
            Cause::Default
        } else {
            Cause::Drift
        }
    }
}

/// Whether a field is the image of a container, and stays one.
fn is_image(field: &Field) -> bool {
    let is_last =
        field.change.path.segments().last() == Some(&PathSegment::Key("image".to_owned()));
    is_last && field.change.before.is_some() && field.change.after.is_some()
}
