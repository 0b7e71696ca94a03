//! `kustomize build`: the same code as `windlass build DIR`.

use clap::Args;

use crate::command::build::{Flags, directory, output};
use crate::failure::{Done, Failure};
use crate::style::Style;

/// Builds a kustomization to the bytes that kustomize prints
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kustomize build
  kustomize build overlays/production")]
pub(crate) struct Build {
    /// The directory with the kustomization
    #[arg(value_name = "DIR", default_value = ".")]
    directory: Vec<String>,
    #[command(flatten)]
    flags: Flags,
}

impl Build {
    pub(crate) fn run(self, style: Style) -> Result<Done, Failure> {
        let [directory] = self.directory.as_slice() else {
            return Err(Failure::usage("one directory can be built at a time"));
        };
        let built = directory::build(directory, &self.flags.options(), style)?;
        output::write(self.flags.output.as_ref(), &built.to_yaml(), style)?;
        Ok(Done::Well)
    }
}
