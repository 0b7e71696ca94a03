//! `windlass plan`: what would change, and why.

use std::path::{Path, PathBuf};

use clap::Args;
use windlass_cluster::Cluster;
use windlass_plan::{
    Color, Compared, MarkdownOptions, SavedCluster, SavedPlans, SavedUnit, TextOptions,
};

use crate::cli::{ChangeOutput, GuardArgs, SurveyArgs};
use crate::failure::{Done, Failure};
use crate::replace::replace;
use crate::style::Style;
use crate::terminal::{columns, complain, write_stdout};

use super::runtime;
use super::survey::{Key, Survey, Terms};

/// Shows what would change in the cluster, and why; changes nothing
///
/// Secret values are shown as fingerprints. Exit code 0: nothing would change, 3: something would, 1: it is
/// not known.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  windlass plan --env dev
  windlass plan --env staging --context staging hydra
  windlass plan --env dev --out dev.plan              for windlass apply --plan dev.plan
  windlass plan --env dev -o markdown >comment.md     for a pull request")]
pub(crate) struct Plan {
    #[command(flatten)]
    survey: SurveyArgs,
    #[command(flatten)]
    guards: GuardArgs,
    /// Save the plan to this file, for `windlass apply --plan FILE`. It holds no secret value. A cluster that
    /// has no key for fingerprints is given one (a Secret in windlass-system)
    #[arg(long, value_name = "FILE", conflicts_with = "worktree")]
    out: Option<PathBuf>,
    /// How to print the plans
    #[arg(long, short, value_enum, default_value_t = ChangeOutput::Text)]
    output: ChangeOutput,
}

impl Plan {
    pub(crate) fn run(self, style: Style) -> Result<Done, Failure> {
        runtime()?.block_on(self.show(style))
    }

    async fn show(self, style: Style) -> Result<Done, Failure> {
        let key = match self.out {
            Some(_) => Key::Kept,
            None => Key::Found,
        };
        let save = async |cluster: &Cluster, survey: &mut Survey| match &self.out {
            Some(path) => self.save(path, cluster, survey).await,
            None => Ok(()),
        };
        let terms = Terms::of(&self.guards, self.survey.cluster.drift, key);
        let (survey, ()) = Survey::take_and(&self.survey, terms, save).await?;
        survey.print_warnings(style);
        let plans = || {
            survey
                .units
                .iter()
                .map(|unit| &unit.plan)
                .collect::<Vec<_>>()
        };
        match self.output {
            ChangeOutput::Json => {
                write_stdout(&format!("{}\n", serde_json::to_string_pretty(&plans())?))?;
            }
            ChangeOutput::Yaml => write_stdout(&super::to_yaml(&serde_json::to_value(plans())?)?)?,
            ChangeOutput::Text => write_stdout(&text(&survey, style))?,
            ChangeOutput::Markdown => {
                let env = &self.survey.environment.env;
                write_stdout(&markdown(
                    &survey,
                    &format!("Plan for {env} at {}", survey.revision),
                ))?;
            }
        }
        if let Some(path) = &self.out {
            let path = path.display();
            complain(&format!(
                "saved; to run exactly this: windlass apply --plan {path}"
            ));
        }
        Ok(survey.done())
    }

    async fn save(&self, path: &Path, cluster: &Cluster, survey: &Survey) -> Result<(), Failure> {
        let unit = |unit: &super::survey::Surveyed| SavedUnit {
            name: unit.name.clone(),
            plan: unit.plan.clone(),
        };
        let plans = SavedPlans {
            environment: self.survey.environment.env.clone(),
            revision: survey.revision.clone(),
            cluster: SavedCluster {
                server: cluster.server().to_owned(),
                uid: cluster.uid().await?,
                manager: cluster.manager().to_owned(),
                override_managers: self.survey.cluster.override_managers.clone(),
            },
            services: self.survey.services.clone(),
            guards: self.guards.guards(self.survey.cluster.drift),
            approvals: self
                .guards
                .approve
                .iter()
                .map(ToString::to_string)
                .collect(),
            units: survey.units.iter().map(unit).collect(),
        };
        replace(path, plans.to_json().as_bytes())
    }
}

/// Returns the plans for people.
pub(super) fn text(survey: &Survey, style: Style) -> String {
    let color = if style.is_coloured() {
        Color::On
    } else {
        Color::Off
    };
    let options = TextOptions {
        color,
        columns: columns(),
        ..TextOptions::default()
    };
    survey.review().text(&options).to_string()
}

fn markdown(survey: &Survey, title: &str) -> String {
    survey.review().markdown(&MarkdownOptions {
        title,
        compared: Compared::Cluster,
        ..MarkdownOptions::default()
    })
}
