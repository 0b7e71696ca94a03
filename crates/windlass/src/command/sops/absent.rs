//! Verbs of sops that are not here yet.

use std::ffi::OsString;

use clap::Args;

use super::exit::Exit;
use crate::failure::{Done, Failure};

/// Whatever stands behind such a verb.
#[derive(Debug, Args)]
pub(super) struct Absent {
    #[arg(
        hide = true,
        allow_hyphen_values = true,
        trailing_var_arg = true,
        value_name = "ARGUMENT"
    )]
    words: Vec<OsString>,
}

impl Absent {
    pub(super) fn run(self, verb: &str) -> Result<Done, Failure> {
        drop(self.words);
        Err(explain(verb))
    }
}

/// Returns why a verb does nothing.
pub(super) fn explain(verb: &str) -> Failure {
    let failure = Exit::Generic.because(format!("sops {verb} is not in windlass yet"));
    failure.hint("the sops program has it; both read the same files")
}
