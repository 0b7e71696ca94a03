//! What is known of each unit, and what is to be done next. Synchronous: one task feeds it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use windlass_cluster::{Applied, Assessed, Change};
use windlass_health::Status;
use windlass_object::ObjectRef;
use windlass_plan::{
    Action, Claim, ClaimState, Desired, Inventory, Op, Others, Plan, Reason, Unit,
};

use super::job::{Outcome, Wish};

/// The pause before a unit that failed is tried again: first and longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_mins(1));
/// How often a unit is tried before it counts as failed, when the problem looks like one that stays.
const TRIES: u32 = 2;
/// The pause before an object that is not well is looked at again: first and longest.
const LOOKS: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(30));
/// How many repairs a minute are made at once; more are made with growing pauses.
const REPAIRS: u32 = 3;

/// All units, by the name that people call them.
#[derive(Default)]
pub(crate) struct Haul {
    units: BTreeMap<String, State>,
}

/// What is known of one unit.
pub(crate) struct State {
    unit: Unit,
    desired: Desired,
    inventory: Inventory,
    standing: Standing,
    /// When it is to be reconciled: as soon as this has passed.
    due: Option<Instant>,
    is_running: bool,
    attempts: u32,
    /// Whether the problem may go away by itself.
    is_passing: bool,
    wish: Wish,
    /// How often others changed objects back, and since when that is counted.
    repairs: (u32, Option<Instant>),
    /// What is being deleted, and held by finalizers.
    terminating: BTreeSet<ObjectRef>,
    /// When what is not well is looked at again, and the pause after that.
    look: Option<(Instant, Duration)>,
    /// Changes that came in while a job ran; it may have made them itself.
    pending: Vec<Change>,
    shapes: BTreeMap<ObjectRef, String>,
    versions: BTreeMap<ObjectRef, String>,
    health: BTreeMap<ObjectRef, Assessed>,
    /// Counts the jobs, so that a look at an object from before the last one is not taken for news.
    epoch: u64,
    unassessed: BTreeSet<ObjectRef>,
    /// What is being looked at. Two looks at one object could come back in the wrong order.
    looking: BTreeSet<ObjectRef>,
}

/// How a unit stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Standing {
    /// Not looked at yet, or being worked on.
    Working,
    /// Applied; objects are not yet as they should be.
    Waiting(Vec<String>),
    /// It cannot go on before another unit has made something.
    Awaiting(Vec<String>),
    /// It cannot go on before someone does something, such as to approve.
    Blocked(Vec<String>),
    /// It failed; what is in the cluster is kept.
    Failed(Vec<String>),
    /// Applied, and every object is well.
    Ready,
}

/// A look at the health of an object.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    name: String,
    pub(crate) id: ObjectRef,
    epoch: u64,
}

/// How all of it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Something is being done, or waited for.
    Working,
    /// Every unit is ready.
    Converged,
    /// Nothing is left to do, and some units are not ready.
    Stuck,
}

impl Haul {
    /// Takes what a new revision wants. A unit that it does not have any more wants nothing; those that
    /// want the same as before are left alone.
    ///
    /// `held` are the inventories of units that are in the cluster, with their names. Returns whether any
    /// unit is to be reconciled because of it.
    pub(crate) fn set_desired(
        &mut self,
        desired: Vec<(String, Unit, Desired)>,
        held: Vec<(String, Unit, Inventory)>,
        now: Instant,
    ) -> bool {
        let mut is_touched = false;
        let wanted: BTreeSet<String> = desired.iter().map(|(name, ..)| name.clone()).collect();
        for (name, unit, desired) in desired {
            let state = self.units.entry(name).or_insert_with(|| State::new(unit));
            if !state.is_settled() || !wants_the_same(&state.desired, &desired) {
                state.desired = desired;
                state.touch(now);
                is_touched = true;
            }
        }
        for (name, unit, inventory) in held {
            let state = self.units.entry(name).or_insert_with(|| State::new(unit));
            state.inventory = inventory;
        }
        for (name, state) in &mut self.units {
            if !wanted.contains(name) && !state.wants_nothing() {
                state.want_nothing();
                state.touch(now);
                is_touched = true;
            }
        }
        self.units.retain(|name, state| {
            wanted.contains(name) || state.is_running || !state.inventory.is_empty()
        });
        is_touched
    }

    /// Returns the names of the units that are to be reconciled now.
    pub(crate) fn due(&self, now: Instant) -> Vec<String> {
        let is_due = |state: &State| !state.is_running && state.due.is_some_and(|due| due <= now);
        self.units
            .iter()
            .filter(|(_, state)| is_due(state))
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// Returns when the next unit is to be reconciled, if nothing happens before.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        let idle = self.units.values().filter(|state| !state.is_running);
        idle.filter_map(|state| state.due).min()
    }

    /// Notes that a job runs for the unit.
    pub(crate) fn start(&mut self, name: &str) {
        if let Some(state) = self.units.get_mut(name) {
            state.is_running = true;
            state.epoch += 1;
            state.looking.clear();
            state.due = None;
            state.standing = Standing::Working;
        }
    }

    /// Takes the outcome of the unit's job. Returns whether it wrote anything.
    pub(crate) fn finish(&mut self, name: &str, outcome: Outcome, now: Instant) -> bool {
        let has_written = outcome.applied.outcomes.values().any(|outcome| {
            matches!(
                outcome,
                windlass_plan::Outcome::Done | windlass_plan::Outcome::Terminating
            )
        });
        if let Some(state) = self.units.get_mut(name) {
            state.finish(outcome, has_written, now);
        }
        if has_written {
            let blocked = self.units.values_mut().filter(|state| {
                matches!(state.standing, Standing::Awaiting(_) | Standing::Blocked(_))
                    && !state.is_running
            });
            blocked.for_each(|state| state.due = Some(now));
        }
        has_written
    }

    /// Notes that the unit's job came to no end.
    pub(crate) fn fail(&mut self, name: &str, reason: &str) {
        if let Some(state) = self.units.get_mut(name) {
            state.is_running = false;
            state.attempts += 1;
            state.standing = Standing::Failed(vec![reason.to_owned()]);
        }
    }

    /// Has the objects that are not well looked at again, from time to time: a watch does not tell all, such
    /// as what only the pods of a workload know.
    pub(crate) fn look_again(&mut self, now: Instant) {
        for state in self.units.values_mut() {
            state.look_again(now);
        }
    }

    /// Takes a change of a live object. When it may be someone else's doing, the unit is reconciled.
    pub(crate) fn change(&mut self, change: Change, now: Instant) {
        let mut states = self.units.values_mut();
        // By the object, not by its labels, which may be what was changed.
        let Some(state) = states.find(|state| state.has(&change.id)) else {
            return;
        };
        if state.is_running {
            state.pending.push(change);
        } else {
            state.change(change, now);
        }
    }

    /// Returns the objects whose health is to be looked at, and forgets them.
    pub(crate) fn take_unassessed(&mut self) -> Vec<Look> {
        let units = self
            .units
            .iter_mut()
            .filter(|(_, state)| state.is_applied());
        let looks = units.flat_map(|(name, state)| {
            let (name, epoch) = (name.clone(), state.epoch);
            let ids = state.begin_looking().into_iter();
            ids.map(move |id| Look {
                name: name.clone(),
                id,
                epoch,
            })
        });
        looks.collect()
    }

    /// Takes how well an object is.
    pub(crate) fn assess(&mut self, look: Look, health: Assessed) {
        if let Some(state) = self.units.get_mut(&look.name)
            && state.epoch == look.epoch
        {
            state.looking.remove(&look.id);
            state.health.insert(look.id, health);
            state.judge();
        }
    }

    /// Returns how all of it stands.
    pub(crate) fn verdict(&self) -> Verdict {
        let standings = || self.units.values().map(|state| &state.standing);
        let is_retried = |state: &State| state.is_running || state.is_tried_again();
        if standings().all(|standing| *standing == Standing::Ready) {
            Verdict::Converged
        } else if self
            .units
            .values()
            .any(|state| state.is_busy() || is_retried(state))
        {
            Verdict::Working
        } else {
            Verdict::Stuck
        }
    }

    /// Returns what other units have to do with the objects of this one, and with those that it may stand on.
    pub(crate) fn others(&self, name: &str) -> Others {
        let mut result = Others {
            claims: self.claims(name),
            ..Others::default()
        };
        for (_, state) in self.units.iter().filter(|(other, _)| *other != name) {
            if matches!(state.desired, Desired::Failed { .. }) {
                result.unknown.insert(state.unit.clone());
            }
            let wanted: BTreeSet<&ObjectRef> = state.wanted().collect();
            let held = state.inventory.entries().map(|entry| &entry.id);
            let held = held.filter(|id| !wanted.contains(id));
            for id in held.chain(wanted.iter().copied()) {
                result.dependents.add(&state.unit, id);
            }
        }
        result
    }

    fn claims(&self, name: &str) -> BTreeMap<ObjectRef, Claim> {
        let Some(own) = self.units.get(name) else {
            return BTreeMap::new();
        };
        let mut claims = BTreeMap::new();
        let others = || self.units.iter().filter(|(other, _)| *other != name);
        for (_, state) in others() {
            let held = state.inventory.entries().map(|entry| &entry.id);
            for id in held.filter(|id| own.is_about(id)) {
                claims.insert(id.clone(), state.claim_of_held());
            }
        }
        // That a unit wants an object weighs more than that another one still has it.
        for (_, state) in others() {
            let wanted = state.wanted().filter(|id| own.is_about(id));
            claims.extend(wanted.map(|id| (id.clone(), state.claim_of_wanted())));
        }
        claims
    }

    /// Returns whether any unit waits for its objects or for another unit.
    pub(crate) fn is_waiting(&self) -> bool {
        let mut states = self.units.values();
        states.any(|state| matches!(state.standing, Standing::Waiting(_) | Standing::Awaiting(_)))
    }

    /// Returns the unit's state.
    pub(crate) fn get(&self, name: &str) -> Option<&State> {
        self.units.get(name)
    }

    /// Returns all units with their names.
    pub(crate) fn units(&self) -> impl Iterator<Item = (&str, &State)> {
        self.units
            .iter()
            .map(|(name, state)| (name.as_str(), state))
    }
}

impl State {
    fn new(unit: Unit) -> Self {
        Self {
            unit,
            desired: Desired::Failed {
                reason: "not rendered yet".to_owned(),
            },
            inventory: Inventory::default(),
            standing: Standing::Working,
            due: None,
            is_running: false,
            attempts: 0,
            is_passing: false,
            wish: Wish::default(),
            repairs: (0, None),
            terminating: BTreeSet::new(),
            look: None,
            pending: Vec::new(),
            shapes: BTreeMap::new(),
            versions: BTreeMap::new(),
            health: BTreeMap::new(),
            epoch: 0,
            unassessed: BTreeSet::new(),
            looking: BTreeSet::new(),
        }
    }

    pub(crate) fn unit(&self) -> &Unit {
        &self.unit
    }

    pub(crate) fn desired(&self) -> &Desired {
        &self.desired
    }

    pub(crate) fn standing(&self) -> &Standing {
        &self.standing
    }

    pub(crate) fn wish(&self) -> Wish {
        self.wish.clone()
    }

    /// Returns whether the unit wants or holds the object.
    fn has(&self, id: &ObjectRef) -> bool {
        let is_wanted = matches!(&self.desired, Desired::Complete(set) if set.get(id).is_some());
        is_wanted || self.inventory.contains(id)
    }

    /// Returns whether a job that failed is worth another try before one gives up.
    fn is_tried_again(&self) -> bool {
        self.due.is_some() && (self.is_passing || self.attempts <= TRIES)
    }

    fn look_again(&mut self, now: Instant) {
        if !matches!(self.standing, Standing::Waiting(_)) {
            self.look = None;
            return;
        }
        let (due, pause) = *self.look.get_or_insert((now + LOOKS.0, LOOKS.0));
        if due <= now {
            let pause = (pause * 2).min(LOOKS.1);
            self.look = Some((now + pause, pause));
            let is_well = |id: &ObjectRef| matches!(self.health.get(id), Some(Assessed::Known(health)) if health.is_current());
            let unwell: Vec<ObjectRef> = self.wanted().filter(|id| !is_well(id)).cloned().collect();
            self.unassessed.extend(unwell);
        }
    }

    /// Returns how many objects the unit wants.
    pub(crate) fn len(&self) -> usize {
        match &self.desired {
            Desired::Complete(set) => set.len(),
            Desired::Failed { .. } => self.inventory.len(),
        }
    }

    /// Returns whether another unit's claim on the object matters to this one.
    fn is_about(&self, id: &ObjectRef) -> bool {
        let is_stood_on = matches!(id.kind.as_str(), "Namespace" | "CustomResourceDefinition");
        let is_wanted = || matches!(&self.desired, Desired::Complete(set) if set.get(id).is_some());
        is_stood_on || is_wanted() || self.inventory.contains(id)
    }

    /// Returns whether the last job left nothing to do.
    fn is_settled(&self) -> bool {
        !matches!(
            self.standing,
            Standing::Failed(_) | Standing::Blocked(_) | Standing::Awaiting(_)
        )
    }

    fn is_applied(&self) -> bool {
        self.is_settled() && !self.is_running && self.due.is_none()
    }

    fn touch(&mut self, now: Instant) {
        self.due = Some(now);
        self.attempts = 0;
        self.wish.renew();
        self.standing = Standing::Working;
    }

    fn wants_nothing(&self) -> bool {
        matches!(&self.desired, Desired::Complete(set) if set.is_empty())
    }

    fn want_nothing(&mut self) {
        let set = windlass_plan::DesiredSet::new(&self.unit, []);
        self.desired = Desired::Complete(set.expect("nothing cannot be defined twice"));
    }

    fn claim_of_held(&self) -> Claim {
        let state = match self.desired {
            Desired::Complete(_) => ClaimState::Holds,
            Desired::Failed { .. } => ClaimState::Unknown,
        };
        Claim {
            unit: self.unit.clone(),
            state,
        }
    }

    fn claim_of_wanted(&self) -> Claim {
        Claim {
            unit: self.unit.clone(),
            state: ClaimState::Desires,
        }
    }

    /// Returns whether something is going on that may make it ready.
    fn is_busy(&self) -> bool {
        matches!(self.standing, Standing::Working)
            || (matches!(self.standing, Standing::Waiting(_)) && !self.has_failed_objects())
    }

    fn has_failed_objects(&self) -> bool {
        let is_failed = |health: &Assessed| matches!(health, Assessed::Known(health) if health.status == Status::Failed);
        self.health.values().any(is_failed)
    }

    fn finish(&mut self, outcome: Outcome, has_written: bool, now: Instant) {
        self.is_running = false;
        if let Some(inventory) = outcome.inventory {
            self.inventory = inventory;
        }
        self.versions = outcome.versions;
        let problems = problems(&outcome.plan, &outcome.applied, outcome.problem);
        self.is_passing = problems.is_passing;
        self.terminating = terminating(&outcome.plan, &outcome.applied);
        // A person must act, or the source must change, and each of them starts a job by itself.
        let is_again = problems.is_tried_again() || !outcome.applied.is_complete();
        let has_problem = is_again || !problems.is_empty();
        self.attempts = if has_problem { self.attempts + 1 } else { 0 };
        if is_again {
            self.due.get_or_insert(now + pause(self.attempts));
        }
        self.forget_health(has_written);
        self.standing = problems.into_standing();
        for change in std::mem::take(&mut self.pending) {
            self.change(change, now);
        }
        self.judge();
    }

    /// Takes the objects to look at, but for those that are being looked at already.
    fn begin_looking(&mut self) -> BTreeSet<ObjectRef> {
        let unassessed = std::mem::take(&mut self.unassessed);
        let (later, now) = unassessed
            .into_iter()
            .partition(|id| self.looking.contains(id));
        self.unassessed = later;
        self.looking.extend(BTreeSet::clone(&now));
        now
    }

    /// Has the health of all objects looked at anew. What was known before a write is not worth anything.
    fn forget_health(&mut self, has_written: bool) {
        let wanted: BTreeSet<ObjectRef> = self.wanted().cloned().collect();
        self.health
            .retain(|id, _| !has_written && wanted.contains(id));
        self.unassessed = wanted;
    }

    fn wanted(&self) -> impl Iterator<Item = &ObjectRef> {
        let set = match &self.desired {
            Desired::Complete(set) => Some(set),
            Desired::Failed { .. } => None,
        };
        set.into_iter()
            .flat_map(windlass_plan::DesiredSet::objects)
            .map(windlass_object::Object::id)
    }

    fn change(&mut self, change: Change, now: Instant) {
        let is_ours =
            change.version.is_some() && self.versions.get(&change.id) == change.version.as_ref();
        let is_desired =
            matches!(&self.desired, Desired::Complete(set) if set.get(&change.id).is_some());
        let before = match &change.version {
            Some(_) => self.shapes.insert(change.id.clone(), change.shape.clone()),
            None => self.shapes.remove(&change.id),
        };
        if is_desired {
            self.unassessed.insert(change.id.clone());
            let is_new_shape = before.is_some_and(|before| before != change.shape);
            if !is_ours && (change.version.is_none() || is_new_shape) {
                self.due = Some(now + self.patience(now));
            }
        } else if change.version.is_none() {
            // What was being deleted is gone, and can leave the inventory.
            self.due = Some(now);
        }
    }

    /// Returns how long to wait with a repair: someone may be changing the object back each time.
    fn patience(&mut self, now: Instant) -> Duration {
        let (count, since) = self.repairs;
        let is_recent = since.is_some_and(|since| now < since + PAUSES.1);
        self.repairs = if is_recent {
            (count + 1, since)
        } else {
            (1, Some(now))
        };
        match self.repairs.0.saturating_sub(REPAIRS) {
            0 => Duration::ZERO,
            excess => pause(excess),
        }
    }

    fn leaving(&self) -> impl Iterator<Item = String> {
        let leaving = self.terminating.iter();
        leaving.map(|id| format!("{id}: Terminating: being deleted; finalizers may hold it"))
    }

    /// Brings the standing in line with the health of the objects.
    fn judge(&mut self) {
        if self.is_running || !self.is_settled() {
            return;
        }
        if self.wanted().any(|id| !self.health.contains_key(id)) {
            self.standing = Standing::Working;
            return;
        }
        let unwell = self.wanted().filter_map(|id| match self.health.get(id)? {
            Assessed::Known(health) if health.is_current() => None,
            Assessed::Known(health) => Some(format!("{id}: {health}")),
            Assessed::Unknown { reason } => Some(format!("{id}: {reason}")),
        });
        let unwell: Vec<String> = unwell.chain(self.leaving()).collect();
        self.standing = if unwell.is_empty() {
            Standing::Ready
        } else {
            Standing::Waiting(unwell)
        };
    }
}

/// Returns what is being deleted and not gone yet.
fn terminating(plan: &Plan, applied: &Applied) -> BTreeSet<ObjectRef> {
    let leaving = plan.actions().filter(|action| {
        let outcome = applied.outcomes.get(&action.id);
        action.reason == Reason::Terminating
            || outcome == Some(&windlass_plan::Outcome::Terminating)
    });
    leaving.map(|action| action.id.clone()).collect()
}

/// Returns whether two revisions want the same of a unit, down to the lines that it is written on.
fn wants_the_same(before: &Desired, after: &Desired) -> bool {
    match (before, after) {
        (Desired::Complete(before), Desired::Complete(after)) => {
            before.objects().eq(after.objects())
        }
        (Desired::Failed { .. }, _) | (_, Desired::Failed { .. }) => false,
    }
}

/// Why a unit is not applied.
#[derive(Default)]
struct Problems {
    failed: Vec<String>,
    blocked: Vec<String>,
    /// What another unit is about to make.
    awaited: Vec<String>,
    /// Whether some of it may go away by itself, such as an API server that does not answer.
    is_passing: bool,
    /// Whether nothing but another revision can help.
    is_final: bool,
}

impl Problems {
    fn is_empty(&self) -> bool {
        self.failed.is_empty() && self.blocked.is_empty() && self.awaited.is_empty()
    }

    fn is_tried_again(&self) -> bool {
        if self.is_final {
            return false;
        }
        !self.failed.is_empty() || !self.awaited.is_empty() || self.is_passing
    }

    fn into_standing(self) -> Standing {
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

    fn add(&mut self, action: &Action) {
        let place = action.origin.as_ref().map(|origin| format!("{origin}: "));
        let place = place.unwrap_or_default();
        let text = format!("{place}{}: {}", action.id, action.reason);
        match (action.op, &action.reason) {
            (Op::Blocked, Reason::LiveUnknown { .. }) => {
                self.is_passing = true;
                self.failed.push(text);
            }
            (Op::Failed | Op::Conflict, _) => self.failed.push(text),
            (
                Op::Blocked,
                Reason::Needs {
                    made_by: Some(_), ..
                },
            ) => self.awaited.push(text),
            (Op::Blocked, _) => self.blocked.push(text),
            _ => {}
        }
    }
}

fn problems(plan: &Plan, applied: &Applied, problem: Option<String>) -> Problems {
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

fn pause(attempts: u32) -> Duration {
    let factor = 2_u32.saturating_pow(attempts.saturating_sub(1).min(10));
    PAUSES.0.saturating_mul(factor).min(PAUSES.1)
}

#[cfg(test)]
mod tests;
