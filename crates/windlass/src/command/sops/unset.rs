//! `sops unset`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use windlass_sops::PathError;

use super::context::Context;
use super::document::{Opening, seal};
use super::exit::Exit;
use super::file::{Input, Source, Target};
use super::flags::{MacFlags, NameFlags, OrderFlags, ServiceFlags, ThresholdFlags, TypeFlags};
use super::set::index;
use crate::failure::{Done, Failure};

/// Removes a value from an encrypted file, and leaves the others as they are
#[derive(Debug, Args)]
#[command(
    override_usage = "sops unset [OPTIONS] FILE PATH",
    after_help = "\
Example:
  sops unset secret.yaml '[\"data\"][\"user\"]'"
)]
pub(super) struct Unset {
    /// The file
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Where the value stands, as in the examples
    #[arg(value_name = "PATH")]
    path: Option<String>,
    /// What is too much.
    #[arg(hide = true)]
    rest: Vec<OsString>,
    /// Do nothing when there is no such value
    #[arg(long)]
    idempotent: bool,
    #[command(flatten)]
    types: TypeFlags,
    #[command(flatten)]
    threshold: ThresholdFlags,
    #[command(flatten)]
    mac: MacFlags,
    #[command(flatten)]
    order: OrderFlags,
    #[command(flatten)]
    service: ServiceFlags,
}

impl Unset {
    pub(super) fn run(self, context: &Context) -> Result<Done, Failure> {
        let (Some(file), Some(path), []) = (self.file, &self.path, &self.rest[..]) else {
            return Err(Exit::NoFile
                .because("two words are needed: the file, and the path of the value")
                .hint("for example: sops unset secret.yaml '[\"data\"][\"user\"]'"));
        };
        let opening = Opening::new(&self.service, &self.order, self.mac)?;
        let path = index(path)?;
        let source = Source::File(&file);
        let input = Input::read(source, &self.types, &NameFlags::default(), context)?;
        let (_, mut open) = opening.open(&input, context)?;
        match open.plaintext.unset(&path) {
            Err(PathError::Missing { .. }) if self.idempotent => return Ok(Done::Well),
            Err(error) => return Err(input.failure(Exit::Generic, error)),
            Ok(()) => {}
        }
        let text = seal(&open, &input, context)?;
        Target::File(file).write(&text)?;
        Ok(Done::Well)
    }
}
