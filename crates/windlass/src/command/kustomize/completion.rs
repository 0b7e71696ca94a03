//! `kustomize completion`: shell completions for the link.

use clap::Args;
use clap_complete::Shell;

use crate::failure::{Done, Failure};
use crate::program;
use crate::terminal::write_stdout;

/// Prints the completions of `kustomize` for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  source <(kustomize completion bash)")]
pub(crate) struct Completion {
    /// The shell
    shell: Shell,
}

impl Completion {
    pub(crate) fn run(self) -> Result<Done, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(
            self.shell,
            &mut program::kustomize(),
            "kustomize",
            &mut script,
        );
        write_stdout(&String::from_utf8_lossy(&script))?;
        Ok(Done::Well)
    }
}
