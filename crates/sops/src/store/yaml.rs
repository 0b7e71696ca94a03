//! YAML, read as go-yaml v3 resolves it.
//!
//! Comments are not kept yet. They are no part of the MAC, and the only rules that depend on them
//! (`*_comment_regex`) are refused for this format rather than guessed at.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use windlass_yaml::{DuplicateKeys, Limits, Mapping, Node, ParseError, ParseOptions, Resolved};

use super::{EmitError, SyntaxError, json};
use crate::SecretBytes;
use crate::document::{MAX_DEPTH, MAX_SIZE, MAX_VALUES};
use crate::time::Timestamp;
use crate::value::{Branch, Item, Scalar, Value, get};

/// How much a foreign text may ask for; keys are nodes too.
const OPTIONS: ParseOptions = ParseOptions {
    limits: Limits {
        bytes: MAX_SIZE,
        depth: MAX_DEPTH,
        nodes: 2 * MAX_VALUES,
        expansion: MAX_VALUES,
    },
    duplicate_keys: DuplicateKeys::Refuse,
};

/// Reads the documents of a text; each is a mapping.
pub(super) fn parse(text: &str) -> Result<Vec<Branch>, SyntaxError> {
    let documents = windlass_yaml::parse_with(text, &OPTIONS).map_err(|error| syntax(&error))?;
    if documents.is_empty() {
        return Err(SyntaxError::in_line(0, "the file is empty"));
    }
    let branches = documents
        .iter()
        .map(|document| parse_root(&document.root))
        .collect::<Result<Vec<_>, _>>()?;
    refuse_comment_rules(&branches)?;
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
    }
}

fn wrong(node: &Node, reason: &str) -> SyntaxError {
    SyntaxError {
        line: node.start.line,
        column: node.start.column,
        reason: reason.to_owned(),
    }
}

fn parse_root(root: &Node) -> Result<Branch, SyntaxError> {
    match (root.as_mapping(), root.resolve()) {
        (Some(mapping), _) => parse_mapping(mapping),
        (None, Resolved::Null) => Ok(Branch::new()),
        (None, _) => Err(wrong(root, "the document is not a mapping")),
    }
}

fn parse_mapping(mapping: &Mapping) -> Result<Branch, SyntaxError> {
    let pair = |(key, value): (&Node, &Node)| match key.resolve() {
        Resolved::String(text) => Ok(Item::Pair(text.to_owned(), parse_node(value)?)),
        Resolved::Merge => Ok(Item::Pair("<<".to_owned(), parse_node(value)?)),
        _ => Err(wrong(key, "a key is not a text; put it into quotes")),
    };
    mapping.iter().map(pair).collect()
}

fn parse_node(node: &Node) -> Result<Value, SyntaxError> {
    if let Some(mapping) = node.as_mapping() {
        return Ok(Value::Branch(parse_mapping(mapping)?));
    }
    if let Some(items) = node.as_sequence() {
        return items
            .iter()
            .map(parse_node)
            .collect::<Result<_, _>>()
            .map(Value::List);
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
            return Err(wrong(node, "the number is larger than 9223372036854775807"));
        }
        Resolved::Mismatch(_) => return Err(wrong(node, "the value does not fit its tag")),
        Resolved::Sequence | Resolved::Mapping | Resolved::Alias => {
            return Err(wrong(
                node,
                "aliases are not read; sops writes none, it copies what they refer to",
            ));
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

fn refuse_comment_rules(documents: &[Branch]) -> Result<(), SyntaxError> {
    let Some(Value::Branch(metadata)) = documents.first().and_then(|first| get(first, "sops"))
    else {
        return Ok(());
    };
    let rules = ["encrypted_comment_regex", "unencrypted_comment_regex"];
    let named = |rule: &&&str| {
        get(metadata, rule)
            .and_then(Value::as_text)
            .is_some_and(|text| !text.is_empty())
    };
    match rules.iter().find(named) {
        None => Ok(()),
        Some(rule) => {
            let reason = format!("{rule} is not supported in YAML yet; select by key instead");
            Err(SyntaxError::in_line(0, &reason))
        }
    }
}

/// Writes each document as JSON, which is YAML, with `---` between them.
pub(super) fn emit(documents: &[Branch]) -> Result<SecretBytes, EmitError> {
    let texts = documents
        .iter()
        .map(|document| json::emit(document))
        .collect::<Result<Vec<_>, _>>()?;
    let texts: Vec<&[u8]> = texts.iter().map(SecretBytes::expose).collect();
    Ok(SecretBytes::new(texts.join(&b"---\n"[..])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> String {
        let emitted = emit(&parse(text).unwrap()).unwrap();
        emitted.expose_text().unwrap().replace(['\n', '\t'], "")
    }

    #[test]
    fn scalars_have_the_types_of_go_yaml() {
        assert_eq!(
            json("a: [0x1F, 0o17, yes, true, ~, 1.50, '1', 2020-01-02]\n"),
            r#"{"a": [31,15,"yes",true,null,1.5,"1","2020-01-02T00:00:00Z"]}"#
        );
    }

    #[test]
    fn documents_and_merge_keys_are_kept_apart() {
        assert_eq!(
            json("a: 1\n!!merge <<:\n    b: 2\n---\nd: !!binary aGk=\n"),
            r#"{"a": 1,"\u003c\u003c": {"b": 2}}---{"d": "hi"}"#
        );
    }

    #[test]
    fn what_sops_cannot_hold_is_refused_with_its_place() {
        let error = |text| parse(text).unwrap_err().to_string();
        insta::assert_snapshot!(error("a: 1\n1: x\n"), @"line 2, column 1: a key is not a text; put it into quotes");
        insta::assert_snapshot!(error("- a\n"), @"line 1, column 1: the document is not a mapping");
        insta::assert_snapshot!(error("a: 1\na: 2\n"), @r#"line 2, column 1: mapping key "a" already defined at line 1"#);
        insta::assert_snapshot!(error("a: &x 1\nb: *x\n"), @"line 2, column 4: aliases are not read; sops writes none, it copies what they refer to");
        insta::assert_snapshot!(error("# nothing\n"), @"line 1, column 1: the file is empty");
    }
}
