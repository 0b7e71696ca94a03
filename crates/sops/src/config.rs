//! `.sops.yaml`: which keys and rules a new document gets.

mod destination;
mod keys;
mod read;

use std::fmt;

use windlass_regexp::Regexp;

use crate::{KeyGroup, Located, Place, Position, Selection, Style};

pub use destination::{Destination, DestinationRule, NoDestination};

use destination::WrittenRule;

/// A parsed `.sops.yaml`.
///
/// ```
/// use windlass_sops::Config;
///
/// let config = Config::parse("creation_rules:\n  - path_regex: \\.enc$\n    age: age1abc, age1def\n")?;
/// let rule = config.creation_rule(".sops/DATABASE_URL.enc")?.expect("there are rules");
/// assert_eq!(rule.groups[0].keys.len(), 2);
/// let missed = config.creation_rule("secret.yaml").unwrap_err();
/// assert_eq!(
///     missed.to_string(),
///     r#"no creation rule matches "secret.yaml": line 2 wants \.enc$"#
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The rules for new documents; the first that matches counts. `None` when the file has no such list,
    /// which is as if there were no file.
    pub creation_rules: Option<Vec<CreationRule>>,
    /// Where `sops publish` puts documents; the first that matches counts.
    destination_rules: Vec<WrittenRule>,
    /// How documents are laid out.
    pub style: Style,
}

/// A rule for new documents.
#[derive(Clone, Debug)]
pub struct CreationRule {
    /// The line of the file where the rule begins.
    pub line: u32,
    /// Which documents it is for.
    pub path: PathRule,
    /// The keys; one group without keys when the rule names none.
    pub groups: Vec<KeyGroup>,
    /// How many groups are needed; 0 for all.
    pub threshold: usize,
    /// Which values are encrypted; `None` when the rule says nothing of it.
    pub selection: Option<Selection>,
    /// Whether the MAC covers only the values that are encrypted.
    pub mac_only_encrypted: bool,
}

/// Which documents a rule is for: the `path_regex`, unanchored; without one, all.
#[derive(Clone, Debug, Default)]
pub struct PathRule(Option<(String, Regexp)>);

/// Why a `.sops.yaml` cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {reason}")]
pub struct ConfigError {
    /// The line, counted from 1.
    pub line: u32,
    /// The column, counted from 1.
    pub column: u32,
    /// What is wrong there.
    pub reason: String,
    /// Whether sops would not read the file at all.
    is_mistyped: bool,
}

/// No rule matches a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoMatchingRule {
    /// The path as it was matched: relative to the directory of the file.
    pub path: String,
    /// Each rule, and what it wants.
    pub misses: Vec<RuleMiss>,
}

/// A rule that does not match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleMiss {
    /// The line of the file where the rule begins.
    pub line: u32,
    /// Its regular expression.
    pub path_regex: String,
}

impl Located for ConfigError {
    fn place(&self) -> Option<Place> {
        let (line, column) = (self.line, self.column);
        Some(Place::Text(Position { line, column }))
    }

    fn reason(&self) -> String {
        self.reason.clone()
    }
}

impl Config {
    /// Parses the text of a `.sops.yaml`. Keys that sops 3.11 does not know are ignored; a regular expression
    /// that is none is refused (sops takes it for one that matches nothing). Of destination rules only the types
    /// are looked at, as they are for `sops publish` alone.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        read::config(text)
    }

    /// Returns how documents are laid out, whatever is wrong with the rules: who only opens documents does not
    /// need them.
    pub fn parse_style(text: &str) -> Result<Style, ConfigError> {
        read::style_only(text)
    }

    /// Returns the first creation rule that matches `path`, which is relative to the directory of the file,
    /// with `/` between its names; `None` when the file has no such list.
    pub fn creation_rule(&self, path: &str) -> Result<Option<&CreationRule>, NoMatchingRule> {
        let Some(rules) = &self.creation_rules else {
            return Ok(None);
        };
        first_match(rules, path).map(Some)
    }

    /// Returns the first destination rule that matches `path`, if neither it nor one before it is wrong.
    pub fn destination_rule(&self, path: &str) -> Result<&DestinationRule, NoDestination> {
        destination::first_match(&self.destination_rules, path)
    }
}

fn first_match<'r>(
    rules: &'r [CreationRule],
    path: &str,
) -> Result<&'r CreationRule, NoMatchingRule> {
    let found = rules.iter().find(|rule| rule.path.matches(path));
    found.ok_or_else(|| NoMatchingRule {
        path: path.to_owned(),
        misses: rules
            .iter()
            .map(|rule| RuleMiss {
                line: rule.line,
                path_regex: rule.path.regex().unwrap_or_default().to_owned(),
            })
            .collect(),
    })
}

impl PathRule {
    /// Returns the regular expression, if there is one.
    pub fn regex(&self) -> Option<&str> {
        self.0.as_ref().map(|(source, _)| source.as_str())
    }

    /// Returns whether the rule is for the document at `path`.
    pub fn matches(&self, path: &str) -> bool {
        self.0
            .as_ref()
            .is_none_or(|(_, pattern)| pattern.is_match(path))
    }
}

impl fmt::Display for NoMatchingRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.describe("creation", formatter)
    }
}

impl NoMatchingRule {
    fn describe(&self, kind: &str, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "no {kind} rule matches {:?}", self.path)?;
        for (at, miss) in self.misses.iter().enumerate() {
            let separator = if at == 0 { ": " } else { ", " };
            let (line, regex) = (miss.line, &miss.path_regex);
            write!(formatter, "{separator}line {line} wants {regex}")?;
        }
        if self.misses.is_empty() {
            formatter.write_str(": there are no rules")?;
        }
        Ok(())
    }
}

impl std::error::Error for NoMatchingRule {}
