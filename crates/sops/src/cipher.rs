//! One encrypted value: `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`.

use aes_gcm::aead::consts::{U12, U16, U32};
use aes_gcm::aead::{AeadInOut, KeyInit, Nonce, Tag};
use aes_gcm::aes::Aes256;
use aes_gcm::{AesGcm, aead::inout::InOutBuf};
use base64::engine::general_purpose::STANDARD;
use base64::{DecodeSliceError, Engine as _};
use zeroize::Zeroizing;

use crate::time::Timestamp;
use crate::value::Scalar;
use crate::{DataKey, Random, SecretBytes};

/// The length of a data key in bytes.
pub(crate) const KEY_LENGTH: usize = 32;

/// Why an encrypted value cannot be opened. Holds no part of the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueProblem {
    /// The rules of the document say that the value is encrypted, and it is not.
    #[error("is not encrypted, although the document's rules say that it is")]
    NotEncrypted,
    /// It does not have the form of an encrypted value.
    #[error("is not of the form ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]")]
    Malformed,
    /// A part of it is not Base64.
    #[error("is damaged: its {part} is not Base64")]
    NotBase64 {
        /// The part: `data`, `iv` or `tag`.
        part: &'static str,
    },
    /// The nonce or the tag has a length that no sops writes.
    #[error("is damaged: its {part} has {length} bytes")]
    Length {
        /// The part: `iv` or `tag`.
        part: &'static str,
        /// Its length in bytes.
        length: usize,
    },
    /// The ciphertext does not belong to this key at this place of the document.
    #[error("was altered, or moved here from another place")]
    Altered,
    /// The type is none that this program knows.
    #[error("has a type that is not known")]
    UnknownType,
    /// The plaintext is not of the type that it is marked with.
    #[error("is marked as {value_type}, and its content is not")]
    WrongType {
        /// The type that it is marked with.
        value_type: &'static str,
    },
}

/// What an encrypted value holds.
pub(crate) enum Opened {
    Scalar(Scalar),
    Comment(SecretBytes),
}

impl Opened {
    /// Returns the name of the type in an encrypted value.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Comment(_) => "comment",
            Self::Scalar(Scalar::Text(_)) => "str",
            Self::Scalar(Scalar::Int(_)) => "int",
            Self::Scalar(Scalar::Float(_)) => "float",
            Self::Scalar(Scalar::Bool(_)) => "bool",
            Self::Scalar(Scalar::Time(_)) => "time",
        }
    }

    /// Calls `take` with the plaintext.
    pub(crate) fn with_bytes<T>(&self, take: impl FnOnce(&[u8]) -> T) -> T {
        match self {
            Self::Comment(text) => take(text.expose()),
            Self::Scalar(scalar) => scalar.with_bytes(take),
        }
    }
}

/// Returns the text of an encrypted value.
fn written(data: &[u8], nonce: &[u8], tag: &[u8], value_type: &str) -> String {
    // Two thirds of the time of a large document are for making texts: this one is made in one piece.
    const REST: usize = 128;
    let mut text = String::with_capacity(data.len().div_ceil(3) * 4 + REST);
    let mut add = |label: &str, bytes: &[u8]| {
        text.push_str(label);
        STANDARD.encode_string(bytes, &mut text);
    };
    add("ENC[AES256_GCM,data:", data);
    add(",iv:", nonce);
    add(",tag:", tag);
    for part in [",type:", value_type, "]"] {
        text.push_str(part);
    }
    text
}

/// Opens values with one data key.
pub(crate) struct Cipher {
    key: SecretBytes,
    /// sops writes nonces of 32 bytes, so this one serves nearly all values.
    aes: AesGcm<Aes256, U32>,
}

impl Cipher {
    /// Returns the cipher of a data key.
    pub(crate) fn new(key: &DataKey) -> Self {
        let key = key.secret().clone();
        let aes = AesGcm::new_from_slice(key.expose()).expect("a data key has 32 bytes");
        Self { key, aes }
    }

    /// Encrypts a value for the place that `place` names, with a new nonce.
    pub(crate) fn seal(&self, value: &Opened, place: &str, random: &mut dyn Random) -> String {
        // Of the right size at once, so that no copy stays behind where it grew.
        let mut data = value.with_bytes(|bytes| Zeroizing::new(bytes.to_vec()));
        let mut nonce = [0; 32];
        random.fill(&mut nonce);
        let buffer = InOutBuf::from(&mut data[..]);
        let tag = self
            .aes
            .encrypt_inout_detached(&nonce.into(), place.as_bytes(), buffer)
            .expect("a value is far smaller than the 64 GiB of GCM");
        written(&data, &nonce, &tag, value.type_name())
    }

    /// Opens the encrypted value `text`, which stands at the place that `place` names.
    pub(crate) fn open(&self, text: &str, place: &str) -> Result<Opened, ValueProblem> {
        let parts = Parts::split(text).ok_or(ValueProblem::Malformed)?;
        let mut data = Zeroizing::new(decode(parts.data)?);
        let (nonce, tag) = (
            Short::decode(parts.iv, "iv")?,
            Short::decode(parts.tag, "tag")?,
        );
        self.decrypt(&mut data, nonce.bytes(), tag.bytes(), place.as_bytes())?;
        typed(parts.value_type, data)
    }

    fn decrypt(
        &self,
        data: &mut [u8],
        nonce: &[u8],
        tag: &[u8],
        place: &[u8],
    ) -> Result<(), ValueProblem> {
        let buffer = InOutBuf::from(data);
        match nonce.len() {
            32 => decrypt_with(&self.aes, buffer, nonce, tag, place),
            16 => decrypt_with(
                &self.rekeyed::<AesGcm<Aes256, U16>>(),
                buffer,
                nonce,
                tag,
                place,
            ),
            12 => decrypt_with(
                &self.rekeyed::<AesGcm<Aes256, U12>>(),
                buffer,
                nonce,
                tag,
                place,
            ),
            length => {
                let part = "iv";
                Err(ValueProblem::Length { part, length })
            }
        }
    }

    fn rekeyed<A: KeyInit>(&self) -> A {
        A::new_from_slice(self.key.expose())
            .expect("the length was checked when the cipher was made")
    }
}

fn decrypt_with<A: AeadInOut>(
    aes: &A,
    buffer: InOutBuf<'_, '_, u8>,
    nonce: &[u8],
    tag: &[u8],
    place: &[u8],
) -> Result<(), ValueProblem> {
    let nonce = Nonce::<A>::try_from(nonce).map_err(|_| ValueProblem::Malformed)?;
    let tag = Tag::<A>::try_from(tag).map_err(|_| ValueProblem::Length {
        part: "tag",
        length: tag.len(),
    })?;
    aes.decrypt_inout_detached(&nonce, place, buffer, &tag)
        .map_err(|_| ValueProblem::Altered)
}

/// Returns whether a text has the form of an encrypted value, whatever it holds.
pub(crate) fn is_sealed(text: &str) -> bool {
    Parts::split(text).is_some_and(|parts| {
        let parts = [parts.data, parts.iv, parts.tag];
        parts.iter().all(|part| STANDARD.decode(part).is_ok())
    })
}

struct Parts<'t> {
    data: &'t str,
    iv: &'t str,
    tag: &'t str,
    value_type: &'t str,
}

impl<'t> Parts<'t> {
    /// Takes the text apart. What follows the closing bracket is refused (sops ignores it).
    fn split(text: &'t str) -> Option<Self> {
        let inside = text.strip_prefix("ENC[AES256_GCM,")?.strip_suffix(']')?;
        let mut parts = inside.split(',');
        let mut next = || parts.next();
        let (data, iv, tag, value_type) = (next()?, next()?, next()?, next()?);
        if next().is_some() {
            return None;
        }
        Some(Self {
            data: data.strip_prefix("data:").filter(|data| !data.is_empty())?,
            iv: iv.strip_prefix("iv:")?,
            tag: tag.strip_prefix("tag:")?,
            value_type: value_type.strip_prefix("type:")?,
        })
    }
}

fn decode(text: &str) -> Result<Vec<u8>, ValueProblem> {
    let part = "data";
    STANDARD
        .decode(text)
        .map_err(|_| ValueProblem::NotBase64 { part })
}

/// A nonce or a tag: no more bytes than one of them may have.
struct Short {
    bytes: [u8; 64],
    length: usize,
}

impl Short {
    fn decode(text: &str, part: &'static str) -> Result<Self, ValueProblem> {
        let mut bytes = [0; 64];
        let length = STANDARD
            .decode_slice(text, &mut bytes)
            .map_err(|error| match error {
                DecodeSliceError::DecodeError(_) => ValueProblem::NotBase64 { part },
                DecodeSliceError::OutputSliceTooSmall => ValueProblem::Length {
                    part,
                    length: text.len() / 4 * 3,
                },
            })?;
        Ok(Self { bytes, length })
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// Reads a plaintext as the type that it is marked with, as Go's `strconv` does.
fn typed(value_type: &str, mut plain: Zeroizing<Vec<u8>>) -> Result<Opened, ValueProblem> {
    let bytes = SecretBytes::new(std::mem::take(&mut *plain));
    let text = bytes.expose_text();
    let (scalar, value_type) = match value_type {
        "str" => return Ok(Opened::Scalar(Scalar::Text(bytes))),
        "comment" => return Ok(Opened::Comment(bytes)),
        "int" => (
            text.and_then(|text| text.parse().ok()).map(Scalar::Int),
            "int",
        ),
        "float" => (
            text.and_then(|text| text.parse().ok()).map(Scalar::Float),
            "float",
        ),
        "bool" => (text.and_then(parse_bool).map(Scalar::Bool), "bool"),
        "time" => {
            let time = text.and_then(Timestamp::parse_rfc3339);
            (time.map(Scalar::Time), "time")
        }
        _ => return Err(ValueProblem::UnknownType),
    };
    let scalar = scalar.ok_or(ValueProblem::WrongType { value_type })?;
    Ok(Opened::Scalar(scalar))
}

fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns `plain` as sops would write it, with a nonce of `N`'s length.
    fn seal<A: AeadInOut + KeyInit>(nonce: &[u8], plain: &[u8], value_type: &str) -> String {
        let aes = A::new_from_slice(&[7; KEY_LENGTH]).unwrap();
        let mut data = plain.to_vec();
        let nonce_array = Nonce::<A>::try_from(nonce).unwrap();
        let tag = aes
            .encrypt_inout_detached(&nonce_array, b"a:b:", InOutBuf::from(&mut data[..]))
            .unwrap();
        format!(
            "ENC[AES256_GCM,data:{},iv:{},tag:{},type:{value_type}]",
            STANDARD.encode(data),
            STANDARD.encode(nonce),
            STANDARD.encode(tag)
        )
    }

    fn seal32(plain: &[u8], value_type: &str) -> String {
        seal::<AesGcm<Aes256, U32>>(&[9; 32], plain, value_type)
    }

    fn open(text: &str, place: &str) -> Result<Scalar, ValueProblem> {
        let key = DataKey::new(SecretBytes::new(vec![7; KEY_LENGTH])).unwrap();
        let cipher = Cipher::new(&key);
        match cipher.open(text, place)? {
            Opened::Scalar(scalar) => Ok(scalar),
            Opened::Comment(comment) => Ok(Scalar::Text(comment)),
        }
    }

    #[test]
    fn values_keep_their_type() {
        assert_eq!(
            open(&seal32(b"x", "str"), "a:b:"),
            Ok(Scalar::Text("x".into()))
        );
        assert_eq!(open(&seal32(b"-12", "int"), "a:b:"), Ok(Scalar::Int(-12)));
        assert_eq!(
            open(&seal32(b"0.5", "float"), "a:b:"),
            Ok(Scalar::Float(0.5))
        );
        assert_eq!(
            open(&seal32(b"True", "bool"), "a:b:"),
            Ok(Scalar::Bool(true))
        );
        let value_type = "int";
        assert_eq!(
            open(&seal32(b"twelve", "int"), "a:b:"),
            Err(ValueProblem::WrongType { value_type })
        );
        assert_eq!(
            open(&seal32(b"x", "bytes"), "a:b:"),
            Err(ValueProblem::UnknownType)
        );
    }

    #[test]
    fn nonces_of_12_and_16_bytes_are_read() {
        let twelve = seal::<AesGcm<Aes256, U12>>(&[1; 12], b"x", "str");
        let sixteen = seal::<AesGcm<Aes256, U16>>(&[1; 16], b"x", "str");
        assert!(open(&twelve, "a:b:").is_ok());
        assert!(open(&sixteen, "a:b:").is_ok());
        let part = "iv";
        let five = twelve.replace(&STANDARD.encode([1; 12]), &STANDARD.encode([1; 5]));
        assert_eq!(
            open(&five, "a:b:"),
            Err(ValueProblem::Length { part, length: 5 })
        );
    }

    #[test]
    fn a_value_that_was_moved_does_not_open() {
        assert_eq!(
            open(&seal32(b"x", "str"), "a:c:"),
            Err(ValueProblem::Altered)
        );
    }

    #[test]
    fn what_is_not_an_encrypted_value_is_refused() {
        let good = seal32(b"x", "str");
        for text in [
            "plain",
            "ENC[AES256_GCM,data:,iv:,tag:,type:str]",
            "ENC[AES128,data:QQ==,iv:QQ==,tag:QQ==,type:str]",
            &format!("{good} "),
            &format!("{good}x"),
            "",
        ] {
            assert_eq!(open(text, "a:b:"), Err(ValueProblem::Malformed), "{text}");
        }
    }
}
