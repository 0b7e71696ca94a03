//! `sops unset`.

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
    /// The file, and the path of the value
    #[arg(value_name = "FILE PATH", num_args = 0..)]
    words: Vec<String>,
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
        let [file, path] = &self.words[..] else {
            return Err(Exit::NoFile
                .because("two words are needed: the file, and the path of the value")
                .hint("for example: sops unset secret.yaml '[\"data\"][\"user\"]'"));
        };
        let opening = Opening::new(&self.service, &self.order, self.mac)?;
        let path = index(path)?;
        let file = PathBuf::from(file);
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
