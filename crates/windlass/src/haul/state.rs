//! What is known of each unit, and what is to be done next. Synchronous: one task feeds it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use windlass_cluster::{Assessed, Change};
use windlass_health::Status;
use windlass_object::ObjectRef;
use windlass_plan::{Claim, ClaimState, Counts, Desired, Inventory, Op, Reason, Unit};

use super::job::Outcome;

/// The pause before a unit that failed is tried again: first and longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(60));

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
    counts: Counts,
    /// When it is to be reconciled: as soon as this has passed.
    due: Option<Instant>,
    is_running: bool,
    attempts: u32,
    /// Changes that came in while a job ran; it may have made them itself.
    pending: Vec<Change>,
    shapes: BTreeMap<ObjectRef, String>,
    versions: BTreeMap<ObjectRef, String>,
    health: BTreeMap<ObjectRef, Assessed>,
    unassessed: BTreeSet<ObjectRef>,
}

/// How a unit stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Standing {
    /// Not looked at yet, or being worked on.
    Working,
    /// Applied; objects are not yet as they should be.
    Waiting(Vec<String>),
    /// It cannot go on before something else is there, or someone approves.
    Blocked(Vec<String>),
    /// It failed; what is in the cluster is kept.
    Failed(Vec<String>),
    /// Applied, and every object is well.
    Ready,
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
    /// `held` are the inventories of units that are in the cluster, with their names.
    pub(crate) fn set_desired(
        &mut self,
        desired: Vec<(String, Unit, Desired)>,
        held: Vec<(String, Unit, Inventory)>,
        now: Instant,
    ) {
        let wanted: BTreeSet<String> = desired.iter().map(|(name, ..)| name.clone()).collect();
        for (name, unit, desired) in desired {
            let state = self.units.entry(name).or_insert_with(|| State::new(unit));
            if !wants_the_same(&state.desired, &desired) {
                state.desired = desired;
                state.touch(now);
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
            }
        }
        self.units
            .retain(|name, state| wanted.contains(name) || !state.inventory.is_empty());
    }

    /// Returns the names of the units that are to be reconciled now, those of bootstrap addons first.
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
            state.due = None;
            state.standing = Standing::Working;
        }
    }

    /// Takes the outcome of the unit's job.
    pub(crate) fn finish(&mut self, name: &str, outcome: Outcome, now: Instant) {
        let has_written = outcome.applied.outcomes.values().any(|outcome| {
            matches!(
                outcome,
                windlass_plan::Outcome::Done | windlass_plan::Outcome::Terminating
            )
        });
        if let Some(state) = self.units.get_mut(name) {
            state.finish(outcome, now);
        }
        if has_written {
            let blocked = self.units.values_mut().filter(|state| {
                matches!(state.standing, Standing::Blocked(_)) && !state.is_running
            });
            blocked.for_each(|state| state.due = Some(now));
        }
    }

    /// Takes a change of a live object. Returns whether it was someone else's doing.
    pub(crate) fn change(&mut self, change: Change, now: Instant) -> bool {
        let unit = change.unit.clone();
        let Some(state) = self.units.values_mut().find(|state| state.unit == unit) else {
            return false;
        };
        if state.is_running {
            state.pending.push(change);
            return false;
        }
        state.change(change, now)
    }

    /// Returns the objects whose health is to be looked at, with the name of their unit, and forgets them.
    pub(crate) fn take_unassessed(&mut self) -> Vec<(String, ObjectRef)> {
        let units = self.units.iter_mut().filter(|(_, state)| !state.is_running);
        units
            .flat_map(|(name, state)| {
                let ids = std::mem::take(&mut state.unassessed);
                ids.into_iter().map(|id| (name.clone(), id))
            })
            .collect()
    }

    /// Takes how well an object is.
    pub(crate) fn assess(&mut self, name: &str, id: ObjectRef, health: Assessed) {
        if let Some(state) = self.units.get_mut(name) {
            state.health.insert(id, health);
            state.judge();
        }
    }

    /// Returns how all of it stands.
    pub(crate) fn verdict(&self) -> Verdict {
        let standings = || self.units.values().map(|state| &state.standing);
        let is_retried = |state: &State| state.is_running || state.attempts == 1;
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

    /// Returns what other units have to do with objects.
    pub(crate) fn claims(&self, name: &str) -> BTreeMap<ObjectRef, Claim> {
        let mut claims = BTreeMap::new();
        for (_, state) in self.units.iter().filter(|(other, _)| *other != name) {
            for entry in state.inventory.entries() {
                claims.insert(entry.id.clone(), state.claim_of_held());
            }
            if let Desired::Complete(set) = &state.desired {
                for object in set.objects() {
                    let claim = Claim {
                        unit: state.unit.clone(),
                        state: ClaimState::Desires,
                    };
                    claims.insert(object.id().clone(), claim);
                }
            }
        }
        claims
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
            counts: Counts::default(),
            due: None,
            is_running: false,
            attempts: 0,
            pending: Vec::new(),
            shapes: BTreeMap::new(),
            versions: BTreeMap::new(),
            health: BTreeMap::new(),
            unassessed: BTreeSet::new(),
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

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Returns how many objects the unit wants.
    pub(crate) fn len(&self) -> usize {
        match &self.desired {
            Desired::Complete(set) => set.len(),
            Desired::Failed { .. } => self.inventory.len(),
        }
    }

    fn touch(&mut self, now: Instant) {
        self.due = Some(now);
        self.attempts = 0;
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

    /// Returns whether something is going on that may make it ready.
    fn is_busy(&self) -> bool {
        matches!(self.standing, Standing::Working)
            || (matches!(self.standing, Standing::Waiting(_)) && !self.has_failed_objects())
    }

    fn has_failed_objects(&self) -> bool {
        let is_failed = |health: &Assessed| matches!(health, Assessed::Known(health) if health.status == Status::Failed);
        self.health.values().any(is_failed)
    }

    fn finish(&mut self, outcome: Outcome, now: Instant) {
        self.is_running = false;
        self.counts = outcome.plan.counts();
        if let Some(inventory) = outcome.inventory {
            self.inventory = inventory;
        }
        self.versions = outcome.versions;
        let problems = problems(&outcome.plan, &outcome.applied, outcome.problem);
        let is_again = !problems.is_empty() || !outcome.applied.is_complete();
        self.attempts = if is_again { self.attempts + 1 } else { 0 };
        if is_again {
            self.due.get_or_insert(now + pause(self.attempts));
        }
        self.unassessed = self.wanted().into_iter().collect();
        let wanted: BTreeSet<_> = self.unassessed.clone();
        self.health.retain(|id, _| wanted.contains(id));
        self.standing = problems.into_standing();
        for change in std::mem::take(&mut self.pending) {
            self.change(change, now);
        }
        self.judge();
    }

    fn wanted(&self) -> Vec<ObjectRef> {
        match &self.desired {
            Desired::Complete(set) => set.objects().map(|object| object.id().clone()).collect(),
            Desired::Failed { .. } => Vec::new(),
        }
    }

    /// Returns whether the change was someone else's doing.
    fn change(&mut self, change: Change, now: Instant) -> bool {
        let is_ours =
            change.version.is_some() && self.versions.get(&change.id) == change.version.as_ref();
        let is_desired =
            matches!(&self.desired, Desired::Complete(set) if set.get(&change.id).is_some());
        let before = if change.version.is_some() {
            self.shapes.insert(change.id.clone(), change.shape.clone())
        } else {
            self.shapes.remove(&change.id)
        };
        if is_desired {
            self.unassessed.insert(change.id.clone());
        }
        let is_known = before
            .as_ref()
            .is_some_and(|before| *before != change.shape);
        let is_foreign = is_desired && !is_ours && (change.version.is_none() || is_known);
        if is_foreign {
            self.due = Some(now);
        }
        is_foreign
    }

    /// Brings the standing in line with the health of the objects.
    fn judge(&mut self) {
        if self.is_running || matches!(self.standing, Standing::Failed(_) | Standing::Blocked(_)) {
            return;
        }
        let wanted = self.wanted();
        let unwell = wanted.iter().filter_map(|id| match self.health.get(id) {
            Some(Assessed::Known(health)) if health.status == Status::Current => None,
            Some(Assessed::Known(health)) => Some(format!("{id}: {health}")),
            Some(Assessed::Unknown { reason }) => Some(format!("{id}: {reason}")),
            None => Some(format!("{id}: not looked at yet")),
        });
        let unwell: Vec<String> = unwell.collect();
        self.standing = if unwell.is_empty() {
            Standing::Ready
        } else {
            Standing::Waiting(unwell)
        };
    }
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
struct Problems {
    failed: Vec<String>,
    blocked: Vec<String>,
}

impl Problems {
    fn is_empty(&self) -> bool {
        self.failed.is_empty() && self.blocked.is_empty()
    }

    fn into_standing(mut self) -> Standing {
        if self.is_empty() {
            Standing::Working
        } else if self.failed.is_empty() {
            Standing::Blocked(self.blocked)
        } else {
            self.failed.append(&mut self.blocked);
            Standing::Failed(self.failed)
        }
    }
}

fn problems(
    plan: &windlass_plan::Plan,
    applied: &windlass_cluster::Applied,
    problem: Option<String>,
) -> Problems {
    let mut problems = Problems {
        failed: problem.into_iter().collect(),
        blocked: Vec::new(),
    };
    problems
        .failed
        .extend(plan.problem.iter().map(ToString::to_string));
    for action in plan.actions() {
        let text = || {
            let place = action
                .origin
                .as_ref()
                .map(|origin| format!("{origin}: "))
                .unwrap_or_default();
            format!("{place}{}: {}", action.id, action.reason)
        };
        match (action.op, &action.reason) {
            (Op::Blocked, Reason::LiveUnknown { .. }) | (Op::Failed | Op::Conflict, _) => {
                problems.failed.push(text())
            }
            (Op::Blocked, _) => problems.blocked.push(text()),
            _ => {}
        }
    }
    problems
        .failed
        .extend(applied.failures.iter().map(ToString::to_string));
    problems
}

fn pause(attempts: u32) -> Duration {
    let factor = 2_u32.saturating_pow(attempts.saturating_sub(1).min(10));
    PAUSES.0.saturating_mul(factor).min(PAUSES.1)
}
