//! `sops encrypt`.

use std::path::{Path, PathBuf};

use clap::Args;
use windlass_sops::{DataKey, Fault, Format, Plaintext, PlaintextError, Rules, SyntaxError};

use super::context::{Context, now, random};
use super::creation::{Creation, CreationFlags};
use super::document::{encrypt_failure, text_of, warn, warn_of_losses};
use super::exit::Exit;
use super::file::{Input, Source, Target, must_exist, only};
use super::flags::{
    ContextFlags, KeyFlags, NameFlags, OutputFlags, RuleFlags, ServiceFlags, ThresholdFlags,
    TypeFlags,
};
use super::service::Services;
use crate::failure::{Done, Failure};

/// Encrypts a file
#[derive(Debug, Default, Args)]
#[command(
    override_usage = "sops encrypt [OPTIONS] [FILE]",
    after_help = "\
Examples:
  sops encrypt -i secret.yaml                    with the keys that .sops.yaml has for it
  sops encrypt --age age1… secret.yaml > secret.enc.yaml
  kubectl create secret generic x --from-literal=a=b --dry-run=client -o yaml \\
    | sops encrypt --filename-override x.yaml --encrypted-regex '^(data|stringData)$' > x.yaml"
)]
pub(super) struct Encrypt {
    /// The file (default: standard input, which needs --filename-override)
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) output: OutputFlags,
    #[command(flatten)]
    pub(super) types: TypeFlags,
    #[command(flatten)]
    pub(super) name: NameFlags,
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

impl Encrypt {
    pub(super) fn run(self, context: &Context) -> Result<Done, Failure> {
        let source = only(&self.files, context).map_or(Source::Stdin, Source::File);
        if let (Source::Stdin, None) = (source, self.name.name()) {
            let failure = Exit::Conflict
                .because("standard input has no name by which its format and its rule are found");
            return Err(failure.hint("add --filename-override NAME, or name a file"));
        }
        let target = Target::new(&self.output, source)?;
        if let Source::File(path) = source {
            must_exist(path)?;
        }
        let services = Services::new(&self.service)?;
        let path = self.name.name().unwrap_or(match source {
            Source::File(path) => path,
            Source::Stdin => Path::new(""),
        });
        let creation = Creation::new(path, self.creation_flags(), context)?;
        let input = Input::read(source, &self.types, &self.name, context)?;
        let plaintext = plaintext(&input)?;
        warn_of_unused_rules(&input, &creation.rules, context);
        let text = encrypted(&plaintext, creation, &services, &input, context)?;
        target.write(&text)?;
        Ok(Done::Well)
    }

    fn creation_flags(&self) -> CreationFlags<'_> {
        CreationFlags {
            keys: &self.keys,
            context: &self.context,
            rules: &self.rules,
            threshold: &self.threshold,
        }
    }
}

/// Parses what is to be encrypted.
pub(super) fn plaintext(input: &Input) -> Result<Plaintext, Failure> {
    if input.format == Format::Yaml && input.bytes.expose().trim_ascii().is_empty() {
        return Err(input.failure(Exit::NoDocument, "the file is empty; write {} into it"));
    }
    Plaintext::parse(input.bytes.expose(), input.format).map_err(|error| {
        let exit = match error {
            PlaintextError::AlreadyEncrypted => Exit::AlreadyEncrypted,
            PlaintextError::Syntax(SyntaxError {
                fault: Fault::Content,
                ..
            }) => Exit::Encrypting,
            PlaintextError::Syntax(_) | PlaintextError::Limit(_) => Exit::CannotRead,
        };
        input.failure_at(exit, &error)
    })
}

/// Encrypts a new document, and returns its text.
pub(super) fn encrypted(
    plaintext: &Plaintext,
    creation: Creation,
    services: &Services,
    input: &Input,
    context: &Context,
) -> Result<Vec<u8>, Failure> {
    let key = DataKey::generate(&mut random);
    let keys = creation.wrap(&key, services)?;
    let sealed = plaintext.encrypt(&key, keys, creation.rules, &now(), &mut random);
    let document = sealed.map_err(|error| encrypt_failure(input, &error))?;
    warn(input, plaintext.warnings(), context);
    warn(input, document.warnings(), context);
    warn_of_losses(input, &document.lost_in(input.output_format), context);
    text_of(&document, input, context)
}

fn warn_of_unused_rules(input: &Input, rules: &Rules, context: &Context) {
    if input.format == Format::Binary && *rules != Rules::default() {
        context.warn(&format!(
            "{}: the binary format has one value; rules about keys and comments have no effect",
            input.name
        ));
    }
}
