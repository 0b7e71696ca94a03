//! Runs a plan, and nothing else.

mod prune;
mod replace;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use serde_json::Value;
use windlass_health::{Health, Status};
use windlass_object::{Gvk, Object, ObjectRef};
use windlass_plan::{Action, DesiredSet, Op, Outcome, Phase, Plan, Unit, Until, Wait};

use crate::pauses::Pauses;
use crate::request::Mode;
use crate::{Cluster, ClusterError, Kind, flow, request};

/// How long an object is tried that changes all the time.
const LONGEST_CHASE: Duration = Duration::from_secs(10);

/// What happened while a plan ran, told at once.
#[derive(Clone, Debug)]
pub enum Progress<'a> {
    /// An object was written or deleted.
    Done(&'a Action),
    /// An action waits.
    Waiting {
        /// The action.
        action: &'a Action,
        /// The object that it waits for.
        wait: &'a Wait,
    },
    /// An action failed.
    Failed(&'a Failure),
}

/// What became of a plan.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// What became of each action that writes.
    pub outcomes: BTreeMap<ObjectRef, Outcome>,
    /// Why actions failed.
    pub failures: Vec<Failure>,
    /// The `resourceVersion` of each object as we wrote it, to tell our own changes from others'.
    pub versions: BTreeMap<ObjectRef, String>,
    /// How objects are that were well as soon as they were written.
    pub well: BTreeMap<ObjectRef, Health>,
}

/// Why an action failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}{id}: {reason}")]
pub struct Failure {
    /// The object.
    pub id: ObjectRef,
    /// What went wrong, and what to do.
    pub reason: String,
    /// Where the object is written, as `file:line: `, or empty.
    place: String,
}

impl Applied {
    /// Returns whether every action is done.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.outcomes
            .values()
            .all(|outcome| matches!(outcome, Outcome::Done | Outcome::Terminating))
    }

    fn is_done(&self, id: &ObjectRef) -> bool {
        // What has no outcome is no action of this plan, so there was nothing to do about it.
        self.outcomes
            .get(id)
            .is_none_or(|outcome| *outcome == Outcome::Done)
    }

    fn record(
        &mut self,
        action: &Action,
        done: Result<Written, Failure>,
        report: &(dyn Fn(Progress<'_>) + Sync),
    ) {
        let outcome = match done {
            Ok(Written::Applied { version, health }) => {
                self.versions.insert(action.id.clone(), version);
                let well = health.is_current().then_some(health);
                self.well
                    .extend(well.map(|health| (action.id.clone(), health)));
                Outcome::Done
            }
            Ok(Written::Gone) => Outcome::Done,
            Ok(Written::Terminating) => Outcome::Terminating,
            Err(failure) => {
                report(Progress::Failed(&failure));
                self.failures.push(failure);
                Outcome::Failed
            }
        };
        self.outcomes.insert(action.id.clone(), outcome);
    }
}

/// What all actions of a plan have in common as it runs.
struct Run<'a> {
    unit: &'a Unit,
    desired: &'a DesiredSet,
    /// Whether the source still wants what the plan does.
    is_wanted: &'a (dyn Fn() -> bool + Sync),
    report: &'a (dyn Fn(Progress<'_>) + Sync),
}

/// What a write led to.
enum Written {
    Applied { version: String, health: Health },
    Gone,
    Terminating,
}

impl Cluster {
    /// Runs `plan` in its order. `desired` must be the set that it was made from.
    ///
    /// A failure holds what waits for it and all deletions, nothing else. Deletions are held, too, when
    /// `is_wanted` says that the source wants something else by now.
    pub async fn apply(
        &self,
        plan: &Plan,
        desired: &DesiredSet,
        is_wanted: &(dyn Fn() -> bool + Sync),
        report: &(dyn Fn(Progress<'_>) + Sync),
    ) -> Applied {
        let mut applied = Applied::default();
        let run = Run {
            unit: &plan.unit,
            desired,
            is_wanted,
            report,
        };
        for wave in &plan.waves {
            let is_held =
                wave.phase == Phase::Prune && (!applied.failures.is_empty() || !is_wanted());
            let so_far = &applied;
            let (ready, held): (Vec<_>, Vec<_>) = wave.actions.iter().partition(|action| {
                !is_held && action.wait_for.iter().all(|wait| so_far.is_done(&wait.id))
            });
            // Begun as others end: what is needed to wait for an answer is large.
            let mut ready = ready.into_iter();
            let mut running = FuturesUnordered::new();
            loop {
                let free = flow::MOST - running.len();
                running.extend(
                    ready
                        .by_ref()
                        .take(free)
                        .map(|action| self.run(&run, action).boxed()),
                );
                let Some((action, done)) = running.next().await else {
                    break;
                };
                applied.record(action, done, report);
            }
            let held = held
                .into_iter()
                .map(|action| (action.id.clone(), Outcome::NotBegun));
            applied.outcomes.extend(held);
        }
        applied
    }

    async fn run<'a>(
        &self,
        run: &Run<'_>,
        action: &'a Action,
    ) -> (&'a Action, Result<Written, Failure>) {
        let done = self.wait_and_write(run, action).await;
        if done.is_ok() {
            (run.report)(Progress::Done(action));
        }
        (action, done.map_err(|reason| failure(action, reason)))
    }

    async fn wait_and_write(&self, run: &Run<'_>, action: &Action) -> Result<Written, String> {
        let waits = action.wait_for.iter();
        for wait in waits.filter(|wait| wait.until == Until::Current) {
            (run.report)(Progress::Waiting { action, wait });
            self.wait_until_current(&wait.id).await?;
        }
        match action.op {
            Op::Create | Op::Update | Op::Adopt => self.write(action, run.desired).await,
            Op::Replace => self.replace(run, action).await,
            Op::Prune => self.prune(run.unit, &action.id).await,
            other => Err(format!(
                "a plan cannot hold a wave with {other:?}; this is a mistake of Windlass"
            )),
        }
    }

    async fn write(&self, action: &Action, desired: &DesiredSet) -> Result<Written, String> {
        let written = self.try_write(action, desired).await?;
        written.map_err(|error| refusal(desired, &action.id, &error))
    }

    /// Applies the desired object. An error of the server is told apart from one of the plan.
    async fn try_write(
        &self,
        action: &Action,
        desired: &DesiredSet,
    ) -> Result<Result<Written, ClusterError>, String> {
        let id = &action.id;
        let object = desired
            .get(id)
            .ok_or("it is not in the source any more; plan again")?;
        let kind = self.served_kind(object.gvk()).await?;
        if !action.taken_from.is_empty()
            && let Err(error) = self.take_over(&kind, desired, &object.open()).await?
        {
            return Ok(Err(error));
        }
        let written = |live: Value| {
            let version = live.pointer("/metadata/resourceVersion");
            let version = version.and_then(Value::as_str).unwrap_or_default();
            Written::Applied {
                version: version.to_owned(),
                health: self.assess(&live),
            }
        };
        if desired.ignores(id) {
            let live = self.apply_around(&kind, desired, &object.open()).await?;
            return Ok(live.map(written));
        }
        let body = match object.text() {
            Some(text) => text.as_bytes().to_vec(),
            None => object.open().value().to_string().into_bytes(),
        };
        Ok(self.persist(&kind, id, body).await.map(written))
    }

    async fn persist(
        &self,
        kind: &Kind,
        id: &ObjectRef,
        body: Vec<u8>,
    ) -> Result<Value, ClusterError> {
        let (namespace, manager) = (id.namespace.as_deref(), self.manager());
        let request = request::apply_text(kind, namespace, &id.name, body, manager, Mode::Persist);
        self.send(request).await
    }

    /// Applies an object, and leaves what is ignored of it as it is: the apply is of the object in just the version that
    /// was looked at, so that what someone writes meanwhile is not undone.
    async fn apply_around(
        &self,
        kind: &Kind,
        desired: &DesiredSet,
        object: &Object,
    ) -> Result<Result<Value, ClusterError>, String> {
        let id = object.id();
        let mut pauses = Pauses::new(LONGEST_CHASE);
        loop {
            let value = match self.get(id).await.into_object() {
                Ok(None) => object.value().clone(),
                Ok(Some(live)) => {
                    let applied = desired.to_apply(object, &live, self.manager());
                    let mut value = applied.value().clone();
                    value["metadata"]["resourceVersion"] =
                        live["metadata"]["resourceVersion"].clone();
                    value
                }
                Err(reason) => return Err(reason),
            };
            match self.persist(kind, id, value.to_string().into_bytes()).await {
                Err(error) if error.is_conflict() && pauses.pause().await => {}
                done => return Ok(done),
            }
        }
    }

    /// Returns the kind, waiting a moment for one whose definition was just established.
    async fn served_kind(&self, gvk: &Gvk) -> Result<Kind, String> {
        if let Some(kind) = self.kinds().await.get(gvk) {
            return Ok(kind.clone());
        }
        let mut pauses = Pauses::new(Duration::from_secs(10));
        loop {
            let kinds = self
                .refresh_kinds()
                .await
                .map_err(|error| error.to_string())?;
            if let Some(kind) = kinds.get(gvk) {
                return Ok(kind.clone());
            }
            if !pauses.pause().await {
                return Err(format!("the cluster does not serve {gvk}"));
            }
        }
    }

    async fn wait_until_current(&self, id: &ObjectRef) -> Result<(), String> {
        let mut pauses = Pauses::new(self.patience.object);
        loop {
            let why = match self.get(id).await.into_object() {
                Ok(Some(live)) => {
                    let health = self.assess(&live);
                    if health.status == Status::Current {
                        return Ok(());
                    }
                    health.to_string()
                }
                Ok(None) => "it does not exist".to_owned(),
                Err(reason) => reason,
            };
            if !pauses.pause().await {
                let limit = self.patience.object.as_secs();
                return Err(format!("waited {limit} s for {id} to be ready: {why}"));
            }
        }
    }
}

fn failure(action: &Action, reason: String) -> Failure {
    let place = action
        .origin
        .as_ref()
        .map(|origin| format!("{origin}: "))
        .unwrap_or_default();
    Failure {
        id: action.id.clone(),
        reason,
        place,
    }
}

/// Returns what the server said about an apply; only its reason, where the words may quote a secret value.
fn refusal(desired: &DesiredSet, id: &ObjectRef, error: &ClusterError) -> String {
    let object = desired.get(id);
    if object.is_some_and(|object| desired.is_sensitive(object)) {
        withheld(error)
    } else {
        message(id, error)
    }
}

/// Returns what the server said; about a Secret only its reason.
fn message(id: &ObjectRef, error: &ClusterError) -> String {
    if id.group.is_empty() && id.kind == "Secret" {
        withheld(error)
    } else {
        error.to_string()
    }
}

fn withheld(error: &ClusterError) -> String {
    match error {
        ClusterError::Refused { reason, .. } => format!("the API server refused: {reason}"),
        other => other.to_string(),
    }
}
