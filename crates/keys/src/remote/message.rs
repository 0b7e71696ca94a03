//! The messages of sops' key service (`keyservice.proto` of sops 3.12): proto3, no package.

use std::collections::HashMap;
use std::fmt;

use windlass_sops::{AwsKmsKey, AzureKey, MasterKey, VaultKey};
use zeroize::ZeroizeOnDrop;

/// The most bytes that a message has. A wrapped key of a document has at most 16 KiB.
pub(super) const MAX_MESSAGE: usize = 64 * 1024;

/// Where the calls are asked for.
pub(super) const ENCRYPT: &str = "/KeyService/Encrypt";
pub(super) const DECRYPT: &str = "/KeyService/Decrypt";

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Key {
    #[prost(oneof = "KeyKind", tags = "1, 2, 3, 4, 5, 6, 7")]
    kind: Option<KeyKind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum KeyKind {
    #[prost(message, tag = "1")]
    AwsKms(AwsKms),
    #[prost(message, tag = "2")]
    Pgp(Named),
    #[prost(message, tag = "3")]
    GcpKms(Named),
    #[prost(message, tag = "4")]
    Azure(Azure),
    #[prost(message, tag = "5")]
    Vault(Vault),
    #[prost(message, tag = "6")]
    Age(Named),
    #[prost(message, tag = "7")]
    HuaweiKms(Named),
}

/// A key of which one text tells all: a fingerprint, a resource, a recipient, a key id.
#[derive(Clone, PartialEq, prost::Message)]
struct Named {
    #[prost(string, tag = "1")]
    name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct AwsKms {
    #[prost(string, tag = "1")]
    arn: String,
    #[prost(string, tag = "2")]
    role: String,
    #[prost(map = "string, string", tag = "3")]
    context: HashMap<String, String>,
    #[prost(string, tag = "4")]
    profile: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Azure {
    #[prost(string, tag = "1")]
    vault_url: String,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(string, tag = "3")]
    version: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Vault {
    #[prost(string, tag = "1")]
    address: String,
    #[prost(string, tag = "2")]
    engine_path: String,
    #[prost(string, tag = "3")]
    key_name: String,
}

/// `EncryptRequest` and `DecryptRequest`, which look alike: a key, and what to wrap or unwrap with it.
#[derive(Clone, PartialEq, prost::Message, ZeroizeOnDrop)]
#[prost(skip_debug)]
pub(super) struct Question {
    #[prost(message, optional, tag = "1")]
    #[zeroize(skip)]
    pub(super) key: Option<Key>,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) bytes: Vec<u8>,
}

/// `EncryptResponse` and `DecryptResponse`.
#[derive(Clone, PartialEq, prost::Message, ZeroizeOnDrop)]
#[prost(skip_debug)]
pub(super) struct Reply {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) bytes: Vec<u8>,
}

impl fmt::Debug for Question {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Question([redacted])")
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Reply([redacted])")
    }
}

impl From<&MasterKey> for Key {
    fn from(key: &MasterKey) -> Self {
        let named = |name: &String| Named { name: name.clone() };
        let kind = match key {
            MasterKey::Age { recipient } => KeyKind::Age(named(recipient)),
            MasterKey::Pgp { fingerprint } => KeyKind::Pgp(named(fingerprint)),
            MasterKey::GcpKms { resource_id } => KeyKind::GcpKms(named(resource_id)),
            MasterKey::HuaweiKms { key_id } => KeyKind::HuaweiKms(named(key_id)),
            MasterKey::AwsKms(key) => KeyKind::AwsKms(AwsKms {
                arn: key.arn.clone(),
                role: key.role.clone().unwrap_or_default(),
                context: key.context.clone().into_iter().collect(),
                profile: key.profile.clone(),
            }),
            MasterKey::AzureKeyVault(key) => KeyKind::Azure(Azure {
                vault_url: key.vault_url.clone(),
                name: key.name.clone(),
                version: key.version.clone(),
            }),
            MasterKey::HashicorpVault(key) => KeyKind::Vault(Vault {
                address: key.address.clone(),
                engine_path: key.engine_path.clone(),
                key_name: key.key_name.clone(),
            }),
        };
        Self { kind: Some(kind) }
    }
}

impl Key {
    /// Returns the key, or `None` when it is of a type that this version does not know.
    pub(super) fn to_master_key(&self) -> Option<MasterKey> {
        Some(match self.kind.clone()? {
            KeyKind::Age(Named { name: recipient }) => MasterKey::Age { recipient },
            KeyKind::Pgp(Named { name: fingerprint }) => MasterKey::Pgp { fingerprint },
            KeyKind::GcpKms(Named { name: resource_id }) => MasterKey::GcpKms { resource_id },
            KeyKind::HuaweiKms(Named { name: key_id }) => MasterKey::HuaweiKms { key_id },
            KeyKind::AwsKms(key) => MasterKey::AwsKms(AwsKmsKey {
                arn: key.arn,
                role: Some(key.role).filter(|role| !role.is_empty()),
                context: key.context.into_iter().collect(),
                profile: key.profile,
            }),
            KeyKind::Azure(key) => MasterKey::AzureKeyVault(AzureKey {
                vault_url: key.vault_url,
                name: key.name,
                version: key.version,
            }),
            KeyKind::Vault(key) => MasterKey::HashicorpVault(VaultKey {
                address: key.address,
                engine_path: key.engine_path,
                key_name: key.key_name,
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;

    fn keys() -> Vec<MasterKey> {
        let mut kms = AwsKmsKey {
            arn: "arn:aws:kms:eu-west-1:1:key/a".to_owned(),
            role: Some("arn:aws:iam::1:role/r".to_owned()),
            profile: "prod".to_owned(),
            ..AwsKmsKey::default()
        };
        kms.context.insert("env".to_owned(), "dev".to_owned());
        let name = || "n".to_owned();
        vec![
            MasterKey::AwsKms(kms),
            MasterKey::AwsKms(AwsKmsKey::default()),
            MasterKey::Pgp {
                fingerprint: name(),
            },
            MasterKey::GcpKms {
                resource_id: name(),
            },
            MasterKey::AzureKeyVault(AzureKey {
                vault_url: "https://v.vault.azure.net".to_owned(),
                name: name(),
                version: "1".to_owned(),
            }),
            MasterKey::HashicorpVault(VaultKey {
                address: "http://127.0.0.1:8200".to_owned(),
                engine_path: "transit".to_owned(),
                key_name: name(),
            }),
            MasterKey::Age { recipient: name() },
            MasterKey::HuaweiKms { key_id: name() },
        ]
    }

    #[test]
    fn a_key_of_each_type_survives_the_way() {
        for key in keys() {
            let bytes = Key::from(&key).encode_to_vec();
            let read = Key::decode(bytes.as_slice()).unwrap();
            assert_eq!(read.to_master_key(), Some(key));
        }
    }

    #[test]
    fn the_bytes_are_those_of_the_protocol() {
        let question = Question {
            key: Some(Key::from(&MasterKey::Age {
                recipient: "a".to_owned(),
            })),
            bytes: b"xy".to_vec(),
        };
        // key = 1 { age_key = 6 { recipient = 1: "a" } }, plaintext = 2: "xy"
        assert_eq!(
            question.encode_to_vec(),
            b"\x0a\x05\x32\x03\x0a\x01a\x12\x02xy"
        );
    }

    #[test]
    fn a_type_of_a_later_version_is_no_key() {
        // Field 8 of the oneof, which nobody has yet.
        let key = Key::decode(b"\x42\x03\x0a\x01a".as_slice()).unwrap();
        assert_eq!(key.to_master_key(), None);
    }

    #[test]
    fn messages_do_not_print_what_they_carry() {
        let reply = Reply {
            bytes: b"canary".to_vec(),
        };
        assert_eq!(format!("{reply:?}"), "Reply([redacted])");
    }
}
