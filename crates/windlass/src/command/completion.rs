//! `windlass completion`: shell completions.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::Cli;
use crate::failure::{Done, Failure};

/// Prints the completions for a shell
///
/// For bash, put this into ~/.bashrc: source <(windlass completion bash)
#[derive(Debug, Args)]
pub(crate) struct Completion {
    /// The shell
    shell: Shell,
}

impl Completion {
    #[expect(clippy::unnecessary_wraps, reason = "all commands have one signature")]
    pub(crate) fn run(self) -> Result<Done, Failure> {
        let mut command = Cli::command();
        clap_complete::generate(self.shell, &mut command, "windlass", &mut std::io::stdout());
        Ok(Done::Well)
    }
}
