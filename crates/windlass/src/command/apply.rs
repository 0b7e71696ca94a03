//! `windlass apply`: carries a plan out, once.

mod carry;
mod file;
mod wait;

use std::io::{IsTerminal as _, stdin};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use windlass_cluster::Cluster;
use windlass_plan::{Outcome, SavedPlans};

use crate::cli::{
    ClusterArgs, EnvironmentArgs, EventOutput, GuardArgs, ObjectArgs, SourceArgs, SurveyArgs,
    duration,
};
use crate::failure::{Done, Failure};
use crate::haul::{Standing, standing_of};
use crate::interruption::interruption;
use crate::report::{self, Event, Report, Unready};
use crate::style::Style;
use crate::terminal::{confirms, write_stdout};

use super::plan::text;
use super::runtime;
use super::survey::{Key, Survey, Terms};

use carry::Carried;
use wait::Unwell;

/// Applies what the repository says, or a saved plan, once
///
/// Shows the plan and asks; then applies it, and waits until all is healthy. With --plan, exactly what was saved
/// is done: a service whose plan would be another one now is left alone and shown. Exit code 0: done and healthy,
/// 1: something failed, is held or is not healthy, 3: nothing was applied, or not all of a saved plan.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  windlass apply --env dev
  windlass apply --env staging --context staging --yes hydra
  windlass plan --env dev --out dev.plan && windlass apply --plan dev.plan")]
pub(crate) struct Apply {
    /// The services, or addons as bootstrap/NAME (default: all)
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// The repository, or the directory in one that holds kustomize/
    #[arg(long, short = 'C', value_name = "DIR", default_value = ".")]
    repo: PathBuf,
    /// The environment: a directory below kustomize/*/overlays
    #[arg(
        long,
        short,
        value_name = "ENV",
        group = "place",
        required_unless_present = "plan"
    )]
    env: Option<String>,
    /// The plan that `windlass plan --out FILE` has saved. It names the environment and the revision
    #[arg(
        long,
        value_name = "FILE",
        group = "place",
        conflicts_with_all = [
            "services", "revision", "worktree", "field_manager", "approve", "max_prune_percent",
            "protect_namespaces", "replace_immutable", "drift", "override_managers"
        ]
    )]
    plan: Option<PathBuf>,
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    guards: GuardArgs,
    #[command(flatten)]
    objects: ObjectArgs,
    /// Do not ask; a saved plan is applied without a question
    #[arg(long, short)]
    yes: bool,
    /// Do not wait until all is healthy
    #[arg(long, conflicts_with = "timeout")]
    no_wait: bool,
    /// How long to wait until all is healthy, such as 90s or 5m
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = duration)]
    timeout: Duration,
    /// How to print: json is events
    #[arg(long, short, value_enum, default_value_t = EventOutput::Text)]
    output: EventOutput,
}

/// What to apply, and how.
struct Order {
    arguments: SurveyArgs,
    terms: Terms,
    saved: Option<SavedPlans>,
    /// Whether to ask before anything is written.
    asks: bool,
    /// How long to wait until all is healthy.
    patience: Option<Duration>,
    output: EventOutput,
}

impl Apply {
    pub(crate) fn run(self, style: Style) -> Result<Done, Failure> {
        let order = self.order()?;
        runtime()?.block_on(order.run(style))
    }

    fn order(self) -> Result<Order, Failure> {
        let saved = self.plan.as_deref().map(file::read).transpose()?;
        let asks = !self.yes && saved.is_none();
        if asks && !stdin().is_terminal() {
            let failure =
                Failure::usage("standard input is no terminal, so that nobody can be asked");
            return Err(failure.hint(
                "add --yes; or save the plan with windlass plan --out FILE, and run it with windlass apply --plan FILE",
            ));
        }
        let patience = (!self.no_wait).then_some(self.timeout);
        let output = self.output;
        let (arguments, terms) = match &saved {
            Some(saved) => self.of_file(saved)?,
            None => self.of_arguments(),
        };
        Ok(Order {
            arguments,
            terms,
            saved,
            asks,
            patience,
            output,
        })
    }

    fn of_arguments(self) -> (SurveyArgs, Terms) {
        let terms = Terms::of(&self.guards, self.cluster.drift, Key::Found);
        let arguments = SurveyArgs {
            services: self.services,
            repo: self.repo,
            environment: EnvironmentArgs {
                env: self.env.unwrap_or_default(),
                source: self.source,
            },
            cluster: self.cluster.with(&self.objects),
        };
        (arguments, terms)
    }

    /// Returns what the saved plan was made with.
    fn of_file(self, saved: &SavedPlans) -> Result<(SurveyArgs, Terms), Failure> {
        let approvals = saved.approvals.iter().map(|text| text.parse());
        let approvals: Result<_, String> = approvals.collect();
        let terms = Terms {
            approvals: approvals.map_err(|wrong| Failure::of([wrong]))?,
            guards: saved.guards.clone(),
            key: Key::Found,
        };
        let arguments = SurveyArgs {
            services: saved.services.clone(),
            repo: self.repo,
            environment: EnvironmentArgs {
                env: saved.environment.clone(),
                source: SourceArgs {
                    revision: file::commit(&saved.revision).to_owned(),
                    ..self.source
                },
            },
            cluster: ClusterArgs {
                field_manager: saved.cluster.manager.clone(),
                override_managers: saved.cluster.override_managers.clone(),
                ..self.cluster.with(&self.objects)
            },
        };
        Ok((arguments, terms))
    }
}

impl Order {
    async fn run(self, style: Style) -> Result<Done, Failure> {
        let report = report::lines(self.output, style);
        let work = async |cluster: &Cluster, survey: &mut Survey| {
            tokio::select! {
                done = self.work(cluster, survey, &*report, style) => done,
                () = interruption() => Err(Failure::of(["interrupted".to_owned()])
                    .hint("what was written is in the inventories; the next apply goes on from there")),
            }
        };
        let terms = self.terms.clone();
        Ok(Survey::take_and(&self.arguments, terms, work).await?.1)
    }

    async fn work(
        &self,
        cluster: &Cluster,
        survey: &mut Survey,
        report: &dyn Report,
        style: Style,
    ) -> Result<Done, Failure> {
        survey.print_warnings(style);
        let stale = match &self.saved {
            Some(saved) => {
                file::check_cluster(saved, cluster).await?;
                file::leave_out_stale(saved, survey)
            }
            None => Vec::new(),
        };
        self.show(survey, report, style)?;
        for stale in &stale {
            report.event(stale);
        }
        if !self.is_wanted(cluster, survey)? {
            return Ok(Done::Differs);
        }
        survey.keep_key().await?;
        let started = Instant::now();
        let carried = carry::out(survey, report).await;
        let unwell = match self.patience {
            Some(patience) => wait::for_health(cluster, &carried, patience, report).await,
            None => Unwell::default(),
        };
        self.conclude(survey, &carried, &unwell, started, report);
        let is_well = unready(&carried, &unwell).is_empty();
        Ok(match (is_well, stale.is_empty()) {
            (false, _) => Done::Badly,
            (true, false) => Done::Differs,
            (true, true) => Done::Well,
        })
    }

    fn show(&self, survey: &Survey, report: &dyn Report, style: Style) -> Result<(), Failure> {
        if self.output == EventOutput::Text {
            return write_stdout(&text(survey, style));
        }
        for unit in &survey.units {
            report.event(&Event::Plan {
                unit: unit.name.clone(),
                plan: Box::new(unit.plan.clone()),
            });
        }
        Ok(())
    }

    /// Asks, if there is something to ask.
    fn is_wanted(&self, cluster: &Cluster, survey: &Survey) -> Result<bool, Failure> {
        let writes = survey.units.iter().any(|unit| unit.plan.writes());
        if !self.asks || !writes {
            return Ok(true);
        }
        let question = format!("Apply this to {}? [y/N] ", cluster.server());
        tokio::task::block_in_place(|| confirms(&question))
    }

    fn conclude(
        &self,
        survey: &Survey,
        carried: &[Carried],
        unwell: &Unwell,
        started: Instant,
        report: &dyn Report,
    ) {
        let units = unready(carried, unwell);
        let revision = match &self.saved {
            Some(saved) => saved.revision.clone(),
            None => survey.revision.clone(),
        };
        report.event(&if !units.is_empty() {
            Event::NotConverged {
                timed_out: unwell.is_late,
                units,
            }
        } else if self.patience.is_some() {
            Event::Converged {
                revision,
                units: carried.len(),
                objects: carried.iter().map(|carried| carried.objects.len()).sum(),
                elapsed: started.elapsed(),
            }
        } else {
            Event::Finished {
                revision,
                units: carried.len(),
                written: carried.iter().map(written).sum(),
            }
        });
    }
}

/// Returns how many objects were written or deleted.
fn written(carried: &Carried) -> usize {
    let outcomes = carried.outcome.applied.outcomes.values();
    let is_written = |outcome: &&Outcome| matches!(outcome, Outcome::Done | Outcome::Terminating);
    outcomes.filter(is_written).count()
}

/// Returns the units that are not as they should be, with every reason.
fn unready(carried: &[Carried], unwell: &Unwell) -> Vec<Unready> {
    let unready = carried.iter().filter_map(|carried| {
        let standing = match standing_of(&carried.outcome) {
            Standing::Working => Standing::Waiting(unwell.units.get(&carried.name)?.clone()),
            other => other,
        };
        let (word, details) = report::describe(&standing);
        Some(Unready {
            unit: carried.name.clone(),
            standing: word,
            details: details.to_vec(),
        })
    });
    unready.collect()
}
