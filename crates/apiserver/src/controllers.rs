//! The controllers that stand in for a cluster: they take workloads to Ready, or show why they are not.
//!
//! Each kind has a step: a pure function of what is there ([`World`]) and the time, to the writes that
//! come next ([`Step`]). [`Loop`] keeps the world and a queue of objects to look at; one task
//! ([`run`]) feeds it from a watch, carries out the steps, and sleeps when there is nothing to do.
//!
//! What they simplify: there is one node and it has room for everything; containers do not run, so
//! probes, logs and exit codes are invented, and a pod that is ready is available at once; a Job's pods succeed at once; a claim of any class gets a
//! volume; CronJobs never fire; an Ingress gets no address. `windlass.dev/fail` on a workload or a pod
//! template makes its pods fail, `windlass.dev/ready-after` makes them slow (see `pod::switch`).

mod affected;
mod carry;
mod claim;
mod daemon_set;
mod deployment;
mod job;
mod pod;
mod recorder;
mod replica_set;
mod revision;
mod roles;
mod scaling;
mod service;
mod stateful_set;
mod step;
mod template;
mod world;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use crate::api::Api;
use crate::shutdown::Shutdown;
use crate::store::{Change, Event, Range, Scope, Stored, Watch};
use jiff::{SignedDuration, Timestamp};
use recorder::Recorder;
use step::Step;
use world::{Id, Kind, World};

/// How many objects are looked at before other tasks get their turn.
const BATCH: usize = 64;
/// The longest wait before a step that failed is tried again, in seconds.
const MAX_RETRY: i64 = 64;

/// Which controllers run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Controllers {
    /// All: they take workloads to Ready, or show why they are not.
    #[default]
    All,
    /// Those alone without which the API is not itself: namespaces, garbage and aggregated roles. Nobody else
    /// changes what a client writes.
    Housekeeping,
}

/// The world, and what is to be looked at.
#[derive(Default)]
struct Loop {
    which: Controllers,
    world: World,
    queue: BTreeSet<(u8, Id)>,
    timers: BTreeSet<(Timestamp, Id)>,
    failures: HashMap<Id, u32>,
    recorder: Recorder,
}

/// Runs the controllers until the server ends.
pub(crate) async fn run(api: Arc<Api>, which: Controllers, mut shutdown: Shutdown) {
    loop {
        let Ok(mut watch) = api.store.watch(Scope::All, None) else {
            continue;
        };
        let mut controllers = Loop {
            which,
            ..Loop::default()
        };
        controllers.reset(&api);
        tokio::select! {
            () = controllers.follow(&api, &mut watch) => {}
            () = shutdown.wait() => return,
        }
        // So much has happened at once that events are missing: begin anew.
    }
}

impl Controllers {
    fn follows(self, kind: Kind) -> bool {
        self == Self::All || kind == Kind::ClusterRole
    }
}

impl Loop {
    /// Takes note of everything that there is.
    fn reset(&mut self, api: &Api) {
        let which = self.which;
        for kind in Kind::all().filter(|kind| which.follows(*kind)) {
            let (group, _, plural) = kind.path();
            let resource = crate::resource::GroupResource::new(group, plural);
            for object in api.store.list(&resource, &Range::default()).items {
                self.apply(kind, &object);
            }
        }
    }

    /// Follows a watch until it has lost events.
    async fn follow(&mut self, api: &Api, watch: &mut Watch) {
        while let Ok(events) = watch.take() {
            for event in events {
                self.observe(&event);
            }
            self.work(api);
            if self.queue.is_empty() {
                tokio::select! {
                    () = watch.changed() => {}
                    () = tokio::time::sleep(self.idle_time(api.clock.now())) => {}
                }
            } else {
                tokio::task::yield_now().await;
            }
        }
    }

    fn observe(&mut self, event: &Event) {
        let kind = Kind::of(&event.resource).filter(|kind| self.which.follows(*kind));
        let Some(kind) = kind else {
            return;
        };
        if event.change == Change::Deleted {
            let id = Id::of(kind, &event.object.value());
            self.delete(&id, event.object.version());
        } else {
            self.apply(kind, &event.object);
        }
    }

    fn apply(&mut self, kind: Kind, object: &Arc<Stored>) {
        let value = object.value();
        let id = Id::of(kind, &value);
        if let Some(news) = self.world.apply(&id, object) {
            let previous = news.previous.as_deref();
            let affected = affected::by(&self.world, &id, previous, Some(&value));
            self.enqueue(affected);
        }
    }

    fn delete(&mut self, id: &Id, deleted_at: u64) {
        if let Some(previous) = self.world.delete(id, deleted_at) {
            self.failures.remove(id);
            let affected = affected::by(&self.world, id, Some(&previous), None);
            self.enqueue(affected);
        }
    }

    fn enqueue(&mut self, ids: Vec<Id>) {
        let ranked = ids.into_iter().map(|id| (affected::rank(id.kind), id));
        self.queue.extend(ranked);
    }

    /// Takes the next steps, a batch of them at most.
    fn work(&mut self, api: &Api) {
        let now = api.clock.now();
        while self.timers.first().is_some_and(|(time, _)| *time <= now) {
            if let Some((_, id)) = self.timers.pop_first() {
                self.enqueue(vec![id]);
            }
        }
        for _ in 0..BATCH {
            let Some((_, id)) = self.queue.pop_first() else {
                break;
            };
            let step = decide(&self.world, &id, now);
            if let Some(time) = step.wake {
                self.timers.insert((time, id.clone()));
            }
            let outcome = self.carry_out(api, &id, step);
            self.remember(id, outcome, now);
        }
        self.world.cool();
    }

    /// A step that failed is tried again, ever later; one that succeeded begins anew.
    fn remember(&mut self, id: Id, outcome: carry::Outcome, now: Timestamp) {
        if outcome == carry::Outcome::Done {
            self.failures.remove(&id);
            return;
        }
        let failures = self.failures.entry(id.clone()).or_default();
        let wait = SignedDuration::from_secs(1_i64.wrapping_shl(*failures).clamp(1, MAX_RETRY));
        *failures = failures.saturating_add(1).min(6);
        if let Ok(time) = now.checked_add(wait) {
            self.timers.insert((time, id));
        }
    }

    /// Returns how long there is nothing to do unless something happens.
    fn idle_time(&self, now: Timestamp) -> Duration {
        let Some((time, _)) = self.timers.first() else {
            return Duration::from_hours(1);
        };
        Duration::try_from(time.duration_since(now)).unwrap_or_default()
    }
}

/// Returns what comes next for an object.
fn decide(world: &World, id: &Id, now: Timestamp) -> Step {
    let Some(object) = world.get(id.kind, &id.namespace, &id.name) else {
        return match id.kind {
            Kind::Service => service::removed(world, id),
            _ => Step::default(),
        };
    };
    match id.kind {
        Kind::Deployment => deployment::step(world, object, now),
        Kind::ReplicaSet => replica_set::step(world, object, now),
        Kind::StatefulSet => stateful_set::step(world, object),
        Kind::DaemonSet => daemon_set::step(world, object),
        Kind::Job => job::step(world, object, now),
        Kind::Pod => pod::step(world, object, now),
        Kind::Service => service::step(world, object),
        Kind::PersistentVolumeClaim => claim::step(world, object),
        Kind::PersistentVolume => claim::volume_step(world, object),
        Kind::HorizontalPodAutoscaler => scaling::autoscaler(world, object, now),
        Kind::PodDisruptionBudget => scaling::budget(world, object, now),
        Kind::ClusterRole => roles::step(world, object),
        Kind::ServiceAccount
        | Kind::ConfigMap
        | Kind::Secret
        | Kind::ControllerRevision
        | Kind::Endpoints
        | Kind::EndpointSlice => Step::default(),
    }
}

#[cfg(test)]
mod tests;
