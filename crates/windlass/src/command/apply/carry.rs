//! Carries the plans of several units out, in the order in which they need each other.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use windlass_object::ObjectRef;

use crate::command::survey::{Survey, Surveyed};
use crate::haul::{Context, Outcome};
use crate::report::{Event, Report};

/// How often a unit is tried when another process is faster.
const TRIES: usize = 3;

/// A unit, and what became of its plan.
pub(super) struct Carried {
    pub(super) name: String,
    /// What the unit wants.
    pub(super) objects: Vec<ObjectRef>,
    pub(super) outcome: Outcome,
}

/// Carries the plans of the survey out. Those that another plan makes something for come after it.
pub(super) async fn out(survey: &mut Survey, report: &dyn Report) -> Vec<Carried> {
    let mut open = std::mem::take(&mut survey.units);
    let mut carried = Vec::new();
    while !open.is_empty() {
        let makers = makers(&open);
        let is_ready = |unit: &Surveyed| needs(unit, &makers).is_empty();
        let ready: Vec<Surveyed> = open.extract_if(.., |unit| is_ready(unit)).collect();
        // What is left needs each other: object by object they wait in the right order.
        let now = if ready.is_empty() {
            std::mem::take(&mut open)
        } else {
            ready
        };
        let now = now.into_iter();
        carried.extend(join_all(now.map(|unit| carry(unit, &survey.context, report))).await);
    }
    carried
}

/// Returns which unit creates an object.
fn makers(units: &[Surveyed]) -> BTreeMap<ObjectRef, String> {
    let created = units.iter().flat_map(|unit| {
        let created = unit.created();
        created.map(|id| (id.clone(), unit.name.clone()))
    });
    created.collect()
}

/// Returns the other units that create what this one waits for.
fn needs<'m>(unit: &Surveyed, makers: &'m BTreeMap<ObjectRef, String>) -> BTreeSet<&'m String> {
    let waits = unit.plan.actions().flat_map(|action| &action.wait_for);
    let makers = waits.filter_map(|wait| makers.get(&wait.id));
    makers.filter(|name| **name != unit.name).collect()
}

/// Another process may store the inventory between our look and our write. Then the plan is made anew, and goes on if
/// it is the same.
async fn carry(unit: Surveyed, context: &Context, report: &dyn Report) -> Carried {
    let Surveyed {
        name,
        plan,
        job,
        sight,
    } = unit;
    let tell = |event: Event| report.event(&event);
    let mut outcome = job
        .carry_out(&name, context, (plan.clone(), sight), &tell)
        .await;
    for _ in 1..TRIES {
        if !outcome.is_overtaken {
            break;
        }
        let sight = job.look(context, None).await;
        let now = job.decide(context, &sight);
        if !now.is_converged() && !now.does_the_same(&plan) {
            outcome.problem = Some(
                "another process has changed the unit meanwhile, so that the plan is another one; plan again"
                    .to_owned(),
            );
            break;
        }
        let done = outcome.applied.outcomes;
        outcome = job.carry_out(&name, context, (now, sight), &tell).await;
        for (id, done) in done {
            outcome.applied.outcomes.entry(id).or_insert(done);
        }
    }
    let objects = outcome
        .plan
        .actions()
        .filter(|action| action.digest.is_some());
    Carried {
        objects: objects.map(|action| action.id.clone()).collect(),
        name,
        outcome,
    }
}
