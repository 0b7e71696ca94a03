//! `sops set`.

use std::fs;
use std::io::{self, Read as _};
use std::path::PathBuf;

use clap::Args;
use windlass_sops::{PlainValue, SecretBytes, ValuePath};

use super::context::Context;
use super::document::{Opening, seal};
use super::exit::Exit;
use super::file::{Input, Source, Target};
use super::flags::{MacFlags, NameFlags, OrderFlags, ServiceFlags, ThresholdFlags, TypeFlags};
use crate::failure::{Done, Failure};

/// Sets a value in an encrypted file, and leaves the others as they are
#[derive(Debug, Default, Args)]
#[command(
    override_usage = "sops set [OPTIONS] FILE PATH [VALUE]",
    after_help = "\
Examples:
  sops set secret.yaml '[\"data\"][\"user\"]' '\"hydra\"'
  sops set --value-stdin secret.yaml '[\"data\"][\"password\"]' < password.json
  sops set secret.yaml '[\"hosts\"][0]' '{\"name\": \"a\", \"port\": 80}'"
)]
pub(super) struct Set {
    /// The file, the path of the value, and the value as JSON
    #[arg(value_name = "FILE PATH VALUE", num_args = 0.., allow_negative_numbers = true)]
    pub(super) words: Vec<String>,
    /// The value is in this file: VALUE is its name
    #[arg(long)]
    pub(super) value_file: bool,
    /// Read the value from standard input
    #[arg(long)]
    pub(super) value_stdin: bool,
    /// Leave the file as it is when it has this value already
    #[arg(long)]
    pub(super) idempotent: bool,
    #[command(flatten)]
    pub(super) types: TypeFlags,
    #[command(flatten)]
    pub(super) threshold: ThresholdFlags,
    #[command(flatten)]
    pub(super) mac: MacFlags,
    #[command(flatten)]
    pub(super) order: OrderFlags,
    #[command(flatten)]
    pub(super) service: ServiceFlags,
}

impl Set {
    pub(super) fn run(self, context: &Context) -> Result<Done, Failure> {
        if self.value_file && self.value_stdin {
            return Err(Exit::Generic.because("--value-file and --value-stdin exclude each other"));
        }
        let (file, path, value) = self.words()?;
        let opening = Opening::new(&self.service, &self.order, self.mac)?;
        let path = index(path)?;
        let value = self.value(value)?;
        let file = PathBuf::from(file);
        let source = Source::File(&file);
        let input = Input::read(source, &self.types, &NameFlags::default(), context)?;
        let (_, mut open) = opening.open(&input, context)?;
        let changed = open.plaintext.set(&path, value);
        let changed = changed.map_err(|error| input.failure(Exit::Generic, error))?;
        if changed || !self.idempotent {
            let text = seal(&open, &input, context)?;
            Target::File(file).write(&text)?;
        }
        Ok(Done::Well)
    }

    fn words(&self) -> Result<(&str, &str, Option<&str>), Failure> {
        match &self.words[..] {
            [file, path] if self.value_stdin => Ok((file, path, None)),
            [file, path, value] if !self.value_stdin => Ok((file, path, Some(value))),
            _ if self.value_stdin => Err(Exit::NoFile.because(
                "two words are needed beside --value-stdin: the file, and the path of the value",
            )),
            _ => Err(Exit::NoFile
                .because("three words are needed: the file, the path of the value, and the value")
                .hint("for example: sops set secret.yaml '[\"data\"][\"user\"]' '\"hydra\"'")),
        }
    }

    fn value(&self, word: Option<&str>) -> Result<PlainValue, Failure> {
        json(&match word {
            None => from_stdin()?,
            Some(file) if self.value_file => from_file(file)?,
            Some(word) => SecretBytes::from(word),
        })
    }
}

/// Parses the path of a value for `set` and `unset`.
pub(super) fn index(text: &str) -> Result<ValuePath, Failure> {
    text.parse::<ValuePath>()
        .map_err(|error| Exit::BadSet.with(error))
}

/// Parses a value.
pub(super) fn json(bytes: &SecretBytes) -> Result<PlainValue, Failure> {
    PlainValue::from_json(bytes.expose()).map_err(|wrong| {
        let (line, column, reason) = (wrong.line, wrong.column, wrong.reason);
        Exit::BadSet
            .because(format!("the value, line {line}, column {column}: {reason}"))
            .hint("a text needs quotes of its own: '\"hydra\"'")
    })
}

fn from_file(file: &str) -> Result<SecretBytes, Failure> {
    let read = fs::read(file).map(SecretBytes::new);
    read.map_err(|error| Exit::Generic.because(format!("{file}: {error}")))
}

fn from_stdin() -> Result<SecretBytes, Failure> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().read_to_end(&mut bytes);
    read.map_err(|error| Exit::CannotRead.because(format!("standard input: {error}")))?;
    Ok(SecretBytes::new(bytes))
}
