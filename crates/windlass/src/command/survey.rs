//! What `plan`, `diff` and `status` look at: the plan of each unit.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use windlass_cluster::temporary_key;
use windlass_object::FingerprintKey;
use windlass_plan::{Approvals, Desired, Guards, Op, Plan};

use crate::access::{Access, Embedded};
use crate::cli::{ClusterArgs, EnvironmentArgs};
use crate::desired::{self, NAMESPACE, Selection};
use crate::failure::{Done, Failure};
use crate::haul::{Context, Haul, Job, Wish};
use crate::scene::Scene;
use crate::style::{Ink, Style};
use crate::terminal::{complain, shown};

/// The plans of units, made at one moment and not carried out.
pub(super) struct Survey {
    pub(super) units: Vec<Surveyed>,
    pub(super) access: Access,
    pub(super) key: FingerprintKey,
    pub(super) revision: String,
}

/// A unit and its plan.
pub(super) struct Surveyed {
    pub(super) name: String,
    pub(super) desired: Desired,
    pub(super) plan: Plan,
}

impl Survey {
    /// Renders the environment and plans each unit against the cluster. Nothing is written.
    pub(super) async fn take(
        repository: &Path,
        environment: &EnvironmentArgs,
        cluster: &ClusterArgs,
        services: &[String],
        embedded: Embedded,
    ) -> Result<Self, Failure> {
        let scene = Scene::open(repository, &environment.source)?;
        let snapshot = scene.snapshot()?;
        let keyring = scene.keyring(&snapshot)?;
        let env = &environment.env;
        let everything = Selection {
            services: &[],
            addons: true,
        };
        let all = desired::units(&*snapshot.tree, env, everything)?;
        let selected = desired::units(
            &*snapshot.tree,
            env,
            Selection {
                services,
                addons: true,
            },
        )?;
        let access = Access::open(cluster, repository, env, embedded).await?;

        let rendered = desired::render_all(&*snapshot.tree, &all, &keyring, Vec::new());
        let definitions = Arc::new(desired::definitions(&rendered));
        let kinds = access.cluster.kinds().await;
        let wanted = desired::wanted(&rendered, env, &definitions, &kinds);
        let held = desired::held(&access.cluster, env).await?;
        let mut haul = Haul::default();
        haul.set_desired(wanted, held, Instant::now());

        // A cluster that was never applied to has no key; nothing is compared with an earlier apply then.
        let key = match access.cluster.stored_key(NAMESPACE).await? {
            Some(key) => key,
            None => temporary_key()?,
        };
        let context = Context {
            cluster: access.cluster.clone(),
            key: key.clone(),
            approvals: Approvals::default(),
            guards: Guards::default(),
        };
        let mut units = Vec::new();
        for (name, state) in haul.units() {
            let is_known = all.iter().any(|unit| unit.name == name);
            let is_selected = selected.iter().any(|unit| unit.name == name);
            if !is_selected && (is_known || !services.is_empty()) {
                continue;
            }
            let job = Job {
                unit: state.unit().clone(),
                revision: snapshot.revision.as_str().into(),
                desired: state.desired().clone(),
                definitions: Arc::clone(&definitions),
                others: haul.others(name),
                wish: Wish::default(),
            };
            let (plan, ..) = job.plan(&context).await;
            units.push(Surveyed {
                name: name.to_owned(),
                desired: job.desired,
                plan,
            });
        }
        Ok(Self {
            units,
            access,
            key,
            revision: snapshot.revision,
        })
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
