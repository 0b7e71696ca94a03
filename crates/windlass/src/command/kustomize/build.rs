//! `kustomize build`: the same code as `windlass build DIR`.

use clap::Args;

use crate::command::build::{Flags, directory, output};
use crate::failure::{Done, Failure};
use crate::style::Style;

/// Builds a kustomization to the bytes that kustomize prints
#[derive(Debug, Args)]
#[command(
    args_override_self = true,
    after_help = "\
Examples:
  kustomize build
  kustomize build overlays/production"
)]
pub(crate) struct Build {
    /// The directory with the kustomization, or its address
    #[arg(value_name = "DIR", default_value = ".")]
    directory: Vec<String>,
    #[command(flatten)]
    flags: Flags,
    /// Accepted for kustomize's sake: for containers, and none is run. An environment is rendered by
    /// `windlass build --env`
    #[arg(long, short, value_name = "NAME[=VALUE]", hide_short_help = true)]
    env: Vec<String>,
}

impl Build {
    pub(crate) fn run(self, style: Style) -> Result<Done, Failure> {
        let [directory] = self.directory.as_slice() else {
            return Err(Failure::usage("one directory can be built at a time"));
        };
        let built = directory::build(directory, &self.flags, style)?;
        output::write_build(self.flags.output.as_ref(), &built, style)?;
        Ok(Done::Well)
    }
}
