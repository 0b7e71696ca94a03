//! Where a value stands in the text of a document.

use windlass_yaml::{Limits, Node};

use crate::document::{MAX_DEPTH, MAX_SIZE, MAX_VALUES};
use crate::{Format, Step, ValuePath};

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, counted from 1.
    pub line: u32,
    /// The column in characters, counted from 1.
    pub column: u32,
}

/// Returns where the value at `path` of the first document of a text stands, or `None` when it cannot be
/// found. Errors name values by path, which is all that is needed until somebody looks; this reads the text
/// once more.
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
    match format {
        Format::Yaml | Format::Json | Format::Binary => in_nodes(text, path),
        Format::Dotenv | Format::Ini => in_lines(text, path),
    }
}

/// JSON is YAML but for what nobody writes.
fn in_nodes(text: &[u8], path: &ValuePath) -> Option<Position> {
    let options = windlass_yaml::ParseOptions {
        limits: Limits {
            bytes: MAX_SIZE,
            depth: MAX_DEPTH,
            nodes: 2 * MAX_VALUES,
            expansion: MAX_VALUES,
        },
        duplicate_keys: windlass_yaml::DuplicateKeys::Keep,
    };
    let document = windlass_yaml::parse_first(text, &options).ok()??;
    let mut node = &document.root;
    for step in &path.steps {
        node = match step {
            Step::Key(key) => node.get(key)?,
            Step::Index(index) => element(node.as_sequence()?, *index)?,
        };
    }
    let (line, column) = (node.start.line, node.start.column);
    Some(Position { line, column })
}

/// Returns the element with this index, where the lines of comments count too.
fn element(nodes: &[Node], index: usize) -> Option<&Node> {
    let lines = |text: &str| text.lines().filter(|line| !line.is_empty()).count();
    let mut next = 0;
    for node in nodes {
        let comments = node.comments.as_deref();
        next += comments.map_or(0, |own| lines(&own.head) + lines(&own.line));
        if next >= index {
            return Some(node);
        }
        next += 1 + comments.map_or(0, |own| lines(&own.foot));
    }
    None
}

/// Finds `key` or `section:key` by the beginning of its line.
fn in_lines(text: &[u8], path: &ValuePath) -> Option<Position> {
    let text = std::str::from_utf8(text).ok()?;
    let keys = path.steps.iter().map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Index(_) => None,
    });
    let (section, key) = match keys.collect::<Option<Vec<_>>>()?[..] {
        [key] => ("", key),
        [section, key] => (section, key),
        _ => return None,
    };
    let mut current = if section == "DEFAULT" { section } else { "" };
    for (line, number) in text.lines().zip(1..) {
        let header = line.trim().strip_prefix('[');
        if let Some(name) = header.and_then(|rest| rest.split(']').next()) {
            current = name.trim();
        }
        let name = line.split(['=', ':']).next().unwrap_or_default();
        if current == section && name.trim() == key && name.len() < line.len() {
            let column = u32::try_from(name.chars().count() + 2).ok()?;
            let line = number;
            return Some(Position { line, column });
        }
    }
    None
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
        let json = "{\n\t\"a\": {\n\t\t\"b\": [1, \"x\"]\n\t}\n}\n";
        assert_eq!(at(json, Format::Json, r#"["a"]["b"][1]"#), Some((3, 12)));
        assert_eq!(at("A=1\nB=2\n", Format::Dotenv, r#"["B"]"#), Some((2, 3)));
        let ini = "a = 0\n[s]\na = 1\n[t]\na = 2\n";
        assert_eq!(at(ini, Format::Ini, r#"["t"]["a"]"#), Some((5, 4)));
        assert_eq!(at(ini, Format::Ini, r#"["DEFAULT"]["a"]"#), Some((1, 4)));
    }

    #[test]
    fn what_is_not_there_has_no_place() {
        assert_eq!(at("a: 1\n", Format::Yaml, r#"["b"]"#), None);
        assert_eq!(at("a: [\n", Format::Yaml, r#"["a"]"#), None);
        assert_eq!(at("A=1\n", Format::Dotenv, r#"["A"]["b"]["c"]"#), None);
    }
}
