//! `sops decrypt`.

use std::path::PathBuf;

use clap::Args;
use windlass_sops::{Plaintext, SecretBytes, ValuePath};

use super::context::Context;
use super::document::{Opening, dump_failure};
use super::exit::Exit;
use super::file::{Input, Source, Target, must_exist, only};
use super::flags::{MacFlags, NameFlags, OrderFlags, OutputFlags, ServiceFlags, TypeFlags};
use crate::failure::{Done, Failure};

/// Decrypts a file
#[derive(Debug, Default, Args)]
#[command(
    override_usage = "sops decrypt [OPTIONS] [FILE]",
    after_help = "\
Examples:
  sops decrypt secret.yaml
  sops decrypt --extract '[\"data\"][\"password\"]' secret.yaml
  sops decrypt --output-type json secret.yaml | jq .data
  sops decrypt -i secret.yaml"
)]
pub(super) struct Decrypt {
    /// The file (default: standard input, which is binary unless a type or a name is given)
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Print this value only: a text as it is, anything else in the format of the output
    #[arg(long, value_name = "PATH")]
    pub(super) extract: Option<String>,
    #[command(flatten)]
    pub(super) output: OutputFlags,
    #[command(flatten)]
    pub(super) types: TypeFlags,
    #[command(flatten)]
    pub(super) name: NameFlags,
    #[command(flatten)]
    pub(super) mac: MacFlags,
    #[command(flatten)]
    pub(super) order: OrderFlags,
    #[command(flatten)]
    pub(super) service: ServiceFlags,
}

impl Decrypt {
    pub(super) fn run(self, context: &Context) -> Result<Done, Failure> {
        let source = only(&self.files, context).map_or(Source::Stdin, Source::File);
        let target = Target::new(&self.output, source)?;
        if let Source::File(path) = source {
            must_exist(path)?;
        }
        let opening = Opening::new(&self.service, &self.order, self.mac)?;
        let extract = extracted(self.extract.as_deref())?;
        let input = Input::read(source, &self.types, &self.name, context)?;
        let plaintext = opening.decrypt(&input, context)?;
        let bytes = match extract {
            None => plaintext
                .to_bytes_as(input.output_format, context.layout())
                .map_err(|error| dump_failure(&input, &error))?,
            Some(path) => value(&plaintext, &path, &input, context)?,
        };
        target.write(bytes.expose())?;
        Ok(Done::Well)
    }
}

fn extracted(path: Option<&str>) -> Result<Option<ValuePath>, Failure> {
    let path = path.filter(|path| !path.is_empty()).map(str::parse);
    let failure = |error| Exit::BadExtract.because(format!("--extract: {error}"));
    path.transpose().map_err(failure)
}

fn value(
    plaintext: &Plaintext,
    path: &ValuePath,
    input: &Input,
    context: &Context,
) -> Result<SecretBytes, Failure> {
    let value = plaintext.get(path);
    let value = value.map_err(|error| input.failure(Exit::Generic, error))?;
    let bytes = value.to_bytes(input.output_format, context.layout());
    bytes.map_err(|error| dump_failure(input, &error))
}
