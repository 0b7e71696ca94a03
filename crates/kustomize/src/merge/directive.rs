//! `$patch`: what a patch says about its own place.

use windlass_yaml::Node;

use super::list::{ElementSetter, Row, Slots};
use crate::edit;
use crate::error::{PatchProblem, Problem};

const KEY: &str = "$patch";

/// What a patch does to the value in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Directive {
    Merge,
    Replace,
    Delete,
}

fn from_word(word: &str) -> Result<Directive, Problem> {
    match word {
        "delete" => Ok(Directive::Delete),
        "replace" => Ok(Directive::Replace),
        "merge" => Ok(Directive::Merge),
        _ => Err(PatchProblem::UnknownDirective {
            directive: word.to_owned(),
        }
        .into()),
    }
}

/// Takes the directive out of a mapping.
pub(super) fn take_from_mapping(patch: &mut Node) -> Result<Directive, Problem> {
    let Some(word) = patch.get(KEY) else {
        return Ok(Directive::Merge);
    };
    let directive = from_word(edit::text(word))?;
    patch.remove(KEY);
    Ok(directive)
}

/// Takes the directive out of a list, where it is an element of its own: `- $patch: replace`.
pub(super) fn take_from_list(patch: &mut Vec<Node>) -> Result<Directive, Problem> {
    let Some(element) = patch.iter().find(|element| element.get(KEY).is_some()) else {
        return Ok(Directive::Merge);
    };
    // An element with other fields has a directive for itself.
    if element.as_mapping().is_none_or(|mapping| mapping.len() > 1) {
        return Ok(Directive::Merge);
    }
    let word = edit::field_text(element, KEY).to_owned();
    let directive = from_word(&word)?;
    let slots = Slots::new(std::mem::take(patch));
    let mut remaining = Row::of_all(&slots);
    ElementSetter {
        keys: &[KEY.to_owned()],
        values: &[word],
    }
    .remove(&slots, &mut remaining)?;
    *patch = slots.take(&remaining);
    Ok(directive)
}

/// Returns whether a patch is to stand in the place of the whole object.
pub(super) fn replaces(patch: &Node) -> bool {
    patch.get_text("$patch") == Some("replace")
}
