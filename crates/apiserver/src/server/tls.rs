//! The server's certificate, its authority and the token: made once, kept in the state directory.

use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::StartError;
use super::state::{read_file, write_file};
use crate::identity;

/// The names that the certificate is for.
const NAMES: [&str; 9] = [
    "localhost",
    "127.0.0.1",
    "::1",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "10.96.0.1",
    "windlass",
];

const FILES: [&str; 4] = ["ca.crt", "server.crt", "server.key", "token"];

/// What clients know the server by, and the server its clients.
pub(super) struct Identity {
    /// The authority's certificate, in PEM.
    pub(super) authority: String,
    certificate: String,
    key: String,
    /// The token of the one user.
    pub(super) token: String,
}

impl Identity {
    /// Returns the identity in `directory`; a new one is written when there is none.
    pub(super) fn load_or_create(directory: Option<&Path>) -> Result<Self, StartError> {
        let Some(directory) = directory else {
            return Self::create();
        };
        let mut texts = Vec::with_capacity(FILES.len());
        for file in FILES {
            texts.extend(read_file(&directory.join(file))?);
        }
        if let Ok([authority, certificate, key, token]) = <[String; 4]>::try_from(texts) {
            return Ok(Self {
                authority,
                certificate,
                key,
                token: token.trim().to_owned(),
            });
        }
        let created = Self::create()?;
        let texts = [
            &created.authority,
            &created.certificate,
            &created.key,
            &created.token,
        ];
        for (file, text) in FILES.iter().zip(texts) {
            write_file(&directory.join(file), text.as_bytes())?;
        }
        Ok(created)
    }

    /// The authority signs this one certificate; its key is never kept.
    fn create() -> Result<Self, StartError> {
        let failed = |error: rcgen::Error| StartError::Certificate(error.to_string());
        let key = KeyPair::generate().map_err(failed)?;
        let issuer = CertifiedIssuer::self_signed(authority_params(), key).map_err(failed)?;
        let key = KeyPair::generate().map_err(failed)?;
        let names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).map_err(failed)?;
        params.distinguished_name = named("kube-apiserver");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &issuer).map_err(failed)?;
        Ok(Self {
            authority: issuer.pem(),
            certificate: certificate.pem(),
            key: key.serialize_pem(),
            token: identity::token(),
        })
    }

    /// Returns what accepts TLS connections.
    pub(super) fn acceptor(&self) -> Result<TlsAcceptor, StartError> {
        let broken = |error: &dyn std::fmt::Display| StartError::Certificate(error.to_string());
        let chain: Result<Vec<_>, _> =
            CertificateDer::pem_slice_iter(self.certificate.as_bytes()).collect();
        let chain = chain.map_err(|error| broken(&error))?;
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes());
        let key = key.map_err(|error| broken(&error))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| broken(&error))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named("windlass embedded API server");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    params
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}
