//! Shamir's secret sharing over GF(2^8) with the polynomial 0x11B, in the layout of HashiCorp Vault:
//! a share is the y bytes and then the x byte.

use zeroize::Zeroizing;

use crate::{Random, SecretBytes};

/// Returns `count` shares of `secret`, any `needed` of which give it back: those of the points 1, 2, 3, …
///
/// `needed` is at least 1 and at most `count`, which is at most 255.
pub(crate) fn split(
    secret: &SecretBytes,
    needed: usize,
    count: usize,
    random: &mut dyn Random,
) -> Vec<SecretBytes> {
    let secret = secret.expose();
    let mut shares = vec![Vec::with_capacity(secret.len() + 1); count];
    let mut coefficients = Zeroizing::new(vec![0; needed - 1]);
    for byte in secret {
        random.fill(&mut coefficients);
        for (x, share) in (1..=255).zip(&mut shares) {
            share.push(evaluate(*byte, &coefficients, x));
        }
    }
    for (x, share) in (1..=255).zip(&mut shares) {
        share.push(x);
    }
    shares.into_iter().map(SecretBytes::new).collect()
}

/// Returns the polynomial with these coefficients, from the constant one up, at `x`.
fn evaluate(constant: u8, higher: &[u8], x: u8) -> u8 {
    let sum = higher.iter().rev().fold(0, |sum, c| multiply(sum, x) ^ c);
    multiply(sum, x) ^ constant
}

/// Returns the secret that `shares` were made of, or `None` when they cannot be shares of one secret:
/// different lengths, an x that is zero or occurs twice.
///
/// Too few shares give a wrong secret, not an error: the scheme cannot tell.
pub(crate) fn combine(shares: &[SecretBytes]) -> Option<SecretBytes> {
    let length = shares.first()?.expose().len();
    let points: Vec<(u8, &[u8])> = shares
        .iter()
        .map(|share| share.expose().split_last().map(|(x, ys)| (*x, ys)))
        .collect::<Option<_>>()?;
    let distinct = |at: usize| points[..at].iter().all(|(x, _)| *x != points[at].0);
    let valid = (0..points.len())
        .all(|at| points[at].0 != 0 && points[at].1.len() + 1 == length && distinct(at));
    if !valid {
        return None;
    }
    let weights: Vec<u8> = (0..points.len()).map(|at| weight(&points, at)).collect();
    let byte = |position: usize| {
        let terms = points.iter().zip(&weights);
        terms.fold(0, |sum, ((_, ys), weight)| {
            sum ^ multiply(ys[position], *weight)
        })
    };
    Some(SecretBytes::new((0..length - 1).map(byte).collect()))
}

/// Returns the Lagrange coefficient at zero of the point `at`.
fn weight(points: &[(u8, &[u8])], at: usize) -> u8 {
    let own = points[at].0;
    points
        .iter()
        .enumerate()
        .filter(|(other, _)| *other != at)
        .fold(1, |product, (_, (x, _))| {
            multiply(product, multiply(*x, invert(*x ^ own)))
        })
}

/// Multiplies in constant time: no branch and no table index depends on the operands.
fn multiply(a: u8, b: u8) -> u8 {
    let (mut a, mut product) = (a, 0);
    for bit in 0..8 {
        product ^= a & (b >> bit & 1).wrapping_neg();
        a = (a << 1) ^ (0x1B & (a >> 7).wrapping_neg());
    }
    product
}

/// Returns a^254, which is 1/a.
fn invert(a: u8) -> u8 {
    let mut power = a;
    for _ in 0..6 {
        power = multiply(multiply(power, power), a);
    }
    multiply(power, power)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the first `count` shares of `secret` on the polynomial with these higher coefficients.
    fn share(secret: &[u8], coefficients: &[u8], count: usize) -> Vec<SecretBytes> {
        let secret = SecretBytes::new(secret.to_vec());
        let mut random = |bytes: &mut [u8]| bytes.copy_from_slice(coefficients);
        split(&secret, coefficients.len() + 1, count, &mut random)
    }

    #[test]
    fn enough_shares_give_the_secret_back() {
        let secret = *b"thirty-two bytes of a data key..";
        let shares = share(&secret, &[0x53], 3);
        for pair in [[0, 1], [0, 2], [1, 2]] {
            let two = pair.map(|at| shares[at].clone());
            assert_eq!(combine(&two).unwrap().expose(), secret);
        }
        let shares = share(&secret, &[0xCA, 0x07], 4);
        assert_eq!(combine(&shares[1..]).unwrap().expose(), secret);
        assert_ne!(combine(&shares[..2]).unwrap().expose(), secret);
    }

    #[test]
    fn shares_that_cannot_be_of_one_secret_are_refused() {
        let shares = share(b"secret", &[7], 2);
        let twice = [shares[0].clone(), shares[0].clone()];
        assert!(combine(&twice).is_none());
        let short = [shares[0].clone(), SecretBytes::new(vec![1, 2])];
        assert!(combine(&short).is_none());
        assert!(combine(&[SecretBytes::new(vec![])]).is_none());
        assert!(combine(&[]).is_none());
    }

    #[test]
    fn every_element_but_zero_has_an_inverse() {
        assert!((1..=255).all(|a| multiply(a, invert(a)) == 1));
    }
}
