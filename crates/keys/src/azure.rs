//! Keys of Azure Key Vault.

mod config;
mod credentials;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Request;
use http::request::Builder;
use serde_json::{Value, json};
use windlass_http::{Answer, Client, Settings, SettingsError};
use windlass_sops::{AzureKey, KeyFailure, KeyService, MasterKey, SecretBytes, WrappedKey};
use zeroize::Zeroizing;

pub use config::{AzureConfig, AzureCredentials};

use crate::bearer::{self, Kept, Token, invalid};
use crate::share::{checked, near};

const VERSION: &str = "api-version=7.4";
const ALGORITHM: &str = "RSA-OAEP-256";

/// Asks Azure Key Vault, each key in the vault that its document has for it.
///
/// A token is shown to vaults below known domains only, as a document could name any address.
#[derive(Debug)]
pub struct AzureKeyVault {
    config: AzureConfig,
    client: Client,
    /// Asks the machine that we are on: one that does not answer at once is none of Azure's.
    near: Client,
    token: Kept,
}

impl AzureKeyVault {
    /// Makes the service. Nothing is asked yet.
    ///
    /// # Errors
    ///
    /// Certificate authorities that cannot be read.
    pub fn new(config: AzureConfig, settings: &Settings) -> Result<Self, SettingsError> {
        Ok(Self {
            config,
            client: Client::new(settings)?,
            near: near(settings)?,
            token: Kept::default(),
        })
    }

    /// Has a key do what `verb` says, and returns the value.
    fn operate(
        &self,
        key: &AzureKey,
        verb: &'static str,
        value: &str,
    ) -> Result<Zeroizing<String>, KeyFailure> {
        if key.version.is_empty() {
            return Err(invalid(
                "its version is missing, which what it wrapped needs",
            ));
        }
        let body = Zeroizing::new(json!({ "alg": ALGORITHM, "value": value }).to_string());
        let request =
            Request::post(self.address(key, verb)?).header("Content-Type", "application/json");
        let mut answer = self.ask(key, verb, request, body.as_bytes())?;
        if !is_of(key, &answer["kid"]) {
            return Err(KeyFailure::Damaged);
        }
        bearer::secret(&mut answer["value"])
    }

    fn ask(
        &self,
        key: &AzureKey,
        verb: &'static str,
        request: Builder,
        body: &[u8],
    ) -> Result<Value, KeyFailure> {
        let token = self.token_for(key)?;
        let request = request
            .header("Authorization", token.header().as_str())
            .body(body.to_vec());
        // The error of the builder could hold the token.
        let request = request
            .map_err(|_| invalid("its address or the token holds characters that none may have"))?;
        let answer = self.client.send(&request);
        let answer = answer.map_err(|error| bearer::unavailable(&error))?;
        if answer.is_success() {
            return bearer::json(&answer);
        }
        if answer.status == 401 {
            self.token.forget();
        }
        Err(refusal(&answer, key, verb, &token.who))
    }

    fn token_for(&self, key: &AzureKey) -> Result<Arc<Token>, KeyFailure> {
        let domain = self.domain(key)?;
        self.token.get(domain, || self.find_token(domain))
    }

    /// Returns the domain that the vault of a key is in, if it is one of Azure's.
    fn domain(&self, key: &AzureKey) -> Result<&str, KeyFailure> {
        let host = key.vault_url.strip_prefix("https://");
        let host = host.map(|host| host.trim_end_matches('/'));
        let vault = host.and_then(|host| host.split_once('.'));
        let is_name = |name: &str| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let domain = vault
            .filter(|(name, _)| is_name(name))
            .and_then(|(_, domain)| self.config.domains.iter().find(|known| *known == domain));
        domain.map(String::as_str).ok_or_else(|| {
            invalid(format!(
                "{} is no vault of Azure's; expected https://NAME.vault.azure.net",
                key.vault_url
            ))
        })
    }

    fn address(&self, key: &AzureKey, verb: &str) -> Result<String, KeyFailure> {
        let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let is_name = |name: &str| name.bytes().all(is_fine);
        if key.name.is_empty() || !is_name(&key.name) || !is_name(&key.version) {
            return Err(invalid(format!(
                "{:?} with the version {:?} is not the name of a key of Azure Key Vault",
                key.name, key.version
            )));
        }
        let vault = self.config.endpoint.as_ref().unwrap_or(&key.vault_url);
        let parts = [
            vault.trim_end_matches('/'),
            "keys",
            &key.name,
            &key.version,
            verb,
        ];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        Ok(format!("{}?{VERSION}", parts.join("/")))
    }
}

impl KeyService for AzureKeyVault {
    fn unwrap(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        let azure_key = described(&key.key)?;
        let wrapped = key.wrapped.trim().trim_end_matches('=');
        if URL_SAFE_NO_PAD.decode(wrapped).is_err() {
            return Err(KeyFailure::Damaged);
        }
        let value = self.operate(azure_key, "decrypt", wrapped)?;
        let bytes = URL_SAFE_NO_PAD
            .decode(value.trim_end_matches('='))
            .map_err(|_| KeyFailure::Damaged)?;
        checked(&Zeroizing::new(bytes))
    }

    fn wrap(&self, key: &MasterKey, secret: &SecretBytes) -> Result<String, KeyFailure> {
        let azure_key = described(key)?;
        let plaintext = Zeroizing::new(URL_SAFE_NO_PAD.encode(secret.expose()));
        let value = self.operate(azure_key, "encrypt", &plaintext)?;
        let value = value.trim_end_matches('=');
        let bytes = URL_SAFE_NO_PAD.decode(value).unwrap_or_default();
        // What RSA encrypts is as long as its modulus.
        if bytes.len() >= 256 {
            Ok(value.to_owned())
        } else {
            Err(KeyFailure::Damaged)
        }
    }

    /// Asks which version of a key is the latest, when none is named.
    fn resolved(&self, key: &MasterKey) -> Result<MasterKey, KeyFailure> {
        let MasterKey::AzureKeyVault(azure_key) = key else {
            return Ok(key.clone());
        };
        if !azure_key.version.is_empty() {
            return Ok(key.clone());
        }
        let request = Request::get(self.address(azure_key, "")?);
        let answer = self.ask(azure_key, "get", request, &[])?;
        let kid = answer.pointer("/key/kid").unwrap_or(&Value::Null);
        let version = kid.as_str().and_then(|kid| kid.rsplit('/').next());
        let resolved = AzureKey {
            version: version.unwrap_or_default().to_owned(),
            ..azure_key.clone()
        };
        if resolved.version.is_empty() || !is_of(&resolved, kid) {
            return Err(KeyFailure::Damaged);
        }
        Ok(MasterKey::AzureKeyVault(resolved))
    }
}

fn described(key: &MasterKey) -> Result<&AzureKey, KeyFailure> {
    match key {
        MasterKey::AzureKeyVault(key) => Ok(key),
        _ => Err(KeyFailure::NotServed {
            key_type: key.key_type(),
        }),
    }
}

/// Returns whether the key that answered is the one that was asked.
fn is_of(key: &AzureKey, kid: &Value) -> bool {
    let own = format!("/keys/{}/{}", key.name, key.version).to_ascii_lowercase();
    kid.as_str()
        .is_some_and(|kid| kid.to_ascii_lowercase().ends_with(&own))
}

fn refusal(answer: &Answer, key: &AzureKey, verb: &'static str, who: &str) -> KeyFailure {
    let json: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let error = &json["error"];
    let code = error["code"].as_str().unwrap_or_default();
    let message = error["message"].as_str().unwrap_or_default();
    let said: String = message
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(300)
        .collect();
    let reason = format!("{} said {} {code}: {said}", key.vault_url, answer.status);
    let reason = reason.trim_end_matches([' ', ':']).to_owned();
    if answer.is_transient() {
        return KeyFailure::Unavailable { reason };
    }
    // Key Vault says no more than this of a ciphertext that is not of the key.
    if verb == "decrypt" && answer.status == 400 && code == "BadParameter" {
        return KeyFailure::Damaged;
    }
    let inner = error.pointer("/innererror/code").and_then(Value::as_str);
    // A key that is disabled or expired is forbidden as well, and no permission helps.
    let is_denied = answer.status == 403
        && inner.is_none_or(|inner| inner == "AccessDenied" || inner == "ForbiddenByRbac");
    let action = message
        .split_once("Action: '")
        .and_then(|(_, rest)| rest.split('\'').next());
    let permission = action.map_or_else(|| format!("keys/{verb}"), str::to_owned);
    KeyFailure::Refused {
        identity: who.to_owned(),
        missing: is_denied.then_some(permission),
        reason,
    }
}
