//! Where a value stands: `["data"]["password"]`, `["list"][0]`.

use std::fmt::{self, Write as _};
use std::str::FromStr;

/// The way from the root of a document to a value, in the notation of `sops set` and `--extract`.
///
/// ```
/// use windlass_sops::ValuePath;
///
/// let path: ValuePath = r#"['data']["a b"][0]"#.parse()?;
/// assert_eq!(path.to_string(), r#"["data"]["a b"][0]"#);
/// # Ok::<(), windlass_sops::PathSyntaxError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValuePath {
    /// The steps, from the root.
    pub steps: Vec<Step>,
}

/// One step of a [`ValuePath`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// To the value of a key; the first one, if the key repeats.
    Key(String),
    /// To an element of a list, counted from 0. Comments of their own line count too, as in sops 3.11.
    Index(usize),
}

/// A text that is not a path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a path to a value; expected something like [\"data\"][\"password\"] or [\"list\"][0]"
)]
pub struct PathSyntaxError {
    /// The text.
    pub text: String,
}

impl FromStr for ValuePath {
    type Err = PathSyntaxError;

    fn from_str(text: &str) -> Result<Self, PathSyntaxError> {
        let error = || PathSyntaxError {
            text: text.to_owned(),
        };
        let mut steps = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (step, after) = first_step(rest).ok_or_else(error)?;
            steps.push(step);
            rest = after;
        }
        Ok(Self { steps })
    }
}

/// Takes the first step off; a quoted key may hold brackets.
fn first_step(text: &str) -> Option<(Step, &str)> {
    let inside = text.strip_prefix('[')?;
    for quote in ['"', '\''] {
        if let Some(quoted) = inside.strip_prefix(quote) {
            let end = quoted.find(&format!("{quote}]"))?;
            let step = Step::Key(quoted[..end].to_owned());
            return Some((step, &quoted[end + 2..]));
        }
    }
    let (index, after) = inside.split_once(']')?;
    Some((Step::Index(index.parse().ok()?), after))
}

impl fmt::Display for ValuePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|step| match step {
            Step::Key(key) => write_key(formatter, key),
            Step::Index(index) => write!(formatter, "[{index}]"),
        })
    }
}

/// Writes a key as it can be read again; there are no escapes, but for what would reach a terminal.
fn write_key(formatter: &mut fmt::Formatter<'_>, key: &str) -> fmt::Result {
    let quote = if key.contains("\"]") { '\'' } else { '"' };
    write!(formatter, "[{quote}")?;
    for character in key.chars() {
        if character.is_control() {
            write!(formatter, "{}", character.escape_default())?;
        } else {
            formatter.write_char(character)?;
        }
    }
    write!(formatter, "{quote}]")
}

impl From<&[&str]> for ValuePath {
    fn from(keys: &[&str]) -> Self {
        let steps = keys.iter().map(|key| Step::Key((*key).to_owned()));
        Self {
            steps: steps.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["a", "[a]", "[\"a\"", "[\"a]", "[-1]", "[\"a\"]x", "[]"] {
            assert!(text.parse::<ValuePath>().is_err(), "{text}");
        }
        assert_eq!("".parse(), Ok(ValuePath::default()));
    }

    #[test]
    fn a_key_with_quotes_is_printed_as_it_is_read() {
        for text in [r#"["c\"d"]"#, r#"['a"]b']"#, r#"["it's"][0]"#] {
            let path: ValuePath = text.parse().unwrap();
            assert_eq!(path.to_string(), text);
        }
    }
}
