//! The MAC over the values of a document.

use sha2::{Digest, Sha256, Sha512};

use crate::SecretBytes;
use crate::selection::Rules;
use crate::value::Scalar;

/// The MAC while a document is walked.
pub(super) struct Mac {
    hash: Sha512,
    only_encrypted: bool,
}

impl Mac {
    pub(super) fn new(rules: &Rules) -> Self {
        let mut hash = Sha512::new();
        if rules.mac_only_encrypted {
            // Tells the two kinds of MAC apart: the constant of sops is the hash of its name.
            hash.update(Sha256::digest(b"sops"));
        }
        Self {
            hash,
            only_encrypted: rules.mac_only_encrypted,
        }
    }

    /// Adds a plaintext, of a value that is encrypted or of one in clear.
    pub(super) fn add(&mut self, scalar: &Scalar, encrypted: bool) {
        if encrypted || !self.only_encrypted {
            scalar.with_bytes(|bytes| self.hash.update(bytes));
        }
    }

    /// Returns the MAC in hexadecimal digits, upper case.
    pub(super) fn finish(self) -> SecretBytes {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
        let bytes = self.hash.finalize();
        let digits = bytes
            .iter()
            .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
        digits.collect::<String>().into()
    }
}
