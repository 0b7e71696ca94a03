//! YAML, read as go-yaml v3 resolves it and binds its comments.

mod write;

pub(super) use write::{emit, emit_value};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use windlass_yaml::{
    Document, DuplicateKeys, Limits, Mapping, Node, ParseError, ParseOptions, Resolved,
};

use super::{Fault, SyntaxError};
use crate::SecretBytes;
use crate::document::{MAX_DEPTH, MAX_SIZE, MAX_VALUES};
use crate::time::Timestamp;
use crate::value::{Branch, Item, Scalar, Value};

/// How much a foreign text may ask for; keys are nodes too.
pub(crate) const LIMITS: Limits = Limits {
    bytes: MAX_SIZE,
    depth: MAX_DEPTH,
    nodes: 2 * MAX_VALUES,
    expansion: MAX_VALUES,
};

const OPTIONS: ParseOptions = ParseOptions {
    limits: LIMITS,
    duplicate_keys: DuplicateKeys::Refuse,
};

/// Reads the documents of a text; each is a mapping.
pub(super) fn parse(text: &str) -> Result<Vec<Branch>, SyntaxError> {
    let mut documents =
        windlass_yaml::parse_with(text, &OPTIONS).map_err(|error| syntax(&error))?;
    for document in &mut documents {
        let copied = document.root.copy_aliases(&LIMITS);
        copied.map_err(|error| syntax(&error))?;
    }
    if documents.is_empty() {
        return Err(SyntaxError::in_line(0, "the file is empty"));
    }
    let branches = documents
        .iter()
        .map(parse_document)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(branches)
}

/// The messages of the reader may quote a key or an anchor, not a value.
fn syntax(error: &ParseError) -> SyntaxError {
    let reason = error.to_string();
    let at = error.position();
    SyntaxError {
        line: at.line,
        column: at.column,
        reason: match reason.split_once(": ") {
            Some((line, reason)) if line.starts_with("line ") => reason.to_owned(),
            _ => reason,
        },
        fault: Fault::Form,
    }
}

fn wrong(node: &Node, reason: &str) -> SyntaxError {
    SyntaxError {
        line: node.start.line,
        column: node.start.column,
        reason: reason.to_owned(),
        fault: Fault::Form,
    }
}

/// Returns the error of what is YAML, but cannot be encrypted.
fn unfit(node: &Node, reason: &str) -> SyntaxError {
    SyntaxError {
        fault: Fault::Content,
        ..wrong(node, reason)
    }
}

fn parse_document(document: &Document) -> Result<Branch, SyntaxError> {
    let root = &document.root;
    let mut branch = Branch::new();
    branch.extend(lines(&document.comments.head).map(Item::Comment));
    match (root.as_mapping(), root.resolve()) {
        (Some(mapping), _) => {
            branch.extend(before(root).map(Item::Comment));
            parse_mapping(mapping, &mut branch)?;
            branch.extend(after(root).map(Item::Comment));
        }
        (None, Resolved::Null) => {}
        (None, _) => return Err(wrong(root, "the document is not a mapping")),
    }
    branch.extend(lines(&document.comments.foot).map(Item::Comment));
    Ok(branch)
}

/// Reads the pairs, with the comments of a key, and of a value in the same line, before the pair.
fn parse_mapping(mapping: &Mapping, branch: &mut Branch) -> Result<(), SyntaxError> {
    for (key, value) in mapping.iter() {
        let name = match key.resolve() {
            Resolved::String(text) => text,
            Resolved::Merge => "<<",
            _ => return Err(unfit(key, "a key is not a text; put it into quotes")),
        };
        branch.extend(before(key).map(Item::Comment));
        if value.is_scalar() {
            branch.extend(before(value).map(Item::Comment));
        }
        let parsed = parse_node(value)?;
        branch.push(Item::Pair(name.to_owned(), parsed));
        if value.is_scalar() {
            branch.extend(after(value).map(Item::Comment));
        }
        branch.extend(after(key).map(Item::Comment));
    }
    Ok(())
}

fn parse_list(nodes: &[Node]) -> Result<Vec<Value>, SyntaxError> {
    let mut values = Vec::with_capacity(nodes.len());
    for node in nodes {
        values.extend(before(node).map(Value::Comment));
        values.push(parse_node(node)?);
        values.extend(after(node).map(Value::Comment));
    }
    Ok(values)
}

fn before(node: &Node) -> impl Iterator<Item = SecretBytes> {
    let comments = node.comments().into_iter();
    comments.flat_map(|comments| lines(&comments.head).chain(lines(&comments.line)))
}

fn after(node: &Node) -> impl Iterator<Item = SecretBytes> {
    let comments = node.comments().into_iter();
    comments.flat_map(|comments| lines(&comments.foot))
}

/// Returns each line of a comment without its `#`.
fn lines(comment: &str) -> impl Iterator<Item = SecretBytes> {
    let lines = comment.split('\n').filter(|line| !line.is_empty());
    lines.map(|line| line.strip_prefix('#').unwrap_or(line).into())
}

fn parse_node(node: &Node) -> Result<Value, SyntaxError> {
    if let Some(mapping) = node.as_mapping() {
        let mut branch = Branch::new();
        parse_mapping(mapping, &mut branch)?;
        return Ok(Value::Branch(branch));
    }
    if let Some(items) = node.as_sequence() {
        return parse_list(items).map(Value::List);
    }
    let scalar = match node.resolve() {
        Resolved::Null => return Ok(Value::Null),
        Resolved::Bool(flag) => Scalar::Bool(flag),
        Resolved::Int(number) => Scalar::Int(number),
        Resolved::Float(number) => Scalar::Float(number),
        Resolved::Timestamp(text) => match Timestamp::parse_yaml(text) {
            Some(time) => Scalar::Time(time),
            None => Scalar::Text(text.into()),
        },
        Resolved::Binary(text) => Scalar::Text(decode(node, text)?),
        Resolved::String(text) => Scalar::Text(text.into()),
        Resolved::Merge => Scalar::Text("<<".into()),
        Resolved::Uint(_) => {
            return Err(unfit(node, "the number is larger than 9223372036854775807"));
        }
        Resolved::Mismatch(_) => return Err(wrong(node, "the value does not fit its tag")),
        Resolved::Sequence | Resolved::Mapping | Resolved::Alias => {
            unreachable!("collections were read above, and aliases were replaced by copies")
        }
    };
    Ok(Value::Scalar(scalar))
}

fn decode(node: &Node, text: &str) -> Result<SecretBytes, SyntaxError> {
    let packed: String = text.split_ascii_whitespace().collect();
    let bytes = STANDARD.decode(packed);
    let bytes = bytes.map_err(|_| wrong(node, "the !!binary value is not Base64"))?;
    Ok(SecretBytes::new(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Format, round_trip};

    #[test]
    fn scalars_have_the_types_of_go_yaml() {
        insta::assert_snapshot!(round_trip(Format::Yaml, "a: [0x1F, 0o17, yes, true, ~, 1.50, '1', 2020-01-02, .inf]\nb: !!binary aGk=\n"), @r#"
        a:
            - 31
            - 15
            - "yes"
            - true
            - null
            - 1.5
            - "1"
            - 2020-01-02T00:00:00Z
            - .inf
        b: hi
        "#);
    }

    #[test]
    fn documents_merge_keys_and_comments_are_kept() {
        insta::assert_snapshot!(round_trip(Format::Yaml, "# top\na: 1 # one\n!!merge <<:\n    b: |\n        x\n# below\n---\nl:\n# first\n- x\n- {}\n# end\n"), @r#"
        # top
        # one
        a: 1
        !!merge <<:
            b: |
                x
        # below
        ---
        l:
            # first
            - x
            - {}
            # end
        "#);
    }

    #[test]
    fn aliases_are_copied_and_merge_keys_stay() {
        insta::assert_snapshot!(round_trip(Format::Yaml, "d: &d {a: 1}\ne:\n  <<: *d\nf: *d\n"), @r"
        d:
            a: 1
        e:
            !!merge <<:
                a: 1
        f:
            a: 1
        ");
    }

    #[test]
    fn what_sops_cannot_hold_is_refused_with_its_place() {
        let error = |text| parse(text).unwrap_err().to_string();
        insta::assert_snapshot!(error("a: 1\n1: x\n"), @"line 2, column 1: a key is not a text; put it into quotes");
        insta::assert_snapshot!(error("- a\n"), @"line 1, column 1: the document is not a mapping");
        insta::assert_snapshot!(error("a: 1\na: 2\n"), @r#"line 2, column 1: mapping key "a" already defined at line 1"#);
        insta::assert_snapshot!(error("a: &x [*x]\n"), @"line 1, column 8: anchor 'x' value contains itself");
        insta::assert_snapshot!(error("# nothing\n"), @"line 1, column 1: the file is empty");
    }
}
