//! Encrypted documents on this disk: read, made, described.

use std::time::SystemTime;

use windlass_object::{Fingerprint, FingerprintKey};
use windlass_sops::{
    DataKey, Document, Format, KeyGroup, KeyService, MacCheck, Plaintext, SecretBytes, Timestamp,
    WrappedKeys,
};
use windlass_tree::{Tree, TreePath};

use crate::failure::Failure;

/// Fills bytes with random ones of the operating system.
pub(super) fn random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system has random numbers");
}

/// Returns the time of the system.
pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Timestamp::from_unix(since.map_or(0, |since| since.as_secs()))
}

/// Returns what stands for a value: keyed with the data key of its document, so that nobody without that
/// can guess the value, and the same for as long as both stay.
pub(super) fn fingerprint(key: &DataKey, value: &SecretBytes) -> Fingerprint {
    let bytes = key.secret().expose().try_into();
    let bytes = bytes.expect("a data key has 32 bytes");
    FingerprintKey::new(bytes).fingerprint_of(value.expose())
}

/// Returns what stands for a data key itself.
pub(super) fn key_fingerprint(key: &DataKey) -> Fingerprint {
    fingerprint(key, &"data key".into())
}

/// Reads the encrypted document at `path`.
pub(super) fn read(tree: &dyn Tree, path: &TreePath) -> Result<Document, Failure> {
    let bytes = tree.read(path)?;
    let format = Format::of_file_name(path.as_str());
    Document::parse(&bytes, format).map_err(|error| {
        Failure::of([format!("{path}: {error}")])
            .hint("it is not encrypted by sops, or damaged: `windlass secret check` tells more")
    })
}

/// An encrypted value that was opened.
pub(super) struct OpenValue {
    pub(super) key: DataKey,
    pub(super) value: SecretBytes,
}

impl OpenValue {
    /// Opens a document that holds one value.
    pub(super) fn open(document: &Document, keys: &dyn KeyService) -> Result<Self, String> {
        let key = document.data_key(keys).map_err(|error| error.to_string())?;
        let opened = document.decrypt_with(&key, MacCheck::Verify);
        let opened = opened.map_err(|error| error.to_string())?;
        let value = opened.into_data().map_err(|error| error.to_string())?;
        Ok(Self { key, value })
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        fingerprint(&self.key, &self.value)
    }
}

/// Wraps a new data key for these groups.
pub(super) fn new_key(
    groups: &[KeyGroup],
    threshold: usize,
    keys: &dyn KeyService,
) -> Result<(DataKey, WrappedKeys), Failure> {
    let key = DataKey::generate(&mut random);
    let wrapping = key.wrapping(groups, threshold, &now(), &mut random)?;
    Ok((key, wrapping.ask(keys)?))
}

/// Returns an encrypted document that holds one value.
pub(super) fn seal(
    value: &SecretBytes,
    groups: &[KeyGroup],
    threshold: usize,
    keys: &dyn KeyService,
) -> Result<(DataKey, Document), Failure> {
    let (key, wrapped) = new_key(groups, threshold, keys)?;
    let plaintext = Plaintext::parse(value.expose(), Format::Binary)?;
    let rules = windlass_sops::Rules::default();
    let document = plaintext.encrypt(&key, wrapped, rules, &now(), &mut random)?;
    Ok((key, document))
}

/// Returns the keys of a document as a list for people.
pub(super) fn recipients(document: &Document) -> Vec<String> {
    let keys = document.recipients();
    keys.map(|wrapped| wrapped.key.to_string()).collect()
}
