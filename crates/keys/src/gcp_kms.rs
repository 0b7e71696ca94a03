//! Keys of Google Cloud KMS.

mod config;
mod credentials;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Request;
use serde_json::{Value, json};
use windlass_http::{Answer, Client, Settings, SettingsError};
use windlass_sops::{KeyFailure, KeyService, MasterKey, SecretBytes, WrappedKey};
use zeroize::Zeroizing;

pub use config::{GcpConfig, GcpCredentials};
pub(crate) use credentials::check;

use crate::bearer::{self, Kept, Token, invalid};
use crate::share::{checked, near};

/// Asks Google Cloud KMS (REST, version 1).
///
/// Credentials are looked for as sops 3.11 does. Nothing is read or asked before a key is.
#[derive(Debug)]
pub struct GcpKms {
    config: GcpConfig,
    client: Client,
    /// Asks the machine that we are on: one that does not answer at once is none of Google's.
    near: Client,
    token: Kept,
}

#[derive(Clone, Copy)]
enum Verb {
    Encrypt,
    Decrypt,
}

impl Verb {
    fn name(self) -> &'static str {
        match self {
            Self::Encrypt => "encrypt",
            Self::Decrypt => "decrypt",
        }
    }

    fn permission(self) -> &'static str {
        match self {
            Self::Encrypt => "cloudkms.cryptoKeyVersions.useToEncrypt",
            Self::Decrypt => "cloudkms.cryptoKeyVersions.useToDecrypt",
        }
    }
}

impl GcpKms {
    /// Makes the service. Nothing is asked yet.
    ///
    /// # Errors
    ///
    /// Certificate authorities that cannot be read.
    pub fn new(config: GcpConfig, settings: &Settings) -> Result<Self, SettingsError> {
        Ok(Self {
            config,
            client: Client::new(settings)?,
            near: near(settings)?,
            token: Kept::default(),
        })
    }

    /// Returns a token of the same credentials, for another service of Google Cloud.
    pub fn access_token(&self) -> Result<Zeroizing<String>, KeyFailure> {
        let token = self.token.get("", || self.find_token())?;
        Ok(token.secret.clone())
    }

    /// Asks a key, and returns what was answered and who asked.
    fn ask(&self, resource: &str, verb: Verb, body: &Value) -> Result<Value, KeyFailure> {
        if !is_resource(resource) {
            return Err(invalid(format!(
                "{resource:?} is no key of Google Cloud KMS; expected projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY"
            )));
        }
        let token = self.token.get("", || self.find_token())?;
        let request = self.request(resource, verb, body, &token)?;
        let answer = self.client.send(&request);
        let answer = answer.map_err(|error| bearer::unavailable(&error))?;
        if answer.is_success() {
            return bearer::json(&answer);
        }
        if answer.status == 401 {
            self.token.forget();
        }
        Err(refusal(
            &answer,
            "Google Cloud KMS",
            verb.permission(),
            &token.who,
        ))
    }

    fn request(
        &self,
        resource: &str,
        verb: Verb,
        body: &Value,
        token: &Token,
    ) -> Result<Request<Vec<u8>>, KeyFailure> {
        let endpoint = self.config.endpoint.trim_end_matches('/');
        let mut request = Request::post(format!("{endpoint}/v1/{resource}:{}", verb.name()))
            .header("Authorization", token.header().as_str())
            .header("Content-Type", "application/json");
        if let Some(project) = self.quota_project() {
            request = request.header("X-Goog-User-Project", project);
        }
        // The error of the builder could hold the token.
        let request = request.body(body.to_string().into_bytes());
        request.map_err(|_| invalid("the address or the token holds characters that none may have"))
    }
}

impl KeyService for GcpKms {
    fn unwrap(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        let resource = resource(&key.key)?;
        let wrapped = key.wrapped.trim();
        if STANDARD.decode(wrapped).is_err() {
            return Err(KeyFailure::Damaged);
        }
        let body = json!({ "ciphertext": wrapped });
        let mut answer = self.ask(resource, Verb::Decrypt, &body)?;
        let text = bearer::secret(&mut answer["plaintext"])?;
        let bytes = STANDARD
            .decode(text.as_str())
            .map_err(|_| KeyFailure::Damaged)?;
        checked(&Zeroizing::new(bytes))
    }

    fn wrap(&self, key: &MasterKey, secret: &SecretBytes) -> Result<String, KeyFailure> {
        let resource = resource(key)?;
        let plaintext = Zeroizing::new(STANDARD.encode(secret.expose()));
        let body = json!({ "plaintext": plaintext.as_str() });
        let answer = self.ask(resource, Verb::Encrypt, &body)?;
        let version = answer["name"].as_str().unwrap_or_default();
        let is_of_key = version
            .strip_prefix(resource)
            .is_some_and(|rest| rest.starts_with("/cryptoKeyVersions/"));
        let ciphertext = answer["ciphertext"].as_str().unwrap_or_default();
        let bytes = STANDARD.decode(ciphertext).unwrap_or_default();
        // Encrypting adds a nonce and a tag: what is not longer than the key is no ciphertext of it.
        if is_of_key && bytes.len() > secret.expose().len() {
            Ok(ciphertext.to_owned())
        } else {
            Err(KeyFailure::Damaged)
        }
    }
}

fn resource(key: &MasterKey) -> Result<&str, KeyFailure> {
    match key {
        MasterKey::GcpKms { resource_id } => Ok(resource_id),
        _ => Err(KeyFailure::NotServed {
            key_type: key.key_type(),
        }),
    }
}

/// Returns whether a text names a key: the names in it come from a document.
fn is_resource(text: &str) -> bool {
    let parts: Vec<&str> = text.split('/').collect();
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    let is_name =
        |part: &str| !part.is_empty() && !part.starts_with('.') && part.bytes().all(is_fine);
    matches!(
        parts[..],
        ["projects", project, "locations", location, "keyRings", ring, "cryptoKeys", key]
            if is_name(project) && is_name(location) && is_name(ring) && is_name(key)
                && !key.contains(':')
    )
}

/// Returns why a service of Google refused; `permission` is what it asks for when it does not say.
fn refusal(answer: &Answer, service: &str, permission: &str, who: &str) -> KeyFailure {
    let json: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let error = &json["error"];
    let message = error["message"].as_str().unwrap_or_default();
    let status = error["status"].as_str().unwrap_or_default();
    let said: String = message.chars().take(300).collect();
    let reason = format!("{service} said {} {status}: {said}", answer.status);
    let reason = reason.trim_end_matches([' ', ':']).to_owned();
    if answer.is_transient() {
        return KeyFailure::Unavailable { reason };
    }
    if answer.status == 400 && message.contains("Decryption failed") {
        return KeyFailure::Damaged;
    }
    let mut details = error["details"].as_array().into_iter().flatten();
    let named = details.find_map(|detail| detail.pointer("/metadata/permission")?.as_str());
    let quoted = message
        .split_once("Permission '")
        .and_then(|(_, rest)| rest.split('\'').next());
    let is_denied = answer.status == 403 && (status.is_empty() || message.contains("ermission"));
    let assumed = is_denied.then_some(permission);
    KeyFailure::Refused {
        identity: who.to_owned(),
        missing: named.or(quoted).or(assumed).map(str::to_owned),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_cannot_lead_elsewhere() {
        let name = |project: &str, key: &str| {
            format!("projects/{project}/locations/global/keyRings/r/cryptoKeys/{key}")
        };
        assert!(is_resource(&name("example.com:p-1", "sops_key.2")));
        for wrong in [
            name("..", "k"),
            name("p", "k:decrypt"),
            name("p", "k?x=y"),
            name("p", "k/cryptoKeyVersions/1"),
            name("p/q", "k"),
            name("", "k"),
            "k".to_owned(),
        ] {
            assert!(!is_resource(&wrong), "{wrong}");
        }
    }
}
