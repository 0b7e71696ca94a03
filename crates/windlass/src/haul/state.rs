//! What is known of each unit, and what is to be done next. Synchronous: one task feeds it.

mod problems;
mod unit;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use windlass_cluster::{Assessed, Change, Stored};
use windlass_object::ObjectRef;
use windlass_plan::{Claim, Desired, Held, Others, Unit};

use super::job::Outcome;
pub(crate) use unit::State;
use unit::wants_the_same;

/// Returns what a plan has deleted that is not gone yet.
pub(crate) fn leaving(outcome: &Outcome) -> BTreeSet<ObjectRef> {
    problems::terminating(&outcome.plan, &outcome.applied)
}

/// Returns how a unit stands when its plan has run, but for the health of its objects.
pub(crate) fn standing_of(outcome: &Outcome) -> Standing {
    problems::problems(&outcome.plan, &outcome.applied, outcome.problem.clone()).into_standing()
}

/// All units, by the name that people call them.
#[derive(Default)]
pub(crate) struct Haul {
    units: BTreeMap<String, State>,
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
        held: &[(String, Unit, Stored)],
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
        let mut unknown = BTreeSet::new();
        for (name, unit, stored) in held {
            let state = self.units.entry(name.clone());
            let state = state.or_insert_with(|| State::new(unit.clone()));
            match &stored.held {
                Held::Known(inventory) => state.inventory = inventory.clone(),
                // Its job finds the same, and says so.
                Held::Unknown { .. } => drop(unknown.insert(name.clone())),
            }
        }
        for (name, state) in &mut self.units {
            if !wanted.contains(name) && !state.wants_nothing() {
                state.want_nothing();
                state.touch(now);
                is_touched = true;
            }
        }
        self.units.retain(|name, state| {
            let may_hold = unknown.contains(name) || !state.inventory.is_empty();
            wanted.contains(name) || state.is_running || may_hold
        });
        is_touched
    }

    /// Has each unit reconciled and its objects looked at again.
    pub(crate) fn touch_all(&mut self, now: Instant) {
        self.units.values_mut().for_each(|state| state.touch(now));
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
            state.change(&change, now);
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

#[cfg(test)]
mod tests;
