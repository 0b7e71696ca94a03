//! From credentials of Google Cloud to a token.

use std::path::Path;
use std::time::Duration;

use http::{Request, Uri};
use serde_json::{Value, json};
use windlass_sops::KeyFailure;
use zeroize::Zeroizing;

use super::{GcpCredentials, GcpKms, refusal};
use crate::assertion::{Signature, SigningKey, now};
use crate::bearer::{self, Token, form, invalid};

const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const TOKEN_ADDRESS: &str = "https://oauth2.googleapis.com/token";
const HOUR: Duration = Duration::from_hours(1);
const MISSING: &str = "Google credentials (GOOGLE_CREDENTIALS, GOOGLE_APPLICATION_CREDENTIALS, `gcloud auth application-default login`, a metadata server)";

/// The contents of a credentials file, and where it came from.
struct File<'a> {
    json: &'a Value,
    origin: &'a str,
}

impl GcpKms {
    pub(super) fn find_token(&self) -> Result<Token, KeyFailure> {
        match &self.config.credentials {
            GcpCredentials::Token(token) => {
                let who = "the owner of $GOOGLE_OAUTH_ACCESS_TOKEN";
                Ok(Token::fixed(token.clone(), who))
            }
            GcpCredentials::Json { text, origin } => self.of_text(text, origin),
            GcpCredentials::File(path) => self.of_file(path),
            GcpCredentials::Ambient { file, metadata } => {
                match (file.as_deref().filter(|file| file.exists()), metadata) {
                    (Some(file), _) => self.of_file(file),
                    (None, Some(metadata)) => self.of_machine(metadata),
                    (None, None) => Err(missing()),
                }
            }
        }
    }

    /// Returns the project that is charged for requests of a person, if their file names one.
    pub(super) fn quota_project(&self) -> Option<String> {
        let text = match &self.config.credentials {
            GcpCredentials::Json { text, .. } => text.clone(),
            GcpCredentials::File(path) => read(path).ok()?,
            GcpCredentials::Ambient { file, .. } => read(file.as_deref()?).ok()?,
            GcpCredentials::Token(_) => return None,
        };
        let json: Value = serde_json::from_str(&text).ok()?;
        json["quota_project_id"].as_str().map(str::to_owned)
    }

    fn of_file(&self, path: &Path) -> Result<Token, KeyFailure> {
        self.of_text(&read(path)?, &path.display().to_string())
    }

    fn of_text(&self, text: &str, origin: &str) -> Result<Token, KeyFailure> {
        let json: Value = serde_json::from_str(text)
            .map_err(|_| invalid(format!("the Google credentials of {origin} are no JSON")))?;
        let file = File {
            json: &json,
            origin,
        };
        match (file.text("type")?, self.config.is_confined) {
            ("service_account", _) => self.of_service_account(&file),
            ("authorized_user", _) => self.of_person(&file),
            ("impersonated_service_account", false) => self.impersonating(&file),
            ("external_account", false) => self.federated(&file),
            (other, _) => Err(file.wrong(&format!("their type {other:?} is not supported"))),
        }
    }

    /// A service account signs for itself.
    fn of_service_account(&self, file: &File<'_>) -> Result<Token, KeyFailure> {
        let email = file.text("client_email")?;
        let address = self.address(file, "token_uri", TOKEN_ADDRESS)?;
        let key = SigningKey::from_pem(file.text("private_key")?)
            .ok_or_else(|| file.wrong("private_key is no RSA key in PEM form"))?;
        let header = json!({
            "alg": "RS256", "typ": "JWT", "kid": file.json["private_key_id"].as_str().unwrap_or_default(),
        });
        let now = now();
        let claims = json!({
            "iss": email, "scope": SCOPE, "aud": address, "iat": now, "exp": now + HOUR.as_secs(),
        });
        let signed = key
            .sign(Signature::Rs256, &header, &claims)
            .ok_or_else(|| file.wrong("private_key does not sign"))?;
        let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
        let fields = [("grant_type", grant), ("assertion", &signed)];
        Token::ask(&self.client, &form(&address, &fields)?, email)
    }

    /// A person has logged in with gcloud.
    fn of_person(&self, file: &File<'_>) -> Result<Token, KeyFailure> {
        let address = self.address(file, "token_uri", TOKEN_ADDRESS)?;
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", file.text("client_id")?),
            ("client_secret", file.text("client_secret")?),
            ("refresh_token", file.text("refresh_token")?),
        ];
        let account = file.json["account"]
            .as_str()
            .filter(|account| !account.is_empty());
        let who = account.map_or_else(
            || format!("the Google account of {}", file.origin),
            str::to_owned,
        );
        Token::ask(&self.client, &form(&address, &fields)?, &who)
    }

    fn impersonating(&self, file: &File<'_>) -> Result<Token, KeyFailure> {
        let source = self.of_text(&file.json["source_credentials"].to_string(), file.origin)?;
        self.as_other(file, &source)
    }

    /// Becomes the service account that the file names.
    fn as_other(&self, file: &File<'_>, own: &Token) -> Result<Token, KeyFailure> {
        let address = file.text("service_account_impersonation_url")?;
        let body = json!({
            "scope": [SCOPE],
            "lifetime": format!("{}s", HOUR.as_secs()),
            "delegates": file.json["delegates"].as_array().cloned().unwrap_or_default(),
        });
        let request = Request::post(address)
            .header("Authorization", own.header().as_str())
            .header("Content-Type", "application/json")
            .body(body.to_string().into_bytes());
        let request = request.map_err(|_| file.wrong("the address to impersonate at is none"))?;
        let answer = self.client.send(&request);
        let answer = answer.map_err(|error| bearer::unavailable(&error))?;
        if !answer.is_success() {
            let permission = "iam.serviceAccounts.getAccessToken";
            return Err(refusal(&answer, "Google IAM", permission, &own.who));
        }
        let account = address.rsplit('/').next().unwrap_or_default();
        let account = account.split(':').next().unwrap_or_default().to_owned();
        let secret = bearer::secret(&mut bearer::json(&answer)?["accessToken"])?;
        Ok(Token::lasting(secret, account, HOUR))
    }

    /// Shows the token of another provider (workload identity federation).
    fn federated(&self, file: &File<'_>) -> Result<Token, KeyFailure> {
        let source = &file.json["credential_source"];
        let text = match (source["file"].as_str(), source["url"].as_str()) {
            (Some(path), _) => read(Path::new(path))?,
            (None, Some(address)) => self.subject(file, address, &source["headers"])?,
            (None, None) => {
                return Err(file.wrong(
                    "credential_source has neither a file nor a url; no other program is called",
                ));
            }
        };
        let subject = match source.pointer("/format/subject_token_field_name") {
            Some(Value::String(field)) => {
                let mut json: Value = serde_json::from_str(&text)
                    .map_err(|_| file.wrong("the token of credential_source is no JSON"))?;
                bearer::secret(&mut json[field.as_str()])
                    .map_err(|_| file.wrong("credential_source has no token"))?
            }
            _ => Zeroizing::new(text.trim().to_owned()),
        };
        let fields = [
            (
                "grant_type",
                "urn:ietf:params:oauth:grant-type:token-exchange",
            ),
            ("audience", file.text("audience")?),
            ("scope", SCOPE),
            (
                "requested_token_type",
                "urn:ietf:params:oauth:token-type:access_token",
            ),
            ("subject_token_type", file.text("subject_token_type")?),
            ("subject_token", &subject),
        ];
        let who = format!("the workload of {}", file.text("audience")?);
        let request = form(file.text("token_url")?, &fields)?;
        let token = Token::ask(&self.client, &request, &who)?;
        if file.json["service_account_impersonation_url"].is_string() {
            return self.as_other(file, &token);
        }
        Ok(token)
    }

    fn subject(
        &self,
        file: &File<'_>,
        address: &str,
        headers: &Value,
    ) -> Result<Zeroizing<String>, KeyFailure> {
        let mut request = Request::get(address);
        for (name, value) in headers.as_object().into_iter().flatten() {
            request = request.header(name, value.as_str().unwrap_or_default());
        }
        let request = request.body(Vec::new());
        let request = request.map_err(|_| file.wrong("the url of credential_source is none"))?;
        let answer = self.near.send(&request);
        let answer = answer.map_err(|error| bearer::unavailable(&error))?;
        let text = std::str::from_utf8(answer.body()).ok();
        match text.filter(|_| answer.is_success()) {
            Some(text) => Ok(Zeroizing::new(text.to_owned())),
            None => Err(file.wrong("the url of credential_source gives no token")),
        }
    }

    /// Asks the metadata server of a machine of Google's.
    fn of_machine(&self, address: &str) -> Result<Token, KeyFailure> {
        let get = |path: &str| {
            let account = "computeMetadata/v1/instance/service-accounts/default";
            let request = Request::get(format!("{address}/{account}/{path}"))
                .header("Metadata-Flavor", "Google")
                .body(Vec::new());
            request.map_err(|_| invalid(format!("{address:?} is no address")))
        };
        let email = self.near.send(&get("email")?);
        // Most machines are none of Google's: that nothing answers there means that there are none.
        let email = email.map_err(|_| missing())?;
        if !email.is_success() {
            return Err(missing());
        }
        let email = String::from_utf8_lossy(email.body()).trim().to_owned();
        Token::ask(&self.near, &get("token")?, &email)
    }

    fn address(&self, file: &File<'_>, field: &str, default: &str) -> Result<String, KeyFailure> {
        let named = file.json[field].as_str().unwrap_or(default);
        if self.config.is_confined && !is_of_google(named) {
            return Err(file.wrong(&format!("{field} is no address of Google's")));
        }
        Ok(named.to_owned())
    }
}

impl File<'_> {
    fn text(&self, field: &str) -> Result<&str, KeyFailure> {
        let text = self.json[field].as_str().filter(|text| !text.is_empty());
        text.ok_or_else(|| self.wrong(&format!("{field} is missing")))
    }

    fn wrong(&self, what: &str) -> KeyFailure {
        invalid(format!("the Google credentials of {}: {what}", self.origin))
    }
}

/// Looks whether a text can be credentials of Google's, without telling any of it.
pub(crate) fn check(text: &str) -> Result<(), String> {
    let json: Value = serde_json::from_str(text).map_err(|_| "is no JSON".to_owned())?;
    let key = json["private_key"].as_str().unwrap_or_default();
    match json["type"].as_str() {
        None => Err("has no type; expected the JSON of a service account".to_owned()),
        Some("service_account") if SigningKey::from_pem(key).is_none() => {
            Err("has a private_key that is no RSA key in PEM form".to_owned())
        }
        Some("service_account" | "authorized_user") => Ok(()),
        Some(_) => Err("has a type that is not supported; expected service_account".to_owned()),
    }
}

fn is_of_google(address: &str) -> bool {
    let uri: Option<Uri> = address.parse().ok();
    uri.is_some_and(|uri| {
        let host = uri.host().unwrap_or_default();
        let is_known = host == "accounts.google.com" || host.ends_with(".googleapis.com");
        uri.scheme_str() == Some("https") && is_known && uri.port().is_none()
    })
}

fn missing() -> KeyFailure {
    KeyFailure::NoIdentity {
        identity: MISSING,
        held: 0,
    }
}

fn read(path: &Path) -> Result<Zeroizing<String>, KeyFailure> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| invalid(format!("{}: {error}", path.display())))?;
    Ok(Zeroizing::new(text))
}
