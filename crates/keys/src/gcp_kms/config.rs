//! Whom to be to Google Cloud, and where to ask.

use std::fmt;
use std::path::PathBuf;

use zeroize::Zeroizing;

/// Whom to be to Google Cloud, and where to ask.
#[derive(Clone, Debug)]
pub struct GcpConfig {
    /// Whom to be.
    pub credentials: GcpCredentials,
    /// The address of the service, `https://cloudkms.googleapis.com` but for sovereign clouds.
    pub endpoint: String,
    /// Whether the credentials are somebody else's: then those are refused that would read a file of this
    /// machine, or have us ask at an address of their own. Default: no.
    pub is_confined: bool,
}

/// Where credentials of Google Cloud come from. They are not printed.
#[derive(Clone)]
pub enum GcpCredentials {
    /// An access token.
    Token(Zeroizing<String>),
    /// The text of a credentials file.
    Json {
        /// The text.
        text: Zeroizing<String>,
        /// Where it comes from, for messages: `$GOOGLE_CREDENTIALS`.
        origin: String,
    },
    /// A credentials file, which must exist.
    File(PathBuf),
    /// Those of where we run.
    Ambient {
        /// What `gcloud auth application-default login` writes; it need not exist.
        file: Option<PathBuf>,
        /// The address of the metadata server; `None` asks none.
        metadata: Option<String>,
    },
}

impl fmt::Debug for GcpCredentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(_) => formatter.write_str("Token([redacted])"),
            Self::Json { origin, .. } => write!(formatter, "Json({origin})"),
            Self::File(path) => write!(formatter, "File({})", path.display()),
            Self::Ambient { .. } => formatter.write_str("Ambient"),
        }
    }
}

impl Default for GcpConfig {
    /// Returns one that asks Google's own service, as nobody.
    fn default() -> Self {
        Self {
            credentials: GcpCredentials::Ambient {
                file: None,
                metadata: None,
            },
            endpoint: "https://cloudkms.googleapis.com".to_owned(),
            is_confined: false,
        }
    }
}

impl GcpConfig {
    /// Returns what the variables say that sops 3.11 and Google's libraries read; of sops 3.13 also
    /// `SOPS_GCP_KMS_ENDPOINT` and `SOPS_GCP_KMS_UNIVERSE_DOMAIN`. Empty variables count as missing.
    pub fn from_env(variable: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| variable(name).filter(|value| !value.is_empty());
        let endpoint = get("SOPS_GCP_KMS_ENDPOINT").or_else(|| {
            let domain = get("SOPS_GCP_KMS_UNIVERSE_DOMAIN")?;
            Some(format!("cloudkms.{domain}"))
        });
        let default = Self::default();
        Self {
            credentials: credentials(get),
            endpoint: endpoint.map_or(default.endpoint, |endpoint| {
                if endpoint.contains("://") {
                    endpoint
                } else {
                    format!("https://{endpoint}")
                }
            }),
            is_confined: false,
        }
    }
}

/// Chooses in the order of sops 3.11 (`gcpkms/keysource.go`), then of Google's libraries.
fn credentials(get: impl Fn(&str) -> Option<String>) -> GcpCredentials {
    if let Some(text) = get("GOOGLE_CREDENTIALS") {
        if text.trim_start().starts_with('{') {
            let origin = "$GOOGLE_CREDENTIALS".to_owned();
            let text = text.into();
            return GcpCredentials::Json { text, origin };
        }
        return GcpCredentials::File(text.into());
    }
    if let Some(token) = get("GOOGLE_OAUTH_ACCESS_TOKEN") {
        return GcpCredentials::Token(token.into());
    }
    if let Some(path) = get("GOOGLE_APPLICATION_CREDENTIALS") {
        return GcpCredentials::File(path.into());
    }
    let home = get("HOME").map(|home| PathBuf::from(home).join(".config/gcloud"));
    let folder = get("CLOUDSDK_CONFIG").map(PathBuf::from).or(home);
    let host = get("GCE_METADATA_HOST").unwrap_or_else(|| "169.254.169.254".to_owned());
    let is_asked = get("NO_GCE_CHECK").is_none_or(|value| !value.eq_ignore_ascii_case("true"));
    GcpCredentials::Ambient {
        file: folder.map(|folder| folder.join("application_default_credentials.json")),
        metadata: is_asked.then(|| format!("http://{host}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(variables: &[(&str, &str)]) -> GcpConfig {
        GcpConfig::from_env(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn credentials_are_chosen_as_sops_does() {
        let token = ("GOOGLE_OAUTH_ACCESS_TOKEN", "canary");
        let default = ("GOOGLE_APPLICATION_CREDENTIALS", "/adc.json");
        let shown = |variables: &[_]| format!("{:?}", config(variables).credentials);
        let own = ("GOOGLE_CREDENTIALS", "{\"canary\":1}");
        assert_eq!(shown(&[own, token]), "Json($GOOGLE_CREDENTIALS)");
        assert_eq!(shown(&[("GOOGLE_CREDENTIALS", "/k"), token]), "File(/k)");
        assert_eq!(shown(&[token, default]), "Token([redacted])");
        assert_eq!(shown(&[default]), "File(/adc.json)");
        assert_eq!(shown(&[]), "Ambient");
    }

    #[test]
    fn the_service_may_be_elsewhere() {
        let endpoint = |name, value| config(&[(name, value)]).endpoint;
        let domain = endpoint("SOPS_GCP_KMS_UNIVERSE_DOMAIN", "s3nsapis.fr");
        assert_eq!(domain, "https://cloudkms.s3nsapis.fr");
        let host = endpoint("SOPS_GCP_KMS_ENDPOINT", "kms.example:443");
        assert_eq!(host, "https://kms.example:443");
        let address = endpoint("SOPS_GCP_KMS_ENDPOINT", "http://127.0.0.1:1");
        assert_eq!(address, "http://127.0.0.1:1");
    }
}
