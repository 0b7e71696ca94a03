//! PGP keys as data: key rings read from text, and what they wrap and unwrap.

use std::fmt;
use std::io::Read as _;

use pgp::composed::{
    ArmorOptions, Message, MessageBuilder, PublicOrSecret, SignedPublicKey, SignedPublicSubKey,
    SignedSecretKey, TheRing,
};
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::types::{KeyDetails as _, Password};
use zeroize::Zeroizing;

use crate::metadata::MAX_WRAPPED_KEY;
use crate::{KeyFailure, KeyService, MasterKey, SecretBytes, WrappedKey};

const MAX_UNWRAPPED: u64 = 128;

/// The longest key ring that is read: more than a thousand keys, or some with many signatures.
const MAX_RING: usize = 4 << 20;

/// PGP keys, as `gpg --export` and `gpg --export-secret-keys` write them. No gpg program is called.
///
/// Without a clock it does not know whether a key has expired.
#[derive(Clone, Default)]
pub struct PgpKeyring {
    secret: Vec<SignedSecretKey>,
    public: Vec<SignedPublicKey>,
    passphrases: Vec<SecretBytes>,
}

/// Why a text is no PGP key ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PgpKeyringError {
    /// It cannot be read.
    #[error("the PGP key ring is damaged; expected what `gpg --armor --export-secret-keys` writes")]
    Damaged,
    /// It holds no key.
    #[error("the PGP key ring holds no key")]
    Empty,
    /// It is longer than 4 MiB.
    #[error(
        "the PGP key ring has more than 4 MiB; `gpg --export-options export-minimal` writes a shorter one"
    )]
    TooLarge,
}

impl PgpKeyring {
    /// Adds the keys of a key ring, armored or binary.
    pub fn add(&mut self, ring: &[u8]) -> Result<(), PgpKeyringError> {
        if ring.len() > MAX_RING {
            return Err(PgpKeyringError::TooLarge);
        }
        let (keys, _) =
            PublicOrSecret::from_reader_many(ring).map_err(|_| PgpKeyringError::Damaged)?;
        let mut is_empty = true;
        for key in keys {
            is_empty = false;
            match key.map_err(|_| PgpKeyringError::Damaged)? {
                PublicOrSecret::Public(key) => self.public.push(key),
                PublicOrSecret::Secret(key) => {
                    self.public.push(key.to_public_key());
                    self.secret.push(key);
                }
            }
        }
        if is_empty {
            Err(PgpKeyringError::Empty)
        } else {
            Ok(())
        }
    }

    /// Adds a passphrase that protects secret keys.
    pub fn add_passphrase(&mut self, passphrase: SecretBytes) {
        self.passphrases.push(passphrase);
    }

    fn is_locked(&self) -> bool {
        let locked = |key: &SignedSecretKey| {
            key.primary_key.secret_params().is_encrypted()
                || key
                    .secret_subkeys
                    .iter()
                    .any(|key| key.key.secret_params().is_encrypted())
        };
        self.secret.iter().any(locked)
    }

    fn failure(&self, error: &pgp::errors::Error) -> KeyFailure {
        if !matches!(error, pgp::errors::Error::MissingKey) {
            return KeyFailure::Damaged;
        }
        if self.is_locked() {
            let reason = "no PGP key that is open unwraps it, and one is locked with a passphrase that was not given".to_owned();
            return KeyFailure::Invalid { reason };
        }
        KeyFailure::NoIdentity {
            identity: "PGP secret key",
            held: self.secret.len(),
        }
    }

    fn opened(&self, armored: &str) -> Result<Zeroizing<Vec<u8>>, pgp::errors::Error> {
        let given = self
            .passphrases
            .iter()
            .map(|passphrase| Password::from(passphrase.expose()));
        let passwords: Vec<Password> = std::iter::once(Password::empty()).chain(given).collect();
        let ring = TheRing {
            secret_keys: self.secret.iter().collect(),
            key_passwords: passwords.iter().collect(),
            ..TheRing::default()
        };
        let (message, _) = Message::from_string(armored)?;
        let (mut message, _) = message.decrypt_the_ring(ring, true)?;
        if message.is_compressed() {
            message = message.decompress()?;
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(256));
        message.take(MAX_UNWRAPPED).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

impl fmt::Debug for PgpKeyring {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PgpKeyring({} keys)", self.public.len())
    }
}

impl KeyService for PgpKeyring {
    /// Tries every secret key, whatever the fingerprint says: labels can lie.
    fn unwrap(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        fingerprint(&key.key)?;
        // A document has none that is longer; a key service may be asked by anybody.
        if key.wrapped.len() > MAX_WRAPPED_KEY {
            return Err(KeyFailure::Damaged);
        }
        let bytes = self
            .opened(&key.wrapped)
            .map_err(|error| self.failure(&error))?;
        Ok(SecretBytes::new(bytes.to_vec()))
    }

    /// Wraps for a key of the ring; the final newline is left out, as gpg's is by sops.
    fn wrap(&self, key: &MasterKey, secret: &SecretBytes) -> Result<String, KeyFailure> {
        let fingerprint = fingerprint(key)?;
        let missing = KeyFailure::NoIdentity {
            identity: "PGP public key",
            held: self.public.len(),
        };
        let has_it = |key: &&SignedPublicKey| {
            format!("{:X}", key.fingerprint()).eq_ignore_ascii_case(fingerprint)
        };
        let public = self.public.iter().find(has_it).ok_or(missing)?;
        let unusable = |_| KeyFailure::Invalid {
            reason: format!("the PGP key {fingerprint} has no part that encrypts"),
        };
        public.verify_bindings().map_err(unusable)?;
        armored(public, secret).map_err(unusable)
    }
}

fn armored(key: &SignedPublicKey, secret: &SecretBytes) -> Result<String, pgp::errors::Error> {
    let random = rand::rngs::OsRng;
    let message = MessageBuilder::from_bytes("", secret.expose().to_vec());
    let mut message = message.seipd_v1(random, SymmetricKeyAlgorithm::AES256);
    match key.public_subkeys.iter().rev().find(|key| encrypts(key)) {
        Some(subkey) => message.encrypt_to_key(random, subkey)?,
        None => message.encrypt_to_key(random, key)?,
    };
    let text = message.to_armored_string(random, ArmorOptions::default())?;
    Ok(text.trim_end_matches('\n').to_owned())
}

/// Returns whether a subkey is there to encrypt, and was not revoked.
fn encrypts(key: &SignedPublicSubKey) -> bool {
    use pgp::packet::SignatureType::SubkeyRevocation;
    let is_revoked = key
        .signatures
        .iter()
        .any(|signature| signature.typ() == Some(SubkeyRevocation));
    let flags = key.signatures.iter().map(pgp::packet::Signature::key_flags);
    !is_revoked
        && flags
            .into_iter()
            .any(|flags| flags.encrypt_comms() || flags.encrypt_storage())
}

fn fingerprint(key: &MasterKey) -> Result<&str, KeyFailure> {
    match key {
        MasterKey::Pgp { fingerprint } => Ok(fingerprint),
        _ => Err(KeyFailure::NotServed {
            key_type: key.key_type(),
        }),
    }
}
