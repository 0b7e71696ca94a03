//! What `plan`, `diff` and `status` look at: the plan of each unit.

use std::sync::Arc;
use std::time::Instant;

use futures_util::{StreamExt as _, stream};
use windlass_cluster::{Cluster, Definitions, temporary_key};
use windlass_object::{FingerprintKey, Object};
use windlass_plan::{Desired, DesiredSet, Guards, Op, Plan};

use crate::access::{Access, Embedded};
use crate::cli::SurveyArgs;
use crate::desired::{self, NAMESPACE, RenderedUnit, Selection};
use crate::failure::{Done, Failure};
use crate::haul::{Context, Haul, Job};
use crate::keys::Together;
use crate::scene::Scene;
use crate::style::{Ink, Style};
use crate::terminal::{complain, shown};

/// How many units are planned at once.
const PARALLEL: usize = 8;

/// The plans of units, made at one moment and not carried out.
pub(super) struct Survey {
    pub(super) units: Vec<Surveyed>,
    /// What is odd about secrets.
    warnings: Vec<String>,
    pub(super) key: FingerprintKey,
    pub(super) revision: String,
}

/// A unit and its plan.
pub(super) struct Surveyed {
    pub(super) name: String,
    pub(super) desired: Desired,
    pub(super) plan: Plan,
}

/// What a survey compares the cluster with.
struct Files<'a> {
    arguments: &'a SurveyArgs,
    revision: String,
    /// All units of the environment: those that are not selected have claims, too.
    rendered: Vec<RenderedUnit>,
}

impl Survey {
    /// Renders the environment and plans each unit against the cluster. Nothing is written.
    pub(super) async fn take(arguments: &SurveyArgs) -> Result<Self, Failure> {
        let nothing_else = async |_: &Cluster, _: &Self| ();
        Ok(Self::take_and(arguments, nothing_else).await?.0)
    }

    /// The same, with a look at the cluster before the connection is closed.
    pub(super) async fn take_and<T>(
        arguments: &SurveyArgs,
        look: impl AsyncFnOnce(&Cluster, &Self) -> T,
    ) -> Result<(Self, T), Failure> {
        let files = Files::read(arguments)?;
        let env = &arguments.environment.env;
        let cluster = &arguments.cluster;
        let access = Access::open(cluster, &arguments.repo, env, Embedded::Join).await?;
        let look = async |cluster: &Cluster| {
            let survey = files.survey(cluster).await?;
            let seen = look(cluster, &survey).await;
            Ok((survey, seen))
        };
        access.during(look).await
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
    /// Returns what the unit wants; nothing when that is not known.
    pub(super) fn objects(&self) -> impl Iterator<Item = &Object> {
        let set = match &self.desired {
            Desired::Complete(set) => Some(set),
            Desired::Failed { .. } => None,
        };
        set.into_iter().flat_map(DesiredSet::objects)
    }
}

impl<'a> Files<'a> {
    /// Reads and renders all of it: a mistake there needs no cluster.
    fn read(arguments: &'a SurveyArgs) -> Result<Self, Failure> {
        let scene = Scene::open(&arguments.repo, &arguments.environment.source)?;
        let snapshot = scene.snapshot()?;
        let keys = scene.keys(&snapshot)?;
        let select = |services| {
            let addons = true;
            let selection = Selection { services, addons };
            desired::units(&*snapshot.tree, &arguments.environment.env, selection)
        };
        // A service that does not exist is a mistake, even if nothing else is done with the selection here.
        select(&arguments.services)?;
        let rendered = desired::render_all(
            &*snapshot.tree,
            &select(&[])?,
            scene.decryption(&Together(&keys)),
            Vec::new(),
        );
        Ok(Self {
            arguments,
            revision: snapshot.revision,
            rendered,
        })
    }

    async fn survey(self, cluster: &Cluster) -> Result<Survey, Failure> {
        let env = &self.arguments.environment.env;
        let definitions = Arc::new(desired::definitions(&self.rendered));
        let kinds = cluster.kinds().await;
        let wanted = desired::wanted(&self.rendered, env, &definitions, &kinds);
        let mut haul = Haul::default();
        let held = desired::held(cluster, env, &self.rendered).await?;
        haul.set_desired(wanted, held, Instant::now());
        let context = context(cluster).await?;
        let jobs = self.jobs(&haul, &definitions);
        let plans = jobs
            .into_iter()
            .map(|(name, job)| planned(name, job, &context));
        Ok(Survey {
            warnings: self.warnings(),
            units: stream::iter(plans).buffered(PARALLEL).collect().await,
            key: context.key.clone(),
            revision: self.revision,
        })
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

async fn context(cluster: &Cluster) -> Result<Context, Failure> {
    // A cluster that was never applied to has no key; nothing is compared with an earlier apply then.
    let key = match cluster.stored_key(NAMESPACE).await? {
        Some(key) => key,
        None => temporary_key()?,
    };
    Ok(Context {
        cluster: cluster.clone(),
        key,
        approvals: Vec::new(),
        guards: Guards::default(),
    })
}

async fn planned(name: String, job: Job, context: &Context) -> Surveyed {
    let (plan, ..) = job.plan(context).await;
    Surveyed {
        name,
        desired: job.desired,
        plan,
    }
}
