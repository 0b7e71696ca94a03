//! Nonces, which are public, taken from a source of random bytes in large pieces: to ask the system for each of a
//! thousand takes longer than to encrypt them.

use crate::Random;

/// The bytes that are asked for at once.
const PIECE: usize = 1024;

pub(super) struct Nonces<'r> {
    random: &'r mut dyn Random,
    piece: [u8; PIECE],
    /// Where those begin that nobody has yet.
    at: usize,
}

impl<'r> Nonces<'r> {
    pub(super) fn new(random: &'r mut dyn Random) -> Self {
        Self {
            random,
            piece: [0; PIECE],
            at: PIECE,
        }
    }
}

impl Random for Nonces<'_> {
    fn fill(&mut self, bytes: &mut [u8]) {
        if bytes.len() > PIECE {
            return self.random.fill(bytes);
        }
        if bytes.len() > PIECE - self.at {
            self.random.fill(&mut self.piece);
            self.at = 0;
        }
        let end = self.at + bytes.len();
        bytes.copy_from_slice(&self.piece[self.at..end]);
        self.at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_is_given_twice() {
        let mut next = 0_u32;
        let mut random = |bytes: &mut [u8]| {
            for four in bytes.chunks_exact_mut(4) {
                next += 1;
                four.copy_from_slice(&next.to_le_bytes());
            }
        };
        let mut nonces = Nonces::new(&mut random);
        let mut seen = std::collections::BTreeSet::new();
        for length in [32, 32, 1000, 12, 1024, 2048, 32, 4].repeat(20) {
            let mut bytes = vec![0; length];
            nonces.fill(&mut bytes);
            for four in bytes.chunks_exact(4) {
                assert!(seen.insert(four.to_vec()), "{four:?} was given before");
            }
        }
    }
}
