//! `windlass sops`: the program sops, for people and scripts that call it. A link named `sops` leads here as well.

mod account;
mod ask;
mod child;
mod completion;
mod configuration;
mod context;
mod creation;
mod decrypt;
mod difference;
mod document;
mod edit;
mod encrypt;
mod exec_env;
mod exec_file;
mod exit;
mod file;
mod filestatus;
mod flags;
mod groups;
mod keyservice;
mod old;
mod private;
mod publish;
mod rotate;
mod service;
mod set;
mod tree;
mod unset;
mod updatekeys;
pub(crate) mod words;
mod wrap;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::failure::{Done, Failure};
use crate::style::Style;
use crate::terminal::write_stdout;

use context::Context;

/// The version of sops whose place we take.
pub(crate) const VERSION: &str = "3.11.0";

/// Does what sops 3.11.0 does, with its verbs, flags and exit codes
///
/// A link named `sops` that leads to windlass is the same program. Without a verb, the flags -d, -e, -r and --set
/// say what to do with FILE; without these, FILE is edited.
#[derive(Debug, Args)]
#[command(
    subcommand_precedence_over_arg = true,
    override_usage = "sops VERB [OPTIONS] FILE\n       sops [OPTIONS] FILE",
    after_help = "\
Examples:
  sops decrypt secret.yaml                       the older form: sops -d secret.yaml
  sops encrypt -i --age age1… secret.yaml        the older form: sops -e -i --age age1… secret.yaml
  sops decrypt --extract '[\"data\"][\"user\"]' secret.yaml
  sops set secret.yaml '[\"data\"][\"user\"]' '\"hydra\"'
  sops secret.yaml                               edits it

Keys and rules for new files are those of the flags, or of the .sops.yaml in this directory or above.
Exit codes are those of sops 3.11.0."
)]
pub(crate) struct Sops {
    /// Print the version
    #[arg(long, short)]
    version: bool,
    /// The file with creation rules (default: .sops.yaml in this directory or the next above that has one)
    #[arg(
        long,
        value_name = "FILE",
        env = "SOPS_CONFIG",
        hide_env_values = true,
        value_parser = flags::path(),
        display_order = 900,
        global = true
    )]
    config: Option<PathBuf>,
    /// How many spaces YAML and JSON are indented with; -1 is a tab (default: as .sops.yaml says)
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    indent: Option<i32>,
    /// Accepted for the sake of sops: errors say it all anyway
    #[arg(long, hide = true)]
    verbose: bool,
    /// Accepted for the sake of sops: newer versions are never asked for
    #[arg(long, hide = true)]
    disable_version_check: bool,
    /// Accepted for the sake of sops: newer versions are never asked for
    #[arg(long, hide = true)]
    check_for_updates: bool,
    #[command(flatten)]
    old: old::OldForm,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Decrypt(Box<decrypt::Decrypt>),
    Encrypt(Box<encrypt::Encrypt>),
    Rotate(Box<rotate::Rotate>),
    Edit(Box<edit::Edit>),
    Set(Box<set::Set>),
    Unset(Box<unset::Unset>),
    Filestatus(filestatus::Filestatus),
    Updatekeys(updatekeys::Updatekeys),
    Groups(groups::Groups),
    ExecEnv(exec_env::ExecEnv),
    ExecFile(exec_file::ExecFile),
    Publish(publish::Publish),
    Keyservice(keyservice::Keyservice),
    Completion(completion::Completion),
}

impl Sops {
    pub(crate) fn run(self, style: Style) -> Result<Done, Failure> {
        if self.version {
            let ours = env!("CARGO_PKG_VERSION");
            write_stdout(&format!("sops {VERSION} (windlass {ours})\n"))?;
            return Ok(Done::Well);
        }
        let context = Context::new(style, self.config.as_deref(), self.indent, &self.old.rules)?;
        match self.verb {
            Some(verb) => verb.run(&context),
            None => self.old.run(&context),
        }
    }
}

impl Verb {
    fn run(self, context: &Context) -> Result<Done, Failure> {
        match self {
            Self::Decrypt(verb) => verb.run(context),
            Self::Encrypt(verb) => verb.run(context),
            Self::Rotate(verb) => verb.run(context),
            Self::Edit(verb) => verb.run(context),
            Self::Set(verb) => verb.run(context),
            Self::Unset(verb) => verb.run(context),
            Self::Filestatus(verb) => verb.run(context),
            Self::Updatekeys(verb) => verb.run(context),
            Self::Groups(verb) => verb.run(context),
            Self::ExecEnv(verb) => verb.run(context),
            Self::ExecFile(verb) => verb.run(context),
            Self::Publish(verb) => verb.run(context),
            Self::Keyservice(verb) => verb.run(context),
            Self::Completion(verb) => verb.run(),
        }
    }
}
