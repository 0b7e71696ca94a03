//! `windlass secret`: the secrets of the services, one encrypted file a value.
//!
//! - a file a verb; `checkout`, `place`, `rules`: where values are, and what `.sops.yaml` says of them.
//! - `value`, `connection`: where a new value comes from; `sealed`: encrypted documents.

mod check;
mod checkout;
mod connection;
mod get;
mod keygen;
mod list;
mod place;
mod recipient;
mod rekey;
mod remove;
mod rules;
mod sealed;
mod set;
mod textconv;
mod value;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::cli::Output;
use crate::failure::{Done, Failure};
use crate::keys::Keys;
use crate::style::{Ink, Style};
use crate::terminal::{complain, shown, write_stdout};

/// Sets, lists, checks and re-encrypts the secrets of the services
///
/// A value is a file kustomize/SERVICE/overlays/ENV/.sops/NAME.enc, encrypted by sops; secret-stub.yaml
/// beside it names the keys. The files are read and changed as they are on disk; committing is up to
/// you. No value is ever written to disk in clear, nor taken from the command line.
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "\
Examples:
  windlass secret list
  windlass secret set hydra SYSTEM_SECRET --env dev --random 32
  windlass secret check --env dev"
)]
pub(crate) struct Secret {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Set(Box<set::Set>),
    Get(get::Get),
    #[command(visible_alias = "ls")]
    List(list::List),
    #[command(name = "rm")]
    Remove(remove::Remove),
    Rekey(rekey::Rekey),
    Check(check::Check),
    Keygen(keygen::Keygen),
    Textconv(textconv::Textconv),
}

/// Which repository, and the keys that open its secrets.
#[derive(Clone, Debug, Args)]
struct RepositoryArgs {
    /// The repository, or a directory in it
    #[arg(long, short = 'C', value_name = "DIR", default_value = ".")]
    repo: PathBuf,
    /// A file with keys, besides those that sops finds; may be given several times
    #[arg(long = "age-key-file", value_name = "FILE")]
    age_key_files: Vec<PathBuf>,
    /// A manifest of a Secret with the keys that Flux takes from one; may be given several times
    #[arg(long = "decryption-secret", value_name = "FILE")]
    decryption_secrets: Vec<PathBuf>,
}

/// Which value.
#[derive(Clone, Debug, Args)]
struct NameArgs {
    /// The service, or an addon as bootstrap/NAME
    service: String,
    /// The name of the value, which is the key in the Secret
    name: String,
    /// The environment: a directory below kustomize/*/overlays
    #[arg(long, short, value_name = "ENV")]
    env: String,
    #[command(flatten)]
    repository: RepositoryArgs,
}

impl Secret {
    pub(crate) fn run(self, style: Style) -> Result<Done, Failure> {
        match self.verb {
            Verb::Set(verb) => verb.run(style),
            Verb::Get(verb) => verb.run(style),
            Verb::List(verb) => verb.run(style),
            Verb::Remove(verb) => verb.run(style),
            Verb::Rekey(verb) => verb.run(style),
            Verb::Check(verb) => verb.run(style),
            Verb::Keygen(verb) => verb.run(style),
            Verb::Textconv(verb) => verb.run(),
        }
    }
}

impl NameArgs {
    /// Refuses what cannot be the name of a value.
    fn check(&self) -> Result<(), Failure> {
        let name = &self.name;
        if !windlass_render::is_secret_key(name) {
            return Err(Failure::usage(format!(
                "{name:?} cannot be a key of a Secret: use letters, digits, '-', '_' and '.', at most 253"
            )));
        }
        match windlass_render::value_key(name) {
            Some(key) if key != name => Err(Failure::usage(format!(
                "{name} is the name of a file; the value is called {key}"
            ))),
            _ => Ok(()),
        }
    }
}

/// Says what is odd.
fn warn(style: Style, text: &str) {
    complain(&format!(
        "{} {}",
        style.err(Ink::Yellow, "warning:"),
        shown(text)
    ));
}

/// Prints data for programs, or what `text` makes of it for people.
fn print<T: Serialize>(
    data: &T,
    output: Output,
    text: impl FnOnce(&T) -> String,
) -> Result<(), Failure> {
    match output {
        Output::Json => write_stdout(&format!("{}\n", serde_json::to_string_pretty(data)?)),
        Output::Yaml => write_stdout(&super::to_yaml(&serde_json::to_value(data)?)?),
        Output::Text => write_stdout(&text(data)),
    }
}

/// Returns the command that commits these files.
fn commit_hint(files: &[String], message: &str) -> String {
    format!("git add {} && git commit -m '{message}'", files.join(" "))
}
