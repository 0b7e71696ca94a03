//! Where random bytes come from.

/// A source of random bytes that nobody can guess: the operating system's, outside tests.
///
/// A closure that fills a slice is one.
///
/// ```
/// use windlass_sops::{DataKey, Random};
///
/// let mut not_random = |bytes: &mut [u8]| bytes.fill(7);
/// let key = DataKey::generate(&mut not_random);
/// assert_eq!(format!("{key:?}"), "DataKey([redacted])");
/// ```
pub trait Random {
    /// Fills `bytes`.
    fn fill(&mut self, bytes: &mut [u8]);
}

impl<F: FnMut(&mut [u8])> Random for F {
    fn fill(&mut self, bytes: &mut [u8]) {
        self(bytes);
    }
}
