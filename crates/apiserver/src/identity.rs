//! Random identities: uids, tokens and the endings of generated names.

use rustls::crypto::SecureRandom;

/// What generated names end in: no vowels, so that no words come out, and no 0, 1 and 3.
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// The longest base of a generated name; with the ending it makes 63 characters.
const MAX_BASE: usize = 58;

/// Returns random bytes.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    source()
        .fill(&mut bytes)
        .expect("the system has randomness: getrandom does not fail once the system is up");
    bytes
}

fn source() -> &'static dyn SecureRandom {
    rustls::crypto::ring::default_provider().secure_random
}

/// Returns a random UUID (version 4).
pub(crate) fn uid() -> String {
    let mut bytes: [u8; 16] = random();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits = hex(&bytes);
    let parts = [
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..],
    ];
    parts.join("-")
}

/// Returns a token of 256 bits in hexadecimal digits.
pub(crate) fn token() -> String {
    hex(&random::<32>())
}

/// Returns `base` with five random characters, as kube-apiserver answers `generateName`.
pub(crate) fn generate_name(base: &str) -> String {
    let end = base.floor_char_boundary(MAX_BASE);
    let mut name = base[..end].to_owned();
    let ending = random::<5>();
    name.extend(
        ending
            .iter()
            .map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()])),
    );
    name
}

/// Returns bytes in hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_has_the_form_of_a_random_uuid() {
        let uid = uid();
        let lengths: Vec<usize> = uid.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(&uid[14..15], "4");
    }

    #[test]
    fn a_generated_name_is_never_longer_than_a_label() {
        assert_eq!(generate_name(&"ä".repeat(60)).len(), 63);
        assert_eq!(generate_name("web-").len(), 9);
    }
}
