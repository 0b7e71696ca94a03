//! Key files that a passphrase locks.

use std::fmt;
use std::io::Read as _;

use age::armor::ArmoredReader;
use age::secrecy::SecretString;
use age::ssh::EncryptedKey;
use age::{DecryptError, Decryptor};
use zeroize::Zeroizing;

use super::ssh::{self, SshIdentity, SshKey};
use super::{KeyFileError, Keyring};
use crate::{MasterKey, SecretBytes};

/// 1 GiB of memory and some seconds; age itself writes 18.
const MAX_WORK_FACTOR: u8 = 20;
/// A hundred times what `ssh-keygen` asks for unless told otherwise, and half a minute.
const MAX_ROUNDS: u32 = 2_400;
const MAX_KEY_FILE: u64 = 1 << 20;

/// Keys that a passphrase locks: a key file encrypted by `age -p`, or an SSH private key.
#[derive(Clone)]
pub struct LockedKeys(Lock);

#[derive(Clone)]
enum Lock {
    /// An age file, armored or binary.
    Age(Vec<u8>),
    Ssh {
        key: EncryptedKey,
        recipient: String,
        rounds: u32,
    },
}

/// Why keys were not unlocked. Holds nothing of them, nor of the passphrase.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnlockError {
    /// The passphrase is another.
    #[error("the passphrase is wrong")]
    Passphrase,
    /// The file is encrypted for a key.
    #[error("it is encrypted for a key and not with a passphrase; decrypt it with `age -d` first")]
    NoPassphrase,
    /// The file asks for more work than is done: scrypt with 2 to the power of 20, or 2,400 rounds of bcrypt.
    #[error("its passphrase takes more work to check than is done here")]
    Work,
    /// The file is damaged.
    #[error("it is damaged")]
    Damaged,
    /// What was in it is no key file.
    #[error("in it, {0}")]
    Keys(KeyFileError),
}

impl LockedKeys {
    /// Reads a key file. `None` means that it is not locked, so that [`Keyring::parse`] may read it.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let trimmed = bytes.trim_ascii_start();
        if trimmed.starts_with(b"-----BEGIN AGE ENCRYPTED FILE")
            || trimmed.starts_with(b"age-encryption.org/")
        {
            return Some(Self(Lock::Age(trimmed.to_vec())));
        }
        let text = std::str::from_utf8(trimmed).ok();
        match SshKey::read(text.filter(|text| ssh::begins(text))?) {
            Ok(SshKey::Locked {
                key,
                recipient,
                rounds,
            }) => Some(Self(Lock::Ssh {
                key,
                recipient,
                rounds,
            })),
            _ => None,
        }
    }

    /// Returns whether unlocking them may help to open what was wrapped for `key`, so that nobody is asked
    /// for a passphrase in vain. SSH keys show whose private half they are.
    pub fn may_open(&self, key: &MasterKey) -> bool {
        let (Lock::Ssh { recipient, .. }, MasterKey::Age { recipient: label }) = (&self.0, key)
        else {
            return matches!(key, MasterKey::Age { .. });
        };
        let mut words = label.split_ascii_whitespace();
        recipient.split(' ').all(|word| words.next() == Some(word))
    }

    /// Unlocks them. This takes as long as the file wants it to: usually about a second.
    pub fn unlock(&self, passphrase: &SecretBytes) -> Result<Keyring, UnlockError> {
        let passphrase = passphrase.expose_text().ok_or(UnlockError::Passphrase)?;
        let passphrase = SecretString::from(passphrase);
        match &self.0 {
            Lock::Age(file) => unlocked_file(file, passphrase),
            Lock::Ssh { rounds, .. } if *rounds > MAX_ROUNDS => Err(UnlockError::Work),
            Lock::Ssh { key, recipient, .. } => {
                let key = key.decrypt(passphrase);
                let key = key.map_err(|_| UnlockError::Passphrase)?;
                let mut keyring = Keyring::new();
                keyring.add_ssh(SshIdentity::from((key.into(), recipient.clone())));
                Ok(keyring)
            }
        }
    }
}

fn unlocked_file(file: &[u8], passphrase: SecretString) -> Result<Keyring, UnlockError> {
    let decryptor = Decryptor::new_buffered(ArmoredReader::new(file));
    let decryptor = decryptor.map_err(|_| UnlockError::Damaged)?;
    if !decryptor.is_scrypt() {
        return Err(UnlockError::NoPassphrase);
    }
    let mut identity = age::scrypt::Identity::new(passphrase);
    identity.set_max_work_factor(MAX_WORK_FACTOR);
    let reader = decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity));
    let reader = reader.map_err(|error| match error {
        DecryptError::ExcessiveWork { .. } => UnlockError::Work,
        DecryptError::DecryptionFailed => UnlockError::Passphrase,
        _ => UnlockError::Damaged,
    })?;
    let mut text = Zeroizing::new(Vec::with_capacity(file.len()));
    let read = reader.take(MAX_KEY_FILE).read_to_end(&mut text);
    read.map_err(|_| UnlockError::Damaged)?;
    let text = std::str::from_utf8(&text).map_err(|_| UnlockError::Damaged)?;
    Keyring::parse(text).map_err(UnlockError::Keys)
}

impl fmt::Debug for LockedKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LockedKeys([redacted])")
    }
}
