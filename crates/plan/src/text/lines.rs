//! Texts of several lines, such as a file in a ConfigMap: what changes in them, line by line.

use serde_json::Value;
use windlass_object::{FieldChange, FieldValue};

/// How many lines are shown of what goes and of what comes.
const SHOWN: usize = 20;

/// Returns the lines that change, with `-` or `+` before them and where they are, if both values are texts and one
/// has several lines. From the first line that differs to the last, all lines count as changed.
pub(super) fn changed(change: &FieldChange) -> Option<Vec<String>> {
    let before: Vec<&str> = text(change.before.as_ref())?.lines().collect();
    let after: Vec<&str> = text(change.after.as_ref())?.lines().collect();
    if before.len().max(after.len()) < 2 || before == after {
        return None;
    }
    let same = |pairs: &mut dyn Iterator<Item = (&&str, &&str)>| {
        pairs.take_while(|(one, two)| one == two).count()
    };
    let start = same(&mut before.iter().zip(&after));
    let (before, after) = (&before[start..], &after[start..]);
    let end = same(&mut before.iter().rev().zip(after.iter().rev()));
    let mut lines = vec![format!("line {}", start + 1)];
    lines.extend(marked('-', &before[..before.len() - end]));
    lines.extend(marked('+', &after[..after.len() - end]));
    Some(lines)
}

fn text(value: Option<&FieldValue>) -> Option<&str> {
    match value? {
        FieldValue::Plain(Value::String(text)) => Some(text),
        FieldValue::Plain(_) | FieldValue::Redacted(_) => None,
    }
}

fn marked(mark: char, lines: &[&str]) -> Vec<String> {
    let mut marked: Vec<String> = lines
        .iter()
        .take(SHOWN)
        .map(|line| format!("{mark} {line}"))
        .collect();
    let more = lines.len().saturating_sub(SHOWN);
    if more > 0 {
        marked.push(format!("{mark} … ({more} more lines)"));
    }
    marked
}
