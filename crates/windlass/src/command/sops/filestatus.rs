//! `sops filestatus`.

use std::path::PathBuf;

use clap::Args;
use windlass_sops::is_encrypted;

use super::context::Context;
use super::exit::Exit;
use super::file::{Input, Source, required};
use super::flags::{NameFlags, TypeFlags};
use crate::failure::{Done, Failure};
use crate::terminal::write_stdout;

/// Says whether sops encrypted a file, as JSON; needs no key
#[derive(Debug, Args)]
#[command(
    override_usage = "sops filestatus [OPTIONS] FILE",
    after_help = "\
Example:
  sops filestatus secret.yaml                    {\"encrypted\":true}"
)]
pub(super) struct Filestatus {
    /// The file
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The format of the file: yaml, json, dotenv, ini or binary (default: by its name)
    #[arg(long, value_name = "TYPE")]
    input_type: Option<String>,
}

impl Filestatus {
    pub(super) fn run(self, context: &Context) -> Result<Done, Failure> {
        let path = required(&self.files, context)?;
        let types = TypeFlags {
            input_type: self.input_type.clone(),
            output_type: None,
        };
        let source = Source::File(path);
        let input = Input::read(source, &types, &NameFlags::default(), context)
            .map_err(|failure| Exit::Generic.with(failure))?;
        let encrypted = !input.is_without_values()
            && is_encrypted(input.bytes.expose(), input.format)
                .map_err(|error| input.failure_at(Exit::Generic, &error))?;
        write_stdout(&format!("{{\"encrypted\":{encrypted}}}\n"))?;
        Ok(Done::Well)
    }
}
