//! `windlass plan`: what would change, and why.

use clap::Args;
use windlass_plan::{Color, Counts, TextOptions};

use crate::cli::{Output, SurveyArgs};
use crate::failure::{Done, Failure};
use crate::style::Style;
use crate::terminal::write_stdout;

use super::runtime;
use super::survey::{Survey, Surveyed};

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
    #[command(flatten)]
    survey: SurveyArgs,
    /// How to print the plans
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    output: Output,
}

impl Plan {
    pub(crate) fn run(self, style: Style) -> Result<Done, Failure> {
        runtime()?.block_on(self.show(style))
    }

    async fn show(self, style: Style) -> Result<Done, Failure> {
        let survey = Survey::take(&self.survey).await?;
        survey.print_warnings(style);
        let plans: Vec<_> = survey.units.iter().map(|unit| &unit.plan).collect();
        match self.output {
            Output::Json => write_stdout(&format!("{}\n", serde_json::to_string_pretty(&plans)?))?,
            Output::Yaml => write_stdout(&super::to_yaml(&serde_json::to_value(&plans)?)?)?,
            Output::Text => write_stdout(&text(&survey.units, style))?,
        }
        Ok(survey.done())
    }
}

/// Returns the plans for people: a line for a unit that is as it should be, and the sum of all at the end.
fn text(units: &[Surveyed], style: Style) -> String {
    let width = units.iter().map(|unit| unit.name.len()).max().unwrap_or(0);
    let units_text = units.iter().map(|unit| {
        if unit.plan.is_converged() {
            format!("{:<width$}  {}\n", unit.name, unit.plan.counts())
        } else {
            plan_text(unit, style)
        }
    });
    let total: Counts = units.iter().map(|unit| unit.plan.counts()).sum();
    let many = if units.len() == 1 { "unit" } else { "units" };
    let units_text: String = units_text.collect();
    format!("{units_text}{} {many}: {total}\n", units.len())
}

fn plan_text(unit: &Surveyed, style: Style) -> String {
    let color = if style.is_coloured() {
        Color::On
    } else {
        Color::Off
    };
    let options = TextOptions {
        title: Some(&unit.name),
        color,
        ..TextOptions::default()
    };
    unit.plan.text(&options).to_string()
}
