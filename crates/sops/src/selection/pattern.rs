//! Regular expressions as Go understands them.

use regex::Regex;

/// The largest compiled expression, in bytes; a foreign document must not cost more memory than this.
const MAX_COMPILED_SIZE: usize = 1 << 20;

/// A regular expression of Go, unanchored.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(Regex);

impl Pattern {
    /// Returns the expression, or why it is none.
    pub(crate) fn new(source: &str) -> Result<Self, String> {
        regex::RegexBuilder::new(&with_ascii_classes(source))
            .size_limit(MAX_COMPILED_SIZE)
            .build()
            .map(Self)
            .map_err(|error| reason(&error))
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// Returns what the error says behind its drawing of the expression.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}

/// Writes `\d`, `\s`, `\w`, `\b` and their opposites so that they mean ASCII, as in Go; and what stands
/// between `\Q` and `\E` with every special character escaped.
fn with_ascii_classes(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut in_class = false;
    let mut rest = source;
    while let Some(next) = rest.chars().next() {
        if let Some(quoted) = rest.strip_prefix("\\Q").filter(|_| !in_class) {
            let (literal, after) = quoted.split_once("\\E").unwrap_or((quoted, ""));
            out.push_str(&regex::escape(literal));
            rest = after;
            continue;
        }
        let length = if next == '\\' {
            2.min(rest.len())
        } else {
            next.len_utf8()
        };
        // A backslash before a character of several bytes is an error either way: pass it on whole.
        let length = (length..=rest.len())
            .find(|at| rest.is_char_boundary(*at))
            .unwrap_or(rest.len());
        let token = &rest[..length];
        out.push_str(translated(token, in_class));
        in_class = match token {
            "[" => true,
            "]" => false,
            _ => in_class,
        };
        rest = &rest[length..];
    }
    out
}

fn translated(token: &str, in_class: bool) -> &str {
    match (token, in_class) {
        (r"\d", false) => "[0-9]",
        (r"\D", false) => "[^0-9]",
        (r"\s", false) => r"[\t\n\f\r ]",
        (r"\S", false) => r"[^\t\n\f\r ]",
        (r"\w", false) => "[0-9A-Za-z_]",
        (r"\W", false) => "[^0-9A-Za-z_]",
        (r"\b", false) => r"(?-u:\b)",
        (r"\B", false) => r"(?-u:\B)",
        (r"\d", true) => "0-9",
        (r"\s", true) => r"\t\n\f\r ",
        (r"\w", true) => "0-9A-Za-z_",
        // In Rust these begin a nested class or are operators; in Go they are characters.
        ("&", true) => r"\&",
        ("~", true) => r"\~",
        _ => token,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_ascii_as_in_go() {
        assert!(Pattern::new(r"^\w+$").unwrap().matches("abc_1"));
        assert!(!Pattern::new(r"^\w+$").unwrap().matches("é"));
        assert!(Pattern::new(r"^[\w-]+$").unwrap().matches("a-b"));
        assert!(!Pattern::new(r"^[\d]$").unwrap().matches("٣"));
        assert!(Pattern::new(r"(?i)^PASS").unwrap().matches("password"));
    }

    #[test]
    fn quoted_text_is_literal() {
        assert!(Pattern::new(r"^\Qa.b\E$").unwrap().matches("a.b"));
        assert!(!Pattern::new(r"^\Qa.b\E$").unwrap().matches("axb"));
    }

    #[test]
    fn odd_expressions_do_not_panic() {
        for source in ["\\", "\\é", "[", "(?P<", "\\Q", "a{999}{999}{999}"] {
            let _ = Pattern::new(source).map(|pattern| pattern.matches("x"));
        }
    }
}
