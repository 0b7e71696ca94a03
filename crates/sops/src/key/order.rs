//! In which order the keys of a group are tried.

use super::KeyType;

/// The types of keys that are tried first, in order. The others follow in the order of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecryptionOrder(Vec<KeyType>);

/// A decryption order names a type twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the decryption order names {name} twice")]
pub struct DuplicateKeyType {
    /// The name of the type.
    pub name: &'static str,
}

impl DecryptionOrder {
    /// Parses the value of `--decryption-order`: names separated by commas. Unknown names are ignored,
    /// as in sops 3.11.
    ///
    /// ```
    /// use windlass_sops::DecryptionOrder;
    ///
    /// assert_eq!(DecryptionOrder::parse("age, pgp"), Ok(DecryptionOrder::default()));
    /// assert!(DecryptionOrder::parse("kms,age,kms").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, DuplicateKeyType> {
        let mut types = Vec::new();
        for name in text.split(',').map(str::trim) {
            let Some(key_type) = KeyType::STORED
                .into_iter()
                .find(|known| known.name() == name)
            else {
                continue;
            };
            if types.contains(&key_type) {
                let name = key_type.name();
                return Err(DuplicateKeyType { name });
            }
            types.push(key_type);
        }
        Ok(Self(types))
    }

    /// Returns at which place a key of this type is tried.
    pub(crate) fn rank(&self, key_type: KeyType) -> usize {
        let place = self.0.iter().position(|known| *known == key_type);
        place.unwrap_or(self.0.len())
    }
}

impl Default for DecryptionOrder {
    /// Returns the order of sops 3.11: age, PGP, and then the services.
    fn default() -> Self {
        Self(vec![KeyType::Age, KeyType::Pgp])
    }
}
