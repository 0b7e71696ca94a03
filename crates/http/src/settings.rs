//! How long, how often, how much, and whom to trust.

use std::sync::Arc;
use std::time::Duration;

use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};
use zeroize::Zeroizing;

/// The limits and the trust of a [`Client`](crate::Client).
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long one attempt may take, from the connection to the last byte. Default: 10 s.
    pub timeout: Duration,
    /// How often, and when, to try again.
    pub retry: Retry,
    /// How many bytes an answer may have. Default: 256 KiB.
    pub max_answer: usize,
    /// Who signs the certificates of servers.
    pub roots: Roots,
    /// The certificate chain and the key with which to present ourselves, both in one PEM text.
    pub identity_pem: Option<Zeroizing<Vec<u8>>>,
}

/// When a request is sent again: after no answer, and after 429, 500, 502, 503 and 504.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How often to try, the first time included. Default: 3.
    pub attempts: u32,
    /// The longest pause before the second attempt; it doubles with each, and the pause taken is a
    /// random part of it, so that many clients do not come back together. Default: 200 ms.
    pub pause: Duration,
}

/// Who signs the certificates of servers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Roots {
    /// The authorities that the operating system trusts.
    #[default]
    System,
    /// Those of a PEM text, and no others.
    Pem(Vec<u8>),
    /// Anybody: the server is not authenticated.
    Anybody,
}

/// Why settings cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// There is no certificate where the authorities should be.
    #[error("the certificate authorities hold no certificate in PEM form")]
    NoRoots,
    /// The client certificate or its key is missing or damaged.
    #[error("the client certificate needs a certificate and a private key in PEM form")]
    Identity,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            retry: Retry::default(),
            max_answer: 256 * 1024,
            roots: Roots::System,
            identity_pem: None,
        }
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 3,
            pause: Duration::from_millis(200),
        }
    }
}

impl Settings {
    pub(crate) fn tls(&self) -> Result<TlsConfig, SettingsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(provider)
            .disable_verification(self.roots == Roots::Anybody)
            .client_cert(self.client_certificate()?)
            .root_certs(self.roots.certificates()?);
        Ok(builder.build())
    }

    fn client_certificate(&self) -> Result<Option<ClientCert>, SettingsError> {
        let Some(pem) = &self.identity_pem else {
            return Ok(None);
        };
        let chain = certificates(pem);
        let key = PrivateKey::from_pem(pem).map_err(|_| SettingsError::Identity)?;
        if chain.is_empty() {
            return Err(SettingsError::Identity);
        }
        Ok(Some(ClientCert::new_with_certs(&chain, key)))
    }
}

impl Roots {
    fn certificates(&self) -> Result<RootCerts, SettingsError> {
        let Self::Pem(pem) = self else {
            return Ok(RootCerts::PlatformVerifier);
        };
        let roots = certificates(pem);
        if roots.is_empty() {
            return Err(SettingsError::NoRoots);
        }
        Ok(RootCerts::new_with_certs(&roots))
    }
}

fn certificates(pem: &[u8]) -> Vec<Certificate<'static>> {
    let certificate = |item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    };
    parse_pem(pem).filter_map(certificate).collect()
}
