//! The older form, `sops [flags] FILE`, where flags stand for the verb.

use std::path::PathBuf;

use clap::Args;
use windlass_sops::SecretBytes;

use super::context::Context;
use super::creation;
use super::decrypt::Decrypt;
use super::edit::Edit;
use super::encrypt::Encrypt;
use super::exit::Exit;
use super::file::{self, Target};
use super::flags::{
    ChangeFlags, ContextFlags, KeyFlags, MacFlags, NameFlags, OrderFlags, OutputFlags, RuleFlags,
    ServiceFlags, ThresholdFlags, TypeFlags,
};
use super::rotate::Rotate;
use super::set::{Set, secret};
use crate::failure::{Done, Failure};

/// All flags of the older form.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "The older form, sops [OPTIONS] FILE")]
pub(super) struct OldForm {
    /// The file; flags behind it are ignored
    #[arg(value_name = "FILE", help_heading = "Arguments")]
    files: Vec<PathBuf>,
    /// Decrypt FILE
    #[arg(long, short)]
    decrypt: bool,
    /// Encrypt FILE
    #[arg(long, short)]
    encrypt: bool,
    /// Encrypt FILE with a new data key
    #[arg(long, short)]
    rotate: bool,
    /// Set a value of FILE: its path, a space, and the value as JSON
    #[arg(long, value_name = "PATH VALUE", value_parser = secret)]
    set: Option<SecretBytes>,
    /// Print this value only
    #[arg(long, value_name = "PATH")]
    extract: Option<String>,
    /// Show the keys of FILE in the editor
    #[arg(long, short)]
    show_master_keys: bool,
    #[command(flatten)]
    output: OutputFlags,
    #[command(flatten)]
    types: TypeFlags,
    #[command(flatten)]
    name: NameFlags,
    #[command(flatten)]
    mac: MacFlags,
    #[command(flatten)]
    order: OrderFlags,
    #[command(flatten)]
    keys: KeyFlags,
    #[command(flatten)]
    context: ContextFlags,
    #[command(flatten)]
    pub(super) rules: RuleFlags,
    #[command(flatten)]
    threshold: ThresholdFlags,
    #[command(flatten)]
    changes: ChangeFlags,
    #[command(flatten)]
    service: ServiceFlags,
}

/// What the flags ask for.
enum Mode {
    Decrypt,
    Encrypt,
    Rotate,
    Set(SecretBytes),
    Edit,
}

impl OldForm {
    pub(super) fn run(mut self, context: &Context) -> Result<Done, Failure> {
        let Some(path) = self.files.first().cloned() else {
            return Err(file::missing());
        };
        Target::new(&self.output, file::Source::File(&path))?;
        let mode = self.mode()?;
        if !matches!(mode, Mode::Decrypt) {
            // sops 3.11 wants a rule that matches even where it does not need one.
            creation::rule(self.name.name().unwrap_or(&path), context)?;
        }
        match mode {
            Mode::Decrypt => self.into_decrypt().run(context),
            Mode::Encrypt => self.into_encrypt().run(context),
            Mode::Rotate => {
                if !self.changes.is_given() {
                    file::must_exist(&path)?;
                }
                self.into_rotate().run(context)
            }
            Mode::Set(text) => self.into_set(path, &text)?.run(context),
            Mode::Edit => self.into_edit().run(context),
        }
    }

    fn mode(&mut self) -> Result<Mode, Failure> {
        let set = self.set.take().filter(|set| !set.is_empty());
        match (self.decrypt, self.encrypt, self.rotate, set) {
            (true, false, false, None) => Ok(Mode::Decrypt),
            (false, true, false, None) => Ok(Mode::Encrypt),
            (false, false, true, None) => Ok(Mode::Rotate),
            (false, false, false, Some(set)) => Ok(Mode::Set(set)),
            (false, false, false, None) => Ok(Mode::Edit),
            _ => Err(Exit::Conflict
                .because("--decrypt, --encrypt, --rotate and --set exclude each other")),
        }
    }

    fn into_decrypt(self) -> Decrypt {
        Decrypt {
            files: self.files,
            extract: self.extract,
            output: self.output,
            types: self.types,
            name: self.name,
            mac: self.mac,
            order: self.order,
            service: self.service,
        }
    }

    fn into_encrypt(self) -> Encrypt {
        Encrypt {
            files: self.files,
            output: self.output,
            types: self.types,
            name: self.name,
            keys: self.keys,
            context: self.context,
            rules: self.rules,
            threshold: self.threshold,
            service: self.service,
        }
    }

    fn into_rotate(self) -> Rotate {
        Rotate {
            files: self.files,
            output: self.output,
            changes: self.changes,
            context: self.context,
            types: self.types,
            name: self.name,
            mac: self.mac,
            order: self.order,
            service: self.service,
        }
    }

    fn into_set(self, file: PathBuf, text: &SecretBytes) -> Result<Set, Failure> {
        let words = text.expose_text().and_then(|text| text.split_once("] "));
        let Some((index, value)) = words else {
            return Err(Exit::BadSet
                .because("--set wants the path of a value, a space, and the value as JSON")
                .hint("for example: sops --set '[\"data\"][\"user\"] \"hydra\"' secret.yaml"));
        };
        Ok(Set {
            file: Some(file),
            path: Some(format!("{index}]")),
            value: Some(value.into()),
            types: self.types,
            threshold: self.threshold,
            mac: self.mac,
            order: self.order,
            service: self.service,
            ..Set::default()
        })
    }

    fn into_edit(self) -> Edit {
        Edit {
            files: self.files,
            show_master_keys: self.show_master_keys,
            types: self.types,
            mac: self.mac,
            order: self.order,
            keys: self.keys,
            context: self.context,
            rules: self.rules,
            threshold: self.threshold,
            service: self.service,
        }
    }
}
