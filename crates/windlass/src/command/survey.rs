//! What `plan`, `diff` and `status` look at: the plan of each unit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use futures_util::{StreamExt as _, stream};
use windlass_cluster::{Cluster, Definitions, Stored, temporary_key};
use windlass_object::{FingerprintKey, ObjectRef, PackedObject};
use windlass_plan::{Desired, DesiredSet, Guards, Held, Op, Plan, Review};

use crate::access::{Access, Embedded};
use crate::cli::{Drift, GuardArgs, SurveyArgs};
use crate::desired::{self, NAMESPACE, RenderedUnit, Selection};
use crate::failure::{Done, Failure};
use crate::haul::{Approval, Context, Haul, Job, Sight, Told};
use crate::keys::Together;
use crate::scene::Scene;
use crate::settings::Settings;
use crate::style::{Ink, Style};
use crate::terminal::{complain, shown};

/// How many units are planned at once.
const PARALLEL: usize = 8;

/// The plans of units, made at one moment and not carried out.
pub(super) struct Survey {
    pub(super) units: Vec<Surveyed>,
    /// What is odd about secrets.
    warnings: Vec<String>,
    pub(super) context: Context,
    is_key_temporary: bool,
    pub(super) revision: String,
}

/// A unit and its plan.
pub(super) struct Surveyed {
    pub(super) name: String,
    pub(super) plan: Plan,
    pub(super) job: Job,
    /// What the plan was made from.
    pub(super) sight: Sight,
}

/// What plans depend on besides the source and the cluster.
#[derive(Clone, Default)]
pub(super) struct Terms {
    pub(super) approvals: Vec<Approval>,
    pub(super) guards: Guards,
    pub(super) key: Key,
}

/// Where the key of the fingerprints comes from.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Key {
    /// From the cluster; where that has none, one that is forgotten, so that nothing is written.
    #[default]
    Found,
    /// From the cluster, which is given one where it has none. Plans can be compared with later ones then.
    Kept,
}

/// What a survey compares the cluster with.
struct Files<'a> {
    arguments: &'a SurveyArgs,
    terms: Terms,
    revision: String,
    settings: Settings,
    /// All units of the environment: those that are not selected have claims, too.
    rendered: Vec<RenderedUnit>,
}

impl Terms {
    pub(super) fn of(arguments: &GuardArgs, drift: Drift, key: Key) -> Self {
        Self {
            approvals: arguments.approve.clone(),
            guards: arguments.guards(drift),
            key,
        }
    }

    /// Returns those of someone who only looks.
    pub(super) fn looking(drift: Drift) -> Self {
        let guards = Guards {
            drift: drift.into(),
            ..Guards::default()
        };
        Self {
            guards,
            ..Self::default()
        }
    }
}

impl Survey {
    /// Renders the environment and plans each unit against the cluster. No object is written.
    pub(super) async fn take(arguments: &SurveyArgs, terms: Terms) -> Result<Self, Failure> {
        let nothing_else = async |_: &Cluster, _: &mut Self| Ok(());
        Ok(Self::take_and(arguments, terms, nothing_else).await?.0)
    }

    /// The same, and works on the cluster before the connection is closed.
    pub(super) async fn take_and<T>(
        arguments: &SurveyArgs,
        terms: Terms,
        work: impl AsyncFnOnce(&Cluster, &mut Self) -> Result<T, Failure>,
    ) -> Result<(Self, T), Failure> {
        let files = Files::read(arguments, terms)?;
        let env = &arguments.environment.env;
        let cluster = &arguments.cluster;
        let access = Access::open(cluster, &arguments.repo, env, Embedded::Join).await?;
        let work = async |cluster: &Cluster| {
            let mut survey = files.survey(cluster).await?;
            let done = work(cluster, &mut survey).await?;
            Ok((survey, done))
        };
        access.during(work).await
    }

    /// Returns the key of the fingerprints in the plans.
    pub(super) fn key(&self) -> &FingerprintKey {
        &self.context.key
    }

    /// Returns the plans with the names of their units, for people.
    pub(super) fn review(&self) -> Review<'_> {
        let units = self.units.iter();
        Review::new(units.map(|unit| (unit.name.as_str(), &unit.plan)))
    }

    /// Has the plans wait for each other instead of being held, where one of them makes what another one needs.
    pub(super) fn complete(&mut self) {
        self.complete_among(|_| true);
    }

    /// The same among the units of these names. The plans of the others are left as they are.
    pub(super) fn complete_among(&mut self, is_meant: impl Fn(&str) -> bool) {
        let is_meant = |unit: &Surveyed| is_meant(&unit.name);
        for unit in self.units.iter_mut().filter(|unit| is_meant(unit)) {
            unit.wait_for(&BTreeSet::new(), &self.context);
        }
        loop {
            let meant = self.units.iter().filter(|unit| is_meant(unit));
            let created = meant.flat_map(|unit| unit.created().cloned());
            let coming: BTreeSet<ObjectRef> = created.collect();
            let meant = self.units.iter_mut().filter(|unit| is_meant(unit));
            let awaiting = meant.filter(|unit| unit.is_awaiting());
            let mut is_changed = false;
            for unit in awaiting {
                is_changed |= unit.wait_for(&coming, &self.context);
            }
            if !is_changed {
                return;
            }
        }
    }

    /// Makes the plans with the key that the cluster keeps, which is given one where it has none.
    pub(super) async fn keep_key(&mut self) -> Result<(), Failure> {
        if std::mem::take(&mut self.is_key_temporary) {
            self.context.key = self.context.cluster.fingerprint_key(NAMESPACE).await?;
            for unit in &mut self.units {
                unit.plan = unit.job.decide(&self.context, &unit.sight);
            }
        }
        Ok(())
    }

    /// Prints what is odd about secrets to standard error.
    pub(super) fn print_warnings(&self, style: Style) {
        for warning in &self.warnings {
            complain(&style.err(Ink::Yellow, &shown(warning)));
        }
    }

    /// Prints what is not known, or refused, to standard error.
    pub(super) fn print_problems(&self, style: Style) {
        for unit in &self.units {
            let problem = unit.plan.problem.iter().map(ToString::to_string);
            let held = unit
                .plan
                .rest
                .iter()
                .filter(|action| matches!(action.op, Op::Blocked | Op::Conflict | Op::Failed));
            let held = held.map(|action| format!("{}: {}", action.id, action.reason));
            for text in problem.chain(held) {
                let label = style.err(Ink::Red, "error:");
                complain(&format!("{label} {}: {}", unit.name, shown(&text)));
            }
        }
    }

    /// Returns how the command ends: 1 when something is not known or refused, 3 when something differs.
    pub(super) fn done(&self) -> Done {
        let is_bad = |unit: &Surveyed| {
            let counts = unit.plan.counts();
            !unit.plan.is_known() || counts.failed > 0 || counts.conflict > 0
        };
        if self.units.iter().any(is_bad) {
            Done::Badly
        } else if self.units.iter().all(|unit| unit.plan.is_converged()) {
            Done::Well
        } else {
            Done::Differs
        }
    }
}

impl Surveyed {
    /// Returns what the plan creates.
    pub(super) fn created(&self) -> impl Iterator<Item = &ObjectRef> {
        let actions = self.plan.actions();
        let created = actions.filter(|action| action.op == Op::Create);
        created.map(|action| &action.id)
    }

    /// Returns whether something is held before another unit has made something.
    fn is_awaiting(&self) -> bool {
        let mut actions = self.plan.actions();
        actions.any(|action| action.reason.is_awaited())
    }

    /// Plans anew, with these objects made by other plans. Returns whether the plan is another one.
    fn wait_for(&mut self, coming: &BTreeSet<ObjectRef>, context: &Context) -> bool {
        if self.job.others.coming == *coming {
            return false;
        }
        self.job.others.coming.clone_from(coming);
        let plan = self.job.decide(context, &self.sight);
        let is_changed = plan != self.plan;
        self.plan = plan;
        is_changed
    }

    /// Returns what the unit wants.
    pub(super) fn desired(&self) -> &Desired {
        &self.job.desired
    }

    /// Returns what the unit wants; nothing when that is not known.
    pub(super) fn objects(&self) -> impl Iterator<Item = &PackedObject> {
        let set = match &self.job.desired {
            Desired::Complete(set) => Some(set),
            Desired::Failed { .. } => None,
        };
        set.into_iter().flat_map(DesiredSet::objects)
    }
}

impl<'a> Files<'a> {
    /// Reads and renders all of it: a mistake there needs no cluster.
    fn read(arguments: &'a SurveyArgs, terms: Terms) -> Result<Self, Failure> {
        let scene = Scene::open(&arguments.repo, &arguments.environment.source)?;
        let snapshot = scene.snapshot()?;
        let keys = scene.keys(&snapshot)?;
        let everything = Selection {
            services: &[],
            addons: true,
        };
        let env = &arguments.environment.env;
        let settings = Settings::read(&*snapshot.tree, env)?;
        let units = desired::units(&*snapshot.tree, env, everything)?;
        let rendered = desired::render_all(
            &*snapshot.tree,
            &units,
            scene.decryption(&Together(&keys)),
            Vec::new(),
        );
        Ok(Self {
            arguments,
            terms,
            revision: snapshot.revision,
            settings,
            rendered,
        })
    }

    async fn survey(mut self, cluster: &Cluster) -> Result<Survey, Failure> {
        let env = &self.arguments.environment.env;
        let definitions = Arc::new(desired::definitions(&self.rendered));
        let kinds = cluster.kinds().await;
        let settings = &self.settings;
        let (context, is_key_temporary) = self.context(cluster).await?;
        let key = &context.key;
        cluster.judge_by(settings.health.clone());
        let held = desired::held(cluster, env, self.rendered.iter().map(|it| &it.unit)).await?;
        let warnings = self.warnings();
        let rendered = std::mem::take(&mut self.rendered);
        let (wanted, _) = desired::wanted_once(rendered, env, &definitions, &kinds, settings, key);
        let mut haul = Haul::default();
        haul.set_desired(wanted, &held, Instant::now());
        self.check_names(&haul)?;
        let known = held
            .into_iter()
            .filter(|(.., stored)| matches!(stored.held, Held::Known(_)));
        let stored = known.map(|(name, _, stored)| (name, stored));
        let mut stored: BTreeMap<String, Stored> = stored.collect();
        let plans = self.jobs(&haul, &definitions).into_iter();
        let plans = plans.map(|(name, job)| {
            let stored = stored.remove(&name);
            planned(name, job, stored, &context)
        });
        let mut survey = Survey {
            warnings,
            units: stream::iter(plans).buffered(PARALLEL).collect().await,
            context,
            is_key_temporary,
            revision: self.revision,
        };
        survey.complete();
        Ok(survey)
    }

    /// A service that the files do not have any more is one as long as the cluster has something of it.
    fn check_names(&self, haul: &Haul) -> Result<(), Failure> {
        let names = self.arguments.services.iter();
        let unknown = names.filter(|name| haul.get(name).is_none());
        let unknown: Vec<String> = unknown.cloned().collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let known = haul.units().map(|(name, _)| name);
        Err(desired::no_service(
            &self.arguments.environment.env,
            &unknown,
            known,
        ))
    }

    /// Returns what the plans are made with, and whether the key in it is forgotten afterwards.
    async fn context(&self, cluster: &Cluster) -> Result<(Context, bool), Failure> {
        let stored = match self.terms.key {
            Key::Found => cluster.stored_key(NAMESPACE).await?,
            Key::Kept => Some(cluster.fingerprint_key(NAMESPACE).await?),
        };
        let is_temporary = stored.is_none();
        // A cluster that was never applied to has no key; nothing is compared with an earlier apply then.
        let key = stored.map_or_else(temporary_key, Ok)?;
        let context = Context {
            cluster: cluster.clone(),
            key,
            approvals: self.terms.approvals.clone(),
            guards: self.terms.guards.clone(),
            told: Told::default(),
        };
        Ok((context, is_temporary))
    }

    /// Returns what is odd about the secrets of the units that are selected.
    fn warnings(&self) -> Vec<String> {
        let services = &self.arguments.services;
        let is_selected = |name: &String| services.is_empty() || services.contains(name);
        let rendered = self.rendered.iter();
        let rendered = rendered.filter(|rendered| is_selected(&rendered.unit.name));
        let warnings = rendered.flat_map(|rendered| {
            let warnings = rendered.secret_warnings();
            warnings.map(|warning| format!("{}: {warning}", rendered.unit.name))
        });
        warnings.collect()
    }

    /// Returns what is to be planned, by the names of the units. One that the files do not have any more
    /// belongs to all.
    fn jobs(&self, haul: &Haul, definitions: &Arc<Definitions>) -> Vec<(String, Job)> {
        let services = &self.arguments.services;
        let is_selected = |name: &str| services.is_empty() || services.iter().any(|it| it == name);
        let selected = haul.units().filter(|(name, _)| is_selected(name));
        let jobs = selected.map(|(name, state)| {
            let job = Job {
                unit: state.unit().clone(),
                revision: self.revision.as_str().into(),
                desired: state.desired().clone(),
                definitions: Arc::clone(definitions),
                others: haul.others(name),
                wish: state.wish(),
            };
            (name.to_owned(), job)
        });
        jobs.collect()
    }
}

/// `stored` is the inventory, if it was read just now.
async fn planned(name: String, job: Job, stored: Option<Stored>, context: &Context) -> Surveyed {
    let sight = job.look(context, stored).await;
    Surveyed {
        name,
        plan: job.decide(context, &sight),
        job,
        sight,
    }
}
