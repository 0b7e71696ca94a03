//! From credentials of Azure to a token.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Request;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use windlass_sops::KeyFailure;
use zeroize::Zeroizing;

use super::{AzureCredentials, AzureKeyVault};
use crate::assertion::{Signature, SigningKey, certificate, now};
use crate::bearer::{Token, escaped, form, invalid};

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const MISSING: &str = "Azure credentials (AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH, AZURE_FEDERATED_TOKEN_FILE, a managed identity; those of `az login` are not used)";

impl AzureKeyVault {
    /// Asks for a token for the vaults of a domain.
    pub(super) fn find_token(&self, domain: &str) -> Result<Token, KeyFailure> {
        let credentials = &self.config.credentials;
        match credentials {
            AzureCredentials::Secret {
                tenant,
                client,
                secret,
            } => self.of_application(domain, tenant, client, &[("client_secret", secret)]),
            AzureCredentials::Certificate {
                tenant,
                client,
                file,
            } => self.of_certificate(domain, tenant, client, &read(file)?),
            AzureCredentials::CertificatePem {
                tenant,
                client,
                pem,
            } => self.of_certificate(domain, tenant, client, pem),
            AzureCredentials::Workload {
                tenant,
                client,
                token_file,
            } => {
                let token = read(token_file)?;
                self.of_assertion(domain, tenant, client, token.trim())
            }
            AzureCredentials::Managed { client } => self.of_machine(domain, client.as_deref()),
            AzureCredentials::Nobody => Err(missing()),
        }
    }

    fn of_application(
        &self,
        domain: &str,
        tenant: &str,
        client: &str,
        proof: &[(&str, &str)],
    ) -> Result<Token, KeyFailure> {
        let scope = format!("https://{domain}/.default");
        let mut fields = vec![
            ("grant_type", "client_credentials"),
            ("client_id", client),
            ("scope", &scope),
        ];
        fields.extend(proof);
        let request = form(&self.token_address(tenant)?, &fields)?;
        Token::ask(&self.client, &request, &self.config.credentials.describe())
    }

    fn of_assertion(
        &self,
        domain: &str,
        tenant: &str,
        client: &str,
        assertion: &str,
    ) -> Result<Token, KeyFailure> {
        let proof = [
            ("client_assertion_type", ASSERTION),
            ("client_assertion", assertion),
        ];
        self.of_application(domain, tenant, client, &proof)
    }

    /// Signs with the key of a certificate, which is known by its thumbprint.
    fn of_certificate(
        &self,
        domain: &str,
        tenant: &str,
        client: &str,
        pem: &str,
    ) -> Result<Token, KeyFailure> {
        let wrong = || {
            invalid(
                "the client certificate of Azure needs a certificate and an RSA key that is not locked, in one PEM text",
            )
        };
        let certificate = certificate(pem).ok_or_else(wrong)?;
        let key = SigningKey::from_pem(pem).ok_or_else(wrong)?;
        let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(&certificate));
        let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint });
        let now = now();
        let claims = json!({
            "aud": self.token_address(tenant)?, "iss": client, "sub": client,
            "jti": unique(), "nbf": now, "exp": now + 600,
        });
        let signed = key.sign(Signature::Ps256, &header, &claims);
        self.of_assertion(domain, tenant, client, &signed.ok_or_else(wrong)?)
    }

    fn of_machine(&self, domain: &str, client: Option<&str>) -> Result<Token, KeyFailure> {
        let client = client.map_or_else(String::new, |client| {
            format!("&client_id={}", escaped(client))
        });
        let resource = escaped(&format!("https://{domain}"));
        let request = match (&self.config.app_service, &self.config.metadata) {
            (Some((address, header)), _) => Request::get(format!(
                "{address}?api-version=2019-08-01&resource={resource}{client}"
            ))
            .header("X-IDENTITY-HEADER", header.as_str()),
            (None, Some(address)) => Request::get(format!(
                "{address}/metadata/identity/oauth2/token?api-version=2018-02-01&resource={resource}{client}"
            ))
            .header("Metadata", "true"),
            (None, None) => return Err(missing()),
        };
        let request = request.body(Vec::new());
        let request = request.map_err(|_| invalid("the address of managed identities is none"))?;
        let token = Token::ask(&self.near, &request, &self.config.credentials.describe());
        token.map_err(|failure| match failure {
            // Most machines are none of Azure's: that nothing answers there means that there is no identity.
            KeyFailure::Unavailable { .. } if self.config.app_service.is_none() => missing(),
            failure => failure,
        })
    }

    fn token_address(&self, tenant: &str) -> Result<String, KeyFailure> {
        let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
        if tenant.is_empty() || tenant.starts_with('.') || !tenant.bytes().all(is_fine) {
            return Err(invalid(format!(
                "{tenant:?} is not the id of a tenant of Azure"
            )));
        }
        let authority = self.config.authority.trim_end_matches('/');
        Ok(format!("{authority}/{tenant}/oauth2/v2.0/token"))
    }
}

/// Returns an id that no other statement has.
fn unique() -> String {
    let mut bytes = [0; 16];
    // The id keeps a statement from being shown twice; without one it would be refused, no more.
    let _ = SystemRandom::new().fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
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
