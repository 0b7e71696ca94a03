//! `sops completion`: shell completions.

use clap::Args;
use clap_complete::Shell;

use crate::failure::{Done, Failure};
use crate::program;
use crate::terminal::write_stdout;

/// Prints the completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  source <(sops completion bash)")]
pub(super) struct Completion {
    /// The shell
    shell: Shell,
}

impl Completion {
    pub(super) fn run(self) -> Result<Done, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut program::sops(), "sops", &mut script);
        write_stdout(&String::from_utf8_lossy(&script))?;
        Ok(Done::Well)
    }
}
