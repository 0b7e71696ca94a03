//! Documents encrypted by sops: opened, edited, encrypted.
//!
//! - [`Document`]: an encrypted document of one [`Format`], with the keys that it names.
//! - [`Plaintext`]: a document in clear, read from a file or opened after its MAC was verified; values are
//!   found and changed by [`ValuePath`], and [`Plaintext::encrypt`] makes a document of it.
//! - [`Sealed`], [`Revealed`]: encrypted values by their text, for callers that put the values in later.
//! - [`OpenDocument`]: one that is encrypted again with its data key; what did not change keeps its
//!   ciphertext.
//! - [`MasterKey`], [`KeyGroup`], [`WrappedKeys`]: the keys of a document, as data.
//! - [`KeyService`]: who wraps and unwraps [`DataKey`]s. [`Keyring`] does with age identities and SSH keys;
//!   [`PgpKeyring`] with PGP keys, without a gpg program; [`Unwrapping`] and [`Wrapping`] are for callers
//!   that must not block.
//! - [`Config`], a `.sops.yaml`: which keys and rules a new document gets.
//! - [`Source`]: the text of a document, to say where errors and warnings stand.
//! - [`SecretBytes`]: bytes that are wiped on drop and never printed.
//!
//! # Opening
//!
//! ```
//! use windlass_sops::{Document, Format, Keyring};
//!
//! let text = br#"{
//!   "data": "ENC[AES256_GCM,data:QQ==,iv:QQ==,tag:QQ==,type:str]",
//!   "sops": {
//!     "age": [{"recipient": "age1friend", "enc": "-----BEGIN AGE ENCRYPTED FILE-----\n"}],
//!     "lastmodified": "2026-01-31T09:05:00Z", "mac": "ENC[]", "version": "3.11.0"
//!   }
//! }"#;
//! let document = Document::parse(text, Format::Binary)?;
//! let names: Vec<_> = document.recipients().map(|wrapped| wrapped.key.to_string()).collect();
//! assert_eq!(names, ["age1friend"]);
//! assert!(document.decrypt(&Keyring::new()).is_err());
//! # Ok::<(), windlass_sops::ParseError>(())
//! ```
//!
//! # Encrypting and editing
//!
//! The time and random bytes come in as values.
//!
//! ```
//! use windlass_sops::{
//!     DataKey, Document, Format, Identity, KeyGroup, Keyring, MacCheck, MasterKey, PlainValue,
//!     Plaintext, Rules, Style, Timestamp,
//! };
//! # let mut random = { let mut n = 0_u8; move |bytes: &mut [u8]| for byte in bytes { n = n.wrapping_mul(181).wrapping_add(7); *byte = n; } };
//!
//! let identity = Identity::generate();
//! let recipient = identity.recipient().to_owned();
//! let group: KeyGroup = [MasterKey::Age { recipient }].into_iter().collect();
//! let mut keyring = Keyring::new();
//! keyring.add(identity);
//!
//! let now = Timestamp::from_unix(1_769_850_300);
//! let key = DataKey::generate(&mut random);
//! let keys = key.wrapping(&[group], 0, &now, &mut random)?.ask(&keyring)?;
//! let plaintext = Plaintext::parse(b"user: hydra\npassword: old\n", Format::Yaml)?;
//! let document = plaintext.encrypt(&key, keys, Rules::default(), &now, &mut random)?;
//! let text = document.to_bytes(Style::default())?;
//!
//! let document = Document::parse(&text, Format::Yaml)?;
//! let mut open = document.open(&document.data_key(&keyring)?, MacCheck::Verify)?;
//! open.plaintext.set(&r#"["password"]"#.parse()?, PlainValue::text("new"))?;
//! let edited = open.seal(&now, &mut random)?;
//! assert_eq!(edited.decrypt(&keyring)?.to_bytes()?.expose(), b"user: hydra\npassword: new\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Limits
//!
//! A document has at most [`MAX_SIZE`] bytes, [`MAX_DEPTH`] levels, [`MAX_VALUES`] values and comments and
//! [`MAX_RECIPIENTS`] keys.
//!
//! # Which sops
//!
//! The format is that of sops 3.11.0. Where that program accepts altered files (trailing bytes behind a
//! value, a value in clear where the rules say that it is encrypted), this crate refuses them. Files,
//! the environment and key services are left to the caller.

mod cipher;
mod config;
mod data_key;
mod document;
mod key;
mod key_service;
mod keyring;
mod leaves;
mod locate;
mod mask;
mod metadata;
mod path;
mod pgp_ring;
mod plaintext;
mod random;
mod secret;
mod selection;
mod shamir;
mod store;
mod time;
mod value;

pub use cipher::ValueProblem;
pub use config::{
    Config, ConfigError, CreationRule, Destination, DestinationRule, NoDestination, NoMatchingRule,
    PathRule, RuleMiss,
};
pub use data_key::{
    DataKey, KeyGroupsError, NoKey, NotWrapped, Unwrapping, Wanted, WrappedKeys, Wrapping,
};
pub use document::{
    DecryptError, Document, EncryptError, LimitError, MAX_DEPTH, MAX_SIZE, MAX_VALUES, MacCheck,
    OpenDocument, ParseError, RevealError, Revealed, RevealedValues, Sealed, is_encrypted,
};
pub use key::{
    AwsKmsKey, AzureKey, DecryptionOrder, DuplicateKeyType, GroupDifference, KeyGroup,
    KeyTextError, KeyType, MasterKey, VaultKey, WrappedKey,
};
pub use key_service::{KeyFailure, KeyService};
pub use keyring::{
    Identity, KeyFileError, KeyProblem, Keyring, LockedKeys, SshIdentity, UnlockError,
};
pub use locate::{Located, Place, Position, Source, locate};
pub use mask::Masked;
pub use metadata::{MAX_RECIPIENTS, MAX_WRAPPED, MetadataError};
pub use path::{PathSyntaxError, Step, ValuePath};
pub use pgp_ring::{PgpKeyring, PgpKeyringError};
pub use plaintext::{PathError, PlainValue, Plaintext, PlaintextError, Warning};
pub use random::Random;
pub use secret::SecretBytes;
pub use selection::{InvalidPattern, Rules, Selection, SelectionKind};
pub use store::{EmitError, Fault, Format, Indent, Style, SyntaxError};
pub use time::Timestamp;

use value::{Scalar, Value};
