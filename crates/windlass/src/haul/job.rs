//! One reconciliation of one unit: observe, plan, apply, remember.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::approval::{self, Approval};
use crate::report::Event;

use windlass_cluster::{Applied, Cluster, Definitions, InventoryError, Progress, Stored, Trial};
use windlass_health::Health;
use windlass_object::{FingerprintKey, ObjectRef};
use windlass_plan::{
    Action, Approvals, Cause, Desired, Guards, Held, Inputs, Inventory, Observed, Others, Plan,
    Unit, inventory_after, inventory_before, is_carried_out, plan,
};

/// What all jobs share.
pub(crate) struct Context {
    pub(crate) cluster: Cluster,
    pub(crate) key: FingerprintKey,
    pub(crate) approvals: Vec<Approval>,
    pub(crate) guards: Guards,
    pub(crate) told: Told,
}

/// The drift that was told and is left as it is: it is told again when it is another one.
#[derive(Default)]
pub(crate) struct Told(Mutex<BTreeMap<(Unit, ObjectRef), Action>>);

impl Told {
    /// Returns whether this drift is not known yet. What is drift no more is forgotten.
    fn is_news(&self, unit: &Unit, action: &Action) -> bool {
        // A map that was being changed in a panic is still one.
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (unit.clone(), action.id.clone());
        if !action.reason.is_drift() {
            told.remove(&key);
            return matches!(action.cause, Some(Cause::Drift | Cause::Both));
        }
        told.insert(key, action.clone()).as_ref() != Some(action)
    }
}

/// What one job works on.
pub(crate) struct Job {
    pub(crate) unit: Unit,
    pub(crate) revision: Arc<str>,
    pub(crate) desired: Desired,
    pub(crate) definitions: Arc<Definitions>,
    pub(crate) others: Others,
    /// Says when this is no longer what the source wants.
    pub(crate) wish: Wish,
}

/// What the source wants of a unit, as a number that grows each time that it wants something else.
#[derive(Clone, Default)]
pub(crate) struct Wish {
    latest: Arc<AtomicU64>,
    ours: u64,
}

impl Wish {
    /// Makes all earlier wishes old.
    pub(crate) fn renew(&mut self) {
        self.ours = self.latest.fetch_add(1, Ordering::SeqCst) + 1;
    }

    fn is_latest(&self) -> bool {
        self.latest.load(Ordering::SeqCst) == self.ours
    }
}

/// What came of a job.
pub(crate) struct Outcome {
    pub(crate) plan: Plan,
    pub(crate) applied: Applied,
    /// What the unit holds now; `None` when that is not known.
    pub(crate) inventory: Option<Inventory>,
    /// The version of each object as we last saw or wrote it.
    pub(crate) versions: BTreeMap<ObjectRef, String>,
    /// How objects are that were well in that version; the others are still to be looked at.
    pub(crate) well: BTreeMap<ObjectRef, Health>,
    /// Why the plan did not run, or was not remembered.
    pub(crate) problem: Option<String>,
    /// Whether that is because another process stored an inventory meanwhile.
    pub(crate) is_overtaken: bool,
}

/// What a plan is made from, as it was found at one moment.
pub(crate) struct Sight {
    stored: Stored,
    observed: BTreeMap<ObjectRef, Observed>,
    versions: BTreeMap<ObjectRef, String>,
    well: BTreeMap<ObjectRef, Health>,
}

impl Job {
    /// Looks at what the unit has applied, and at what the cluster has of it. `stored` is its inventory, if it was read
    /// just now.
    pub(crate) async fn look(&self, context: &Context, stored: Option<Stored>) -> Sight {
        self.look_with(context, Trial::All, stored).await
    }

    async fn look_with(&self, context: &Context, trial: Trial, stored: Option<Stored>) -> Sight {
        let stored = match stored {
            Some(stored) => stored,
            None => context.cluster.inventory(&self.unit).await,
        };
        let empty = Inventory::default();
        let known = match &stored.held {
            Held::Known(inventory) => inventory,
            Held::Unknown { .. } => &empty,
        };
        // What is not wanted for sure is not looked at: no plan does anything about it.
        let observed = match &self.desired {
            Desired::Failed { .. } => BTreeMap::new(),
            Desired::Complete(desired) => {
                let cluster = &context.cluster;
                let desired = Some(desired);
                let definitions = &self.definitions;
                cluster
                    .observe_with(desired, known, definitions, trial)
                    .await
            }
        };
        let (mut versions, mut well) = (Vec::new(), Vec::new());
        for (id, observed) in &observed {
            let Some(live) = observed.live.object() else {
                continue;
            };
            versions.extend(version(&live).map(|version| (id.clone(), version)));
            let health = context.cluster.assess(&live);
            well.extend(health.is_current().then(|| (id.clone(), health)));
        }
        Sight {
            // They come in order, and are not searched for one by one.
            versions: versions.into_iter().collect(),
            well: well.into_iter().collect(),
            stored,
            observed,
        }
    }

    /// Returns the plan.
    pub(crate) fn decide(&self, context: &Context, sight: &Sight) -> Plan {
        let plan_with = |approvals: &Approvals| {
            plan(&Inputs {
                unit: &self.unit,
                revision: &self.revision,
                desired: &self.desired,
                inventory: &sight.stored.held,
                observed: &sight.observed,
                others: &self.others,
                approvals,
                guards: &context.guards,
                manager: context.cluster.manager(),
                key: &context.key,
            })
        };
        let mut approvals = approval::of_objects(&context.approvals, sight.observed.keys());
        let mut plan = plan_with(&approvals);
        if approval::is_approved(&context.approvals, &plan) {
            approvals.plans.insert(plan.hash.clone());
            plan = plan_with(&approvals);
        }
        plan
    }

    /// Brings the cluster to what the unit wants. `stored` is its inventory, if it was read just now.
    pub(crate) async fn run(
        &self,
        name: &str,
        context: &Context,
        stored: Option<Stored>,
        report: &(dyn Fn(Event) + Sync),
    ) -> Outcome {
        let sight = self.look_with(context, Trial::Changes, stored).await;
        let plan = self.decide(context, &sight);
        self.carry_out(name, context, (plan, sight), report).await
    }

    /// Runs a plan that was made from this. Nothing is written that the plan does not hold, and nothing before
    /// the inventory knows of it.
    pub(crate) async fn carry_out(
        &self,
        name: &str,
        context: &Context,
        (plan, sight): (Plan, Sight),
        report: &(dyn Fn(Event) + Sync),
    ) -> Outcome {
        let Sight {
            stored,
            observed,
            versions,
            well,
        } = sight;
        // Objects may be many and large, and running a plan takes its time.
        drop(observed);
        let Stored { held, mut version } = stored;
        let mut outcome = Outcome {
            plan,
            applied: Applied::default(),
            inventory: None,
            versions,
            well,
            problem: None,
            is_overtaken: false,
        };
        // The plan already says that these are not known.
        let (Held::Known(held), Desired::Complete(desired)) = (held, &self.desired) else {
            return outcome;
        };
        let before = inventory_before(&outcome.plan, &held);
        outcome.inventory = Some(before.clone());
        let cluster = &context.cluster;
        if before != held {
            let stored = cluster.store_inventory(&self.unit, &before, version.as_deref());
            match stored.await {
                Ok(stored) => version = Some(stored),
                Err(error) => {
                    outcome.inventory = Some(held);
                    outcome.is_overtaken = matches!(error, InventoryError::Changed { .. });
                    outcome.problem = Some(error.to_string());
                    return outcome;
                }
            }
        }
        drift(name, &outcome.plan, &context.told).for_each(report);
        let progress = |progress: Progress<'_>| report(Event::of_progress(name, &progress));
        let is_wanted = || self.wish.is_latest();
        let applied = cluster.apply(&outcome.plan, desired, &is_wanted, &progress);
        outcome.applied = applied.await;
        let after = inventory_after(&outcome.plan, &before, &outcome.applied.outcomes);
        // What could not be applied is still as something else made it.
        let is_whole = is_carried_out(&outcome.plan, &outcome.applied.outcomes);
        let after = after.rendered(desired.rendition().filter(|_| is_whole).cloned());
        let store = || cluster.store_inventory(&self.unit, &after, version.as_deref());
        if after != before
            && let Err(error) = store().await
        {
            outcome.is_overtaken = matches!(error, InventoryError::Changed { .. });
            outcome.problem = Some(error.to_string());
        } else {
            outcome.inventory = Some(after);
        }
        for id in outcome.applied.outcomes.keys() {
            outcome.well.remove(id);
        }
        outcome.well.extend(outcome.applied.well.clone());
        outcome.versions.extend(outcome.applied.versions.clone());
        outcome
    }
}

/// Returns what others changed behind our back, and this plan changes back or leaves as it is.
fn drift<'a>(name: &'a str, plan: &'a Plan, told: &'a Told) -> impl Iterator<Item = Event> + 'a {
    let drifted = plan
        .actions()
        .filter(|action| told.is_news(&plan.unit, action));
    drifted.map(|action| Event::Drift {
        unit: name.to_owned(),
        id: action.id.clone(),
        fields: action.fields.clone(),
        corrected: !action.reason.is_drift(),
    })
}

fn version(live: &serde_json::Value) -> Option<String> {
    Some(
        live.pointer("/metadata/resourceVersion")?
            .as_str()?
            .to_owned(),
    )
}

#[cfg(test)]
mod tests;
