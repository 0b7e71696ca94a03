//! `sops edit`.

use std::path::PathBuf;

use clap::Args;

use super::absent;
use super::context::Context;
use super::flags::{
    ContextFlags, KeyFlags, MacFlags, OrderFlags, RuleFlags, ServiceFlags, ThresholdFlags,
    TypeFlags,
};
use crate::failure::{Done, Failure};

/// Opens a file in an editor, and encrypts it again
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Example:
  EDITOR=nano sops edit secret.yaml")]
pub(super) struct Edit {
    /// The file; a new one begins with an example
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Show the keys of the file in the editor
    #[arg(long, short)]
    pub(super) show_master_keys: bool,
    #[command(flatten)]
    pub(super) types: TypeFlags,
    #[command(flatten)]
    pub(super) mac: MacFlags,
    #[command(flatten)]
    pub(super) order: OrderFlags,
    #[command(flatten)]
    pub(super) keys: KeyFlags,
    #[command(flatten)]
    pub(super) context: ContextFlags,
    #[command(flatten)]
    pub(super) rules: RuleFlags,
    #[command(flatten)]
    pub(super) threshold: ThresholdFlags,
    #[command(flatten)]
    pub(super) service: ServiceFlags,
}

impl Edit {
    #[expect(clippy::unused_self, reason = "the verb is not here yet")]
    pub(super) fn run(self, _: &Context) -> Result<Done, Failure> {
        Err(absent::explain("edit"))
    }
}
