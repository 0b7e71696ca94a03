//! Keys of HashiCorp Vault's transit engine.

mod config;
mod kv;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, Request};
use serde_json::{Value, json};
use windlass_http::{Answer, Client, Retry, Settings};
use windlass_sops::{KeyFailure, KeyService, MasterKey, SecretBytes, VaultKey, WrappedKey};
use zeroize::Zeroizing;

pub use config::{Addresses, VaultConfig, VaultConfigError};

use crate::share::checked;

/// Asks HashiCorp Vault's transit engine, each key at the address that its document has for it.
///
/// A redirect of a standby node that does not forward requests is not followed.
#[derive(Debug)]
pub struct Vault {
    config: VaultConfig,
    client: Client,
}

impl Vault {
    /// Makes the service. Nothing is asked yet.
    ///
    /// # Errors
    ///
    /// Certificates that cannot be read, and settings that are not supported.
    pub fn new(config: VaultConfig, settings: &Settings) -> Result<Self, VaultConfigError> {
        let (roots, identity_pem) = config.trust()?;
        let settings = Settings {
            roots: roots.unwrap_or_else(|| settings.roots.clone()),
            identity_pem,
            timeout: config.timeout.unwrap_or(settings.timeout),
            retry: Retry {
                attempts: config
                    .retries
                    .map_or(settings.retry.attempts, |retries| retries + 1),
                ..settings.retry
            },
            ..settings.clone()
        };
        let client = Client::new(&settings)?;
        Ok(Self { config, client })
    }

    /// Asks a key to `encrypt` or `decrypt`, and returns the field `wanted` of the answer.
    fn ask(
        &self,
        key: &VaultKey,
        verb: &'static str,
        body: &Value,
        wanted: &str,
    ) -> Result<Zeroizing<String>, KeyFailure> {
        let engine = key.engine_path.trim_matches('/');
        let path = format!("{engine}/{verb}/{}", key.key_name);
        let body = body.to_string().into_bytes();
        let request = self.request(Method::PUT, &key.address, &path, body)?;
        let answer = self.send(&request)?;
        if !answer.is_success() {
            return Err(refusal(&answer, &key.address, &path, "update"));
        }
        let json: Option<Value> = serde_json::from_slice(answer.body()).ok();
        let field = json.as_ref().and_then(|json| json["data"][wanted].as_str());
        field
            .map(|text| text.to_owned().into())
            .ok_or(KeyFailure::Damaged)
    }

    fn send(&self, request: &Request<Vec<u8>>) -> Result<Answer, KeyFailure> {
        let answer = self.client.send(request);
        answer.map_err(|error| KeyFailure::Unavailable {
            reason: error.to_string(),
        })
    }

    /// Makes a request for a path behind `/v1/`.
    fn request(
        &self,
        method: Method,
        address: &str,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Request<Vec<u8>>, KeyFailure> {
        if !self.config.addresses.allow(address) {
            return Err(invalid(format!(
                "{address} is not an address that Vault may be asked at"
            )));
        }
        let token = self.config.token().map_err(invalid)?;
        let token = token.ok_or(KeyFailure::NoIdentity {
            identity: "Vault token (VAULT_TOKEN, ~/.vault-token)",
            held: 0,
        })?;
        if !is_path(path) {
            return Err(invalid(format!("{path:?} is not a path of Vault")));
        }
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}/v1/{path}", address.trim_end_matches('/')))
            .header("X-Vault-Request", "true")
            .header("X-Vault-Token", token.trim())
            .header("Content-Type", "application/json");
        if let Some(namespace) = &self.config.namespace {
            request = request.header("X-Vault-Namespace", namespace);
        }
        // The error of the builder could hold the token.
        let request = request.body(body);
        request.map_err(|_| {
            invalid("its address, the token or the namespace holds characters that none may have")
        })
    }
}

impl KeyService for Vault {
    fn unwrap(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        let vault_key = described(&key.key)?;
        let body = json!({ "ciphertext": key.wrapped.trim() });
        let plaintext = self.ask(vault_key, "decrypt", &body, "plaintext")?;
        let bytes = STANDARD
            .decode(plaintext.as_str())
            .map_err(|_| KeyFailure::Damaged)?;
        checked(&Zeroizing::new(bytes))
    }

    fn wrap(&self, key: &MasterKey, secret: &SecretBytes) -> Result<String, KeyFailure> {
        let vault_key = described(key)?;
        let plaintext = Zeroizing::new(STANDARD.encode(secret.expose()));
        let body = json!({ "plaintext": plaintext.as_str() });
        let ciphertext = self.ask(vault_key, "encrypt", &body, "ciphertext")?;
        if !ciphertext.starts_with("vault:v") {
            return Err(KeyFailure::Damaged);
        }
        Ok(ciphertext.to_string())
    }
}

fn described(key: &MasterKey) -> Result<&VaultKey, KeyFailure> {
    match key {
        MasterKey::HashicorpVault(key) => Ok(key),
        _ => Err(KeyFailure::NotServed {
            key_type: key.key_type(),
        }),
    }
}

/// Returns whether a path leads to where it says: the names in it come from a document.
fn is_path(path: &str) -> bool {
    let is_name = |name: &str| {
        let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~+@".contains(&byte);
        !name.is_empty() && name != "." && name != ".." && name.bytes().all(is_fine)
    };
    path.split('/').all(is_name)
}

fn refusal(answer: &Answer, address: &str, path: &str, capability: &str) -> KeyFailure {
    let json: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let errors = json["errors"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let errors: Vec<_> = errors.iter().filter_map(Value::as_str).collect();
    let said: String = errors.join("; ").trim().chars().take(300).collect();
    let reason = format!("{address} said {} {said}", answer.status);
    let reason = reason.trim_end().to_owned();
    if answer.is_transient() {
        return KeyFailure::Unavailable { reason };
    }
    // Vault answers 400 when the ciphertext is not one of this key.
    if answer.status == 400
        && ["message authentication failed", "invalid ciphertext"]
            .iter()
            .any(|text| said.contains(text))
    {
        return KeyFailure::Damaged;
    }
    KeyFailure::Refused {
        identity: "the Vault token".to_owned(),
        missing: (answer.status == 403).then(|| format!("{capability} on {path}")),
        reason,
    }
}

fn invalid(reason: impl std::fmt::Display) -> KeyFailure {
    KeyFailure::Invalid {
        reason: reason.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_lead_elsewhere() {
        assert!(is_path("v1/secret/transit-1/decrypt/my.key_2"));
        for path in [
            "v1//decrypt/k",
            "v1/../sys/decrypt/k",
            "v1/t/decrypt/k?list=true",
            "v1/t/decrypt/k#",
            "v1/t/decrypt/%2e",
            "v1/t/decrypt/",
        ] {
            assert!(!is_path(path), "{path}");
        }
    }
}
