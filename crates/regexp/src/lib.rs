//! Regular expressions as Go reads them, for programs that take the expressions of kustomize and sops.
//!
//! - [`Regexp`]: a compiled expression.
//!
//! ```
//! use windlass_regexp::Regexp;
//!
//! let name = Regexp::new(r"^\Qapp.\E\w+$")?;
//! assert!(name.is_match("app.web") && !name.is_match("app.é"));
//! let error = Regexp::new("a(").unwrap_err();
//! assert_eq!(error.to_string(), "error parsing regexp: missing closing ): `a(`");
//! # Ok::<(), windlass_regexp::InvalidRegexp>(())
//! ```
//!
//! Go's `regexp` is RE2: no lookaround, no back references, time linear in the text; so is the `regex` crate,
//! which does the work. They differ in what `\w` means, in braces, in classes within classes and in `\Q`;
//! that is translated. `\C` is refused.

mod translate;

use regex::Regex;

/// The largest automaton of an expression, in bytes: what is foreign must not cost more memory than this.
const MAX_SIZE: usize = 1 << 20;

/// A compiled regular expression of Go's, unanchored.
#[derive(Clone, Debug)]
pub struct Regexp(Regex);

/// A text that is no regular expression, or one that is too large.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("error parsing regexp: {reason}: `{pattern}`")]
pub struct InvalidRegexp {
    /// The expression, or the part of it that is wrong.
    pub pattern: String,
    /// What is wrong with it, in Go's words where they are known.
    pub reason: String,
}

impl Regexp {
    /// Compiles an expression.
    pub fn new(pattern: &str) -> Result<Self, InvalidRegexp> {
        let wrong = |(reason, part): (&str, &str)| InvalidRegexp {
            pattern: part.to_owned(),
            reason: reason.to_owned(),
        };
        let translated = translate::from_go(pattern).map_err(wrong)?;
        regex::RegexBuilder::new(&translated)
            .size_limit(MAX_SIZE)
            .build()
            .map(Self)
            .map_err(|error| problem(pattern, &error))
    }

    /// Returns whether the expression matches anywhere in `text`.
    pub fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// Says what is wrong, in Go's words for the commonest mistake.
fn problem(pattern: &str, error: &regex::Error) -> InvalidRegexp {
    let text = error.to_string();
    let reason = text.lines().last().unwrap_or_default();
    let reason = reason.strip_prefix("error: ").unwrap_or(reason);
    let reason = match reason {
        "unclosed group" => "missing closing )",
        "unopened group" => "unexpected )",
        "unclosed character class" => "missing closing ]",
        "repetition operator missing expression" => "missing argument to repetition operator",
        other => other,
    };
    InvalidRegexp {
        pattern: pattern.to_owned(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_mean_what_they_mean_in_go() {
        for (pattern, text, expected) in [
            ("${NAME}", "NAME", false),
            ("}a{|w{", "w{", true),
            ("w{1}[a-z&&b[]{2}", "we&", true),
            (r"\w{1,253}", "web", true),
            (r"\W|\w", "é", true),
            (r"[\w.-]+", "a.b-c", true),
            (r"\p{Greek}+", "αβ", true),
            (r"\Qa.b{\E+", "a.b{{", true),
            (r"\Qa.b\E", "axb", false),
            (r"[]a]\b", "]", false),
        ] {
            let regexp = Regexp::new(&format!("^(?:{pattern})$")).unwrap();
            assert_eq!(regexp.is_match(text), expected, "{pattern}");
        }
    }

    #[test]
    fn odd_expressions_do_not_panic() {
        for pattern in [
            "\\",
            "\\é",
            "[",
            "(?P<",
            "\\Q",
            "a{999}{999}{999}",
            r"\p",
            r"\p{",
            "{",
            "[[:",
        ] {
            let _ = Regexp::new(pattern).map(|regexp| regexp.is_match("x"));
        }
    }
}
