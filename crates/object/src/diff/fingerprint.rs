//! Keyed hashes: what stands for a value that must not be shown.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::PackedObject;

/// The key of all fingerprints of one installation. Without it nobody can guess a value of low entropy from
/// its fingerprint. It is never printed.
#[derive(Clone)]
pub struct FingerprintKey([u8; 32]);

/// Four hex digits that tell two masked values apart (one time in 65,536 they do not).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(u16);

/// An HMAC-SHA-256 of a value, for comparing it with a later one without keeping it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyedDigest(String);

/// Why a text is no fingerprint or digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {digits} hex digits")]
pub struct NotHex {
    text: String,
    digits: usize,
}

impl FingerprintKey {
    /// Returns the key that these bytes are. They come from a random source or are derived from a secret.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the digest of `value`. The order of the keys of its mappings does not matter.
    #[must_use]
    pub fn digest(&self, value: &Value) -> KeyedDigest {
        KeyedDigest(hex(&self.hmac(&canonical(value))))
    }

    /// Returns the digest of the value of `object`, as [`FingerprintKey::digest`] does.
    #[must_use]
    pub fn digest_object(&self, object: &PackedObject) -> KeyedDigest {
        match object.text() {
            Some(text) => self.digest_of(text.as_bytes()),
            None => self.digest(object.open().value()),
        }
    }

    /// Returns the fingerprint of `value`.
    #[must_use]
    pub fn fingerprint(&self, value: &Value) -> Fingerprint {
        let mac = self.hmac(&canonical(value));
        Fingerprint(u16::from_be_bytes([mac[0], mac[1]]))
    }

    /// Returns the digest of bytes that are no JSON value.
    #[must_use]
    pub fn digest_of(&self, bytes: &[u8]) -> KeyedDigest {
        KeyedDigest(hex(&self.hmac(bytes)))
    }

    /// Returns the fingerprint of bytes that are no JSON value.
    #[must_use]
    pub fn fingerprint_of(&self, bytes: &[u8]) -> Fingerprint {
        let mac = self.hmac(bytes);
        Fingerprint(u16::from_be_bytes([mac[0], mac[1]]))
    }

    /// HMAC as in RFC 2104 with a key that is shorter than a block.
    fn hmac(&self, message: &[u8]) -> [u8; 32] {
        let pad = |with: u8| {
            let mut block = [with; 64];
            for (byte, key) in block.iter_mut().zip(self.0) {
                *byte ^= key;
            }
            block
        };
        let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message);
        let outer = Sha256::new().chain_update(pad(0x5c));
        outer.chain_update(inner.finalize()).finalize().into()
    }
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FingerprintKey([redacted])")
    }
}

impl KeyedDigest {
    /// Returns the 64 hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04x}", self.0)
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_string()
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = NotHex;

    fn try_from(text: String) -> Result<Self, NotHex> {
        if !is_hex(&text, 4) {
            return Err(NotHex { text, digits: 4 });
        }
        let number = u16::from_str_radix(&text, 16);
        Ok(Self(number.expect("four hex digits are a 16-bit number")))
    }
}

impl From<KeyedDigest> for String {
    fn from(digest: KeyedDigest) -> Self {
        digest.0
    }
}

impl TryFrom<String> for KeyedDigest {
    type Error = NotHex;

    fn try_from(text: String) -> Result<Self, NotHex> {
        if is_hex(&text, 64) {
            Ok(Self(text))
        } else {
            Err(NotHex { text, digits: 64 })
        }
    }
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
    }
    text
}

/// JSON without spaces and with sorted keys, whatever map `serde_json` was built with.
fn canonical(value: &Value) -> Vec<u8> {
    let mut sorted = value.clone();
    sorted.sort_all_objects();
    sorted.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hmac_agrees_with_the_reference_vector() {
        // RFC 4231, test case 2: the key "Jefe", zero-padded as HMAC itself pads it.
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let mac = FingerprintKey::new(key).hmac(b"what do ya want for nothing?");
        assert_eq!(
            hex(&mac),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn the_order_of_keys_does_not_change_a_digest() {
        let key = FingerprintKey::new([1; 32]);
        let one: Value = serde_json::from_str(r#"{"a":1,"b":{"c":2,"d":3}}"#).unwrap();
        let two: Value = serde_json::from_str(r#"{"b":{"d":3,"c":2},"a":1}"#).unwrap();
        assert_eq!(key.digest(&one), key.digest(&two));
    }

    #[test]
    fn another_key_gives_another_fingerprint() {
        let value = json!("hunter2");
        let one = FingerprintKey::new([1; 32]).fingerprint(&value);
        let two = FingerprintKey::new([2; 32]).fingerprint(&value);
        assert_ne!(one, two);
    }

    #[test]
    fn a_fingerprint_survives_json() {
        let print = FingerprintKey::new([1; 32]).fingerprint(&json!("hunter2"));
        let text = serde_json::to_string(&print).unwrap();
        assert_eq!(serde_json::from_str::<Fingerprint>(&text).unwrap(), print);
        assert!(serde_json::from_str::<Fingerprint>("\"+123\"").is_err());
    }
}
