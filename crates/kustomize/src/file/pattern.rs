//! Patterns for paths, as Go's `filepath.Match` reads them.

use std::iter::Peekable;
use std::str::Chars;

use thiserror::Error;

/// A pattern with a bracket or backslash that nothing follows.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("syntax error in pattern {pattern:?}: close the [ or write \\[ for the character")]
pub struct PatternError {
    /// The pattern.
    pub pattern: String,
}

/// One step of a pattern.
enum Step {
    /// `*`: anything but a slash.
    Star,
    /// `?`: one character but a slash.
    Any,
    /// `[a-z]`, or with `^` all others.
    Class {
        ranges: Vec<(char, char)>,
        is_negated: bool,
    },
    Char(char),
}

/// Returns whether a name matches a pattern: `*` and `?` stand for anything but `/`, `[a-z]` for one of a
/// range, `[^a-z]` for one outside of it, `\` makes the next character ordinary.
///
/// ```
/// assert!(windlass_kustomize::matches("base/*.yaml", "base/web.yaml")?);
/// assert!(!windlass_kustomize::matches("*.yaml", "base/web.yaml")?);
/// # Ok::<(), windlass_kustomize::PatternError>(())
/// ```
pub fn matches(pattern: &str, name: &str) -> Result<bool, PatternError> {
    let steps = steps(pattern).ok_or_else(|| PatternError {
        pattern: pattern.to_owned(),
    })?;
    Ok(is_match(&steps, name))
}

fn steps(pattern: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        steps.push(match c {
            '*' => Step::Star,
            '?' => Step::Any,
            '[' => class(&mut chars)?,
            '\\' => Step::Char(chars.next()?),
            c => Step::Char(c),
        });
    }
    Some(steps)
}

fn class(chars: &mut Peekable<Chars<'_>>) -> Option<Step> {
    let is_negated = chars.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        if !ranges.is_empty() && chars.next_if_eq(&']').is_some() {
            return Some(Step::Class { ranges, is_negated });
        }
        let low = class_char(chars)?;
        let high = match chars.next_if_eq(&'-') {
            Some(_) => class_char(chars)?,
            None => low,
        };
        ranges.push((low, high));
    }
}

fn class_char(chars: &mut Peekable<Chars<'_>>) -> Option<char> {
    match chars.next()? {
        '-' | ']' => None,
        '\\' => chars.next(),
        c => Some(c),
    }
}

/// Goes back to the last star only, so the time is bounded by the product of the lengths.
fn is_match(steps: &[Step], name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    let (mut step, mut at) = (0, 0);
    let mut retry = None;
    loop {
        match steps.get(step) {
            Some(Step::Star) => {
                step += 1;
                retry = Some((step, at));
                continue;
            }
            Some(one) if name.get(at).is_some_and(|c| one.takes(*c)) => {
                (step, at) = (step + 1, at + 1);
                continue;
            }
            None if at == name.len() => return true,
            _ => {}
        }
        match retry {
            Some((after_star, from)) if name.get(from).is_some_and(|c| *c != '/') => {
                retry = Some((after_star, from + 1));
                (step, at) = (after_star, from + 1);
            }
            _ => return false,
        }
    }
}

impl Step {
    fn takes(&self, c: char) -> bool {
        match self {
            Self::Star | Self::Any => c != '/',
            Self::Char(own) => *own == c,
            Self::Class { ranges, is_negated } => {
                let is_inside = ranges.iter().any(|(low, high)| (*low..=*high).contains(&c));
                is_inside != *is_negated
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stops_at_a_slash() {
        for (pattern, name, wanted) in [
            ("*", "a/b", false),
            ("*/*", "a/b", true),
            ("a*c*d", "abcbcd", true),
            ("a*", "", false),
            ("", "", true),
            ("[a-c]x", "bx", true),
            ("[^a-c]x", "bx", false),
            (r"\*", "*", true),
            (r"\*", "a", false),
            ("?", "/", false),
        ] {
            assert_eq!(matches(pattern, name), Ok(wanted), "{pattern} {name}");
        }
    }

    #[test]
    fn what_is_not_closed_is_an_error() {
        for pattern in ["[a", "[]a]", "a\\", "[a-]"] {
            assert!(matches(pattern, "a").is_err(), "{pattern}");
        }
    }
}
