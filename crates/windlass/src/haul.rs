//! Keeps a cluster at what a source says.
//!
//! [`state::Haul`] knows what is to be done next; [`run`] is the loop that feeds it: new commits, changes of
//! live objects, finished jobs, timers. Each unit is reconciled by itself, by one job at a time.

mod ahead;
mod approval;
mod job;
mod state;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use windlass_cluster::{Assessed, Cluster, Definitions, Notice, Stored, Watched};
use windlass_object::ObjectRef;
use windlass_plan::{Guards, Held};
use windlass_source::Changes;

use crate::desired::{self, NAMESPACE, RenderedUnit, Selection};
use crate::failure::Failure;
use crate::interruption::interruption;
use crate::keys::{Keys, Together};
use crate::report::{self, Event, Report};
use crate::scene::{Scene, Snapshot};
use crate::settings::Settings;

pub(crate) use ahead::Ahead;
use ahead::Rendition;
pub(crate) use approval::Approval;
pub(crate) use job::{Context, Job, Outcome, Sight, Told};
pub(crate) use state::{Haul, Standing, State, leaving, standing_of};
use state::{Look, Verdict};

/// How many units are reconciled at once.
const PARALLEL: usize = 32;
/// How many objects are looked at for their health at once.
const LOOKS: usize = 16;
/// How long after a failure the source is read again, when nothing says that it has changed.
const SOURCE_PAUSE: Duration = Duration::from_secs(2);
/// How long after a key service did not answer it is asked again.
const KEYS_PAUSE: Duration = Duration::from_secs(15);

/// How often what is waited for is looked at, so that it can be said after a while.
const TICK: Duration = Duration::from_secs(1);

/// What to haul, and for how long.
pub(crate) struct Order {
    pub(crate) scene: Arc<Scene>,
    pub(crate) env: String,
    /// End when there is nothing left to do.
    pub(crate) once: bool,
    /// How long convergence may take; `None` means that it may take for ever.
    pub(crate) timeout: Option<Duration>,
    pub(crate) approvals: Vec<Approval>,
    pub(crate) guards: Guards,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Every unit is ready.
    Converged,
    /// Some units failed, and nothing is left to try.
    Stuck,
    /// The time was up.
    TimedOut,
    /// Someone asked for it.
    Interrupted,
}

/// The loop's own state: what the synchronous state does not need to know.
struct Run<'a> {
    order: &'a Order,
    context: Arc<Context>,
    report: &'a dyn Report,
    haul: Haul,
    watched: Watched,
    /// What the last revision gave.
    rendered: Rendition,
    /// What is rendered before the first revision is taken.
    ahead: Option<Ahead>,
    definitions: Arc<Definitions>,
    settings: Settings,
    revision: Arc<str>,
    jobs: JoinSet<Finished>,
    /// What each task is for, so that one that panics is missed.
    tasks: HashMap<tokio::task::Id, What>,
    looks: Arc<Semaphore>,
    progress: mpsc::UnboundedSender<Event>,
    running: usize,
    /// The inventories as they were read with the last revision, for the jobs that begin at once.
    fresh: HashMap<String, Stored>,
    /// When the source is to be read again after a failure.
    source_due: Option<Instant>,
    started: Instant,
    /// Whether something changed since convergence was last reported.
    is_news: bool,
}

/// What a task of the loop came back with.
enum Finished {
    Job(String, Box<job::Outcome>),
    Health(Look, Assessed),
}

/// What a task is for.
enum What {
    Job(String),
    Health(Look),
}

/// Hauls until the order is done, or for ever.
pub(crate) async fn run(
    order: &Order,
    ahead: Option<Ahead>,
    cluster: Cluster,
    report: &dyn Report,
) -> Result<Ended, Failure> {
    // One haul is to what is there when it begins.
    let changes = if order.once {
        None
    } else {
        Some(order.scene.changes()?)
    };
    let key = cluster.fingerprint_key(NAMESPACE).await?;
    let (progress, mut events) = mpsc::unbounded_channel();
    let watched = cluster.watch(NAMESPACE);
    let context = Context {
        cluster,
        key,
        approvals: order.approvals.clone(),
        guards: order.guards.clone(),
        told: Told::default(),
    };
    let mut run = Run {
        order,
        context: Arc::new(context),
        report,
        haul: Haul::default(),
        watched,
        rendered: Default::default(),
        ahead,
        definitions: Arc::default(),
        settings: Settings::default(),
        revision: "".into(),
        jobs: JoinSet::new(),
        tasks: HashMap::new(),
        looks: Arc::new(Semaphore::new(LOOKS)),
        source_due: None,
        progress,
        running: 0,
        fresh: HashMap::new(),
        started: Instant::now(),
        is_news: true,
    };
    // The first revision must be there; later ones may be broken for a while.
    run.take_source().await?;
    let ended = run.work(changes.as_ref(), &mut events).await;
    if order.once {
        // The process is about to end: the system frees thousands of objects at once.
        std::mem::forget((run.haul, run.rendered, run.definitions));
    }
    ended
}

impl Run<'_> {
    async fn work(
        &mut self,
        changes: Option<&Changes>,
        events: &mut mpsc::UnboundedReceiver<Event>,
    ) -> Result<Ended, Failure> {
        let mut interrupted = std::pin::pin!(interruption());
        // Kept from turn to turn: a change that was noticed must not be forgotten while it settles.
        let mut changed = std::pin::pin!(change_of(changes));
        loop {
            self.start_due();
            self.haul.look_again(Instant::now());
            self.start_health();
            while let Ok(event) = events.try_recv() {
                self.report.event(&event);
            }
            self.show();
            if let Some(ended) = self.ended() {
                return Ok(ended);
            }
            let wake = self.wake();
            tokio::select! {
                () = &mut changed => {
                    changed.set(change_of(changes));
                    self.take_change_of_source().await;
                }
                () = until(self.source_due) => self.take_change_of_source().await,
                notice = self.watched.next() => self.take_notice(notice),
                Some(finished) = self.jobs.join_next_with_id() => self.take(finished).await,
                Some(event) = events.recv() => self.report.event(&event),
                () = until(wake) => {}
                () = &mut interrupted => {
                    while let Ok(event) = events.try_recv() {
                        self.report.event(&event);
                    }
                    return Ok(Ended::Interrupted);
                }
            }
        }
    }

    fn take_notice(&mut self, notice: Notice) {
        match notice {
            Notice::Changed(change) => self.haul.change(change, Instant::now()),
            Notice::Failing { kind, reason } => self.report.event(&Event::WatchFailing {
                kind: kind.plural,
                reason,
            }),
        }
    }

    /// Reads the source again. When that fails, what was wanted before is still wanted.
    async fn take_change_of_source(&mut self) {
        self.source_due = None;
        if let Err(failure) = self.take_source().await {
            self.source_due = Some(Instant::now() + SOURCE_PAUSE);
            self.report.event(&Event::SourceFailed {
                reason: failure.to_string(),
            });
        }
    }

    async fn take_source(&mut self) -> Result<(), Failure> {
        let snapshot = self.order.scene.snapshot()?;
        let may_pass = |rendered: &RenderedUnit| rendered.may_pass;
        let is_known = *snapshot.revision == *self.revision && snapshot.revision != "worktree";
        if is_known && !self.rendered.1.iter().any(may_pass) {
            return Ok(());
        }
        self.take_snapshot(&snapshot).await?;
        self.revision = snapshot.revision.into();
        if self.rendered.1.iter().any(may_pass) {
            self.source_due = Some(Instant::now() + KEYS_PAUSE);
        }
        Ok(())
    }

    async fn take_snapshot(&mut self, snapshot: &Snapshot) -> Result<(), Failure> {
        let keys = self.order.scene.keys(snapshot)?;
        let everything = Selection {
            services: &[],
            addons: true,
        };
        let settings = Settings::read(&*snapshot.tree, &self.order.env)?;
        let units = desired::units(&*snapshot.tree, &self.order.env, everything)?;
        // The cluster is asked first: what is rendered ahead goes on meanwhile.
        let cluster = self.context.cluster.clone();
        let held = desired::held(&cluster, &self.order.env, units.iter()).await?;
        let kinds = cluster.recent_kinds().await?;
        if let Some(ahead) = self.ahead.take() {
            self.rendered = ahead.rendered().await;
        }
        let reusable = self.reusable(&keys);
        // Key services may take their time, and the jobs go on.
        let rendered = tokio::task::block_in_place(|| {
            let keys = Together(&keys);
            let decryption = self.order.scene.decryption(&keys);
            desired::render_all(&*snapshot.tree, &units, decryption, reusable)
        });
        if !self.order.scene.still_holds(&rendered)? {
            return Err(Failure::of([
                "the files changed while they were read".to_owned()
            ]));
        }
        self.definitions = Arc::new(desired::definitions(&rendered));
        let is_new = *snapshot.revision != *self.revision;
        if is_new {
            self.report.event(&Event::Revision {
                revision: snapshot.revision.clone(),
                env: self.order.env.clone(),
                units: rendered.len(),
            });
        }
        for rendered in rendered.iter().filter(|_| is_new) {
            for text in rendered.secret_warnings() {
                let unit = rendered.unit.name.clone();
                self.report.event(&Event::Warning { unit, text });
            }
        }
        let (env, now) = (&self.order.env, Instant::now());
        let (definitions, key) = (&self.definitions, &self.context.key);
        let (desired, rendered) = if self.order.once {
            // Nothing is rendered again but what failed.
            desired::wanted_once(rendered, env, definitions, &kinds, &settings, key)
        } else {
            let desired = desired::wanted(&rendered, env, definitions, &kinds, &settings, key);
            (desired, rendered)
        };
        let mut is_touched = self.haul.set_desired(desired, &held, now);
        let known = held
            .into_iter()
            .filter(|(.., stored)| matches!(stored.held, Held::Known(_)));
        self.fresh = known.map(|(name, _, stored)| (name, stored)).collect();
        if !settings.is_as(&self.settings) {
            cluster.judge_by(settings.health.clone());
            self.haul.touch_all(now);
            self.settings = settings;
            is_touched = true;
        }
        self.rendered = (keys.recipients(), rendered);
        if is_new || is_touched {
            self.is_news = true;
            self.started = Instant::now();
        }
        Ok(())
    }

    /// Returns what was rendered with the same keys, and forgets it.
    fn reusable(&mut self, keys: &Keys) -> Vec<RenderedUnit> {
        let (recipients, rendered) = std::mem::take(&mut self.rendered);
        if recipients == keys.recipients() {
            rendered
        } else {
            Vec::new()
        }
    }

    fn start_due(&mut self) {
        let mut fresh = std::mem::take(&mut self.fresh);
        for name in self.haul.due(Instant::now()) {
            if self.running >= PARALLEL {
                return;
            }
            let Some(state) = self.haul.get(&name) else {
                continue;
            };
            let job = Job {
                unit: state.unit().clone(),
                revision: Arc::clone(&self.revision),
                desired: state.desired().clone(),
                definitions: Arc::clone(&self.definitions),
                others: self.haul.others(&name),
                wish: state.wish(),
            };
            self.haul.start(&name);
            self.running += 1;
            let context = Arc::clone(&self.context);
            let progress = self.progress.clone();
            let what = What::Job(name.clone());
            let stored = fresh.remove(&name);
            let task = self.jobs.spawn(async move {
                // The receiver lives as long as the loop that these jobs belong to.
                let report = |event: Event| drop(progress.send(event));
                let outcome = job.run(&name, &context, stored, &report).await;
                Finished::Job(name, Box::new(outcome))
            });
            self.tasks.insert(task.id(), what);
        }
    }

    fn start_health(&mut self) {
        for look in self.haul.take_unassessed() {
            let context = Arc::clone(&self.context);
            let looks = Arc::clone(&self.looks);
            let what = What::Health(look.clone());
            let task = self.jobs.spawn(async move {
                let _turn = looks.acquire().await;
                let health = context.cluster.health(&look.id).await;
                Finished::Health(look, health)
            });
            self.tasks.insert(task.id(), what);
        }
    }

    async fn take(
        &mut self,
        finished: Result<(tokio::task::Id, Finished), tokio::task::JoinError>,
    ) {
        match finished {
            Ok((task, Finished::Job(name, outcome))) => {
                self.tasks.remove(&task);
                self.running -= 1;
                let actions = outcome.plan.actions();
                let ids: Vec<ObjectRef> = actions.map(|action| action.id.clone()).collect();
                self.is_news |= self.haul.finish(&name, *outcome, Instant::now());
                // Whoever ends now needs to see nothing more.
                if !self.order.once || self.haul.verdict() != Verdict::Converged {
                    self.watched.add(&ids).await;
                }
            }
            Ok((task, Finished::Health(look, health))) => {
                self.tasks.remove(&task);
                self.haul.assess(look, health);
            }
            Err(error) => self.take_panic(error.id()),
        }
    }

    /// A panic is a bug of ours, and its message has been printed. The unit says so, and the others go on.
    fn take_panic(&mut self, task: tokio::task::Id) {
        const REASON: &str = "a task of Windlass panicked; please report it with the message above";
        match self.tasks.remove(&task) {
            Some(What::Job(name)) => {
                self.running -= 1;
                self.haul.fail(&name, REASON);
            }
            Some(What::Health(look)) => {
                let reason = REASON.to_owned();
                self.haul.assess(look, Assessed::Unknown { reason });
            }
            None => {}
        }
    }

    fn show(&mut self) {
        self.report.standing(&self.haul);
        if self.is_news && self.haul.verdict() == Verdict::Converged {
            self.is_news = false;
            let objects = self.haul.units().map(|(_, state)| state.len()).sum();
            self.report.event(&Event::Converged {
                revision: self.revision.to_string(),
                units: self.haul.units().count(),
                objects,
                elapsed: self.started.elapsed(),
            });
        }
    }

    fn ended(&self) -> Option<Ended> {
        if !self.order.once {
            return None;
        }
        let ended = match self.haul.verdict() {
            Verdict::Converged => return Some(Ended::Converged),
            Verdict::Stuck => Ended::Stuck,
            Verdict::Working if self.is_late() => Ended::TimedOut,
            Verdict::Working => return None,
        };
        self.report.event(&Event::NotConverged {
            timed_out: ended == Ended::TimedOut,
            units: report::unready(&self.haul),
        });
        Some(ended)
    }

    fn deadline(&self) -> Option<Instant> {
        self.order
            .timeout
            .filter(|_| self.order.once)
            .map(|timeout| self.started + timeout)
    }

    fn is_late(&self) -> bool {
        self.deadline()
            .is_some_and(|deadline| deadline <= Instant::now())
    }

    /// Returns when to look again though nothing happened.
    fn wake(&self) -> Option<Instant> {
        let due = if self.running < PARALLEL {
            self.haul.next_due()
        } else {
            None
        };
        let is_shown_later = self.haul.is_waiting().then(|| Instant::now() + TICK);
        [due, self.deadline(), is_shown_later]
            .into_iter()
            .flatten()
            .min()
    }
}

async fn change_of(changes: Option<&Changes>) {
    match changes {
        Some(changes) => changes.changed().await,
        None => std::future::pending().await,
    }
}

async fn until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake.into()).await,
        None => std::future::pending().await,
    }
}

/// Returns where the state of a repository's embedded cluster is kept, unless the user says otherwise.
pub(crate) fn state_directory(repository: &std::path::Path, env: &str) -> Result<PathBuf, Failure> {
    use sha2::{Digest as _, Sha256};
    let full = repository
        .canonicalize()
        .map_err(|error| Failure::of([format!("{}: {error}", repository.display())]))?;
    let set = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let base = set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")));
    let base = base.ok_or_else(|| {
        Failure::usage("neither $XDG_STATE_HOME nor $HOME is set; add --state DIR")
    })?;
    let digest = Sha256::digest(full.as_os_str().as_encoded_bytes());
    let short = digest[..4]
        .iter()
        .fold(0_u32, |short, byte| (short << 8) | u32::from(*byte));
    let name = full
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok(base
        .join("windlass")
        .join(format!("{name}-{short:08x}"))
        .join(env))
}
