//! Fields within a text that is YAML or JSON itself: `data.config\.json.server.port`.

use windlass_yaml::{Document, FileStyle, Node};

use super::fields::{self, Kind};
use crate::document;
use crate::edit;
use crate::error::Problem;
use crate::go_json;
use crate::work::Work;

/// To read and print a byte takes as long as to look at so many fields.
const VISITS_PER_BYTE: usize = 16;

/// Sets a field within a text, and returns whether there was one to set.
pub(super) fn set(
    object: &mut Node,
    path: &[String],
    create: Option<Kind>,
    value: &Node,
    work: &mut Work,
) -> Result<bool, Problem> {
    let Some((at, mut inner)) = find_text(object, path, work)? else {
        return Ok(false);
    };
    let put = &mut |field: &mut Node| {
        fields::put(field, value);
        Ok(())
    };
    if !matches!(
        fields::visit(&mut inner.root, &path[at..], create, put),
        Ok(1..)
    ) {
        return Ok(false);
    }
    fields::visit(object, &path[..at], None, &mut |text: &mut Node| {
        let serialized = serialize(&inner, edit::text(text));
        edit::assign_text(text, &serialized);
        Ok(())
    })?;
    Ok(true)
}

/// Returns the length of the path to the first text on the way, and what the text holds.
fn find_text(
    object: &Node,
    path: &[String],
    work: &mut Work,
) -> Result<Option<(usize, Document)>, Problem> {
    for length in 1..path.len() {
        let Ok(Some(text)) = fields::lookup(object, &path[..length]) else {
            continue;
        };
        if text.is_scalar() {
            let text = edit::text(text);
            work.visit(text.len() * VISITS_PER_BYTE)?;
            let inner = document::first_with_comments(text.as_bytes()).ok();
            if let Some(inner) = inner {
                return Ok(Some((length, inner)));
            }
        }
    }
    Ok(None)
}

/// Writes JSON as JSON, indented if it was, and anything else as YAML.
fn serialize(inner: &Document, original: &str) -> String {
    if original.trim_start().starts_with(['{', '[']) {
        let value = go_json::value(&inner.root);
        let is_indented = original.contains('\n') && original.contains("  ");
        return if is_indented {
            go_json::indented(&value)
        } else {
            go_json::compact(&value)
        };
    }
    let document = Document {
        explicit_start: false,
        ..inner.clone()
    };
    let printed = windlass_yaml::print_file(&[document], &FileStyle::default());
    printed.trim().to_owned()
}
