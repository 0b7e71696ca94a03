//! `sops edit`.

mod editor;
mod example;
mod session;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;
use windlass_sops::{
    DataKey, Document, GroupDifference, OpenDocument, Plaintext, SecretBytes, WrappedKeys,
};

use super::context::{Context, now, random};
use super::creation::{Creation, CreationFlags};
use super::document::{Opening, dump_failure, encrypt_failure, text_of, warn, warn_of_losses};
use super::encrypt::plaintext;
use super::exit::Exit;
use super::file::{Input, Source, Target, required};
use super::flags::{
    ContextFlags, KeyFlags, MacFlags, NameFlags, OrderFlags, RuleFlags, ServiceFlags,
    ThresholdFlags, TypeFlags,
};
use super::wrap::Recipients;
use crate::failure::{Done, Failure};

use editor::Editor;
use session::Session;

/// Opens a file in an editor, and encrypts it again
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  sops edit secret.yaml
  SOPS_EDITOR='code --wait' sops edit secret.yaml

The editor is that of $SOPS_EDITOR or $EDITOR, else vim, nano or vi. It gets a file that only you can read, which is
overwritten and removed afterwards. What was not changed keeps its ciphertext.")]
pub(super) struct Edit {
    /// The file; a new one begins with an example
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Show the keys of the file in the editor, where keys may be added and removed
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

/// What is edited.
struct Subject {
    input: Input,
    /// What the file held; `None` when there was none.
    source: Option<SecretBytes>,
    document: Document,
    open: OpenDocument,
}

impl Edit {
    pub(super) fn run(self, context: &Context) -> Result<Done, Failure> {
        let path = required(&self.files, context)?;
        let opening = Opening::new(&self.service, &self.order, self.mac)?;
        let editor = Editor::from_env()?;
        let subject = self.subject(path, &opening, context)?;
        let shown = self.shown(&subject, context)?;
        let target = Target::File(path.to_owned());
        let session = Session::begin(editor, path, shown)?;
        let mut known = subject.source.clone();
        session.run(context.style(), |edited| {
            check_unchanged(path, &mut known)?;
            let edited = Input {
                name: subject.input.name.clone(),
                bytes: edited,
                ..subject.input
            };
            target.write(&self.sealed(&subject, &edited, &opening, context)?)
        })
    }

    fn subject(
        &self,
        path: &Path,
        opening: &Opening,
        context: &Context,
    ) -> Result<Subject, Failure> {
        match fs::metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.new_document(path, opening, context)
            }
            _ => {
                let source = Source::File(path);
                let input = Input::read(source, &self.types, &NameFlags::default(), context)?;
                let (document, open) = opening.open(&input, context)?;
                Ok(Subject {
                    source: Some(input.bytes.clone()),
                    input,
                    document,
                    open,
                })
            }
        }
    }

    /// Makes an example with the keys that a new file gets. They are used now, so that what a person writes is not
    /// lost when one of them cannot be.
    fn new_document(
        &self,
        path: &Path,
        opening: &Opening,
        context: &Context,
    ) -> Result<Subject, Failure> {
        let flags = CreationFlags {
            keys: &self.keys,
            context: &self.context,
            rules: &self.rules,
            threshold: &self.threshold,
        };
        let creation = Creation::new(path, flags, context)?;
        let format = context.format(self.types.input_type.as_deref(), "--input-type", path);
        let output_format =
            context.format(self.types.output_type.as_deref(), "--output-type", path);
        let input = Input {
            name: path.display().to_string(),
            bytes: example::of(format).into(),
            format,
            output_format,
        };
        let key = DataKey::generate(&mut random);
        let keys = creation.wrap(&key, &opening.services)?;
        let sealed = plaintext(&input)?.encrypt(&key, keys, creation.rules, &now(), &mut random);
        let document = sealed.map_err(|error| encrypt_failure(&input, &error))?;
        let open = document.open(&key, windlass_sops::MacCheck::Verify)?;
        Ok(Subject {
            source: None,
            input,
            document,
            open,
        })
    }

    fn shown(&self, subject: &Subject, context: &Context) -> Result<SecretBytes, Failure> {
        let (open, layout) = (&subject.open, context.layout());
        let shown = if self.show_master_keys {
            open.to_bytes_with_metadata(layout)
        } else {
            open.plaintext.to_bytes_as(subject.input.format, layout)
        };
        shown.map_err(|error| dump_failure(&subject.input, &error))
    }

    /// Returns the text of the document with what was edited.
    fn sealed(
        &self,
        subject: &Subject,
        edited: &Input,
        opening: &Opening,
        context: &Context,
    ) -> Result<Vec<u8>, Failure> {
        let mut open = subject.open.clone();
        let mut keys = None;
        if self.show_master_keys {
            let parsed = Plaintext::parse_with_metadata(edited.bytes.expose(), edited.format);
            let (plaintext, named) =
                parsed.map_err(|error| edited.failure_at(Exit::CannotRead, &error))?;
            open.plaintext = plaintext;
            keys = rewrapped(subject, &named, edited, opening)?;
        } else {
            open.plaintext = plaintext(edited)?;
        }
        open.raise_version();
        let sealed = open.seal(&now(), &mut random);
        let mut document = sealed.map_err(|error| encrypt_failure(edited, &error))?;
        if let Some(keys) = keys {
            document = document.with_keys(keys);
        }
        warn(edited, document.warnings(), context);
        warn_of_losses(edited, &document.lost_in(edited.output_format), context);
        text_of(&document, edited, context)
    }
}

/// Refuses to write over what somebody else wrote meanwhile, once: who then saves again means it.
fn check_unchanged(path: &Path, known: &mut Option<SecretBytes>) -> Result<(), Failure> {
    let there = match fs::read(path) {
        Ok(bytes) => Some(SecretBytes::new(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        // Writing says what is wrong.
        Err(_) => return Ok(()),
    };
    if there == *known {
        return Ok(());
    }
    *known = there;
    let text = format!(
        "{}: the file was changed by somebody else meanwhile",
        path.display()
    );
    let failure = Exit::CannotWrite.because(text);
    Err(failure.hint("saving again replaces that change"))
}

/// Wraps the data key for the keys that the edited metadata names, if these are others than before.
fn rewrapped(
    subject: &Subject,
    named: &WrappedKeys,
    edited: &Input,
    opening: &Opening,
) -> Result<Option<WrappedKeys>, Failure> {
    let before = subject.document.keys();
    let groups = named.key_groups();
    let changes = GroupDifference::between(&before.key_groups(), &groups);
    if named.threshold == before.threshold && !changes.iter().any(GroupDifference::is_change) {
        return Ok(None);
    }
    let recipients = Recipients {
        groups: &groups,
        threshold: named.threshold,
        earlier: Some(before),
        place: &edited.name,
    };
    let keys = recipients.wrap(subject.open.data_key(), &opening.services);
    keys.map(Some)
}
