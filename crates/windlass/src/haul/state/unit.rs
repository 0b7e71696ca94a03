//! What is known of one unit.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use windlass_cluster::{Assessed, Change};
use windlass_health::Status;
use windlass_object::ObjectRef;
use windlass_plan::{Claim, ClaimState, Desired, Inventory, Unit};

use super::Standing;
use super::problems::{problems, terminating};
use crate::haul::job::{Outcome, Wish};

/// The pause before a unit that failed is tried again: first and longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_mins(1));
/// How often a unit is tried before it counts as failed, when the problem looks like one that stays.
const TRIES: u32 = 2;
/// The pause before an object that is not well is looked at again: first and longest.
pub(super) const LOOKS: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(30));
/// How many repairs a minute are made at once; more are made with growing pauses.
pub(super) const REPAIRS: u32 = 3;

/// What is known of one unit.
pub(crate) struct State {
    pub(super) unit: Unit,
    pub(super) desired: Desired,
    pub(super) inventory: Inventory,
    pub(super) standing: Standing,
    /// When it is to be reconciled: as soon as this has passed.
    pub(super) due: Option<Instant>,
    pub(super) is_running: bool,
    pub(super) attempts: u32,
    /// Whether the problem may go away by itself.
    pub(super) is_passing: bool,
    pub(super) wish: Wish,
    /// How often others changed objects back, and since when that is counted.
    pub(super) repairs: (u32, Option<Instant>),
    /// What is being deleted, and held by finalizers.
    pub(super) terminating: BTreeSet<ObjectRef>,
    /// When what is not well is looked at again, and the pause after that.
    pub(super) look: Option<(Instant, Duration)>,
    /// Changes that came in while a job ran; it may have made them itself.
    pub(super) pending: Vec<Change>,
    pub(super) shapes: BTreeMap<ObjectRef, String>,
    pub(super) versions: BTreeMap<ObjectRef, String>,
    pub(super) health: BTreeMap<ObjectRef, Assessed>,
    /// Counts the jobs, so that a look at an object from before the last one is not taken for news.
    pub(super) epoch: u64,
    pub(super) unassessed: BTreeSet<ObjectRef>,
    /// What is being looked at. Two looks at one object could come back in the wrong order.
    pub(super) looking: BTreeSet<ObjectRef>,
}

impl State {
    pub(super) fn new(unit: Unit) -> Self {
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
    pub(super) fn has(&self, id: &ObjectRef) -> bool {
        let is_wanted = matches!(&self.desired, Desired::Complete(set) if set.get(id).is_some());
        is_wanted || self.inventory.contains(id)
    }

    /// Returns whether a job that failed is worth another try before one gives up.
    pub(super) fn is_tried_again(&self) -> bool {
        self.due.is_some() && (self.is_passing || self.attempts <= TRIES)
    }

    pub(super) fn look_again(&mut self, now: Instant) {
        if !matches!(self.standing, Standing::Waiting(_)) {
            self.look = None;
            return;
        }
        let (due, pause) = *self.look.get_or_insert((now + LOOKS.0, LOOKS.0));
        if due <= now {
            let pause = (pause * 2).min(LOOKS.1);
            self.look = Some((now + pause, pause));
            let unwell = self.wanted().filter(|id| !self.is_well(id));
            let unwell: Vec<ObjectRef> = unwell.cloned().collect();
            self.unassessed.extend(unwell);
        }
    }

    fn is_well(&self, id: &ObjectRef) -> bool {
        let health = self.health.get(id);
        matches!(health, Some(Assessed::Known(health)) if health.is_current())
    }

    /// Returns how many objects the unit wants.
    pub(crate) fn len(&self) -> usize {
        match &self.desired {
            Desired::Complete(set) => set.len(),
            Desired::Failed { .. } => self.inventory.len(),
        }
    }

    /// Returns whether another unit's claim on the object matters to this one.
    pub(super) fn is_about(&self, id: &ObjectRef) -> bool {
        let is_stood_on = matches!(id.kind.as_str(), "Namespace" | "CustomResourceDefinition");
        let is_wanted = || matches!(&self.desired, Desired::Complete(set) if set.get(id).is_some());
        is_stood_on || is_wanted() || self.inventory.contains(id)
    }

    /// Returns whether the last job left nothing to do.
    pub(super) fn is_settled(&self) -> bool {
        !matches!(
            self.standing,
            Standing::Failed(_) | Standing::Blocked(_) | Standing::Awaiting(_)
        )
    }

    pub(super) fn is_applied(&self) -> bool {
        self.is_settled() && !self.is_running && self.due.is_none()
    }

    pub(super) fn touch(&mut self, now: Instant) {
        self.due = Some(now);
        self.attempts = 0;
        self.wish.renew();
        self.standing = Standing::Working;
    }

    pub(super) fn wants_nothing(&self) -> bool {
        matches!(&self.desired, Desired::Complete(set) if set.is_empty())
    }

    pub(super) fn want_nothing(&mut self) {
        let set = windlass_plan::DesiredSet::new(&self.unit, []);
        self.desired = Desired::Complete(set.expect("nothing cannot be defined twice"));
    }

    pub(super) fn claim_of_held(&self) -> Claim {
        let state = match self.desired {
            Desired::Complete(_) => ClaimState::Holds,
            Desired::Failed { .. } => ClaimState::Unknown,
        };
        Claim {
            unit: self.unit.clone(),
            state,
        }
    }

    pub(super) fn claim_of_wanted(&self) -> Claim {
        Claim {
            unit: self.unit.clone(),
            state: ClaimState::Desires,
        }
    }

    /// Returns whether something is going on that may make it ready.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self.standing, Standing::Working)
            || (matches!(self.standing, Standing::Waiting(_)) && !self.has_failed_objects())
    }

    pub(super) fn has_failed_objects(&self) -> bool {
        let is_failed = |health: &Assessed| matches!(health, Assessed::Known(health) if health.status == Status::Failed);
        self.health.values().any(is_failed)
    }

    pub(super) fn finish(&mut self, outcome: Outcome, has_written: bool, now: Instant) {
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
        let well = outcome.well.into_iter();
        let well = well.filter(|(id, _)| self.unassessed.contains(id));
        let mut well: BTreeMap<ObjectRef, Assessed> = well
            .map(|(id, health)| (id, Assessed::Known(health)))
            .collect();
        self.unassessed.retain(|id| !well.contains_key(id));
        self.health.append(&mut well);
        self.standing = problems.into_standing();
        for change in std::mem::take(&mut self.pending) {
            self.change(&change, now);
        }
        self.judge();
    }

    /// Takes the objects to look at, but for those that are being looked at already.
    pub(super) fn begin_looking(&mut self) -> BTreeSet<ObjectRef> {
        let unassessed = std::mem::take(&mut self.unassessed);
        let (later, now) = unassessed
            .into_iter()
            .partition(|id| self.looking.contains(id));
        self.unassessed = later;
        self.looking.extend(BTreeSet::clone(&now));
        now
    }

    /// Has the health of all objects looked at anew. What was known before a write is not worth anything.
    pub(super) fn forget_health(&mut self, has_written: bool) {
        let wanted: BTreeSet<ObjectRef> = self.wanted().cloned().collect();
        self.health
            .retain(|id, _| !has_written && wanted.contains(id));
        self.unassessed = wanted;
    }

    pub(super) fn wanted(&self) -> impl Iterator<Item = &ObjectRef> {
        let set = match &self.desired {
            Desired::Complete(set) => Some(set),
            Desired::Failed { .. } => None,
        };
        set.into_iter()
            .flat_map(windlass_plan::DesiredSet::objects)
            .map(windlass_object::PackedObject::id)
    }

    pub(super) fn change(&mut self, change: &Change, now: Instant) {
        let is_ours =
            change.version.is_some() && self.versions.get(&change.id) == change.version.as_ref();
        let is_desired =
            matches!(&self.desired, Desired::Complete(set) if set.get(&change.id).is_some());
        let before = match &change.version {
            Some(_) => self.shapes.insert(change.id.clone(), change.shape.clone()),
            None => self.shapes.remove(&change.id),
        };
        if is_desired {
            // What we saw or wrote ourselves is known already, as when a watch begins.
            if !(is_ours && self.is_well(&change.id)) {
                self.unassessed.insert(change.id.clone());
            }
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
    pub(super) fn patience(&mut self, now: Instant) -> Duration {
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

    pub(super) fn leaving(&self) -> impl Iterator<Item = String> {
        let leaving = self.terminating.iter();
        leaving.map(|id| format!("{id}: Terminating: being deleted; finalizers may hold it"))
    }

    /// Brings the standing in line with the health of the objects.
    pub(super) fn judge(&mut self) {
        if self.is_running || !self.is_settled() {
            return;
        }
        self.standing = match self.unwell() {
            None => Standing::Working,
            Some(unwell) if unwell.is_empty() => Standing::Ready,
            Some(unwell) => Standing::Waiting(unwell),
        };
    }

    /// Returns what is not well, and how; `None` if that is not known of all objects.
    fn unwell(&self) -> Option<Vec<String>> {
        let mut unwell = Vec::new();
        for id in self.wanted() {
            match self.health.get(id)? {
                Assessed::Known(health) if health.is_current() => {}
                Assessed::Known(health) => unwell.push(format!("{id}: {health}")),
                Assessed::Unknown { reason } => unwell.push(format!("{id}: {reason}")),
            }
        }
        unwell.extend(self.leaving());
        Some(unwell)
    }
}

/// Returns whether two revisions want the same of a unit, down to the lines that it is written on.
pub(super) fn wants_the_same(before: &Desired, after: &Desired) -> bool {
    match (before, after) {
        (Desired::Complete(before), Desired::Complete(after)) => before.is_same(after),
        (Desired::Failed { .. }, _) | (_, Desired::Failed { .. }) => false,
    }
}

fn pause(attempts: u32) -> Duration {
    let factor = 2_u32.saturating_pow(attempts.saturating_sub(1).min(10));
    PAUSES.0.saturating_mul(factor).min(PAUSES.1)
}
