//! What is written to a destination.

use std::path::{Path, PathBuf};

use windlass_sops::{
    CreationRule, DataKey, Destination, DestinationRule, Document, Format, GroupDifference, Rules,
    SecretBytes, Warning,
};

use super::super::context::{Context, now, random};
use super::super::difference::KeyChange;
use super::super::document::{Opening, dump_failure, encrypt_failure, parse, text_of};
use super::super::exit::Exit;
use super::super::file::{Input, Source};
use super::super::flags::{NameFlags, TypeFlags};
use super::super::wrap::Recipients;
use crate::failure::Failure;
use crate::terminal::write_stdout;

/// A file as its destination gets it.
pub(super) struct Copy {
    pub(super) path: PathBuf,
    pub(super) name: String,
    pub(super) destination: Destination,
    /// The address, for people.
    pub(super) place: String,
    /// Ciphertext, but for Vault.
    pub(super) content: SecretBytes,
}

impl Copy {
    /// Reads the file, which must be encrypted, and makes of it what the rule says.
    pub(super) fn of_file(
        path: &Path,
        name: String,
        rule: &DestinationRule,
        opening: &Opening,
        context: &Context,
    ) -> Result<Self, Failure> {
        let source = Source::File(path);
        let input = Input::read(
            source,
            &TypeFlags::default(),
            &NameFlags::default(),
            context,
        )?;
        let document = parse(&input)?;
        document
            .check_encrypted()
            .map_err(|error| input.failure_at(Exit::Generic, &error))?;
        let content = match (&rule.destination, &rule.recreation) {
            (Destination::Vault { .. }, _) => in_clear(&input, opening, context)?,
            (_, Some(rule)) => recreated(&input, &document, rule, opening, context)?,
            (_, None) => input.bytes.clone(),
        };
        let destination = rule.destination.clone();
        let place = super::place(&destination, &name);
        let path = path.to_owned();
        Ok(Self {
            path,
            name,
            destination,
            place,
            content,
        })
    }
}

/// Returns the document in clear, as JSON.
fn in_clear(input: &Input, opening: &Opening, context: &Context) -> Result<SecretBytes, Failure> {
    let plaintext = opening.decrypt(input, context)?;
    let lost = plaintext.lost_in(Format::Json);
    if let Some(lost) = lost
        .iter()
        .find(|lost| matches!(lost, Warning::DocumentsLost { .. }))
    {
        return Err(input.failure(Exit::CannotDump, lost));
    }
    plaintext
        .to_json()
        .map_err(|error| dump_failure(input, &error))
}

/// Encrypts the document again, with a new data key for the keys of the rule.
fn recreated(
    input: &Input,
    document: &Document,
    rule: &CreationRule,
    opening: &Opening,
    context: &Context,
) -> Result<SecretBytes, Failure> {
    let plaintext = opening.decrypt(input, context)?;
    let change = KeyChange {
        groups: GroupDifference::between(&document.keys().key_groups(), &rule.groups),
        threshold: (document.keys().threshold, rule.threshold),
    };
    if change.is_change() {
        let changes = change.text(context.style());
        write_stdout(&format!(
            "The following changes will be made to the file's key groups:\n{changes}"
        ))?;
    }
    let key = DataKey::generate(&mut random);
    let recipients = Recipients {
        groups: &rule.groups,
        threshold: rule.threshold,
        earlier: None,
        place: &input.name,
    };
    let keys = recipients.wrap(&key, &opening.services)?;
    let rules = Rules {
        selection: rule.selection.clone().unwrap_or_default(),
        mac_only_encrypted: rule.mac_only_encrypted,
    };
    let sealed = plaintext.encrypt(&key, keys, rules, &now(), &mut random);
    let sealed = sealed.map_err(|error| encrypt_failure(input, &error))?;
    Ok(SecretBytes::new(text_of(&sealed, input, context)?))
}
