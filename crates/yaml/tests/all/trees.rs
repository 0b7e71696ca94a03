//! Laws of what is read: where nodes stand, how much there may be, what aliases become.

use std::cell::Cell;

use proptest::prelude::*;
use windlass_yaml::{
    DuplicateKeys, Limits, Node, ParseError, ParseOptions, Position, ScalarStyle, Value, parse,
    parse_first, parse_with,
};

use super::laws::text;

fn keeping_duplicates(limits: Limits) -> ParseOptions {
    ParseOptions {
        limits,
        duplicate_keys: DuplicateKeys::Keep,
    }
}

fn children(node: &Node) -> Vec<&Node> {
    match &node.value {
        Value::Sequence(items) => items.iter().collect(),
        Value::Mapping(mapping) => mapping
            .iter()
            .flat_map(|(key, value)| [key, value])
            .collect(),
        Value::Scalar(_) | Value::Alias(_) => Vec::new(),
    }
}

fn visit(node: &Node, look: &mut impl FnMut(&Node)) {
    look(node);
    for child in children(node) {
        visit(child, look);
    }
}

fn depth(node: &Node) -> usize {
    let below = children(node).into_iter().map(depth).max().unwrap_or(0);
    below + usize::from(!node.is_scalar() && !matches!(node.value, Value::Alias(_)))
}

/// Returns the line and column at an offset, counted anew.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text[..offset].replace("\r\n", "\n");
    let is_break = |c: char| matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let line = before.split(is_break).next_back().unwrap_or_default();
    (
        before.matches(is_break).count() + 1,
        line.chars().count() + 1,
    )
}

/// Checks that a position is the place of its offset. At the end of a text that ends within a line,
/// go-yaml counts one line more.
fn check_position(text: &str, at: Position) -> Result<(), TestCaseError> {
    let offset = at.offset as usize;
    prop_assert!(text.is_char_boundary(offset), "{at:?} in {text:?}");
    if offset < text.trim_end().len() {
        let (line, column) = place(text, offset);
        prop_assert_eq!(
            (at.line as usize, at.column as usize),
            (line, column),
            "{:?}",
            text
        );
    }
    Ok(())
}

fn check_tree(text: &str, node: &Node) -> Result<(), TestCaseError> {
    // A value that is not there has no place of its own.
    if (node.start.offset as usize) < node.end() {
        check_position(text, node.start)?;
    }
    prop_assert!(
        node.start.offset as usize <= node.end(),
        "{node:?} in {text:?}"
    );
    let mut last = node.start.offset;
    for child in children(node) {
        prop_assert!(child.start.offset >= last, "{child:?} in {text:?}");
        last = child.start.offset;
        prop_assert!(
            child.end() <= node.end(),
            "{child:?} of {node:?} in {text:?}"
        );
        check_tree(text, child)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn every_node_stands_where_it_says_and_within_its_parent(text in text()) {
        // The mark counts in offsets only.
        let text = text.trim_start_matches('\u{feff}');
        for document in parse_with(text, &keeping_duplicates(Limits::default())).unwrap_or_default() {
            check_tree(text, &document.root)?;
        }
    }

    #[test]
    fn the_place_of_a_plain_scalar_holds_its_text(text in text()) {
        for document in parse(&text).unwrap_or_default() {
            visit(&document.root, &mut |node| {
                let Some(scalar) = node.as_scalar() else { return };
                let here = &text[node.start.offset as usize..node.end()];
                let is_one_line = !here.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']);
                if is_one_line && scalar.style == ScalarStyle::Plain {
                    assert!(here.ends_with(&*scalar.text), "{node:?} in {text:?}");
                }
            });
        }
    }

    #[test]
    fn a_mistake_has_a_place_in_the_text(text in text()) {
        if let Err(error) = parse(&text) {
            let at = error.position();
            prop_assert!(at.is_known() && at.offset as usize <= text.len(), "{:?} in {:?}", error, text);
        }
    }

    #[test]
    fn the_first_document_is_the_first_of_all(text in text()) {
        if let Ok(documents) = parse(&text) {
            let first = parse_first(&text, &ParseOptions::default());
            let first = first.expect("all of the text can be read").map(|document| document.root);
            prop_assert_eq!(first, documents.into_iter().next().map(|document| document.root));
        }
    }

    #[test]
    fn limits_hold_exactly_what_a_text_has(text in text()) {
        let Ok(documents) = parse_with(&text, &keeping_duplicates(Limits::default())) else {
            return Ok(());
        };
        let nodes = Cell::new(0);
        for document in &documents {
            visit(&document.root, &mut |_| nodes.set(nodes.get() + 1));
        }
        let depth = documents.iter().map(|document| depth(&document.root)).max().unwrap_or(0);
        let (bytes, nodes) = (text.len(), nodes.get());
        let exact = Limits { bytes, depth, nodes, ..Limits::default() };
        prop_assert!(parse_with(&text, &keeping_duplicates(exact)).is_ok());
        let lower = [
            (bytes, Limits { bytes: bytes.saturating_sub(1), ..exact }),
            (depth, Limits { depth: depth.saturating_sub(1), ..exact }),
            (nodes, Limits { nodes: nodes.saturating_sub(1), ..exact }),
        ];
        for (_, limits) in lower.into_iter().filter(|(count, _)| *count > 0) {
            let error = parse_with(&text, &keeping_duplicates(limits)).expect_err("it is over the limit");
            prop_assert!(matches!(error, ParseError::Limit { .. }), "{}", error);
        }
    }

    #[test]
    fn nothing_is_left_to_expand_when_aliases_were_expanded(text in text()) {
        for mut document in parse(&text).unwrap_or_default() {
            if document.root.expand_aliases(&Limits::default()).is_err() {
                continue;
            }
            visit(&document.root, &mut |node| {
                assert!(!matches!(node.value, Value::Alias(_)), "{node:?} in {text:?}");
                assert_eq!(node.anchor(), None);
            });
            let mut again = document.root.clone();
            prop_assert_eq!(again.expand_aliases(&Limits::default()), Ok(()));
            prop_assert_eq!(again, document.root);
        }
    }
}
