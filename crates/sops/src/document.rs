//! A document that sops encrypted.

mod error;
mod in_clear;
mod limits;
mod mac;
mod nonces;
mod open;
mod seal;
mod sealed;
mod shown;
mod stash;
mod trail;

use std::fmt;

use crate::cipher::Cipher;
use crate::data_key::{Unwrapping, WrappedKeys};
use crate::metadata::{Metadata, VERSION};
use crate::store::{self, Format, Style};
use crate::value::{Branch, Item, get};
use crate::{
    DataKey, DecryptionOrder, EmitError, KeyService, NoKey, Plaintext, Random, Rules, Timestamp,
    Warning, WrappedKey,
};

pub use error::{DecryptError, EncryptError, LimitError, ParseError};
pub use limits::{MAX_DEPTH, MAX_SIZE, MAX_VALUES};
pub(crate) use limits::{check_limits, check_size};
pub use sealed::{RevealError, Revealed, RevealedValues, Sealed};

use open::Opener;
use seal::Sealer;
use stash::Stash;

/// A document that sops encrypted, or that is to be one. Its values are ciphertext.
#[derive(Clone)]
pub struct Document {
    format: Format,
    /// The contents without the metadata; more than one only in YAML.
    documents: Vec<Branch>,
    metadata: Metadata,
    warnings: Vec<Warning>,
}

/// Whether a document is opened that does not match its MAC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MacCheck {
    /// It is not.
    #[default]
    Verify,
    /// It is, as with `sops --ignore-mac` and in Flux.
    ///
    /// Each value is still what was once encrypted at its place, but values may have been reordered,
    /// removed or replaced by older ones, and those in clear may be anything.
    Ignore,
}

/// A document that was opened and can be encrypted again with the same data key: what was not changed
/// keeps its ciphertext.
#[derive(Clone)]
pub struct OpenDocument {
    /// The decrypted values; change these.
    pub plaintext: Plaintext,
    key: DataKey,
    stash: Stash,
    metadata: Metadata,
}

impl Document {
    /// Parses the encrypted document that `bytes` are.
    pub fn parse(bytes: &[u8], format: Format) -> Result<Self, ParseError> {
        check_size(bytes)?;
        let store::Parsed {
            mut documents,
            warnings,
        } = store::parse(bytes, format)?;
        check_limits(&documents)?;
        let metadata = Metadata::parse(documents.first().and_then(|first| get(first, "sops")))?;
        for document in &mut documents {
            document.retain(|item| !matches!(item, Item::Pair(key, _) if key == "sops"));
        }
        Ok(Self {
            format,
            documents,
            metadata,
            warnings,
        })
    }

    pub(crate) fn documents(&self) -> &[Branch] {
        &self.documents
    }

    /// Returns the format of the document.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Returns the keys that the document was encrypted for, as it labels them.
    pub fn keys(&self) -> &WrappedKeys {
        &self.metadata.keys
    }

    /// Returns the keys that the document was encrypted for, as it labels them, group by group.
    pub fn recipients(&self) -> impl Iterator<Item = &WrappedKey> {
        self.metadata.keys()
    }

    /// Returns which values are encrypted.
    pub fn rules(&self) -> &Rules {
        &self.metadata.rules
    }

    /// Returns when the document was encrypted, as it says.
    pub fn last_modified(&self) -> &Timestamp {
        &self.metadata.last_modified
    }

    /// Returns the version of sops that the document names.
    pub fn version(&self) -> &str {
        &self.metadata.version
    }

    /// Returns whether the document has a MAC, whatever it says.
    pub fn has_mac(&self) -> bool {
        !self.metadata.mac.is_empty()
    }

    /// Returns what was odd when the document was read or encrypted. The former are among those of the
    /// plaintext, too.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Begins the search for the data key; the types of keys in `order` are tried first.
    pub fn unwrapping(&self, order: &DecryptionOrder) -> Unwrapping<'_> {
        Unwrapping::new(&self.metadata.keys, order)
    }

    /// Asks `service` for the data key, age and PGP keys first.
    pub fn data_key<S: KeyService + ?Sized>(&self, service: &S) -> Result<DataKey, NoKey> {
        self.unwrapping(&DecryptionOrder::default()).ask(service)
    }

    /// Checks that this is the data key, by the MAC or else by the values; whether they were altered is not told.
    /// A key service that lies would otherwise have [`Document::with_keys`] lock everybody out.
    pub fn check_key(&self, key: &DataKey) -> Result<(), DecryptError> {
        if self.opens_mac(key) {
            return Ok(());
        }
        self.decrypt_with(key, MacCheck::Ignore).map(drop)
    }

    /// Returns whether the MAC opens with this data key, whatever it says.
    pub fn opens_mac(&self, key: &DataKey) -> bool {
        let place = self.metadata.last_modified.to_seconds();
        Cipher::new(key).open(&self.metadata.mac, &place).is_ok()
    }

    /// Opens the document and verifies its MAC.
    pub fn decrypt<S: KeyService + ?Sized>(&self, service: &S) -> Result<Plaintext, DecryptError> {
        self.decrypt_with(&self.data_key(service)?, MacCheck::Verify)
    }

    /// Opens the document and ignores its MAC; see [`MacCheck::Ignore`].
    pub fn decrypt_unverified<S: KeyService + ?Sized>(
        &self,
        service: &S,
    ) -> Result<Plaintext, DecryptError> {
        self.decrypt_with(&self.data_key(service)?, MacCheck::Ignore)
    }

    /// Opens the document with its data key.
    pub fn decrypt_with(&self, key: &DataKey, mac: MacCheck) -> Result<Plaintext, DecryptError> {
        Ok(self.walk(key, mac, None)?.0)
    }

    /// Opens the document with its data key, to encrypt it again.
    pub fn open(&self, key: &DataKey, mac: MacCheck) -> Result<OpenDocument, DecryptError> {
        let (plaintext, stash) = self.walk(key, mac, Some(Stash::new(key)))?;
        Ok(OpenDocument {
            plaintext,
            key: key.clone(),
            stash,
            metadata: self.metadata.clone(),
        })
    }

    fn walk(
        &self,
        key: &DataKey,
        mac: MacCheck,
        stash: Option<Stash>,
    ) -> Result<(Plaintext, Stash), DecryptError> {
        let mut opener = Opener::new(key, &self.metadata, stash);
        let documents = self.documents.iter();
        let documents = documents.map(|document| opener.open_document(document));
        let documents = documents.collect::<Result<_, _>>()?;
        let (found, stash) = opener.take_findings();
        let warnings = self.warnings.iter().cloned().chain(found).collect();
        if mac == MacCheck::Verify {
            opener.verify_mac(&self.metadata)?;
        }
        Ok((Plaintext::new(self.format, documents, warnings), stash))
    }

    /// Returns the document with other wrapped keys, which must be those of its own data key (`updatekeys`,
    /// `groups`; see [`Document::check_key`]): values, MAC and time stay.
    #[must_use]
    pub fn with_keys(mut self, keys: WrappedKeys) -> Self {
        self.metadata.keys = keys;
        self
    }

    /// Returns the text of the document.
    pub fn to_bytes(&self, style: Style) -> Result<Vec<u8>, EmitError> {
        self.to_bytes_as(self.format, style)
    }

    /// Returns the text of the document in another format (`--output-type`).
    pub fn to_bytes_as(&self, format: Format, style: Style) -> Result<Vec<u8>, EmitError> {
        let block = self.metadata.to_block(format, self.format);
        let bytes = store::emit_encrypted(&self.documents, block, format, style)?;
        Ok(bytes.expose().to_vec())
    }
}

impl OpenDocument {
    /// Encrypts the plaintext again, at the time `now`. What was not changed keeps its ciphertext.
    pub fn seal(&self, now: &Timestamp, random: &mut dyn Random) -> Result<Document, EncryptError> {
        let mut stash = self.stash.clone();
        stash.drop_surplus(self.plaintext.documents());
        let metadata = self.metadata.clone();
        self.plaintext.seal(&self.key, metadata, stash, now, random)
    }

    /// Encrypts the plaintext with a new data key, wrapped as `keys` (`rotate`).
    pub fn rotate(
        &self,
        key: &DataKey,
        keys: WrappedKeys,
        now: &Timestamp,
        random: &mut dyn Random,
    ) -> Result<Document, EncryptError> {
        let metadata = Metadata {
            keys,
            ..self.metadata.clone()
        };
        self.plaintext
            .seal(key, metadata, Stash::default(), now, random)
    }

    /// Returns the data key.
    pub fn data_key(&self) -> &DataKey {
        &self.key
    }

    /// Says that the document is written by this version (`edit` does, other commands keep the file's), unless
    /// a later one wrote it.
    pub fn raise_version(&mut self) {
        if order_of(&self.metadata.version) < order_of(VERSION) {
            VERSION.clone_into(&mut self.metadata.version);
        }
    }
}

impl Plaintext {
    /// Encrypts the document with a data key, which `keys` hold wrapped, at the time `now`.
    pub fn encrypt(
        &self,
        key: &DataKey,
        keys: WrappedKeys,
        rules: Rules,
        now: &Timestamp,
        random: &mut dyn Random,
    ) -> Result<Document, EncryptError> {
        let metadata = Metadata {
            keys,
            last_modified: now.clone(),
            mac: String::new(),
            // The binary format has one value, and no rules.
            rules: match self.format() {
                Format::Binary => Rules::default(),
                _ => rules,
            },
            version: VERSION.to_owned(),
        };
        self.seal(key, metadata, Stash::default(), now, random)
    }

    fn seal(
        &self,
        key: &DataKey,
        mut metadata: Metadata,
        stash: Stash,
        now: &Timestamp,
        random: &mut dyn Random,
    ) -> Result<Document, EncryptError> {
        metadata.rules.selection.check()?;
        check_limits(self.documents())?;
        let mut sealer = Sealer::new(key, &metadata.rules, stash, random);
        let documents = self.documents().iter();
        let documents = documents.map(|document| sealer.seal_document(document));
        let documents = documents.collect::<Result<_, _>>()?;
        let warnings = sealer.warning().into_iter().collect();
        metadata.mac = sealer.seal_mac(now);
        metadata.last_modified = now.clone();
        Ok(Document {
            format: self.format(),
            documents,
            metadata,
            warnings,
        })
    }
}

/// Returns by what versions are ordered: the numbers, and whether it is the release itself.
fn order_of(version: &str) -> (Vec<u64>, bool) {
    let version = version.split('+').next().unwrap_or_default();
    let (core, before) = version
        .split_once('-')
        .map_or((version, false), |(core, _)| (core, true));
    let numbers = core.split('.').map(|part| part.parse().unwrap_or(0));
    (numbers.collect(), !before)
}

/// Returns whether `bytes` are a document that sops encrypted, as `sops filestatus` does: they have
/// metadata with a version and a MAC. No key is needed, and nothing is verified.
pub fn is_encrypted(bytes: &[u8], format: Format) -> Result<bool, ParseError> {
    match Document::parse(bytes, format) {
        Ok(document) => Ok(document.has_mac()),
        Err(ParseError::Metadata(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let recipients: Vec<_> = self.recipients().map(|key| key.key.to_string()).collect();
        formatter
            .debug_struct("Document")
            .field("format", &self.format)
            .field("recipients", &recipients)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for OpenDocument {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "OpenDocument({:?})", self.plaintext)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MetadataError;

    #[test]
    fn versions_are_ordered_by_their_numbers() {
        let older = [
            "1.14",
            "3.7.3",
            "3.9.0",
            "3.11.0-rc.1",
            "3.11.0",
            "3.12.0",
            "4.0.0",
        ];
        assert!(older.is_sorted_by_key(|version| order_of(version)));
    }

    #[test]
    fn a_document_without_metadata_is_not_encrypted() {
        let parse = |text: &str| Document::parse(text.as_bytes(), Format::Json).unwrap_err();
        let missing = ParseError::Metadata(MetadataError::Missing);
        assert_eq!(parse(r#"{"data": "x"}"#), missing);
        assert_eq!(parse(r#"{"data": "x", "sops": null}"#), missing);
        assert_eq!(is_encrypted(br#"{"data": "x"}"#, Format::Json), Ok(false));
    }
}
