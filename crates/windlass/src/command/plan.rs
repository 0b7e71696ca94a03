//! `windlass plan`: what would change, and why.

use std::path::PathBuf;

use clap::Args;
use windlass_plan::{Color, TextOptions};

use crate::access::Embedded;
use crate::cli::{ClusterArgs, EnvironmentArgs, Output};
use crate::failure::{Done, Failure};
use crate::style::Style;

use super::build::write_stdout;
use super::runtime;
use super::survey::Survey;

/// Shows what would change in the cluster, and why; changes nothing
///
/// Secret values are shown as fingerprints. Exit code 0: nothing would change, 3: something would, 1: it is
/// not known.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  windlass plan --env dev
  windlass plan --env staging --context staging hydra")]
pub(crate) struct Plan {
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
    /// How to print the plans
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    output: Output,
}

impl Plan {
    pub(crate) fn run(self, style: Style) -> Result<Done, Failure> {
        runtime()?.block_on(self.show(style))
    }

    async fn show(self, style: Style) -> Result<Done, Failure> {
        let survey = Survey::take(
            &self.repo,
            &self.environment,
            &self.cluster,
            &self.services,
            Embedded::Join,
        )
        .await?;
        let plans: Vec<_> = survey.units.iter().map(|unit| &unit.plan).collect();
        let color = if style.is_coloured() {
            Color::On
        } else {
            Color::Off
        };
        let options = TextOptions {
            color,
            ..TextOptions::default()
        };
        match self.output {
            Output::Json => write_stdout(&format!("{}\n", serde_json::to_string_pretty(&plans)?))?,
            Output::Yaml => write_stdout(&super::to_yaml(&serde_json::to_value(&plans)?)?)?,
            Output::Text => survey
                .units
                .iter()
                .try_for_each(|unit| write_stdout(&unit.plan.text(&options).to_string()))?,
        }
        let done = survey.done();
        survey.access.close().await;
        Ok(done)
    }
}
