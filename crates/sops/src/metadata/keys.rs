//! The entries of keys: read and written.

use std::collections::BTreeMap;

use super::MetadataError;
use super::read::{field_error, text_field};
use crate::value::{Branch, Item, Scalar, Value, get};
use crate::{AwsKmsKey, AzureKey, KeyType, MasterKey, VaultKey, WrappedKey};

/// The largest wrapped data key, in bytes; a PGP message for one key has about 1,000. An age file of
/// this size has a hundred stanzas, each of which costs an attempt for every identity.
pub(crate) const MAX_WRAPPED_KEY: usize = 16 * 1024;

/// Reads the keys of one group in the order of the document format. `at` is what stands before the
/// fields: `key_groups[0].`.
pub(super) fn parse(group: &[Item], at: &str) -> Result<Vec<WrappedKey>, MetadataError> {
    let mut keys = Vec::new();
    for key_type in KeyType::STORED {
        let field = key_type.name();
        for (index, entry) in list_field(group, field, at)?.iter().enumerate() {
            let at = format!("{at}{field}[{index}]");
            let Value::Branch(entry) = entry else {
                return Err(field_error(at, "must be a mapping"));
            };
            keys.push(Entry { fields: entry, at }.key(key_type)?);
        }
    }
    Ok(keys)
}

/// Returns a list of the block; `at` is what stands before its name.
pub(super) fn list_field<'b>(
    block: &'b [Item],
    field: &str,
    at: &str,
) -> Result<&'b [Value], MetadataError> {
    match get(block, field) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::List(entries)) => Ok(entries),
        Some(_) => Err(field_error(format!("{at}{field}"), "must be a list")),
    }
}

struct Entry<'b> {
    fields: &'b [Item],
    at: String,
}

impl Entry<'_> {
    fn key(&self, key_type: KeyType) -> Result<WrappedKey, MetadataError> {
        let key = match key_type {
            KeyType::Age => MasterKey::Age {
                recipient: self.text("recipient")?,
            },
            KeyType::Pgp => MasterKey::Pgp {
                fingerprint: self.text("fp")?,
            },
            KeyType::GcpKms => MasterKey::GcpKms {
                resource_id: self.text("resource_id")?,
            },
            KeyType::HuaweiKms => MasterKey::HuaweiKms {
                key_id: self.text("key_id")?,
            },
            KeyType::AwsKms => MasterKey::AwsKms(self.aws_kms()?),
            KeyType::AzureKeyVault => MasterKey::AzureKeyVault(AzureKey {
                vault_url: self.text("vault_url")?,
                name: self.text("name")?,
                version: self.text("version")?,
            }),
            KeyType::HashicorpVault => MasterKey::HashicorpVault(VaultKey {
                address: self.text("vault_address")?,
                engine_path: self.text("engine_path")?,
                key_name: self.text("key_name")?,
            }),
        };
        Ok(WrappedKey {
            wrapped: self.wrapped()?,
            created_at: self.created_at(&key)?,
            key,
        })
    }

    fn aws_kms(&self) -> Result<AwsKmsKey, MetadataError> {
        let role = self.text("role")?;
        Ok(AwsKmsKey {
            arn: self.text("arn")?,
            role: (!role.is_empty()).then_some(role),
            context: self.context()?,
            profile: self.text("aws_profile")?,
        })
    }

    fn context(&self) -> Result<BTreeMap<String, String>, MetadataError> {
        let wrong = || field_error(format!("{}.context", self.at), "must be a mapping of texts");
        let fields = match get(self.fields, "context") {
            None | Some(Value::Null) => return Ok(BTreeMap::new()),
            Some(Value::Branch(fields)) => fields,
            Some(_) => return Err(wrong()),
        };
        let pairs = fields.iter().filter_map(|item| match item {
            Item::Pair(key, value) => Some((key, value)),
            Item::Comment(_) => None,
        });
        pairs
            .map(|(key, value)| Some((key.clone(), value.as_text()?.to_owned())))
            .collect::<Option<_>>()
            .ok_or_else(wrong)
    }

    /// Returns a text, empty when there is none.
    fn text(&self, field: &str) -> Result<String, MetadataError> {
        let wrong = |_| field_error(format!("{}.{field}", self.at), "must be a text");
        let text = text_field(self.fields, field).map_err(wrong)?;
        Ok(text.unwrap_or_default().to_owned())
    }

    fn wrapped(&self) -> Result<String, MetadataError> {
        let wrapped = self.text("enc")?;
        if wrapped.len() > MAX_WRAPPED_KEY {
            let field = format!("{}.enc", self.at);
            return Err(field_error(field, "must not be larger than 16 KiB"));
        }
        Ok(wrapped)
    }

    /// Returns the date of a key; sops writes none for keys of age, so one that is there is none of its fields.
    fn created_at(&self, key: &MasterKey) -> Result<Option<String>, MetadataError> {
        match get(self.fields, "created_at") {
            _ if matches!(key, MasterKey::Age { .. }) => Ok(None),
            Some(Value::Scalar(Scalar::Time(time))) => Ok(Some(time.as_str().to_owned())),
            _ => Ok(Some(self.text("created_at")?).filter(|text| !text.is_empty())),
        }
    }
}

/// Returns the entry of a key, its fields in the order of sops 3.11.
pub(super) fn entry(key: &WrappedKey) -> Value {
    let text = |text: &str| Value::Scalar(Scalar::Text(text.into()));
    let mut fields = Branch::new();
    let mut push = |name: &str, value| fields.push(Item::Pair(name.to_owned(), value));
    let created_at = text(key.created_at.as_deref().unwrap_or_default());
    let wrapped = text(&key.wrapped);
    match &key.key {
        MasterKey::Age { recipient } => {
            push("recipient", text(recipient));
            push("enc", wrapped);
        }
        MasterKey::Pgp { fingerprint } => {
            push("created_at", created_at);
            push("enc", wrapped);
            push("fp", text(fingerprint));
        }
        MasterKey::AwsKms(kms) => {
            push("arn", text(&kms.arn));
            if let Some(role) = &kms.role {
                push("role", text(role));
            }
            if !kms.context.is_empty() {
                let pair = |(key, value): (&String, &String)| Item::Pair(key.clone(), text(value));
                push(
                    "context",
                    Value::Branch(kms.context.iter().map(pair).collect()),
                );
            }
            push("created_at", created_at);
            push("enc", wrapped);
            push("aws_profile", text(&kms.profile));
        }
        MasterKey::GcpKms { resource_id: id } | MasterKey::HuaweiKms { key_id: id } => {
            let name = match key.key.key_type() {
                KeyType::GcpKms => "resource_id",
                _ => "key_id",
            };
            push(name, text(id));
            push("created_at", created_at);
            push("enc", wrapped);
        }
        MasterKey::AzureKeyVault(azure) => {
            push("vault_url", text(&azure.vault_url));
            push("name", text(&azure.name));
            push("version", text(&azure.version));
            push("created_at", created_at);
            push("enc", wrapped);
        }
        MasterKey::HashicorpVault(vault) => {
            push("vault_address", text(&vault.address));
            push("engine_path", text(&vault.engine_path));
            push("key_name", text(&vault.key_name));
            push("created_at", created_at);
            push("enc", wrapped);
        }
    }
    Value::Branch(fields)
}
