//! Where something stands in the text of a document.

mod comments;
mod json;
mod lines;
mod nodes;

use std::cell::OnceCell;
use std::fmt;

use crate::{Format, Step, SyntaxError, ValuePath};

pub(crate) use json::changed_numbers;

/// A position in a text. Its `Display` form is `LINE:COLUMN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, counted from 1.
    pub line: u32,
    /// The column in characters, counted from 1.
    pub column: u32,
}

/// Where something stands in a document, as those know it who have the document but not its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// At this position of the text.
    Text(Position),
    /// A value.
    Value {
        /// Which of the documents of a YAML text, counted from 0.
        document: usize,
        /// The way to the value in that document; of several with one key, the first is meant.
        path: ValuePath,
    },
    /// A comment.
    Comment {
        /// Which of the documents of a YAML text, counted from 0.
        document: usize,
        /// How many comment lines stand before it in that document.
        number: usize,
    },
}

/// An error or a warning that knows where it stands.
pub trait Located: fmt::Display {
    /// Returns the place; `None` when the document as a whole is meant.
    fn place(&self) -> Option<Place>;

    /// Returns the message without a position, which may be a part of the `Display` form.
    fn reason(&self) -> String {
        self.to_string()
    }
}

/// The text of a document, to say where errors and warnings stand. It is read when something is looked
/// for, and only once.
///
/// ```
/// use windlass_sops::{Document, Format, Source};
///
/// let text = b"a: 1\nsops:\n  version: 3\n";
/// let error = Document::parse(text, Format::Yaml).unwrap_err();
/// let source = Source::new(text, Format::Yaml);
/// assert_eq!(
///     source.message("secret.yaml", &error),
///     "secret.yaml:3:12: the sops metadata is damaged: version must be a text"
/// );
/// ```
#[derive(Debug)]
pub struct Source<'t> {
    text: &'t [u8],
    format: Format,
    nodes: OnceCell<Vec<windlass_yaml::Document>>,
    comments: OnceCell<Vec<Vec<Option<Position>>>>,
}

impl<'t> Source<'t> {
    /// Takes the text of a document.
    #[must_use]
    pub fn new(text: &'t [u8], format: Format) -> Self {
        Self {
            text,
            format,
            nodes: OnceCell::new(),
            comments: OnceCell::new(),
        }
    }

    /// Returns the message behind its place: `FILE:LINE:COLUMN: …`, or `FILE: …` when it has none.
    #[must_use]
    pub fn message(&self, file: &str, finding: &dyn Located) -> String {
        let reason = finding.reason();
        let place = finding.place();
        match place.and_then(|place| self.position(&place)) {
            Some(position) => format!("{file}:{position}: {reason}"),
            None => format!("{file}: {reason}"),
        }
    }

    /// Returns the position of a place. For a value that is not there it is that of what should hold it;
    /// `None` when that would be the whole document, or when nothing is found.
    #[must_use]
    pub fn position(&self, place: &Place) -> Option<Position> {
        match place {
            Place::Text(position) => Some(*position),
            Place::Value { document, path } => self.value(*document, path).map(|found| found.1),
            Place::Comment { document, number } => {
                let comments = self
                    .comments
                    .get_or_init(|| comments::positions(self.text, self.format));
                *comments.get(*document)?.get(*number)?
            }
        }
    }

    /// Returns how many steps of the path lead somewhere, and where the last of them does.
    fn value(&self, document: usize, path: &ValuePath) -> Option<(usize, Position)> {
        let found = match self.format {
            Format::Yaml => {
                let nodes = self.nodes.get_or_init(|| nodes::parse(self.text));
                Some(nodes::find(&nodes.get(document)?.root, &path.steps))
            }
            Format::Json | Format::Binary => json::find(self.text, &path.steps),
            Format::Dotenv | Format::Ini => lines::find(self.text, self.format, &path.steps),
        };
        found.filter(|(steps, _)| *steps > 0)
    }
}

/// Returns where the value at `path` of the first document of a text stands, or `None` when there is no such
/// value. Who looks for more than one value makes a [`Source`].
///
/// ```
/// use windlass_sops::{Format, locate};
///
/// let text = b"a: 1\nlist:\n    # first\n    - x\n";
/// let at = locate(text, Format::Yaml, &r#"["list"][1]"#.parse()?).expect("it is there");
/// assert_eq!((at.line, at.column), (4, 7));
/// # Ok::<(), windlass_sops::PathSyntaxError>(())
/// ```
pub fn locate(text: &[u8], format: Format, path: &ValuePath) -> Option<Position> {
    let (steps, position) = Source::new(text, format).value(0, path)?;
    (steps == path.steps.len()).then_some(position)
}

impl Position {
    /// Returns the position of a byte of a text.
    fn of(text: &[u8], offset: usize) -> Self {
        let before = &text[..offset];
        let lines = before.split(|byte| *byte == b'\n').enumerate();
        let (lines, line) = lines.last().unwrap_or_default();
        Self::at(lines, String::from_utf8_lossy(line).chars().count())
    }

    /// Returns the position with this many lines, and characters in its line, before it.
    fn at(lines: usize, characters: usize) -> Self {
        let counted = |before: usize| u32::try_from(before + 1).unwrap_or(u32::MAX);
        Self {
            line: counted(lines),
            column: counted(characters),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.line, self.column)
    }
}

impl Place {
    /// Returns the place of a field of the metadata: `mac`, `age[0].enc`; the whole of it when it is empty.
    pub(crate) fn metadata(field: &str) -> Self {
        let mut steps = vec![Step::Key("sops".to_owned())];
        for part in field.split(['.', '[']).filter(|part| !part.is_empty()) {
            let index = part.strip_suffix(']').and_then(|index| index.parse().ok());
            steps.push(index.map_or_else(|| Step::Key(part.to_owned()), Step::Index));
        }
        Self::Value {
            document: 0,
            path: ValuePath { steps },
        }
    }
}

impl Located for SyntaxError {
    fn place(&self) -> Option<Place> {
        let (line, column) = (self.line, self.column);
        Some(Place::Text(Position { line, column }))
    }

    fn reason(&self) -> String {
        self.reason.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, format: Format, path: &str) -> Option<(u32, u32)> {
        let found = locate(text.as_bytes(), format, &path.parse().unwrap())?;
        Some((found.line, found.column))
    }

    #[test]
    fn values_are_found_in_every_format() {
        let json = "{\n\t\"a\": {\n\t\t\"b\\ud83d\\ude00\": [1, \"}x\", {}]\n\t}\n}\n";
        assert_eq!(at(json, Format::Json, r#"["a"]["b😀"][1]"#), Some((3, 24)));
        assert_eq!(at(json, Format::Json, r#"["a"]["b😀"][2]"#), Some((3, 30)));
        assert_eq!(at("A=1\nB=2\n", Format::Dotenv, r#"["B"]"#), Some((2, 3)));
        let ini = "a = 0\n[s]\na = 1\n[t]\na = 2\n";
        assert_eq!(at(ini, Format::Ini, r#"["t"]["a"]"#), Some((5, 5)));
        assert_eq!(at(ini, Format::Ini, r#"["DEFAULT"]["a"]"#), Some((1, 5)));
    }

    #[test]
    fn what_is_not_there_has_no_place() {
        assert_eq!(at("a: 1\n", Format::Yaml, r#"["b"]"#), None);
        assert_eq!(at("a: [\n", Format::Yaml, r#"["a"]"#), None);
        assert_eq!(at("A=1\n", Format::Dotenv, r#"["A"]["b"]["c"]"#), None);
        assert_eq!(at("{\"a\": 1}", Format::Json, r#"["a"]["b"]"#), None);
        let deep = "[".repeat(1 << 20);
        assert_eq!(at(&deep, Format::Json, r#"["a"]"#), None);
    }

    #[test]
    fn metadata_is_found_in_every_format_or_what_should_hold_it() {
        let found = |text: &str, format, field| {
            let source = Source::new(text.as_bytes(), format);
            let position = source.position(&Place::metadata(field));
            position.map(|position| position.to_string())
        };
        let yaml = "a: 1\nsops:\n  age:\n  - recipient: x\n    enc: 1\n";
        insta::assert_snapshot!(found(yaml, Format::Yaml, "age[0].enc").unwrap(), @"5:10");
        insta::assert_snapshot!(found(yaml, Format::Yaml, "mac").unwrap(), @"3:3");
        let env = "A=1\nsops_age__list_0__map_enc=1\nsops_mac=x\n";
        insta::assert_snapshot!(found(env, Format::Dotenv, "age[0].enc").unwrap(), @"2:27");
        insta::assert_snapshot!(found(env, Format::Dotenv, "age").unwrap(), @"2:27");
        let ini = "[a]\nmac = 1\n[sops]\nmac = 2\n";
        insta::assert_snapshot!(found(ini, Format::Ini, "mac").unwrap(), @"4:7");
        assert_eq!(found("{}", Format::Json, "mac"), None);
    }

    #[test]
    fn comments_are_found_by_their_number() {
        let found = |text: &str, format, number| {
            let source = Source::new(text.as_bytes(), format);
            let document = 0;
            let position = source.position(&Place::Comment { document, number });
            position.map(|position| position.to_string())
        };
        let yaml = "# x\na: '# x' # y\nl:\n  # x\n  - ENC[AES256_GCM,data:,type:comment]\n";
        insta::assert_snapshot!(found(yaml, Format::Yaml, 0).unwrap(), @"1:1");
        insta::assert_snapshot!(found(yaml, Format::Yaml, 1).unwrap(), @"2:10");
        insta::assert_snapshot!(found(yaml, Format::Yaml, 2).unwrap(), @"4:3");
        insta::assert_snapshot!(found(yaml, Format::Yaml, 3).unwrap(), @"5:5");
        insta::assert_snapshot!(found("a = 1 ; x\n", Format::Ini, 0).unwrap(), @"1:7");
        assert_eq!(found("# x\nA=1\n", Format::Dotenv, 1), None);
    }
}
