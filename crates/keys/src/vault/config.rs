//! Whom to be to Vault, and whom to trust.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use windlass_http::{Roots, SettingsError};
use zeroize::Zeroizing;

type Identity = Option<Zeroizing<Vec<u8>>>;

/// Whom to be to Vault, and whom to trust. The token is not printed.
#[derive(Clone, Default)]
pub struct VaultConfig {
    /// The token.
    pub token: Option<Zeroizing<String>>,
    /// The file of the token, used without a `token`; usually `~/.vault-token`.
    pub token_file: Option<PathBuf>,
    /// The namespace (Vault Enterprise).
    pub namespace: Option<String>,
    /// Where the token may be shown: addresses stand in documents, which others write.
    pub addresses: Addresses,
    /// Certificate authorities: PEM text.
    pub ca_pem: Option<Vec<u8>>,
    /// Certificate authorities: a PEM file, or a directory of such files.
    pub ca_path: Option<PathBuf>,
    /// Whether to trust any certificate.
    pub skips_verification: bool,
    /// The PEM files of the client's certificate and key.
    pub client_identity: Option<(PathBuf, PathBuf)>,
    /// How long an answer may take; `None` leaves it to the settings.
    pub timeout: Option<Duration>,
    /// How often to try again; `None` leaves it to the settings.
    pub retries: Option<u32>,
    /// What was set and cannot be honoured.
    pub unsupported: Option<&'static str>,
}

/// The addresses at which Vault may be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Addresses {
    /// Any, as with sops. For a person's terminal.
    #[default]
    Any,
    /// These only, compared without a final slash. For a program that opens what others commit.
    Only(Vec<String>),
}

/// Why the configuration of Vault cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultConfigError {
    /// A file cannot be read.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The certificates cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A variable is set that has no effect here.
    #[error("{variable} is not supported; unset it")]
    Unsupported {
        /// The variable.
        variable: &'static str,
    },
}

impl fmt::Debug for VaultConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("VaultConfig")
            .field("token", &self.token.as_ref().map(|_| "[redacted]"))
            .field("token_file", &self.token_file)
            .field("namespace", &self.namespace)
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}

impl Addresses {
    pub(super) fn allow(&self, address: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(allowed) => allowed
                .iter()
                .any(|allowed| allowed.trim_end_matches('/') == address.trim_end_matches('/')),
        }
    }
}

impl VaultConfig {
    /// Returns what the variables of Vault say. Empty variables count as missing.
    pub fn from_env(variable: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| variable(name).filter(|value| !value.is_empty());
        let path = |name: &str| get(name).map(PathBuf::from);
        let is_set = |name: &str| {
            get(name).is_some_and(|value| {
                matches!(value.as_str(), "1" | "t" | "T" | "true" | "TRUE" | "True")
            })
        };
        Self {
            token: get("VAULT_TOKEN").map(Zeroizing::new),
            token_file: path("HOME").map(|home| home.join(".vault-token")),
            namespace: get("VAULT_NAMESPACE"),
            addresses: Addresses::Any,
            ca_pem: get("VAULT_CACERT_BYTES").map(String::into_bytes),
            ca_path: path("VAULT_CACERT").or_else(|| path("VAULT_CAPATH")),
            skips_verification: is_set("VAULT_SKIP_VERIFY"),
            client_identity: path("VAULT_CLIENT_CERT").zip(path("VAULT_CLIENT_KEY")),
            timeout: get("VAULT_CLIENT_TIMEOUT").and_then(|text| duration(&text)),
            retries: get("VAULT_MAX_RETRIES").and_then(|text| text.parse().ok()),
            unsupported: [
                "VAULT_TLS_SERVER_NAME",
                "VAULT_PROXY_ADDR",
                "VAULT_HTTP_PROXY",
                "VAULT_AGENT_ADDR",
            ]
            .into_iter()
            .find(|name| get(name).is_some()),
        }
    }

    pub(super) fn token(&self) -> Result<Option<Zeroizing<String>>, VaultConfigError> {
        let Some(path) = self.token_file.as_ref().filter(|_| self.token.is_none()) else {
            return Ok(self.token.clone());
        };
        match std::fs::read_to_string(path) {
            Ok(token) => Ok(Some(token.into())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(VaultConfigError::file(path, &error)),
        }
    }

    pub(super) fn trust(&self) -> Result<(Option<Roots>, Identity), VaultConfigError> {
        if let Some(variable) = self.unsupported {
            return Err(VaultConfigError::Unsupported { variable });
        }
        let identity = match &self.client_identity {
            Some((certificate, key)) => {
                let mut pem = Zeroizing::new(read(certificate)?);
                pem.push(b'\n');
                pem.extend_from_slice(&Zeroizing::new(read(key)?));
                Some(pem)
            }
            None => None,
        };
        Ok((self.roots()?, identity))
    }

    fn roots(&self) -> Result<Option<Roots>, VaultConfigError> {
        if self.skips_verification {
            return Ok(Some(Roots::Anybody));
        }
        // The order of Vault's own client: the text, then the file, then the directory.
        if let Some(pem) = &self.ca_pem {
            return Ok(Some(Roots::Pem(pem.clone())));
        }
        self.ca_path.as_deref().map(authorities).transpose()
    }
}

impl VaultConfigError {
    fn file(path: &Path, error: &std::io::Error) -> Self {
        Self::File {
            path: path.to_owned(),
            reason: error.to_string(),
        }
    }
}

/// Reads the certificates of a file, or of all files of a directory.
fn authorities(path: &Path) -> Result<Roots, VaultConfigError> {
    let wrong = |error: std::io::Error| VaultConfigError::file(path, &error);
    if !path.is_dir() {
        return Ok(Roots::Pem(read(path)?));
    }
    let mut pem = Vec::new();
    for entry in std::fs::read_dir(path).map_err(wrong)? {
        let file = entry.map_err(wrong)?.path();
        if file.is_file() {
            pem.extend(read(&file)?);
            pem.push(b'\n');
        }
    }
    Ok(Roots::Pem(pem))
}

fn read(path: &Path) -> Result<Vec<u8>, VaultConfigError> {
    std::fs::read(path).map_err(|error| VaultConfigError::file(path, &error))
}

/// Returns what `30`, `30s`, `2m` or `500ms` say.
fn duration(text: &str) -> Option<Duration> {
    let digits = text
        .find(|char: char| !char.is_ascii_digit())
        .unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    match &text[digits..] {
        "" | "s" => Some(Duration::from_secs(number)),
        "ms" => Some(Duration::from_millis(number)),
        "m" => Some(Duration::from_secs(number.checked_mul(60)?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_vault_reads_them() {
        let read = ["30", "30s", "500ms", "2m", "1h", "s"]
            .map(|text| duration(text).map(|time| time.as_millis()));
        assert_eq!(
            read,
            [
                Some(30_000),
                Some(30_000),
                Some(500),
                Some(120_000),
                None,
                None
            ]
        );
    }

    #[test]
    fn a_token_is_not_printed() {
        let config =
            VaultConfig::from_env(|name| (name == "VAULT_TOKEN").then(|| "canary-1".to_owned()));
        assert!(!format!("{config:?}").contains("canary"));
    }

    #[test]
    fn what_cannot_be_honoured_is_said() {
        let config =
            VaultConfig::from_env(|name| (name == "VAULT_TLS_SERVER_NAME").then(|| "v".to_owned()));
        assert!(matches!(
            config.trust(),
            Err(VaultConfigError::Unsupported { .. })
        ));
    }
}
