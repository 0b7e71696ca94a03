//! SSH keys, which age takes for recipients and identities.

use std::fmt;
use std::str::FromStr;

use age::ssh::{EncryptedKey, ParseRecipientKeyError, Recipient, UnsupportedKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::KeyProblem;

/// An RSA key of 16384 bits has a file of 13 KiB.
const MAX_KEY: usize = 32 * 1024;

/// An SSH private key that is not locked: the private half of `ssh-ed25519 …` or `ssh-rsa …`.
#[derive(Clone)]
pub struct SshIdentity {
    secret: age::ssh::Identity,
    recipient: String,
}

/// What the text of an SSH private key holds.
pub(super) enum SshKey {
    Open(SshIdentity),
    Locked {
        key: EncryptedKey,
        recipient: String,
        /// How often the passphrase is hashed (bcrypt); 0 when the text does not say.
        rounds: u32,
    },
}

impl SshIdentity {
    /// Returns the recipient that this key opens, `ssh-ed25519 AAAA…`, without a comment.
    #[must_use]
    pub fn recipient(&self) -> &str {
        &self.recipient
    }

    pub(super) fn as_age(&self) -> &dyn age::Identity {
        &self.secret
    }
}

impl FromStr for SshIdentity {
    type Err = KeyProblem;

    /// Parses the text of a private key file of OpenSSH, or the older form of RSA keys (PKCS#1).
    fn from_str(text: &str) -> Result<Self, KeyProblem> {
        match SshKey::read(text)? {
            SshKey::Open(identity) => Ok(identity),
            SshKey::Locked { .. } => Err(KeyProblem::SshLocked),
        }
    }
}

impl SshKey {
    /// Reads the text of a private key file, which begins with the key.
    pub(super) fn read(text: &str) -> Result<Self, KeyProblem> {
        if text.len() > MAX_KEY {
            return Err(KeyProblem::SshDamaged);
        }
        let secret = age::ssh::Identity::from_buffer(text.trim_start().as_bytes(), None);
        let secret = secret.map_err(|_| problem_of_unreadable(text.trim_start()))?;
        let problem = match &secret {
            age::ssh::Identity::Unsupported(
                UnsupportedKey::Hardware(_) | UnsupportedKey::Type(_),
            ) => KeyProblem::SshType,
            age::ssh::Identity::Unsupported(_) => KeyProblem::SshForm,
            _ => KeyProblem::SshDamaged,
        };
        let recipient = Recipient::try_from(secret.clone()).map_err(|_| problem)?;
        let recipient = recipient.to_string();
        Ok(match secret {
            age::ssh::Identity::Encrypted(key) => Self::Locked {
                key,
                recipient,
                rounds: rounds(text).unwrap_or_default(),
            },
            secret => Self::Open(SshIdentity { secret, recipient }),
        })
    }
}

/// Returns the rounds of bcrypt that a private key of OpenSSH asks for.
fn rounds(text: &str) -> Option<u32> {
    let lines = text
        .trim()
        .lines()
        .filter(|line| !line.starts_with("-----"));
    let lines: String = lines.map(str::trim).collect();
    let bytes = STANDARD.decode(lines).ok()?;
    let rest = bytes.strip_prefix(b"openssh-key-v1\0")?;
    let (_cipher, rest) = field(rest)?;
    let (name, rest) = field(rest)?;
    let (options, _) = field(rest)?;
    let (_salt, rounds) = field(options)?;
    let rounds = u32::from_be_bytes(rounds.try_into().ok()?);
    (name == b"bcrypt").then_some(rounds)
}

/// Splits off a field, which begins with its length.
fn field(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

impl From<(age::ssh::Identity, String)> for SshIdentity {
    fn from((secret, recipient): (age::ssh::Identity, String)) -> Self {
        Self { secret, recipient }
    }
}

/// Returns whether an SSH private key begins at this line.
pub(super) fn begins(line: &str) -> bool {
    line.starts_with("-----BEGIN ")
        && !line.starts_with("-----BEGIN PGP")
        && !line.starts_with("-----BEGIN AGE")
}

fn problem_of_unreadable(text: &str) -> KeyProblem {
    let is_read = ["-----BEGIN OPENSSH ", "-----BEGIN RSA "];
    if is_read.iter().any(|beginning| text.starts_with(beginning)) {
        KeyProblem::SshDamaged
    } else {
        KeyProblem::SshForm
    }
}

/// Parses the public half, as `authorized_keys` has it.
pub(super) fn recipient(text: &str) -> Result<Recipient, String> {
    text.parse().map_err(|error| match error {
        ParseRecipientKeyError::RsaModulusTooSmall => {
            "an RSA key of less than 2048 bits is too weak".to_owned()
        }
        ParseRecipientKeyError::RsaModulusTooLarge => "the RSA key is too long".to_owned(),
        ParseRecipientKeyError::Unsupported(_) => {
            "SSH keys of this type are not supported; ssh-ed25519 and ssh-rsa are".to_owned()
        }
        _ => "it is no SSH public key".to_owned(),
    })
}

impl fmt::Debug for SshIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SshIdentity({})", self.recipient)
    }
}
