//! How far a path into an object leads, for messages: only names are shown, never values.

use windlass_yaml::{Node, Value};

use crate::edit;
use crate::error::{End, Reached, There};

/// Follows the parts of a path as far as they exist. `step` takes one part; `join` shows a path of the
/// first so many parts.
pub(crate) fn reach(
    object: &Node,
    parts: &[String],
    step: impl Fn(&Node, &str) -> Option<Node>,
    join: impl Fn(&[String]) -> String,
) -> Reached {
    let mut node = object.clone();
    let mut count = 0;
    while let Some(next) = parts.get(count).and_then(|part| step(&node, part)) {
        node = next;
        count += 1;
    }
    let wanted = parts.get(count).map_or("", String::as_str);
    Reached {
        path: join(&parts[..count]),
        end: end(&node, wanted),
    }
}

fn end(node: &Node, wanted: &str) -> End {
    match &node.value {
        Value::Mapping(mapping) => {
            // A build gives every object annotations, most of them empty.
            let fields = mapping.iter().filter(|(_, value)| !edit::is_empty(value));
            End::Fields(There::like(wanted, fields.map(|(key, _)| edit::text(key))))
        }
        Value::Sequence(items) => End::Elements(items.len()),
        _ => End::Value,
    }
}
