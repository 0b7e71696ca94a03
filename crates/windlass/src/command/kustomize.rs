//! `windlass kustomize`: the verbs of the kustomize program, for scripts that call it. A link named
//! `kustomize` leads here as well.

mod absent;
mod build;
mod completion;
mod create;
mod edit;
mod version;

use clap::{Args, Subcommand};

use crate::failure::{Done, Failure};
use crate::style::Style;

/// The version of kustomize whose place we take.
pub(crate) const VERSION: &str = "v5.8.1";

/// Does what kustomize 5.8.1 does, with its verbs and flags
///
/// A link named `kustomize` that leads to windlass is the same program.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Kustomize {
    /// Accepted for kustomize's sake: errors name file and line anyway
    #[arg(long, global = true)]
    stack_trace: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Build(build::Build),
    Create(create::Create),
    Edit(edit::Edit),
    Version(version::Version),
    Completion(completion::Completion),
    /// What kustomize may have and we have not.
    #[command(external_subcommand)]
    Absent(Vec<String>),
}

impl Kustomize {
    pub(crate) fn run(self, style: Style) -> Result<Done, Failure> {
        match self.verb {
            Verb::Build(verb) => verb.run(style),
            Verb::Create(verb) => verb.run(),
            Verb::Edit(verb) => verb.run(),
            Verb::Version(verb) => verb.run(),
            Verb::Completion(verb) => verb.run(),
            Verb::Absent(words) => Err(absent::explain("kustomize", &words)),
        }
    }
}
