//! Values of a JSON text. A mistake in it ends the search.

use super::{Place, Position};
use crate::document::MAX_DEPTH;
use crate::{Step, ValuePath};

/// The first whole number that a float may not hold, 2^53 + 1.
const INEXACT: f64 = 9_007_199_254_740_992.0;

/// Returns how many of the steps lead somewhere, and where the last of them does.
pub(super) fn find(text: &[u8], steps: &[Step]) -> Option<(usize, Position)> {
    let mut found: Option<(usize, usize)> = None;
    Scanner::scan(text, |path, offset| {
        if steps.starts_with(path) && found.is_none_or(|(depth, _)| path.len() > depth) {
            found = Some((path.len(), offset));
        }
    });
    found.map(|(depth, offset)| (depth, Position::of(text, offset)))
}

/// Returns the places of the whole numbers that are another one as a float.
pub(crate) fn changed_numbers(text: &[u8]) -> Vec<Place> {
    let mut places = Vec::new();
    Scanner::scan(text, |path, offset| {
        let digit = |byte: &&u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
        let length = text[offset..].iter().take_while(digit).count();
        if std::str::from_utf8(&text[offset..offset + length]).is_ok_and(changes) {
            let document = 0;
            let path = ValuePath {
                steps: path.to_vec(),
            };
            places.push(Place::Value { document, path });
        }
    });
    places
}

fn changes(literal: &str) -> bool {
    let digits = literal.strip_prefix('-').unwrap_or(literal);
    digits.len() > 15
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && literal
            .parse::<f64>()
            .is_ok_and(|number| number.abs() >= INEXACT && format!("{number:.0}") != literal)
}

/// Goes over the values of a text and calls `visit` with the path and the first byte of each.
struct Scanner<'t, V> {
    text: &'t [u8],
    at: usize,
    path: Vec<Step>,
    visit: V,
}

impl<'t, V: FnMut(&[Step], usize)> Scanner<'t, V> {
    fn scan(text: &'t [u8], visit: V) {
        let mut scanner = Self {
            text,
            at: 0,
            path: Vec::new(),
            visit,
        };
        scanner.value();
    }

    fn value(&mut self) -> Option<()> {
        let first = self.next()?;
        (self.visit)(&self.path, self.at);
        match first {
            _ if self.path.len() > MAX_DEPTH => None,
            b'{' => self.entries(b'}', |scanner, _| {
                let key = scanner.string()?;
                (scanner.next()? == b':').then(|| scanner.at += 1)?;
                Some(Step::Key(serde_json::from_slice(key).ok()?))
            }),
            b'[' => self.entries(b']', |_, index| Some(Step::Index(index))),
            b'"' => self.string().map(|_| ()),
            _ => {
                let is_inside = |byte: &&u8| !b",]}".contains(byte) && !byte.is_ascii_whitespace();
                self.at += self.text[self.at..].iter().take_while(is_inside).count();
                Some(())
            }
        }
    }

    fn entries(
        &mut self,
        close: u8,
        step: impl Fn(&mut Self, usize) -> Option<Step>,
    ) -> Option<()> {
        self.at += 1;
        for index in 0.. {
            if self.next()? == close {
                break;
            }
            let step = step(self, index)?;
            self.path.push(step);
            self.value()?;
            self.path.pop();
            if self.next()? == b',' {
                self.at += 1;
            } else if self.next()? != close {
                return None;
            }
        }
        self.at += 1;
        Some(())
    }

    /// Goes behind a string and returns it with its quotes.
    fn string(&mut self) -> Option<&'t [u8]> {
        let start = self.at;
        (self.next()? == b'"').then_some(())?;
        self.at += 1;
        loop {
            match self.text.get(self.at)? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Some(&self.text[start..self.at])
    }

    /// Goes to the next byte that is not white space.
    fn next(&mut self) -> Option<u8> {
        let rest = self.text.get(self.at..)?;
        self.at += rest
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace())
            .count();
        self.text.get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_changes_when_a_float_cannot_hold_it() {
        assert!(changes("9007199254740993"));
        assert!(changes("-9007199254740993"));
        assert!(changes("18446744073709551617"));
        assert!(!changes("9007199254740992"));
        assert!(!changes("9007199254740991"));
        assert!(!changes("1e100"));
        assert!(!changes(""));
    }
}
