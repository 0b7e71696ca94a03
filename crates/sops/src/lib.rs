//! Opens documents encrypted by sops.
//!
//! - [`Keyring`], [`Identity`]: the age identities that a caller holds.
//! - [`Document`]: an encrypted document of one [`Format`], with the [`Recipient`]s it names.
//! - [`Plaintext`]: what it holds, after [`Document::decrypt`] verified its MAC.
//! - [`SecretBytes`]: bytes that are wiped on drop and never printed.
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
mod metadata;
mod path;
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
    Config, ConfigError, CreationRule, Destination, DestinationRule, NoMatchingRule, PathRule,
    RuleMiss,
};
pub use data_key::{
    DataKey, KeyGroupsError, NoKey, NotWrapped, Unwrapping, Wanted, WrappedKeys, Wrapping,
};
pub use document::{
    DecryptError, Document, EncryptError, LimitError, MAX_DEPTH, MAX_SIZE, MAX_VALUES, MacCheck,
    OpenDocument, ParseError, is_encrypted,
};
pub use key::{
    AwsKmsKey, AzureKey, DecryptionOrder, DuplicateKeyType, KeyGroup, KeyTextError, KeyType,
    MasterKey, VaultKey, WrappedKey,
};
pub use key_service::{KeyFailure, KeyService};
pub use keyring::{Identity, KeyFileError, KeyProblem, Keyring};
pub use metadata::{MAX_RECIPIENTS, MetadataError};
pub use path::{PathSyntaxError, Step, ValuePath};
pub use plaintext::{PathError, PlainValue, Plaintext, PlaintextError, Warning};
pub use random::Random;
pub use secret::SecretBytes;
pub use selection::{InvalidPattern, Rules, Selection, SelectionKind};
pub use store::{EmitError, Format, Indent, Style, SyntaxError};
pub use time::Timestamp;

use value::{Scalar, Value};
