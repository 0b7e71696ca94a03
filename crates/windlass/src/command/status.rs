//! `windlass status`: whether the cluster is what the source says, and how well it is.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use windlass_cluster::Assessed;
use windlass_health::Status as Health;
use windlass_object::ObjectRef;
use windlass_plan::{Action, Desired, Op};

use crate::access::Embedded;
use crate::cli::{ClusterArgs, EnvironmentArgs, Output};
use crate::failure::{Done, Failure};
use crate::style::{Ink, Style};

use super::build::write_stdout;
use super::runtime;
use super::survey::{Survey, Surveyed};

/// Shows whether the cluster is what the source says: converged or diverged, per service and object
///
/// Exit code 0: converged and healthy, 3: diverged, 1: failed, unhealthy or not known.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  windlass status --env dev
  windlass status --env dev hydra -o json")]
pub(crate) struct Status {
    /// The services, or addons as bootstrap/NAME (default: all)
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// The repository, or the directory in one that holds kustomize/
    #[arg(long, short = 'C', value_name = "DIR", default_value = ".")]
    repo: PathBuf,
    #[command(flatten)]
    environment: EnvironmentArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// How to print the status
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// How an environment is.
#[derive(Serialize)]
struct Report {
    revision: String,
    environment: String,
    state: State,
    units: Vec<UnitReport>,
}

/// How a unit is.
#[derive(Serialize)]
struct UnitReport {
    name: String,
    state: State,
    objects: usize,
    /// What is not as it should be.
    findings: Vec<Finding>,
}

/// The worst that is said of something; worse comes later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Converged,
    Progressing,
    Diverged,
    Failed,
}

/// One thing that is not as it should be.
#[derive(Serialize)]
struct Finding {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<ObjectRef>,
    state: State,
    text: String,
}

impl Status {
    pub(crate) fn run(self, style: Style) -> Result<Done, Failure> {
        let report = runtime()?.block_on(self.look())?;
        match self.output {
            Output::Json => write_stdout(&format!("{}\n", serde_json::to_string_pretty(&report)?))?,
            Output::Yaml => write_stdout(&super::to_yaml(&serde_json::to_value(&report)?)?)?,
            Output::Text => write_stdout(&text(&report, style))?,
        }
        Ok(match report.state {
            State::Converged => Done::Well,
            State::Diverged => Done::Differs,
            State::Progressing | State::Failed => Done::Badly,
        })
    }

    async fn look(&self) -> Result<Report, Failure> {
        let survey = Survey::take(
            &self.repo,
            &self.environment,
            &self.cluster,
            &self.services,
            Embedded::Join,
        )
        .await?;
        let mut units = Vec::new();
        for unit in &survey.units {
            let mut findings = planned(unit);
            findings.extend(unwell(&survey, unit).await);
            let state = findings.iter().map(|finding| finding.state).max();
            units.push(UnitReport {
                name: unit.name.clone(),
                state: state.unwrap_or(State::Converged),
                objects: unit.plan.actions().count(),
                findings,
            });
        }
        let report = Report {
            revision: survey.revision.clone(),
            environment: self.environment.env.clone(),
            state: units
                .iter()
                .map(|unit| unit.state)
                .max()
                .unwrap_or(State::Converged),
            units,
        };
        survey.access.close().await;
        Ok(report)
    }
}

/// Returns what the plan finds wrong.
fn planned(unit: &Surveyed) -> Vec<Finding> {
    let problem = unit.plan.problem.iter().map(|reason| Finding {
        id: None,
        state: State::Failed,
        text: reason.to_string(),
    });
    problem
        .chain(unit.plan.actions().filter_map(finding))
        .collect()
}

fn finding(action: &Action) -> Option<Finding> {
    let state = match action.op {
        Op::Unchanged | Op::Skip => return None,
        Op::Create | Op::Update | Op::Prune | Op::Blocked => State::Diverged,
        Op::Conflict | Op::Failed => State::Failed,
    };
    let mut text = format!("{}: {}", action.op, action.reason);
    for field in &action.fields {
        text.push_str(&format!("\n{:.160}", field.change));
        if let Some(writer) = &field.written_by {
            text.push_str(&format!(" (written by {})", writer.manager));
        }
    }
    Some(Finding {
        id: Some(action.id.clone()),
        state,
        text,
    })
}

/// Returns which objects are not well. One that does not exist yet is the plan's business.
async fn unwell(survey: &Survey, unit: &Surveyed) -> Vec<Finding> {
    let Desired::Complete(set) = &unit.desired else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for object in set.objects() {
        let (state, text) = match survey.access.cluster.health(object.id()).await {
            Assessed::Known(health) => match health.status {
                Health::Current | Health::NotFound => continue,
                Health::InProgress | Health::Terminating => {
                    (State::Progressing, health.to_string())
                }
                Health::Failed => (State::Failed, health.to_string()),
            },
            Assessed::Unknown { reason } => (State::Failed, reason),
        };
        findings.push(Finding {
            id: Some(object.id().clone()),
            state,
            text,
        });
    }
    findings
}

fn text(report: &Report, style: Style) -> String {
    let mut text = format!("{}  environment {}\n", report.revision, report.environment);
    let width = report
        .units
        .iter()
        .map(|unit| unit.name.len())
        .max()
        .unwrap_or_default();
    for unit in &report.units {
        let state = word(unit.state, style);
        text.push_str(&format!(
            "{:<width$}  {state}  {} objects\n",
            unit.name, unit.objects
        ));
        for finding in &unit.findings {
            let id = finding
                .id
                .as_ref()
                .map(|id| format!("{id}: "))
                .unwrap_or_default();
            let details = finding.text.replace('\n', "\n        ");
            text.push_str(&format!("    {id}{details}\n"));
        }
    }
    text.push_str(&format!("{}\n", word(report.state, style).trim_end()));
    text
}

fn word(state: State, style: Style) -> String {
    let (word, ink) = match state {
        State::Converged => ("converged", Ink::Green),
        State::Progressing => ("progressing", Ink::Blue),
        State::Diverged => ("diverged", Ink::Yellow),
        State::Failed => ("failed", Ink::Red),
    };
    style.out(ink, &format!("{word:<11}"))
}
