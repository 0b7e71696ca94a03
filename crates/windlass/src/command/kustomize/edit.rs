//! `kustomize edit`: changes the kustomization file in the current directory, and no other byte of it.

mod add;
mod check;
pub(super) mod file;
mod fix;
pub(super) mod glob;
mod remove;
mod set;

use std::convert::Infallible;
use std::str::FromStr;

use clap::{Args, Subcommand};
use windlass_kustomize::Pair;

use super::absent;
use crate::failure::{Done, Failure};

/// Edits the kustomization file in the current directory
///
/// What an edit does not mean stays as it is: comments, quotes, order, indentation.
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "\
Examples:
  kustomize edit set image nginx=registry.example/nginx:1.27
  kustomize edit set namespace staging
  kustomize edit add resource *.yaml
  kustomize edit add configmap settings --from-literal=LEVEL=debug"
)]
pub(super) struct Edit {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Add(add::Add),
    Set(set::Set),
    Remove(remove::Remove),
    Fix(fix::Fix),
    /// What kustomize may have and we have not.
    #[command(external_subcommand)]
    Absent(Vec<String>),
}

/// Words in one argument, separated by commas.
#[derive(Clone, Debug)]
struct Words(Vec<String>);

impl FromStr for Words {
    type Err = Infallible;

    fn from_str(argument: &str) -> Result<Self, Infallible> {
        Ok(Self(argument.split(',').map(str::to_owned).collect()))
    }
}

impl Edit {
    pub(super) fn run(self) -> Result<Done, Failure> {
        match self.verb {
            Verb::Add(verb) => verb.run(),
            Verb::Set(verb) => verb.run(),
            Verb::Remove(verb) => verb.run(),
            Verb::Fix(verb) => verb.run(),
            Verb::Absent(words) => Err(absent::explain("kustomize edit", &words)),
        }
    }
}

/// Refuses labels and annotations that are written with `=`, of which kustomize would make keys that no cluster
/// takes.
pub(super) fn refuse_words(pairs: &[Pair]) -> Result<(), Failure> {
    match pairs.iter().find_map(|pair| pair.key.split_once('=')) {
        None => Ok(()),
        Some((key, value)) => Err(Failure::usage(format!(
            "{key}={value} is not KEY:VALUE; write {key}:{value}"
        ))),
    }
}
