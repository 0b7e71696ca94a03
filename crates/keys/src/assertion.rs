//! Signed statements (JSON Web Tokens) of who we are, and the PEM files that their keys are in.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair};
use serde_json::Value;
use zeroize::Zeroizing;

/// How a statement is signed.
#[derive(Clone, Copy)]
pub(crate) enum Signature {
    /// `RS256`: RSA of PKCS#1.
    Rs256,
    /// `PS256`: RSA-PSS.
    Ps256,
}

/// A private key of RSA.
pub(crate) struct SigningKey(RsaKeyPair);

impl SigningKey {
    /// Reads the private key of a PEM text: PKCS#8, or the older PKCS#1.
    pub(crate) fn from_pem(pem: &str) -> Option<Self> {
        let key = |(label, bytes): &(String, Zeroizing<Vec<u8>>)| match label.as_str() {
            "PRIVATE KEY" => RsaKeyPair::from_pkcs8(bytes).ok(),
            "RSA PRIVATE KEY" => RsaKeyPair::from_der(bytes).ok(),
            _ => None,
        };
        blocks(pem).iter().find_map(key).map(Self)
    }

    /// Returns a signed statement.
    pub(crate) fn sign(
        &self,
        signature: Signature,
        header: &Value,
        claims: &Value,
    ) -> Option<Zeroizing<String>> {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(header), part(claims));
        let padding: &dyn RsaEncoding = match signature {
            Signature::Rs256 => &RSA_PKCS1_SHA256,
            Signature::Ps256 => &RSA_PSS_SHA256,
        };
        let mut signed = vec![0; self.0.public().modulus_len()];
        let random = SystemRandom::new();
        self.0
            .sign(padding, &random, text.as_bytes(), &mut signed)
            .ok()?;
        let signed = URL_SAFE_NO_PAD.encode(signed);
        Some(Zeroizing::new(format!("{text}.{signed}")))
    }
}

/// Returns the bytes of the first certificate of a PEM text.
pub(crate) fn certificate(pem: &str) -> Option<Vec<u8>> {
    let mut blocks = blocks(pem).into_iter();
    let found = blocks.find(|(label, _)| label == "CERTIFICATE");
    found.map(|(_, bytes)| bytes.to_vec())
}

/// Returns the seconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// Returns the labels and bytes of the blocks of a PEM text.
fn blocks(pem: &str) -> Vec<(String, Zeroizing<Vec<u8>>)> {
    let parts = pem.split("-----BEGIN ").skip(1);
    let block = |part: &str| {
        let (label, rest) = part.split_once("-----")?;
        let (body, _) = rest.split_once("-----END ")?;
        let body: Zeroizing<String> = Zeroizing::new(body.split_ascii_whitespace().collect());
        let bytes = STANDARD.decode(body.as_str()).ok()?;
        Some((label.to_owned(), Zeroizing::new(bytes)))
    };
    parts.filter_map(block).collect()
}
