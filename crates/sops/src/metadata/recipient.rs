//! Whom a document is encrypted for.

use std::fmt;

/// A kind of key that a data key can be wrapped with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyType {
    /// An age recipient.
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

/// A key that the document was encrypted for, as the document labels it.
///
/// The label is not authenticated: which keys really open a document is known by opening it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Recipient {
    /// The kind of key.
    pub key_type: KeyType,
    /// What the key is called: `age1…`, a fingerprint, an ARN, a resource name, a URL.
    pub name: String,
}

impl Recipient {
    /// Returns why this program has no way to use the key, or `None` when it has.
    #[must_use]
    pub fn unsupported(&self) -> Option<&'static str> {
        match self.key_type {
            KeyType::Age if self.name.starts_with("ssh-") => Some("an SSH key"),
            KeyType::Age if self.name.starts_with("age1pq1") => Some("a post-quantum age key"),
            KeyType::Age if self.name.matches('1').count() > 1 && is_plugin(&self.name) => {
                Some("a key of an age plugin")
            }
            KeyType::Age => None,
            KeyType::Pgp => Some("a PGP key"),
            KeyType::AwsKms => Some("an AWS KMS key"),
            KeyType::GcpKms => Some("a Google Cloud KMS key"),
            KeyType::AzureKeyVault => Some("an Azure Key Vault key"),
            KeyType::HashicorpVault => Some("a HashiCorp Vault key"),
            KeyType::HuaweiKms => Some("a Huawei Cloud KMS key"),
        }
    }
}

/// Returns whether an age recipient is one of a plugin: `age1NAME1…`, where X25519 has `age1…` only.
/// The data part of Bech32 has no `1`, so a second one ends the name.
fn is_plugin(name: &str) -> bool {
    name.strip_prefix("age1")
        .is_some_and(|rest| rest.contains('1'))
}

impl fmt::Display for Recipient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_not_supported_are_told_apart_by_their_label() {
        let unsupported = |name: &str| {
            let name = name.to_owned();
            let key_type = KeyType::Age;
            Recipient { key_type, name }.unsupported()
        };
        assert_eq!(
            unsupported("age1k4rhspfz0lel5z5umky0p0h320kufvyp5hm228"),
            None
        );
        assert_eq!(unsupported("ssh-ed25519 AAAA me"), Some("an SSH key"));
        assert_eq!(unsupported("age1pq1abc"), Some("a post-quantum age key"));
        assert_eq!(
            unsupported("age1yubikey1abc"),
            Some("a key of an age plugin")
        );
    }
}
