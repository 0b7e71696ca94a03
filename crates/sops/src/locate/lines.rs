//! Values of the formats that have one in a line.

use std::fmt::Write as _;

use super::Position;
use crate::{Format, Step};

/// Returns how many of the steps lead somewhere, and where the last of them does.
pub(super) fn find(text: &[u8], format: Format, steps: &[Step]) -> Option<(usize, Position)> {
    let text = std::str::from_utf8(text).ok()?;
    let mut depths = (1..=steps.len()).rev();
    depths.find_map(|depth| Some((depth, Wanted::of(&steps[..depth], format)?.find(text)?)))
}

/// What the line begins with that is looked for.
struct Wanted<'s> {
    section: &'s str,
    key: String,
    /// Whether the fields below it do as well.
    is_metadata: bool,
}

impl<'s> Wanted<'s> {
    fn of(steps: &'s [Step], format: Format) -> Option<Self> {
        let wanted = |section, key: &str| Self {
            section,
            key: key.to_owned(),
            is_metadata: false,
        };
        match (steps, format) {
            ([Step::Key(sops), field @ ..], _) if sops == "sops" && !field.is_empty() => {
                let (section, start) = match format {
                    Format::Ini => ("sops", ""),
                    _ => ("", "sops_"),
                };
                Some(Self {
                    section,
                    key: flat_name(start, field),
                    is_metadata: true,
                })
            }
            ([Step::Key(key)], Format::Dotenv) => Some(wanted("", key)),
            ([Step::Key(section), Step::Key(key)], Format::Ini) => Some(wanted(section, key)),
            _ => None,
        }
    }

    fn find(&self, text: &str) -> Option<Position> {
        let mut current = if self.section == "DEFAULT" {
            "DEFAULT"
        } else {
            ""
        };
        for (number, line) in text.lines().enumerate() {
            let header = line.trim().strip_prefix('[');
            if let Some(name) = header.and_then(|rest| rest.split(']').next()) {
                current = name.trim();
            }
            let name = line.split(['=', ':']).next().unwrap_or_default();
            if current == self.section && self.is(name.trim()) && name.len() < line.len() {
                let value = line[name.len() + 1..].trim_start();
                let before = &line[..line.len() - value.len()];
                return Some(Position::at(number, before.chars().count()));
            }
        }
        None
    }

    fn is(&self, name: &str) -> bool {
        let rest = name.strip_prefix(self.key.as_str());
        rest.is_some_and(|rest| rest.is_empty() || self.is_metadata && rest.starts_with("__"))
    }
}

/// Returns the name that a field of the metadata has in a format without nesting.
fn flat_name(start: &str, field: &[Step]) -> String {
    let mut name = start.to_owned();
    for (at, step) in field.iter().enumerate() {
        let written = match step {
            Step::Key(key) if at == 0 => write!(name, "{key}"),
            Step::Key(key) => write!(name, "__map_{key}"),
            Step::Index(index) => write!(name, "__list_{index}"),
        };
        written.expect("writing to a String cannot fail");
    }
    name
}
