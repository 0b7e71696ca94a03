//! `windlass kubeconfig`: where kubectl finds the embedded API server.

use std::path::PathBuf;

use clap::Args;

use crate::access::running_kubeconfig;
use crate::failure::{Done, Failure};
use crate::terminal::say;

use super::runtime;

/// Prints the path of the kubeconfig of the embedded API server that runs for an environment
///
/// Fails when none runs.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  export KUBECONFIG=$(windlass kubeconfig --env dev)")]
pub(crate) struct Kubeconfig {
    /// The repository, or the directory in one that holds kustomize/
    #[arg(value_name = "REPO", default_value = ".")]
    repo: PathBuf,
    /// The environment
    #[arg(long, short, value_name = "ENV")]
    env: String,
    /// Where the embedded API server keeps its state, if `up` was told so
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

impl Kubeconfig {
    pub(crate) fn run(self) -> Result<Done, Failure> {
        let found = running_kubeconfig(self.state.as_deref(), &self.repo, &self.env);
        let env = &self.env;
        let Some(path) = runtime()?.block_on(found)? else {
            let failure = Failure::of([format!("no API server runs for the environment {env}")]);
            return Err(failure.hint(format!("start one with windlass up --env {env}")));
        };
        say(&path.display().to_string());
        Ok(Done::Well)
    }
}
