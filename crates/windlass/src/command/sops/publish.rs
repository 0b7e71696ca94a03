//! `sops publish`.

mod bucket;
mod copy;
mod store;
mod vault;

use std::path::{Component, Path, PathBuf};

use clap::Args;
use windlass_sops::{Destination, DestinationRule};

use super::ask::ask;
use super::configuration::absolute;
use super::context::Context;
use super::document::Opening;
use super::exit::Exit;
use super::file::{must_exist, required};
use super::flags::{MacFlags, OrderFlags, ServiceFlags};
use super::tree::files_below;
use crate::failure::{Done, Failure};
use crate::terminal::{complain, say};

use copy::Copy;
use store::{Written, write};
use vault::Secret;

/// Copies files to where .sops.yaml says
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sops publish secret.yaml
  sops publish -y --recursive secrets

The destination_rules of .sops.yaml say where a file goes: to a bucket of S3 or Google Cloud Storage as it is, or
encrypted again with the keys of a recreation_rule; to the key-value engine of Vault in clear. All files are looked
at before the first is copied: one that is not encrypted goes nowhere, and keeps the others from going.")]
pub(super) struct Publish {
    /// The file, or the directory with --recursive
    #[arg(value_name = "PATH")]
    files: Vec<PathBuf>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Leave the extension out of the name at the destination
    #[arg(long)]
    omit_extensions: bool,
    /// Publish all files below a directory, by their paths as seen from here
    #[arg(long)]
    recursive: bool,
    /// Accepted for the sake of sops
    #[arg(long, hide = true)]
    verbose: bool,
    #[command(flatten)]
    order: OrderFlags,
    #[command(flatten)]
    service: ServiceFlags,
}

impl Publish {
    pub(super) fn run(self, context: &Context) -> Result<Done, Failure> {
        if context.configuration().is_none() {
            let failure =
                Exit::Generic.because("config file not found: no .sops.yaml here or above");
            return Err(failure.hint("its destination_rules say where files go"));
        }
        let path = required(&self.files, context)?;
        must_exist(path)?;
        let opening = Opening::new(&self.service, &self.order, MacFlags::default())?;
        let copies = self.copies(path, &opening, context)?;
        let mut canceled = false;
        for copy in copies {
            canceled |= !self.publish(&copy)?;
        }
        if canceled && !self.recursive {
            return Err(Exit::Generic.because("canceled, so nothing was published"));
        }
        Ok(Done::Well)
    }

    /// Makes all copies. When one cannot be made, all reasons are told, and nothing is published.
    fn copies(
        &self,
        path: &Path,
        opening: &Opening,
        context: &Context,
    ) -> Result<Vec<Copy>, Failure> {
        if !path.is_dir() {
            return Ok(vec![self.copy(path, opening, context)?]);
        }
        if !self.recursive {
            let text = format!("{}: it is a directory", path.display());
            return Err(Exit::Generic
                .because(text)
                .hint("--recursive publishes all files below it"));
        }
        let mut copies = Vec::new();
        let mut failed = 0;
        for file in files_below(path)? {
            match self.copy(&file, opening, context) {
                Ok(copy) => copies.push(copy),
                Err(failure) => {
                    failed += 1;
                    failure.report(context.style());
                }
            }
        }
        if failed > 0 {
            let text = format!("{failed} files cannot be published, so none was");
            return Err(Exit::Generic.because(text));
        }
        Ok(copies)
    }

    fn copy(&self, path: &Path, opening: &Opening, context: &Context) -> Result<Copy, Failure> {
        let configuration = context
            .configuration()
            .expect("whether there is one was checked at the beginning");
        let rule = configuration.destination_rule(path)?;
        let name = self.name(path, rule)?;
        Copy::of_file(path, name, rule, opening, context)
    }

    /// Returns the name at the destination: of a directory's file the path as it was given.
    fn name(&self, path: &Path, rule: &DestinationRule) -> Result<String, Failure> {
        let own = Path::new(path.file_name().unwrap_or_default());
        let mut name = if self.recursive { path } else { own }.to_owned();
        if self.omit_extensions || rule.omit_extensions {
            name.set_extension("");
        }
        let parts: Option<Vec<&str>> = name
            .components()
            .filter(|part| *part != Component::CurDir)
            .map(|part| match part {
                Component::Normal(part) => part.to_str(),
                _ => None,
            })
            .collect();
        let parts = parts.ok_or_else(|| {
            let text = format!("{}: its path is no name for a copy", path.display());
            let failure = Exit::Generic.because(text);
            failure.hint("name it by a path that begins in this directory, in UTF-8")
        })?;
        Ok(parts.join("/"))
    }

    /// Publishes a copy, unless the person does not want it.
    fn publish(&self, copy: &Copy) -> Result<bool, Failure> {
        let path = absolute(&copy.path)?;
        let (path, place) = (path.display(), &copy.place);
        if !self.yes && !ask(&format!("uploading {path} to {place} ? (y/n): "))? {
            say(&format!("Publication of {path} canceled"));
            return Ok(false);
        }
        match write(copy)? {
            Written::New => complain(&format!("{path}: published to {place}")),
            Written::Same => complain(&format!("{path}: {place} is up to date")),
        }
        Ok(true)
    }
}

/// Returns the address of a copy, for people.
fn place(destination: &Destination, name: &str) -> String {
    match destination {
        Destination::S3 { bucket, prefix } => format!("s3://{bucket}/{prefix}{name}"),
        Destination::Gcs { bucket, prefix } => format!("gcs://{bucket}/{prefix}{name}"),
        Destination::Vault {
            address,
            path,
            mount,
            version,
        } => Secret::new(address.as_deref(), mount, path, *version, name).to_string(),
    }
}
