//! The keys that data keys are wrapped with, described as data.

mod difference;
mod order;
mod parse;

use std::collections::BTreeMap;
use std::fmt;

pub use difference::GroupDifference;
pub use order::{DecryptionOrder, DuplicateKeyType};
pub use parse::KeyTextError;

/// A kind of key that a data key can be wrapped with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyType {
    /// An age recipient: X25519, or an SSH public key.
    Age,
    /// An OpenPGP key.
    Pgp,
    /// A key of the AWS Key Management Service.
    AwsKms,
    /// A key of Google Cloud KMS.
    GcpKms,
    /// A key of Azure Key Vault.
    AzureKeyVault,
    /// A key of HashiCorp Vault's transit engine.
    HashicorpVault,
    /// A key of Huawei Cloud KMS.
    HuaweiKms,
}

/// A key that data keys are wrapped with: its public name, and what is needed to ask for it. No secret.
///
/// Its `Display` form is the one of sops 3.11 (`ToString`), by which two keys are the same key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MasterKey {
    /// An age recipient.
    Age {
        /// `age1…`, `ssh-ed25519 AAAA… comment` or `ssh-rsa AAAA… comment`.
        recipient: String,
    },
    /// An OpenPGP key.
    Pgp {
        /// The fingerprint, 40 hexadecimal digits.
        fingerprint: String,
    },
    /// A key of AWS KMS.
    AwsKms(AwsKmsKey),
    /// A key of Google Cloud KMS.
    GcpKms {
        /// `projects/…/locations/…/keyRings/…/cryptoKeys/…`.
        resource_id: String,
    },
    /// A key of Azure Key Vault.
    AzureKeyVault(AzureKey),
    /// A key of HashiCorp Vault's transit engine.
    HashicorpVault(VaultKey),
    /// A key of Huawei Cloud KMS.
    HuaweiKms {
        /// `region:uuid`.
        key_id: String,
    },
}

/// A key of AWS KMS, and how to ask for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AwsKmsKey {
    /// The ARN of the key or of an alias; the region is a part of it.
    pub arn: String,
    /// The ARN of the role to assume first.
    pub role: Option<String>,
    /// The encryption context, which must be the same for unwrapping as it was for wrapping.
    pub context: BTreeMap<String, String>,
    /// The profile of the AWS configuration to use; empty when none is named.
    pub profile: String,
}

/// A key of Azure Key Vault.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AzureKey {
    /// `https://NAME.vault.azure.net`.
    pub vault_url: String,
    /// The name of the key.
    pub name: String,
    /// Its version; empty for the latest, which whoever wraps must find out.
    pub version: String,
}

/// A key of HashiCorp Vault's transit engine.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VaultKey {
    /// Scheme, host and port.
    pub address: String,
    /// Where the engine is mounted: `transit`.
    pub engine_path: String,
    /// The name of the key.
    pub key_name: String,
}

/// A data key, or a share of one, wrapped with a [`MasterKey`], as a document holds it.
///
/// What it says of the key is not authenticated: which keys really open a document is known by
/// opening it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    /// The key that it is wrapped with.
    pub key: MasterKey,
    /// The wrapped bytes, as the service of this type of key writes them: an armored age file or PGP
    /// message, Base64, or `vault:v1:…`.
    pub wrapped: String,
    /// When the key was added, RFC 3339; documents have it for all types but age.
    pub created_at: Option<String>,
}

/// Keys any one of which opens the data key, or a share of it when there are several groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyGroup {
    /// The keys.
    pub keys: Vec<MasterKey>,
}

impl KeyType {
    /// All types in the order in which documents store them.
    pub const STORED: [Self; 7] = [
        Self::AwsKms,
        Self::GcpKms,
        Self::HuaweiKms,
        Self::AzureKeyVault,
        Self::HashicorpVault,
        Self::Pgp,
        Self::Age,
    ];

    /// Returns the name that documents and `--decryption-order` have for the type.
    pub fn name(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::Pgp => "pgp",
            Self::AwsKms => "kms",
            Self::GcpKms => "gcp_kms",
            Self::AzureKeyVault => "azure_kv",
            Self::HashicorpVault => "hc_vault",
            Self::HuaweiKms => "hckms",
        }
    }

    /// Returns what a person calls a key of this type: `an AWS KMS key`.
    pub fn article(self) -> &'static str {
        match self {
            Self::Age => "an age key",
            Self::Pgp => "a PGP key",
            Self::AwsKms => "an AWS KMS key",
            Self::GcpKms => "a Google Cloud KMS key",
            Self::AzureKeyVault => "an Azure Key Vault key",
            Self::HashicorpVault => "a HashiCorp Vault key",
            Self::HuaweiKms => "a Huawei Cloud KMS key",
        }
    }
}

impl MasterKey {
    /// Returns the type of the key.
    pub fn key_type(&self) -> KeyType {
        match self {
            Self::Age { .. } => KeyType::Age,
            Self::Pgp { .. } => KeyType::Pgp,
            Self::AwsKms(_) => KeyType::AwsKms,
            Self::GcpKms { .. } => KeyType::GcpKms,
            Self::AzureKeyVault(_) => KeyType::AzureKeyVault,
            Self::HashicorpVault(_) => KeyType::HashicorpVault,
            Self::HuaweiKms { .. } => KeyType::HuaweiKms,
        }
    }
}

impl fmt::Display for MasterKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Age { recipient: name }
            | Self::Pgp { fingerprint: name }
            | Self::GcpKms { resource_id: name }
            | Self::HuaweiKms { key_id: name } => formatter.write_str(name),
            Self::AwsKms(key) => key.fmt(formatter),
            Self::AzureKeyVault(key) => {
                write!(
                    formatter,
                    "{}/keys/{}/{}",
                    key.vault_url, key.name, key.version
                )
            }
            Self::HashicorpVault(key) => write!(
                formatter,
                "{}/v1/{}/keys/{}",
                key.address, key.engine_path, key.key_name
            ),
        }
    }
}

impl fmt::Display for AwsKmsKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.arn)?;
        if let Some(role) = &self.role {
            write!(formatter, "+{role}")?;
        }
        if self.profile.is_empty() && self.context.is_empty() {
            return Ok(());
        }
        let context = self.context.iter();
        let context: Vec<_> = context
            .map(|(key, value)| format!("{key}:{value}"))
            .collect();
        write!(formatter, "|{}", context.join(","))?;
        if self.profile.is_empty() {
            return Ok(());
        }
        write!(formatter, "|{}", self.profile)
    }
}

impl FromIterator<MasterKey> for KeyGroup {
    fn from_iter<I: IntoIterator<Item = MasterKey>>(keys: I) -> Self {
        let keys = keys.into_iter().collect();
        Self { keys }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_called_as_sops_calls_them() {
        let mut kms = AwsKmsKey {
            arn: "arn:aws:kms:eu-west-1:1:key/a".to_owned(),
            role: Some("arn:aws:iam::1:role/r".to_owned()),
            ..AwsKmsKey::default()
        };
        assert_eq!(
            kms.to_string(),
            "arn:aws:kms:eu-west-1:1:key/a+arn:aws:iam::1:role/r"
        );
        kms.role = None;
        kms.context.insert("b".to_owned(), "2".to_owned());
        kms.context.insert("a".to_owned(), "1".to_owned());
        assert_eq!(kms.to_string(), "arn:aws:kms:eu-west-1:1:key/a|a:1,b:2");
        kms.context.clear();
        kms.profile = "prod".to_owned();
        assert_eq!(kms.to_string(), "arn:aws:kms:eu-west-1:1:key/a||prod");
    }
}
