//! The lines of a text, and the values that go over several.

use std::collections::HashMap;

use super::{DEFAULT, text_pair};
use crate::store::{Parsed, SyntaxError};
use crate::value::{Branch, Item, Value};
use crate::{Place, ValuePath, Warning};

/// Reads the sections in order, the one without a header first, empty or not. Of keys that repeat in a
/// section the last value counts, at the place of the first.
///
/// sops keeps the comments of a header inside its section and those of a key behind the key; their
/// lines are one comment.
pub(super) fn sections(text: &str) -> Result<Parsed, SyntaxError> {
    let mut reader = Reader {
        lines: text.split('\n').collect(),
        next: 0,
        comment: Vec::new(),
        places: HashMap::new(),
        is_cut: false,
        warnings: Vec::new(),
    };
    let mut sections = Branch::new();
    let mut current = (DEFAULT.to_owned(), Branch::new());
    while let Some(line) = reader.line() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        if line.starts_with(['#', ';']) {
            reader.comment.push(line.to_owned());
        } else if let Some(header) = line.strip_prefix('[') {
            let name = header.rfind(']').map(|end| header[..end].trim());
            let name = name.ok_or_else(|| reader.error("the [section] is not closed"))?;
            let next = (name.to_owned(), reader.take_comment().into_iter().collect());
            sections.push(section(std::mem::replace(&mut current, next)));
            reader.places.clear();
        } else {
            reader.key(line, &mut current)?;
        }
    }
    sections.push(section(current));
    Ok(Parsed {
        documents: vec![sections],
        warnings: reader.warnings,
    })
}

fn section((name, keys): (String, Branch)) -> Item {
    Item::Pair(name, Value::Branch(keys))
}

struct Reader<'t> {
    lines: Vec<&'t str>,
    next: usize,
    /// The comment lines since the last key or header.
    comment: Vec<String>,
    /// Where the keys of the current section are.
    places: HashMap<String, usize>,
    /// Whether the last value lost an end that looks like a comment.
    is_cut: bool,
    warnings: Vec<Warning>,
}

impl<'t> Reader<'t> {
    fn line(&mut self) -> Option<&'t str> {
        let line = self.lines.get(self.next)?;
        self.next += 1;
        Some(line)
    }

    /// Returns an error in the line that was read last.
    fn error(&self, reason: &str) -> SyntaxError {
        SyntaxError::in_line(self.next.saturating_sub(1), reason)
    }

    fn take_comment(&mut self) -> Option<Item> {
        let text = std::mem::take(&mut self.comment).join("\n");
        let text = text.trim_start_matches(['#', ';']).trim();
        (!text.is_empty()).then(|| Item::Comment(text.into()))
    }

    fn key(
        &mut self,
        line: &'t str,
        (section, keys): &mut (String, Branch),
    ) -> Result<(), SyntaxError> {
        let expected = "expected key = value, a [section] or a comment";
        let (key, value) = split_key(line).ok_or_else(|| self.error(expected))?;
        let value = self.value(value.trim_start())?;
        if std::mem::take(&mut self.is_cut) {
            let path = ValuePath::from(&[section.as_str(), key][..]);
            let at = Place::Value { document: 0, path };
            self.warnings.push(Warning::ValueCut { at });
        }
        let pair = text_pair(key, &value);
        if let Some(earlier) = self.places.get(key) {
            keys[*earlier] = pair;
        } else {
            self.places.insert(key.to_owned(), keys.len());
            keys.push(pair);
        }
        keys.extend(self.take_comment());
        Ok(())
    }

    /// Reads a value; a comment behind it is added to those before the key.
    fn value(&mut self, start: &str) -> Result<String, SyntaxError> {
        for quote in ["\"\"\"", "`"] {
            if let Some(rest) = start.strip_prefix(quote) {
                return self.quoted(rest, quote);
            }
        }
        let mut value = start.trim().to_owned();
        while value.ends_with('\\') {
            value.pop();
            match self.line() {
                Some(line) => value.push_str(line.trim()),
                None => break,
            }
        }
        if let Some(at) = value.find(['#', ';']) {
            self.is_cut = true;
            self.comment.push(value.split_off(at));
        }
        Ok(unquoted(value.trim()).to_owned())
    }

    fn quoted(&mut self, start: &str, quote: &str) -> Result<String, SyntaxError> {
        let opened = self.error("the quote is not closed");
        let mut value = String::new();
        let mut rest = start;
        loop {
            if let Some(end) = rest.find(quote) {
                value.push_str(&rest[..end]);
                return Ok(value);
            }
            value.push_str(rest);
            value.push('\n');
            rest = self.line().ok_or_else(|| opened.clone())?;
        }
    }
}

/// Splits at the first `=` or `:`, behind the quotes of a quoted key.
fn split_key(line: &str) -> Option<(&str, &str)> {
    for quote in ["\"\"\"", "`", "\""] {
        if let Some(rest) = line.strip_prefix(quote) {
            let (key, rest) = rest.split_once(quote)?;
            let (_, value) = rest.split_once(['=', ':'])?;
            return Some((key, value));
        }
    }
    let (key, value) = line.split_once(['=', ':'])?;
    Some((key.trim(), value)).filter(|(key, _)| !key.is_empty())
}

fn unquoted(value: &str) -> &str {
    ['"', '\'']
        .iter()
        .find_map(|quote| {
            let inner = value.strip_prefix(*quote)?.strip_suffix(*quote)?;
            (!inner.contains(*quote)).then_some(inner)
        })
        .unwrap_or(value)
}
