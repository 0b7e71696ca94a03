//! The keys of a Secret, as Flux has them.

use windlass_aws::{Config, Keys};
use windlass_http::Settings;
use windlass_sops::{
    KeyFailure, KeyService, KeyType, Keyring, MasterKey, PgpKeyring, SecretBytes, WrappedKey,
};
use windlass_yaml::Node;
use zeroize::Zeroizing;

use crate::azure::{AzureConfig, AzureCredentials, AzureKeyVault};
use crate::gcp_kms::{self, GcpConfig, GcpCredentials, GcpKms};
use crate::{Addresses, AwsKms, Vault, VaultConfig};

/// Where Azure gives tokens, in its clouds.
const AUTHORITIES: [&str; 4] = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "login.chinacloudapi.cn",
];

/// The keys of a Secret that `spec.decryption.secretRef` names, as with Flux 2.9.
///
/// | entry | holds |
/// | --- | --- |
/// | `*.agekey` | age identities, or an SSH private key |
/// | `*.asc` | PGP keys, without a passphrase |
/// | `sops.vault-token` | a token of Vault |
/// | `sops.aws-kms` | YAML: `aws_access_key_id`, `aws_secret_access_key`, `aws_session_token` |
/// | `sops.azure-kv` | YAML: `tenantId`, `clientId` and `clientSecret` or `clientCertificate`; `clientId` alone for a managed identity; or what `az ad sp create-for-rbac` prints |
/// | `sops.gcp-kms` | the JSON of a service account |
///
/// Other entries mean nothing. As the Secret may be another's than the cluster's, nothing in it makes us
/// read a file or ask for a token at an address that is not of the cloud that it is for.
#[derive(Debug, Default)]
pub struct SecretKeys {
    age: Keyring,
    pgp: Option<PgpKeyring>,
    vault: Option<Vault>,
    aws: Option<AwsKms>,
    azure: Option<AzureKeyVault>,
    gcp: Option<GcpKms>,
}

/// An entry of a Secret that cannot be used. Never holds any of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the entry {entry:?} {problem}")]
pub struct SecretEntryError {
    /// The name of the entry.
    pub entry: String,
    /// What is wrong with it.
    pub problem: String,
}

impl SecretKeys {
    /// Reads the entries of a Secret: names, and bytes that are decoded from Base64. Vault may be asked at
    /// `addresses` only. Nothing is asked yet.
    ///
    /// # Errors
    ///
    /// Every entry that cannot be used.
    pub fn from_data<'d>(
        data: impl IntoIterator<Item = (&'d str, &'d [u8])>,
        addresses: &Addresses,
        settings: &Settings,
    ) -> Result<Self, Vec<SecretEntryError>> {
        let mut keys = Self::default();
        let mut errors = Vec::new();
        for (entry, bytes) in data {
            if let Err(problem) = keys.add(entry, bytes, addresses, settings) {
                let entry = entry.to_owned();
                errors.push(SecretEntryError { entry, problem });
            }
        }
        if errors.is_empty() {
            Ok(keys)
        } else {
            Err(errors)
        }
    }

    /// Returns the age identities.
    pub fn age(&self) -> &Keyring {
        &self.age
    }

    fn add(
        &mut self,
        entry: &str,
        bytes: &[u8],
        addresses: &Addresses,
        settings: &Settings,
    ) -> Result<(), String> {
        let ending = entry.rsplit_once('.').map(|(_, ending)| ending);
        match (entry, ending) {
            ("sops.vault-token", _) => {
                let config = VaultConfig {
                    token: Some(token(bytes)?),
                    addresses: addresses.clone(),
                    ..VaultConfig::default()
                };
                self.vault = Some(Vault::new(config, settings).map_err(text)?);
            }
            ("sops.aws-kms", _) => {
                let service = AwsKms::new(aws_config(bytes)?, settings);
                self.aws = Some(service.map_err(text)?);
            }
            ("sops.azure-kv", _) => {
                let service = AzureKeyVault::new(azure_config(bytes)?, settings);
                self.azure = Some(service.map_err(text)?);
            }
            ("sops.gcp-kms", _) => {
                let service = GcpKms::new(gcp_config(bytes)?, settings);
                self.gcp = Some(service.map_err(text)?);
            }
            (_, Some("agekey")) => {
                let keyring = Keyring::parse(utf8(bytes)?);
                let keyring = keyring.map_err(|error| format!("is no key file: {error}"))?;
                self.age.extend(keyring);
            }
            (_, Some("asc")) => {
                let ring = self.pgp.get_or_insert_default();
                ring.add(bytes)
                    .map_err(|error| format!("is wrong: {error}"))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn service(&self, key_type: KeyType) -> Result<&dyn KeyService, KeyFailure> {
        let service = match key_type {
            KeyType::Age => Some(&self.age as &dyn KeyService),
            KeyType::Pgp => self.pgp.as_ref().map(|pgp| pgp as _),
            KeyType::HashicorpVault => self.vault.as_ref().map(|vault| vault as _),
            KeyType::AwsKms => self.aws.as_ref().map(|aws| aws as _),
            KeyType::AzureKeyVault => self.azure.as_ref().map(|azure| azure as _),
            KeyType::GcpKms => self.gcp.as_ref().map(|gcp| gcp as _),
            KeyType::HuaweiKms => None,
        };
        service.ok_or(KeyFailure::NotServed { key_type })
    }
}

impl KeyService for SecretKeys {
    fn unwrap(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        let service = self.service(key.key.key_type())?;
        service.unwrap(&WrappedKey {
            key: without_profile(&key.key),
            ..key.clone()
        })
    }

    fn wrap(&self, key: &MasterKey, secret: &SecretBytes) -> Result<String, KeyFailure> {
        let service = self.service(key.key_type())?;
        service.wrap(&without_profile(key), secret)
    }

    fn resolved(&self, key: &MasterKey) -> Result<MasterKey, KeyFailure> {
        let service = self.service(key.key_type());
        service.map_or_else(|_| Ok(key.clone()), |service| service.resolved(key))
    }
}

/// A profile is one of the machine on which a document was written; the Secret has the keys to use.
fn without_profile(key: &MasterKey) -> MasterKey {
    let mut key = key.clone();
    if let MasterKey::AwsKms(key) = &mut key {
        key.profile.clear();
    }
    key
}

fn text(error: impl std::fmt::Display) -> String {
    format!("cannot be used: {error}")
}

fn utf8(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|_| "is no text".to_owned())
}

fn token(bytes: &[u8]) -> Result<Zeroizing<String>, String> {
    let token = utf8(bytes)?.trim();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("holds no token of Vault".to_owned());
    }
    Ok(Zeroizing::new(token.to_owned()))
}

/// The fields of an entry, which is YAML or JSON.
struct Fields(Node);

impl Fields {
    fn parse(bytes: &[u8]) -> Result<Self, String> {
        // What the parser says could show a part of the text.
        let documents = windlass_yaml::parse(utf8(bytes)?);
        let documents = documents.map_err(|_| "is neither YAML nor JSON".to_owned())?;
        let root = documents.into_iter().next().map(|document| document.root);
        let root = root.filter(|root| matches!(root.value, windlass_yaml::Value::Mapping(_)));
        root.map(Self)
            .ok_or_else(|| "is no mapping of fields".to_owned())
    }

    fn get(&self, name: &str) -> Option<String> {
        let text = self.0.get(name)?.text()?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn secret(&self, name: &str) -> Option<Zeroizing<String>> {
        self.get(name).map(Zeroizing::new)
    }
}

fn aws_config(bytes: &[u8]) -> Result<Config, String> {
    let fields = Fields::parse(bytes)?;
    let id = fields.get("aws_access_key_id");
    let secret = fields.secret("aws_secret_access_key");
    let (Some(id), Some(secret)) = (id, secret) else {
        return Err("lacks aws_access_key_id or aws_secret_access_key".to_owned());
    };
    let token = fields.secret("aws_session_token");
    Ok(Config {
        keys: Some(Keys { id, secret, token }),
        session_name: "sops".to_owned(),
        ..Config::default()
    })
}

fn azure_config(bytes: &[u8]) -> Result<AzureConfig, String> {
    let fields = Fields::parse(bytes)?;
    let mut config = AzureConfig {
        credentials: azure_credentials(&fields)?,
        metadata: Some("http://169.254.169.254".to_owned()),
        ..AzureConfig::default()
    };
    if let Some(authority) = fields.get("authorityHost") {
        let host = authority.trim_end_matches('/').strip_prefix("https://");
        if !host.is_some_and(|host| AUTHORITIES.contains(&host)) {
            let known = AUTHORITIES.join(", ");
            return Err(format!(
                "has an authorityHost that is none of Azure's: {known}"
            ));
        }
        config.authority = authority;
    }
    Ok(config)
}

/// Chooses as Flux does (`azkv.TokenCredentialFromAADConfig`).
fn azure_credentials(fields: &Fields) -> Result<AzureCredentials, String> {
    if let (Some(tenant), Some(client)) = (fields.get("tenantId"), fields.get("clientId")) {
        if let Some(secret) = fields.secret("clientSecret") {
            return Ok(AzureCredentials::Secret {
                tenant,
                client,
                secret,
            });
        }
        if let Some(pem) = fields.secret("clientCertificate") {
            if fields.get("clientCertificatePassword").is_some() {
                let problem = "has a clientCertificate with a password, which is not supported; put the key in the clear";
                return Err(problem.to_owned());
            }
            return Ok(AzureCredentials::CertificatePem {
                tenant,
                client,
                pem,
            });
        }
    }
    let printed = (
        fields.get("tenant"),
        fields.get("appId"),
        fields.secret("password"),
    );
    if let (Some(tenant), Some(client), Some(secret)) = printed {
        return Ok(AzureCredentials::Secret {
            tenant,
            client,
            secret,
        });
    }
    match fields.get("clientId") {
        client @ Some(_) => Ok(AzureCredentials::Managed { client }),
        None => Err("lacks clientId; or tenantId, clientId and clientSecret or clientCertificate; or tenant, appId and password".to_owned()),
    }
}

fn gcp_config(bytes: &[u8]) -> Result<GcpConfig, String> {
    let text = utf8(bytes)?;
    gcp_kms::check(text)?;
    Ok(GcpConfig {
        credentials: GcpCredentials::Json {
            text: Zeroizing::new(text.to_owned()),
            origin: "the entry \"sops.gcp-kms\"".to_owned(),
        },
        is_confined: true,
        ..GcpConfig::default()
    })
}
