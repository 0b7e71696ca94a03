//! The identities that a caller holds, read from the text of key files.

mod age_file;
mod locked;
mod ssh;

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use age::secrecy::ExposeSecret;

use crate::SecretBytes;

pub use locked::{LockedKeys, UnlockError};
pub use ssh::SshIdentity;

/// An age identity (X25519): the private half of a recipient `age1…`.
#[derive(Clone)]
pub struct Identity {
    secret: age::x25519::Identity,
    /// A document is opened without it, and to compute it takes a third of that time.
    recipient: OnceLock<String>,
}

/// The identities with which documents are opened.
///
/// ```
/// use windlass_sops::Keyring;
///
/// let error = Keyring::parse("# my keys\nAGE-SECRET-KEY-1TYPO\n").unwrap_err();
/// assert_eq!(error.line, 2);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    identities: Vec<Identity>,
    ssh: Vec<SshIdentity>,
}

/// Why a key file cannot be used. Never holds any of its text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct KeyFileError {
    /// The line, counted from 1.
    pub line: u32,
    /// What is wrong with it.
    pub problem: KeyProblem,
}

/// What is wrong with a line of a key file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyProblem {
    /// It begins like an age identity, and the rest is damaged.
    #[error("the age identity is damaged; copy the whole line that begins with AGE-SECRET-KEY-1")]
    Damaged,
    /// It is a hybrid (post-quantum) age identity.
    #[error("a post-quantum age identity (AGE-SECRET-KEY-PQ-1…) is not supported yet")]
    PostQuantum,
    /// It is the identity of an age plugin, which would be another program.
    #[error("an age plugin identity (AGE-PLUGIN-…) is not supported: it needs another program")]
    Plugin,
    /// It is an SSH private key, and it is damaged.
    #[error("the SSH private key is damaged")]
    SshDamaged,
    /// It is an SSH private key that is locked with a passphrase.
    #[error("the SSH private key is locked with a passphrase")]
    SshLocked,
    /// It is an SSH private key in a form that is not read.
    #[error(
        "the SSH private key has a form that is not supported; `ssh-keygen -p -f FILE` writes it anew"
    )]
    SshForm,
    /// It is an SSH private key of a type that does not decrypt.
    #[error("SSH private keys of this type are not supported; ssh-ed25519 and ssh-rsa are")]
    SshType,
    /// It is the beginning of a PGP key.
    #[error("this is a PGP key; expected age identities or an SSH private key")]
    Pgp,
    /// It is the beginning of a file that is itself encrypted by age.
    #[error("the key file is itself encrypted; decrypt it with `age -d` first")]
    Encrypted,
    /// It is a recipient, which is public and opens nothing.
    #[error(
        "this is a recipient (a public key), which opens nothing; the identity is the line that begins with AGE-SECRET-KEY-1"
    )]
    Recipient,
    /// It is none of the above.
    #[error("this is no age identity; expected AGE-SECRET-KEY-1… or a comment that begins with #")]
    Unknown,
    /// The file ended, and there was no identity in it.
    #[error("the key file holds no identity; expected a line that begins with AGE-SECRET-KEY-1")]
    Missing,
}

impl Identity {
    /// Makes a new one, from random bytes of the operating system.
    #[must_use]
    pub fn generate() -> Self {
        Self::of(age::x25519::Identity::generate())
    }

    /// Returns the line `AGE-SECRET-KEY-1…`, as key files have it.
    pub fn to_line(&self) -> SecretBytes {
        self.secret.to_string().expose_secret().into()
    }

    /// Returns the recipient that this identity opens, `age1…`.
    #[must_use]
    pub fn recipient(&self) -> &str {
        let recipient = || self.secret.to_public().to_string();
        self.recipient.get_or_init(recipient)
    }

    fn of(secret: age::x25519::Identity) -> Self {
        let recipient = OnceLock::new();
        Self { secret, recipient }
    }

    pub(crate) fn as_age(&self) -> &dyn age::Identity {
        &self.secret
    }
}

impl FromStr for Identity {
    type Err = KeyProblem;

    /// Parses `AGE-SECRET-KEY-1…`.
    fn from_str(text: &str) -> Result<Self, KeyProblem> {
        let secret = age::x25519::Identity::from_str(text);
        secret
            .map(Self::of)
            .map_err(|_| problem_of_unreadable(text))
    }
}

fn problem_of_unreadable(text: &str) -> KeyProblem {
    const BEGINNINGS: [(&str, KeyProblem); 7] = [
        ("AGE-SECRET-KEY-PQ-", KeyProblem::PostQuantum),
        ("AGE-SECRET-KEY-", KeyProblem::Damaged),
        ("AGE-PLUGIN-", KeyProblem::Plugin),
        ("-----BEGIN PGP", KeyProblem::Pgp),
        ("-----BEGIN AGE ENCRYPTED FILE", KeyProblem::Encrypted),
        ("AGE-ENCRYPTION.ORG/", KeyProblem::Encrypted),
        ("AGE1", KeyProblem::Recipient),
    ];
    let upper = text.to_ascii_uppercase();
    BEGINNINGS
        .iter()
        .find(|(beginning, _)| upper.starts_with(beginning))
        .map_or(KeyProblem::Unknown, |(_, problem)| *problem)
}

impl Keyring {
    /// Returns a key ring without identities.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Parses the text of a key file: one identity a line, comments with `#`, blank lines. An SSH private
    /// key ends a file.
    ///
    /// # Errors
    ///
    /// When a line is anything else, or when there is no identity at all: a key file that opens
    /// nothing is a mistake.
    pub fn parse(text: &str) -> Result<Self, KeyFileError> {
        let mut keyring = Self::new();
        let mut line = 0;
        let mut rest = text;
        while let Some((text, after)) = split_line(rest) {
            line += 1;
            let wrong = |problem| KeyFileError { line, problem };
            if ssh::begins(text) {
                keyring.add_ssh(rest.parse().map_err(wrong)?);
                return Ok(keyring);
            }
            if !text.is_empty() && !text.starts_with('#') {
                keyring.add(text.parse().map_err(wrong)?);
            }
            rest = after;
        }
        if keyring.is_empty() {
            let problem = KeyProblem::Missing;
            return Err(KeyFileError { line, problem });
        }
        Ok(keyring)
    }

    /// Adds one identity.
    pub fn add(&mut self, identity: Identity) {
        self.identities.push(identity);
    }

    /// Adds an SSH private key.
    pub fn add_ssh(&mut self, identity: SshIdentity) {
        self.ssh.push(identity);
    }

    /// Adds the identities of `other`.
    pub fn extend(&mut self, other: Self) {
        self.identities.extend(other.identities);
        self.ssh.extend(other.ssh);
    }

    /// Returns the age identities in the order in which they are tried; SSH private keys come after them.
    #[must_use]
    pub fn identities(&self) -> &[Identity] {
        &self.identities
    }

    /// Returns the recipients that the identities open, in the order in which they are tried.
    pub fn recipients(&self) -> impl Iterator<Item = &str> {
        let age = self.identities.iter().map(Identity::recipient);
        age.chain(self.ssh.iter().map(SshIdentity::recipient))
    }

    /// Returns whether there is no identity.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.identities.is_empty() && self.ssh.is_empty()
    }
}

/// Returns the next line without white space around it, and what follows.
fn split_line(text: &str) -> Option<(&str, &str)> {
    if text.is_empty() {
        return None;
    }
    let (line, after) = text.split_once('\n').unwrap_or((text, ""));
    Some((line.trim(), after))
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Identity({})", self.recipient())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity_line() -> String {
        let identity = age::x25519::Identity::generate();
        identity.to_string().expose_secret().to_owned()
    }

    #[test]
    fn comments_and_blank_lines_are_skipped() {
        let line = identity_line();
        let ring = Keyring::parse(&format!("# created: today\r\n\n  {line}  \r\n{line}")).unwrap();
        assert_eq!(ring.identities().len(), 2);
        assert!(ring.identities()[0].recipient().starts_with("age1"));
    }

    #[test]
    fn every_other_line_says_what_it_is() {
        let problem = |text: &str| {
            let error = Keyring::parse(&format!("# comment\n{text}\n")).unwrap_err();
            assert_eq!(error.line, 2);
            error.problem
        };
        assert_eq!(problem("AGE-SECRET-KEY-PQ-1QQQ"), KeyProblem::PostQuantum);
        assert_eq!(problem("AGE-PLUGIN-YUBIKEY-1QQ"), KeyProblem::Plugin);
        assert_eq!(problem("age1k4rhspfz0lel"), KeyProblem::Recipient);
        assert_eq!(
            problem("-----BEGIN PGP PRIVATE KEY BLOCK-----"),
            KeyProblem::Pgp
        );
        assert_eq!(
            problem("-----BEGIN OPENSSH PRIVATE KEY-----"),
            KeyProblem::SshDamaged
        );
        assert_eq!(
            problem("-----BEGIN AGE ENCRYPTED FILE-----"),
            KeyProblem::Encrypted
        );
        assert_eq!(problem("hello"), KeyProblem::Unknown);
    }

    #[test]
    fn a_key_file_without_an_identity_is_an_error() {
        for text in ["", "# only a comment\n"] {
            assert_eq!(
                Keyring::parse(text).unwrap_err().problem,
                KeyProblem::Missing
            );
        }
    }

    #[test]
    fn no_part_of_an_identity_is_shown() {
        let line = identity_line();
        let broken = &line[..line.len() - 1];
        let error = Keyring::parse(broken).unwrap_err();
        assert_eq!(error.problem, KeyProblem::Damaged);
        let ring = Keyring::parse(&line).unwrap();
        let shown = format!("{error} {error:?} {ring:?}");
        assert!(!shown.contains(&line[17..30]), "{shown}");
    }
}
