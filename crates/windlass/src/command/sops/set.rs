//! `sops set`.

use std::convert::Infallible;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

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
    /// The file
    #[arg(value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// Where the value stands, as in the examples
    #[arg(value_name = "PATH")]
    pub(super) path: Option<String>,
    /// The value as JSON
    #[arg(value_name = "VALUE", value_parser = secret, allow_negative_numbers = true)]
    pub(super) value: Option<SecretBytes>,
    /// What is too much.
    #[arg(hide = true)]
    pub(super) rest: Vec<OsString>,
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
        let source = Source::File(file);
        let input = Input::read(source, &self.types, &NameFlags::default(), context)?;
        let (_, mut open) = opening.open(&input, context)?;
        let changed = open.plaintext.set(&path, value);
        let changed = changed.map_err(|error| input.failure(Exit::Generic, error))?;
        if changed || !self.idempotent {
            let text = seal(&open, &input, context)?;
            Target::File(file.to_owned()).write(&text)?;
        }
        Ok(Done::Well)
    }

    fn words(&self) -> Result<(&Path, &str, Option<&SecretBytes>), Failure> {
        let (file, path) = (self.file.as_deref(), self.path.as_deref());
        match (file, path, &self.value) {
            (Some(file), Some(path), None) if self.value_stdin => Ok((file, path, None)),
            (Some(file), Some(path), Some(value)) if !self.value_stdin && self.rest.is_empty() => {
                Ok((file, path, Some(value)))
            }
            _ if self.value_stdin => Err(Exit::NoFile.because(
                "two words are needed beside --value-stdin: the file, and the path of the value",
            )),
            _ => Err(Exit::NoFile
                .because("three words are needed: the file, the path of the value, and the value")
                .hint("for example: sops set secret.yaml '[\"data\"][\"user\"]' '\"hydra\"'")),
        }
    }

    fn value(&self, word: Option<&SecretBytes>) -> Result<PlainValue, Failure> {
        match word {
            None => json(&from_stdin()?),
            Some(file) if self.value_file => json(&from_file(file)?),
            Some(word) => json(word),
        }
    }
}

/// Keeps a word from being printed.
#[expect(clippy::unnecessary_wraps, reason = "clap takes parsers that can fail")]
pub(super) fn secret(word: &str) -> Result<SecretBytes, Infallible> {
    Ok(word.into())
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

fn from_file(file: &SecretBytes) -> Result<SecretBytes, Failure> {
    let file = Path::new(file.expose_text().unwrap_or_default());
    let read = fs::read(file).map(SecretBytes::new);
    read.map_err(|error| Exit::Generic.because(format!("{}: {error}", file.display())))
}

fn from_stdin() -> Result<SecretBytes, Failure> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().read_to_end(&mut bytes);
    read.map_err(|error| Exit::CannotRead.because(format!("standard input: {error}")))?;
    Ok(SecretBytes::new(bytes))
}
