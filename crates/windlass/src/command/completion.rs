//! `windlass completion`: shell completions.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::failure::{Done, Failure};
use crate::terminal::write_stdout;

/// Prints the completions for a shell
///
/// For bash, put this into ~/.bashrc: source <(windlass completion bash)
#[derive(Debug, Args)]
pub(crate) struct Completion {
    /// The shell
    shell: Shell,
}

impl Completion {
    pub(crate) fn run(self) -> Result<Done, Failure> {
        let mut command = Cli::command();
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "windlass", &mut script);
        write_stdout(&String::from_utf8_lossy(&script))?;
        Ok(Done::Well)
    }
}
