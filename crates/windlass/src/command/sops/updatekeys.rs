//! `sops updatekeys`.

use std::path::{Path, PathBuf};

use clap::Args;
use windlass_sops::{CreationRule, Document, GroupDifference};

use super::ask::ask;
use super::context::Context;
use super::difference::KeyChange;
use super::document::{Opening, parse, text_of};
use super::exit::Exit;
use super::file::{Input, Source, Target, missing};
use super::flags::{MacFlags, NameFlags, OrderFlags, ServiceFlags, TypeFlags};
use super::tree::encrypted_files;
use super::wrap::Recipients;
use crate::failure::{Done, Failure};
use crate::terminal::{complain, write_stdout};

/// Gives files the keys that .sops.yaml has for them
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sops updatekeys secret.yaml
  sops updatekeys --dry-run .                    what would change in all encrypted files below
  sops updatekeys -y kustomize/api kustomize/web

Values stay as they are, and so does the data key: who could open a file before may still know it. `sops rotate`
makes a new one.")]
pub(super) struct Updatekeys {
    /// The files; of a directory, all encrypted files below
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// The format of the files: yaml, json, dotenv, ini or binary (default: by their names)
    #[arg(long, value_name = "TYPE")]
    input_type: Option<String>,
    #[command(flatten)]
    order: OrderFlags,
    #[command(flatten)]
    service: ServiceFlags,
}

impl Updatekeys {
    pub(super) fn run(self, context: &Context) -> Result<Done, Failure> {
        if context.configuration().is_none() {
            let failure =
                Exit::Generic.because("config file not found: no .sops.yaml here or above");
            return Err(
                failure.hint("it says which keys the files get; --config FILE names another one")
            );
        }
        if self.files.is_empty() {
            return Err(missing());
        }
        let opening = Opening::new(&self.service, &self.order, MacFlags::default())?;
        match &self.files[..] {
            [file] if !file.is_dir() => {
                self.update(file, &opening, context)?;
                Ok(Done::Well)
            }
            _ => self.update_all(&opening, context),
        }
    }

    /// Goes on after a failure, and tells at the end how many there were.
    fn update_all(&self, opening: &Opening, context: &Context) -> Result<Done, Failure> {
        let mut failed = 0;
        let mut count = 0;
        let mut fail = |failure: Failure| {
            failed += 1;
            failure.report(context.style());
        };
        for path in &self.files {
            let files = match encrypted_files(path, self.input_type.as_deref(), context) {
                Ok(files) => files,
                Err(failure) => {
                    count += 1;
                    fail(failure);
                    continue;
                }
            };
            for file in files {
                count += 1;
                if let Err(failure) = self.update(&file, opening, context) {
                    fail(failure);
                }
            }
        }
        if failed > 0 {
            let text = format!("{failed} of {count} files could not be brought up to date");
            return Err(Exit::Generic.because(text));
        }
        Ok(Done::Well)
    }

    fn update(&self, path: &Path, opening: &Opening, context: &Context) -> Result<(), Failure> {
        let shown = path.display();
        let input = self.read(path, context)?;
        let document = parse(&input)?;
        let rule = creation_rule(path, context)?;
        let change = change(&document, rule);
        if !change.is_change() {
            complain(&format!("{shown}: its keys are up to date"));
            return Ok(());
        }
        complain(&format!("{shown}: its keys are not those of .sops.yaml"));
        let changes = change.text(context.style());
        write_stdout(&format!(
            "The following changes will be made to the file's groups:\n{changes}"
        ))?;
        if self.dry_run || !(self.yes || ask("Is this okay? (y/n):")?) {
            complain(&format!("{shown}: left as it is"));
            return Ok(());
        }
        let key = opening.proven_key(&input, &document)?;
        let recipients = Recipients {
            groups: &rule.groups,
            threshold: change.threshold.1,
            earlier: None,
            place: &input.name,
        };
        let keys = recipients.wrap(&key, &opening.services)?;
        let text = text_of(&document.with_keys(keys), &input, context)?;
        input.must_be_as_read(path)?;
        Target::File(path.to_owned()).write(&text)?;
        complain(&format!("{shown}: has its new keys"));
        Ok(())
    }

    fn read(&self, path: &Path, context: &Context) -> Result<Input, Failure> {
        let types = TypeFlags {
            input_type: self.input_type.clone(),
            output_type: self.input_type.clone(),
        };
        let input = Input::read(Source::File(path), &types, &NameFlags::default(), context);
        input.map_err(|failure| Exit::Generic.with(failure))
    }
}

fn creation_rule<'c>(path: &Path, context: &'c Context) -> Result<&'c CreationRule, Failure> {
    let configuration = context
        .configuration()
        .expect("whether there is one was checked at the beginning");
    configuration.creation_rule(path)?.ok_or_else(|| {
        let text = format!("{}: it has no creation_rules", configuration.path.display());
        Exit::Generic.because(text)
    })
}

/// Returns what changes. The threshold is that of the file, as far as there are groups; that of the rule is not
/// looked at, as with sops 3.11.
fn change(document: &Document, rule: &CreationRule) -> KeyChange {
    let keys = document.keys();
    KeyChange {
        groups: GroupDifference::between(&keys.key_groups(), &rule.groups),
        threshold: (keys.threshold, keys.threshold.min(rule.groups.len())),
    }
}
