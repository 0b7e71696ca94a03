//! The data key of a document: unwrapped by an identity, put together from shares.

use std::fmt;
use std::io::Read;

use zeroize::Zeroizing;

use crate::cipher::KEY_LENGTH;
use crate::metadata::{Metadata, Recipient, WrappedKey};
use crate::{KeyType, Keyring, SecretBytes, shamir};

/// A share has one byte more than the key; nothing that is longer is one.
const MAX_UNWRAPPED: u64 = KEY_LENGTH as u64 + 2;

/// No identity of the key ring opens a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoKey {
    /// The keys that did not open it, and why.
    pub keys: Vec<(Recipient, NotOpened)>,
    /// How many identities were tried.
    pub identities: usize,
    /// How many key groups the document has.
    pub groups: usize,
    /// How many of them are needed.
    pub threshold: usize,
    /// How many could be opened.
    pub opened: usize,
}

/// Why a key did not open a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotOpened {
    /// No identity of the key ring belongs to it.
    NoIdentity,
    /// This program cannot use this kind of key yet.
    NotSupported,
    /// It belongs to an identity of the key ring, but what it wraps is damaged.
    Damaged,
}

/// Unwraps the data key of a document.
pub(crate) fn open(metadata: &Metadata, keyring: &Keyring) -> Result<SecretBytes, NoKey> {
    let mut failures = Vec::new();
    let mut shares = Vec::new();
    for group in &metadata.groups {
        match open_group(group, keyring) {
            Ok(share) => shares.push(share),
            Err(failed) => failures.extend(failed),
        }
    }
    let opened = shares.len();
    let single = metadata.groups.len() == 1;
    let key = match (single, shares.pop()) {
        (true, key) => key,
        (false, Some(last)) if opened >= metadata.threshold => {
            shares.push(last);
            shamir::combine(&shares)
        }
        _ => None,
    };
    key.filter(|key| key.expose().len() == KEY_LENGTH)
        .ok_or_else(|| NoKey {
            keys: failures,
            identities: keyring.identities().len(),
            groups: metadata.groups.len(),
            threshold: if single { 1 } else { metadata.threshold },
            opened,
        })
}

/// Opens a group with the first of its keys that fits.
fn open_group(
    group: &[WrappedKey],
    keyring: &Keyring,
) -> Result<SecretBytes, Vec<(Recipient, NotOpened)>> {
    let mut failures = Vec::new();
    for key in group {
        match unwrap(key, keyring) {
            Ok(share) => return Ok(share),
            Err(why) => failures.push((key.recipient.clone(), why)),
        }
    }
    Err(failures)
}

/// Labels can lie, so every age key is tried with every identity, whatever it is called.
fn unwrap(key: &WrappedKey, keyring: &Keyring) -> Result<SecretBytes, NotOpened> {
    if key.recipient.key_type != KeyType::Age {
        return Err(NotOpened::NotSupported);
    }
    let failed = |error: &age::DecryptError| match error {
        age::DecryptError::NoMatchingKeys if key.recipient.unsupported().is_some() => {
            NotOpened::NotSupported
        }
        age::DecryptError::NoMatchingKeys => NotOpened::NoIdentity,
        _ => NotOpened::Damaged,
    };
    let armor = age::armor::ArmoredReader::new(key.wrapped.as_bytes());
    let decryptor = age::Decryptor::new_buffered(armor).map_err(|error| failed(&error))?;
    let identities = keyring.identities().iter().map(crate::Identity::as_age);
    let reader = decryptor
        .decrypt(identities)
        .map_err(|error| failed(&error))?;
    // With room for all there is to read, no copy of the key stays behind in a buffer outgrown.
    let mut share = Zeroizing::new(Vec::with_capacity(128));
    reader
        .take(MAX_UNWRAPPED)
        .read_to_end(&mut share)
        .map_err(|_| NotOpened::Damaged)?;
    Ok(SecretBytes::new(std::mem::take(&mut *share)))
}

impl fmt::Display for NoKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.groups, self.opened) {
            (1, 1) | (2.., _) if self.opened >= self.threshold => {
                return formatter.write_str("the data key is damaged");
            }
            (2.., _) => write!(
                formatter,
                "{} of the {} key groups are needed, and {} could be opened",
                self.threshold, self.groups, self.opened
            )?,
            _ if self.identities == 0 => formatter.write_str("no identity was given")?,
            _ => formatter.write_str("no identity that was given opens it")?,
        }
        self.write_keys(formatter)
    }
}

impl NoKey {
    fn write_keys(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let with = |why| self.keys.iter().filter(move |(_, reason)| *reason == why);
        let wanted: Vec<_> = with(NotOpened::NoIdentity)
            .map(|(recipient, _)| recipient.name.as_str())
            .collect();
        if !wanted.is_empty() {
            write!(
                formatter,
                "; the age identity of {} would do",
                wanted.join(" or ")
            )?;
        }
        for (recipient, _) in with(NotOpened::Damaged) {
            write!(formatter, "; the data key for {recipient} is damaged")?;
        }
        for (recipient, _) in with(NotOpened::NotSupported) {
            let kind = recipient.unsupported().unwrap_or("a key of this kind");
            write!(
                formatter,
                "; {recipient} is {kind}, which is not supported yet"
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for NoKey {}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(key_type: KeyType, name: &str, why: NotOpened) -> (Recipient, NotOpened) {
        let name = name.to_owned();
        (Recipient { key_type, name }, why)
    }

    #[test]
    fn the_message_lists_the_recipients_and_what_is_not_supported() {
        let error = NoKey {
            keys: vec![
                failed(KeyType::Age, "age1abc", NotOpened::NoIdentity),
                failed(KeyType::Age, "age1def", NotOpened::NoIdentity),
                failed(KeyType::Pgp, "85D77543B3D6", NotOpened::NotSupported),
            ],
            identities: 1,
            groups: 1,
            threshold: 1,
            opened: 0,
        };
        insta::assert_snapshot!(error, @"no identity that was given opens it; the age identity of age1abc or age1def would do; 85D77543B3D6 is a PGP key, which is not supported yet");
    }

    #[test]
    fn missing_groups_are_counted() {
        let error = NoKey {
            keys: vec![failed(KeyType::Age, "age1abc", NotOpened::NoIdentity)],
            identities: 1,
            groups: 3,
            threshold: 2,
            opened: 1,
        };
        insta::assert_snapshot!(error, @"2 of the 3 key groups are needed, and 1 could be opened; the age identity of age1abc would do");
    }
}
