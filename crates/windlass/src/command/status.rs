//! `windlass status`: whether the cluster is what the source says, and how well it is.

use std::collections::BTreeMap;

use clap::Args;
use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use windlass_cluster::{Assessed, Cluster};
use windlass_health::Status as Health;
use windlass_object::{ObjectRef, PackedObject};
use windlass_plan::{Action, Op};

use crate::cli::{Output, SurveyArgs};
use crate::failure::{Done, Failure};
use crate::style::{Ink, Style};
use crate::terminal::{shown, write_stdout};

use super::runtime;
use super::survey::{Survey, Surveyed, Terms};

/// Shows whether the cluster is what the source says: converged or diverged, per service and object
///
/// Exit code 0: converged and healthy, 3: diverged, 1: failed, unhealthy or not known.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  windlass status --env dev
  windlass status --env dev hydra -o json")]
pub(crate) struct Status {
    #[command(flatten)]
    survey: SurveyArgs,
    /// How to print the status
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// How many objects are looked at at once.
const LOOKS: usize = 16;

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
        let look =
            async |cluster: &Cluster, survey: &mut Survey| Ok(unwell(cluster, &survey.units).await);
        let terms = Terms::looking(self.survey.cluster.drift);
        let (survey, mut unwell) = Survey::take_and(&self.survey, terms, look).await?;
        let units = survey.units.iter().map(|unit| {
            let mut findings = planned(unit);
            findings.extend(unwell.remove(&unit.name).unwrap_or_default());
            UnitReport {
                name: unit.name.clone(),
                state: worst(findings.iter().map(|finding| finding.state)),
                objects: unit.plan.actions().count(),
                findings,
            }
        });
        let units: Vec<UnitReport> = units.collect();
        Ok(Report {
            state: worst(units.iter().map(|unit| unit.state)),
            revision: survey.revision.clone(),
            environment: self.survey.environment.env.clone(),
            units,
        })
    }
}

fn worst(states: impl Iterator<Item = State>) -> State {
    states.max().unwrap_or(State::Converged)
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
        _ if action.reason.is_drift() => State::Diverged,
        Op::Unchanged | Op::Skip => return None,
        _ if !action.reason.is_known() => State::Failed,
        Op::Create | Op::Update | Op::Adopt | Op::Replace | Op::Prune | Op::Blocked => {
            State::Diverged
        }
        Op::Conflict | Op::Failed => State::Failed,
    };
    let fields = action.fields.iter().map(|field| {
        let writer = field.written_by.as_ref();
        let tells_since = action.reason.is_drift();
        let writer = writer.map(|writer| {
            if tells_since {
                format!(" ({writer})")
            } else {
                format!(" (written by {})", writer.manager)
            }
        });
        format!("\n{:.160}{}", field.change, writer.unwrap_or_default())
    });
    let fields: String = fields.collect();
    Some(Finding {
        id: Some(action.id.clone()),
        state,
        text: format!("{}: {}{fields}", action.op, action.reason),
    })
}

/// Returns which objects of which units are not well.
async fn unwell(cluster: &Cluster, units: &[Surveyed]) -> BTreeMap<String, Vec<Finding>> {
    let objects = units.iter().flat_map(|unit| {
        let ids = unit.objects().map(PackedObject::id);
        ids.map(move |id| (unit.name.clone(), id))
    });
    let looks = objects.map(async |(name, id)| (name, unwell_object(cluster, id).await));
    let mut looks = stream::iter(looks).buffered(LOOKS);
    let mut findings: BTreeMap<String, Vec<Finding>> = BTreeMap::new();
    while let Some((name, finding)) = looks.next().await {
        findings.entry(name).or_default().extend(finding);
    }
    findings
}

/// Returns what is wrong with an object. That it does not exist is the plan's business.
async fn unwell_object(cluster: &Cluster, id: &ObjectRef) -> Option<Finding> {
    let (state, text) = match cluster.health(id).await {
        Assessed::Known(health) => match health.status {
            Health::Current | Health::NotFound => return None,
            Health::InProgress | Health::Terminating => (State::Progressing, health.to_string()),
            Health::Failed => (State::Failed, health.to_string()),
        },
        Assessed::Unknown { reason } => {
            (State::Failed, format!("its health is not known: {reason}"))
        }
    };
    Some(Finding {
        id: Some(id.clone()),
        state,
        text,
    })
}

fn text(report: &Report, style: Style) -> String {
    let names = report.units.iter().map(|unit| unit.name.len());
    let width = names.max().unwrap_or_default();
    let units: String = report
        .units
        .iter()
        .map(|unit| unit_text(unit, width, style))
        .collect();
    format!(
        "{}  environment {}\n{units}{}\n",
        report.revision,
        report.environment,
        word(report.state, style).trim_end()
    )
}

fn unit_text(unit: &UnitReport, width: usize, style: Style) -> String {
    let state = word(unit.state, style);
    let findings = unit.findings.iter().map(|finding| {
        let id = finding.id.as_ref().map(|id| format!("{id}: "));
        let text = format!("{}{}", id.unwrap_or_default(), finding.text);
        format!("    {}\n", shown(&text).replace('\n', "\n    "))
    });
    format!(
        "{:<width$}  {state}  {} objects\n{}",
        unit.name,
        unit.objects,
        findings.collect::<String>()
    )
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
