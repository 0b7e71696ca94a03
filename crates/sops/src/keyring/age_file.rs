//! Data keys in age files: unwrapped by the identities of a key ring, wrapped for recipients.

use std::io::{Read, Write};

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use zeroize::Zeroizing;

use super::{SshIdentity, ssh};
use crate::cipher::KEY_LENGTH;
use crate::metadata::MAX_WRAPPED_KEY;
use crate::{Identity, KeyFailure, KeyService, Keyring, MasterKey, SecretBytes, WrappedKey};

/// A share has one byte more than the key; nothing that is longer is one.
const MAX_UNWRAPPED: u64 = KEY_LENGTH as u64 + 2;

impl KeyService for Keyring {
    /// Tries every identity, whatever the key is called: labels can lie.
    fn unwrap(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        let recipient = age_recipient(&key.key)?;
        // A document has none that is longer; a key service may be asked by anybody.
        if key.wrapped.len() > MAX_WRAPPED_KEY {
            return Err(KeyFailure::Damaged);
        }
        let failed = |error: &age::DecryptError| match error {
            age::DecryptError::NoMatchingKeys => match unsupported(recipient) {
                Some(kind) => KeyFailure::NotSupported { kind },
                None => self.no_identity(recipient),
            },
            _ => KeyFailure::Damaged,
        };
        let armor = ArmoredReader::new(key.wrapped.as_bytes());
        let decryptor = age::Decryptor::new_buffered(armor).map_err(|error| failed(&error))?;
        let age = self.identities.iter().map(Identity::as_age);
        let ssh = self.ssh.iter().map(SshIdentity::as_age);
        let reader = decryptor
            .decrypt(age.chain(ssh))
            .map_err(|error| failed(&error))?;
        // With room for all there is to read, no copy of the key stays behind in a buffer outgrown.
        let mut share = Zeroizing::new(Vec::with_capacity(128));
        reader
            .take(MAX_UNWRAPPED)
            .read_to_end(&mut share)
            .map_err(|_| KeyFailure::Damaged)?;
        Ok(SecretBytes::new(std::mem::take(&mut *share)))
    }

    /// Needs no identity. The ephemeral key of the age file is random of the operating system's.
    fn wrap(&self, key: &MasterKey, secret: &SecretBytes) -> Result<String, KeyFailure> {
        let text = age_recipient(key)?;
        if let Some(kind) = unsupported(text) {
            return Err(KeyFailure::NotSupported { kind });
        }
        let invalid = |reason| KeyFailure::Invalid { reason };
        let recipient = age_recipient_of(text).map_err(invalid)?;
        age_file(&*recipient, secret).map_err(invalid)
    }
}

impl Keyring {
    fn no_identity(&self, recipient: &str) -> KeyFailure {
        KeyFailure::NoIdentity {
            identity: if recipient.starts_with("ssh-") {
                "SSH private key"
            } else {
                "age identity"
            },
            held: self.recipients().count(),
        }
    }
}

fn age_recipient_of(text: &str) -> Result<Box<dyn age::Recipient>, String> {
    if text.starts_with("ssh-") {
        return Ok(Box::new(ssh::recipient(text)?));
    }
    let recipient: Result<age::x25519::Recipient, _> = text.parse();
    let recipient = recipient.map_err(|reason| format!("it is no age recipient ({reason})"))?;
    Ok(Box::new(recipient))
}

/// Returns an armored age file for one recipient.
fn age_file(recipient: &dyn age::Recipient, secret: &SecretBytes) -> Result<String, String> {
    let encryptor = age::Encryptor::with_recipients(std::iter::once(recipient))
        .map_err(|error| error.to_string())?;
    let write = || {
        let armor = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)?;
        let mut writer = encryptor.wrap_output(armor)?;
        writer.write_all(secret.expose())?;
        writer.finish().and_then(ArmoredWriter::finish)
    };
    let bytes = write().map_err(|error: std::io::Error| error.to_string())?;
    Ok(String::from_utf8(bytes).expect("armor is ASCII"))
}

fn age_recipient(key: &MasterKey) -> Result<&str, KeyFailure> {
    let key_type = key.key_type();
    match key {
        MasterKey::Age { recipient } => Ok(recipient),
        _ => Err(KeyFailure::NotServed { key_type }),
    }
}

/// Returns what kind of recipient this is, when it is one that is not supported.
fn unsupported(recipient: &str) -> Option<&'static str> {
    if recipient.starts_with("age1pq1") {
        Some("a post-quantum age key")
    } else if is_plugin(recipient) {
        Some("a key of an age plugin")
    } else {
        None
    }
}

/// Returns whether an age recipient is one of a plugin: `age1NAME1…`, where X25519 has `age1…` only.
/// The data part of Bech32 has no `1`, so a second one ends the name.
fn is_plugin(recipient: &str) -> bool {
    recipient
        .strip_prefix("age1")
        .is_some_and(|rest| rest.contains('1'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_not_supported_are_told_apart_by_their_label() {
        let x25519 = "age1k4rhspfz0lel5z5umky0p0h320kufvyp5hm228";
        assert_eq!(unsupported(x25519), None);
        assert_eq!(unsupported("ssh-ed25519 AAAA me"), None);
        let post_quantum = Some("a post-quantum age key");
        assert_eq!(unsupported("age1pq1abc"), post_quantum);
        let plugin = Some("a key of an age plugin");
        assert_eq!(unsupported("age1yubikey1abc"), plugin);
    }

    #[test]
    fn what_is_wrapped_for_an_identity_is_unwrapped_by_it() {
        let identity = Identity::generate();
        let recipient = identity.recipient().to_owned();
        let key = MasterKey::Age { recipient };
        let mut keyring = Keyring::new();
        let wrapped = keyring.wrap(&key, &"canary".into()).unwrap();
        let wrapped = WrappedKey {
            key,
            wrapped,
            created_at: None,
        };
        assert!(matches!(
            keyring.unwrap(&wrapped),
            Err(KeyFailure::NoIdentity { held: 0, .. })
        ));
        keyring.add(identity);
        assert_eq!(keyring.unwrap(&wrapped), Ok("canary".into()));
    }
}
