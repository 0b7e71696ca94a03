//! Waits until what was applied is healthy, and what was deleted is gone.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use windlass_cluster::{Assessed, Cluster};
use windlass_health::Status;
use windlass_object::ObjectRef;

use crate::haul::{Standing, leaving, standing_of};
use crate::report::{Event, Report};

use super::carry::Carried;

/// How many objects are looked at at once.
const LOOKS: usize = 16;
/// The pause between two looks: first and longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));
/// How long a unit waits before it is said what for.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is not as it should be when the waiting has ended.
#[derive(Default)]
pub(super) struct Unwell {
    /// What is wrong, by unit.
    pub(super) units: BTreeMap<String, Vec<String>>,
    /// Whether the waiting ended because the time was up.
    pub(super) is_late: bool,
}

/// An object that is waited for.
struct Awaited<'a> {
    unit: &'a str,
    id: &'a ObjectRef,
    goal: Goal,
    /// What is wrong with it, when it was looked at last.
    state: String,
    has_failed: bool,
}

#[derive(Clone, Copy)]
enum Goal {
    Healthy,
    Gone,
}

/// Waits for all that was applied without an error. The waiting ends early when all that is left has failed.
pub(super) async fn for_health(
    cluster: &Cluster,
    carried: &[Carried],
    patience: Duration,
    report: &dyn Report,
) -> Unwell {
    let started = Instant::now();
    let deadline = started + patience;
    let leaving: Vec<_> = carried
        .iter()
        .map(|carried| leaving(&carried.outcome))
        .collect();
    let mut open: Vec<Awaited<'_>> = Vec::new();
    for (carried, leaving) in carried.iter().zip(&leaving) {
        if standing_of(&carried.outcome) == Standing::Working {
            let awaited = |id, goal| Awaited::new(&carried.name, id, goal);
            open.extend(carried.objects.iter().map(|id| awaited(id, Goal::Healthy)));
            open.extend(leaving.iter().map(|id| awaited(id, Goal::Gone)));
        }
    }
    let mut pause = PAUSES.0;
    let mut is_told = false;
    loop {
        let looks = open.into_iter().map(|awaited| awaited.look(cluster));
        let looks = stream::iter(looks).buffered(LOOKS);
        open = looks.filter_map(async |left| left).collect().await;
        let is_late = Instant::now() >= deadline;
        if is_late || open.iter().all(|awaited| awaited.has_failed) {
            let units = by_unit(&open);
            let is_late = is_late && !units.is_empty();
            return Unwell { units, is_late };
        }
        if !is_told && started.elapsed() >= PATIENCE {
            is_told = true;
            tell(&open, report);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

fn by_unit(open: &[Awaited<'_>]) -> BTreeMap<String, Vec<String>> {
    let mut units: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for awaited in open {
        let details = units.entry(awaited.unit.to_owned()).or_default();
        details.push(format!("{}: {}", awaited.id, awaited.state));
    }
    units
}

fn tell(open: &[Awaited<'_>], report: &dyn Report) {
    for (unit, details) in by_unit(open) {
        report.event(&Event::Unit {
            unit,
            standing: "waiting",
            details,
        });
    }
}

impl<'a> Awaited<'a> {
    fn new(unit: &'a str, id: &'a ObjectRef, goal: Goal) -> Self {
        Self {
            unit,
            id,
            goal,
            state: String::new(),
            has_failed: false,
        }
    }

    /// Looks at the object; returns it when it is still to be waited for.
    async fn look(mut self, cluster: &Cluster) -> Option<Self> {
        self.has_failed = false;
        self.state = match (self.goal, cluster.health(self.id).await) {
            (Goal::Healthy, Assessed::Known(health)) if health.is_current() => return None,
            (Goal::Gone, Assessed::Known(health)) if health.status == Status::NotFound => {
                return None;
            }
            (Goal::Healthy, Assessed::Known(health)) => {
                self.has_failed = health.status == Status::Failed;
                health.to_string()
            }
            (Goal::Gone, Assessed::Known(_)) => {
                "Terminating: being deleted; finalizers may hold it".to_owned()
            }
            (_, Assessed::Unknown { reason }) => reason,
        };
        Some(self)
    }
}
