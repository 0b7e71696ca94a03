//! From the text of a file to the objects in it, by the rules of kyaml's reader.

use std::borrow::Cow;

use windlass_yaml::{
    Document, DuplicateKeys, Limits, Node, ParseError, ParseOptions, Position, Value,
};

use crate::edit;
use crate::error::{LoadProblem, ObjectProblem, Problem};

/// Something wrong at a place of a text.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) at: Position,
    pub(crate) problem: Problem,
}

/// Duplicate keys are a mistake only in what is printed.
fn options() -> ParseOptions {
    ParseOptions {
        duplicate_keys: DuplicateKeys::Keep,
        ..ParseOptions::default()
    }
}

/// Returns the first document of a text, aliases expanded; null when there is none.
pub(crate) fn first(bytes: &[u8]) -> Result<Node, Fault> {
    first_with_comments(bytes).map(|document| document.root)
}

/// Does as [`first`], and keeps the comments around the value.
pub(crate) fn first_with_comments(bytes: &[u8]) -> Result<Document, Fault> {
    let document = windlass_yaml::parse_first(bytes, &options()).map_err(syntax)?;
    let mut document = document.unwrap_or_default();
    let limits = Limits::default();
    document.root.expand_aliases(&limits).map_err(syntax)?;
    Ok(document)
}

/// Returns the objects of a text, lists of objects taken apart. Positions are those of the whole text.
pub(crate) fn objects(bytes: &[u8]) -> Result<Vec<Node>, Fault> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) if text.contains('\r') => Cow::Owned(text.replace("\r\n", "\n")),
        Ok(text) => Cow::Borrowed(text),
        // Not UTF-8: the parser knows other encodings, and says where it is wrong.
        Err(_) => return first(bytes).and_then(|root| valid_objects(vec![root])),
    };
    let chunks = split(&text)?;
    let mut roots = Vec::with_capacity(chunks.len());
    for chunk in &chunks {
        roots.extend(read_chunk(chunk)?);
    }
    if chunks.len() == 1 {
        roots = roots.into_iter().flat_map(unwrap_list).collect();
    }
    valid_objects(roots)
}

/// A part of a text, and the number of lines before it.
struct Chunk<'t> {
    text: &'t str,
    line: u32,
}

/// Splits a text at lines that begin with `---`. The first line never splits, and neither does one that
/// follows such a line, because kustomize looks for the line feed before it.
fn split(text: &str) -> Result<Vec<Chunk<'_>>, Fault> {
    let mut chunks = Vec::new();
    let (mut start, mut line, mut from) = (0, 0, 0);
    while let Some(found) = text[from..].find("\n---") {
        let at = from + found;
        let Some(length) = text[at + 4..].find('\n') else {
            break;
        };
        let rest = text[at + 4..at + 4 + length].trim();
        let lines = line + count_lines(&text[start..=at]);
        if !rest.is_empty() && !rest.starts_with('#') {
            let at = Position {
                line: lines + 1,
                column: 1,
                ..Position::default()
            };
            return Err(Fault {
                at,
                problem: LoadProblem::DocumentSeparator.into(),
            });
        }
        chunks.push(Chunk {
            text: &text[start..=at],
            line,
        });
        from = at + 4 + length + 1;
        (start, line) = (from, lines + 1);
    }
    chunks.push(Chunk {
        text: &text[start..],
        line,
    });
    Ok(chunks)
}

fn count_lines(text: &str) -> u32 {
    let lines = text.bytes().filter(|byte| *byte == b'\n').count();
    u32::try_from(lines).unwrap_or(u32::MAX)
}

/// Returns the first document of a chunk, unless it is null.
fn read_chunk(chunk: &Chunk<'_>) -> Result<Option<Node>, Fault> {
    let mut root = parse_chunk(chunk.text).map_err(|error| in_whole_text(chunk, error))?;
    if root.is_null() {
        return Ok(None);
    }
    if chunk.line > 0 {
        move_down(&mut root, chunk.line);
    }
    Ok(Some(root))
}

fn parse_chunk(text: &str) -> Result<Node, ParseError> {
    let document = windlass_yaml::parse_first(text, &options())?;
    let mut root = document.map_or_else(Node::null, Document::into_root);
    root.expand_aliases(&Limits::default())?;
    Ok(root)
}

/// Returns the error with the lines of the whole text: the chunk is read again behind as many empty
/// lines as stand before it.
fn in_whole_text(chunk: &Chunk<'_>, error: ParseError) -> Fault {
    let padded = format!("{}{}", "\n".repeat(chunk.line as usize), chunk.text);
    syntax(parse_chunk(&padded).err().unwrap_or(error))
}

fn move_down(node: &mut Node, lines: u32) {
    if node.start.is_known() {
        node.start.line += lines;
    }
    match &mut node.value {
        Value::Sequence(items) => items.iter_mut().for_each(|item| move_down(item, lines)),
        Value::Mapping(mapping) => {
            for entry in mapping.entries_mut() {
                move_down(&mut entry.key, lines);
                move_down(&mut entry.value, lines);
            }
        }
        Value::Scalar(_) | Value::Alias(_) => {}
    }
}

fn syntax(error: ParseError) -> Fault {
    Fault {
        at: error.position(),
        problem: Problem::Yaml(error),
    }
}

/// Takes apart a `List` that is the only document of its text.
fn unwrap_list(mut root: Node) -> Vec<Node> {
    let is_list = matches!(edit::field_text(&root, "kind"), "List" | "ResourceList");
    if !is_list || (root.get("items").is_none() && root.get("functionConfig").is_none()) {
        return vec![root];
    }
    match root.get_mut("items").and_then(Node::as_sequence_mut) {
        Some(items) => std::mem::take(items),
        None => Vec::new(),
    }
}

/// Drops what is empty, refuses what is no object, and takes lists apart; their items come last.
fn valid_objects(roots: Vec<Node>) -> Result<Vec<Node>, Fault> {
    let mut queue = validate(roots)?;
    let mut objects = Vec::with_capacity(queue.len());
    while !queue.is_empty() {
        let mut next = Vec::new();
        for mut node in queue {
            if !edit::field_text(&node, "kind").ends_with("List") || node.get("items").is_none() {
                objects.push(node);
                continue;
            }
            let at = node.start;
            if let Err(error) = node.to_json() {
                let at = error.position();
                let reason = error.to_string();
                return Err(Fault {
                    at,
                    problem: ObjectProblem::Unprintable { reason }.into(),
                });
            }
            let kind = edit::field_text(&node, "kind").to_owned();
            match node.get_mut("items") {
                Some(items) if items.is_null() => {}
                Some(items) => {
                    let Value::Sequence(items) = &mut items.value else {
                        let found = go_type(items);
                        let problem = ObjectProblem::ItemsNotAList { kind, found }.into();
                        return Err(Fault { at, problem });
                    };
                    next.extend(std::mem::take(items).into_iter().map(through_json));
                }
                None => {}
            }
        }
        queue = validate(next)?;
    }
    Ok(objects)
}

/// Makes an item of a list what it is after kustomize has written it as JSON and read it again: all texts
/// are in quotes.
fn through_json(mut node: Node) -> Node {
    if node.is_scalar() {
        if node.is_null() {
            node.replace_value(Node::plain("null").value);
        } else if node.is_string() {
            node.replace_value(edit::quoted(edit::text(&node)).value);
        }
    } else if let Some(items) = node.as_sequence_mut() {
        *items = std::mem::take(items)
            .into_iter()
            .map(through_json)
            .collect();
    } else if let Some(mapping) = node.as_mapping_mut() {
        for value in mapping.values_mut() {
            *value = through_json(std::mem::take(value));
        }
    }
    node
}

fn go_type(node: &Node) -> &'static str {
    match crate::yaml11::json(node).type_name() {
        "object" => "map[string]interface {}",
        "number" => "float64",
        other => other,
    }
}

fn validate(mut nodes: Vec<Node>) -> Result<Vec<Node>, Fault> {
    nodes.retain(|node| !edit::is_empty(node));
    for node in &nodes {
        validate_object(node).map_err(|problem| Fault {
            at: node.start,
            problem,
        })?;
    }
    Ok(nodes)
}

fn called(word: &str, node: &Node) -> String {
    match (word, edit::field_text(node, "apiVersion")) {
        ("", "") => "without name".to_owned(),
        ("", api_version) => format!("of {api_version}, without name"),
        (word, "") => word.to_owned(),
        (word, api_version) => format!("{word} of {api_version}"),
    }
}

/// Returns type, name and labels of an object as Go prints them. Annotations are left out: they may hold
/// whole objects.
fn summary(node: &Node, kind: &str) -> String {
    let api_version = edit::field_text(node, "apiVersion");
    let (name, namespace) = (
        edit::metadata_text(node, "name"),
        edit::metadata_text(node, "namespace"),
    );
    let mut labels = edit::metadata_map(node, "labels");
    labels.sort();
    let labels: Vec<String> = labels.iter().map(|(k, v)| format!("{k}:{v}")).collect();
    let labels = labels.join(" ");
    format!("{{{{{api_version} {kind}}} {{{{{name} {namespace}}} map[{labels}] map[]}}}}")
}

/// Checks that an object has a kind and a name; lists need none.
pub(crate) fn validate_object(node: &Node) -> Result<(), Problem> {
    let is_there = |field: &str| node.get(field).is_some_and(|value| !edit::is_empty(value));
    if !["apiVersion", "kind", "metadata"].into_iter().any(is_there) {
        return Err(ObjectProblem::MissingMetadata.into());
    }
    let kind = edit::present(node, "kind")
        .map(edit::text)
        .unwrap_or_default();
    if kind.is_empty() {
        return Err(ObjectProblem::MissingKind {
            object: called(edit::metadata_text(node, "name"), node),
            summary: summary(node, ""),
        }
        .into());
    }
    if !kind.ends_with("List") && edit::metadata_text(node, "name").is_empty() {
        return Err(ObjectProblem::MissingName {
            object: called(kind, node),
            summary: summary(node, kind),
            is_generated: !edit::metadata_text(node, "generateName").is_empty(),
        }
        .into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        let objects = objects(text.as_bytes()).unwrap();
        objects
            .iter()
            .map(|node| edit::metadata_text(node, "name").to_owned())
            .collect()
    }

    #[test]
    fn documents_are_split_where_a_line_begins_with_dashes() {
        assert_eq!(
            names(
                "---\nkind: A\nmetadata: {name: a}\n--- # b\nkind: B\nmetadata: {name: b}\n---\n"
            ),
            ["a", "b"]
        );
        assert!(objects(b"kind: A\nmetadata: {name: a}\n--- x\nkind: B\n").is_err());
    }

    #[test]
    fn items_of_lists_come_after_the_other_objects() {
        let list = "kind: WebList\nitems:\n- {kind: Web, metadata: {name: inner}}\n---\nkind: Web\nmetadata: {name: outer}\n";
        assert_eq!(names(list), ["outer", "inner"]);
        assert_eq!(
            names("kind: List\nitems: [{kind: A, metadata: {name: a}}]\n"),
            ["a"]
        );
    }

    #[test]
    fn a_document_knows_its_line_in_the_file() {
        let objects = objects(
            b"kind: A\nmetadata: {name: a}\n---\n# comment\nkind: B\nmetadata: {name: b}\n",
        )
        .unwrap();
        assert_eq!(
            objects
                .iter()
                .map(|node| node.start.line)
                .collect::<Vec<_>>(),
            [1, 5]
        );
    }
}
