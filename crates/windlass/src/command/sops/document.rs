//! An encrypted document of a file: parsed, opened, and every mistake said with its place.

use windlass_sops::{
    DataKey, DecryptError, DecryptionOrder, Document, EmitError, EncryptError, Format, KeyFailure,
    KeyType, MacCheck, MasterKey, MetadataError, NoKey, OpenDocument, ParseError, Plaintext,
    Warning,
};

use super::context::{Context, now, random};
use super::exit::Exit;
use super::file::Input;
use super::flags::{MacFlags, OrderFlags, ServiceFlags};
use super::service::Services;
use crate::failure::Failure;

/// How a document is opened.
pub(super) struct Opening {
    order: DecryptionOrder,
    mac: MacCheck,
    pub(super) services: Services,
}

impl Opening {
    /// Checks the flags. Nothing is asked yet.
    pub(super) fn new(
        service: &ServiceFlags,
        order: &OrderFlags,
        mac: MacFlags,
    ) -> Result<Self, Failure> {
        Ok(Self {
            order: Context::order(order)?,
            mac: if mac.ignore_mac {
                MacCheck::Ignore
            } else {
                MacCheck::Verify
            },
            services: Services::new(service)?,
        })
    }

    /// Returns the document in clear.
    pub(super) fn decrypt(&self, input: &Input, context: &Context) -> Result<Plaintext, Failure> {
        let document = parse(input)?;
        let key = self.data_key(input, &document)?;
        let opened = document.decrypt_with(&key, self.mac);
        let plaintext = opened.map_err(|error| decrypt_failure(input, &document, &key, &error))?;
        warn(input, plaintext.warnings(), context);
        warn_of_losses(input, &plaintext.lost_in(input.output_format), context);
        Ok(plaintext)
    }

    /// Returns the document and, opened, what can be encrypted again.
    pub(super) fn open(
        &self,
        input: &Input,
        context: &Context,
    ) -> Result<(Document, OpenDocument), Failure> {
        let document = parse(input)?;
        let key = self.data_key(input, &document)?;
        let opened = document.open(&key, self.mac);
        let open = opened.map_err(|error| decrypt_failure(input, &document, &key, &error))?;
        warn(input, open.plaintext.warnings(), context);
        Ok((document, open))
    }

    /// Asks for the data key, and makes sure that it is the one of the document before it is wrapped anew.
    pub(super) fn proven_key(
        &self,
        input: &Input,
        document: &Document,
    ) -> Result<DataKey, Failure> {
        let key = self.data_key(input, document)?;
        let proof = document.check_key(&key);
        proof.map_err(|error| decrypt_failure(input, document, &key, &error))?;
        Ok(key)
    }

    /// Asks for the data key.
    pub(super) fn data_key(&self, input: &Input, document: &Document) -> Result<DataKey, Failure> {
        let answer = document.unwrapping(&self.order).ask(&self.services);
        answer.map_err(|error| {
            let mut failure = no_key_failure(input, &error);
            for problem in self.services.problems() {
                failure = failure.hint(format!("this source of keys was left out: {problem}"));
            }
            places(&error).into_iter().fold(failure, Failure::hint)
        })
    }
}

/// Parses an encrypted document.
pub(super) fn parse(input: &Input) -> Result<Document, Failure> {
    Document::parse(input.bytes.expose(), input.format).map_err(|error| {
        let exit = match &error {
            ParseError::Metadata(MetadataError::Field { field, .. }) if field == "mac" => Exit::Mac,
            _ => Exit::Generic,
        };
        input.failure_at(exit, &error)
    })
}

/// Encrypts what was opened again, at this moment, and returns its text.
pub(super) fn seal(
    open: &OpenDocument,
    input: &Input,
    context: &Context,
) -> Result<Vec<u8>, Failure> {
    let sealed = open.seal(&now(), &mut random);
    let document = sealed.map_err(|error| encrypt_failure(input, &error))?;
    text_of(&document, input, context)
}

/// Returns the text of a document in the format of the output.
pub(super) fn text_of(
    document: &Document,
    input: &Input,
    context: &Context,
) -> Result<Vec<u8>, Failure> {
    let text = document.to_bytes_as(input.output_format, context.layout());
    text.map_err(|error| dump_failure(input, &error))
}

/// Returns why a document cannot be encrypted.
pub(super) fn encrypt_failure(input: &Input, error: &EncryptError) -> Failure {
    match error {
        EncryptError::Rule(_) => input.failure_at(Exit::Generic, error),
        _ => input.failure_at(Exit::Encrypting, error),
    }
}

/// Returns why values cannot be written in a format.
pub(super) fn dump_failure(input: &Input, error: &EmitError) -> Failure {
    input.failure(Exit::CannotDump, error)
}

fn decrypt_failure(
    input: &Input,
    document: &Document,
    key: &DataKey,
    error: &DecryptError,
) -> Failure {
    match error {
        DecryptError::NoKey(error) => no_key_failure(input, error),
        DecryptError::Value { .. } => {
            let failure = input.failure_at(Exit::Decrypting, error);
            let doubt = (!document.opens_mac(key)).then(|| doubt_of_key(document));
            doubt.into_iter().fold(failure, Failure::hint)
        }
        DecryptError::MissingMac | DecryptError::Mac { .. } | DecryptError::MacMismatch => {
            let failure = input.failure_at(Exit::Mac, error);
            failure
                .hint("--ignore-mac opens it nonetheless; then compare it with an earlier version")
        }
    }
}

/// Returns what may be wrong when a value does not open, and the MAC does not either.
fn doubt_of_key(document: &Document) -> String {
    let keys = document.recipients().map(|key| key.key.to_string());
    let keys: Vec<_> = keys.collect();
    format!(
        "its MAC does not open either: perhaps nothing was altered, and a key gave another data key; the keys are {}",
        keys.join(", ")
    )
}

fn no_key_failure(input: &Input, error: &NoKey) -> Failure {
    let mut text = match (error.groups, error.opened >= error.threshold) {
        (_, true) => return input.failure(Exit::NoDataKey, error),
        (0 | 1, _) => "no key opens the document; it is encrypted for".to_owned(),
        (groups, _) => format!(
            "{} of its {groups} key groups are needed, and {} could be opened; these keys did not open theirs",
            error.threshold, error.opened
        ),
    };
    for (key, failure) in &error.keys {
        text = format!(
            "{text}\n{key}: {}",
            reason(key.key_type().article(), failure)
        );
    }
    input.failure(Exit::NoDataKey, text)
}

/// Returns why a key did not do it.
pub(super) fn reason(article: &str, failure: &KeyFailure) -> String {
    match failure {
        KeyFailure::NoIdentity { held: 0, identity } => format!("{article}; found no {identity}"),
        KeyFailure::NoIdentity { held, identity } => {
            format!("{article}; found no {identity} for it (tried {held})")
        }
        other => format!("{article}; it {other}"),
    }
}

/// Returns where identities are looked for, when there is none at all.
fn places(error: &NoKey) -> Option<&'static str> {
    let is_without_age = |(key, failure): &(MasterKey, KeyFailure)| {
        key.key_type() == KeyType::Age && matches!(failure, KeyFailure::NoIdentity { held: 0, .. })
    };
    error.keys.iter().any(is_without_age).then_some(
        "age identities are read from $SOPS_AGE_KEY_FILE, $SOPS_AGE_KEY, the command $SOPS_AGE_KEY_CMD and ~/.config/sops/age/keys.txt",
    )
}

/// Prints warnings, each with its line.
pub(super) fn warn(input: &Input, warnings: &[Warning], context: &Context) {
    let text = input.text();
    for warning in warnings {
        context.warn(&text.message(&input.name, warning));
    }
}

/// Prints what is lost in the format of the output.
pub(super) fn warn_of_losses(input: &Input, losses: &[Warning], context: &Context) {
    warn(input, losses, context);
    if input.format == Format::Binary || input.output_format != Format::Binary {
        return;
    }
    context.warn(&format!(
        "{}: only the text under its key data is of the binary format",
        input.name
    ));
}
