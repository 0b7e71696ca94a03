//! Schemas that stand in comments: `items: # {"type": "array", "x-kubernetes-patch-strategy": "merge"}`.
//!
//! kyaml looks for them at every field that it merges, and takes them for more than what it knows of the
//! kind. Of a node's comments only the first counts, that at the end of the line before the one above.

use std::collections::HashMap;

use serde_json::{Map, Value as Json};
use windlass_yaml::{Node, Value};

use crate::schema::{Schema, TypeRef};

/// The schemas in the comments of an object and its patch, by the text of the comment.
pub(super) struct CommentSchemas(HashMap<Box<str>, Schema>);

impl CommentSchemas {
    pub(super) fn of(nodes: [&Node; 2]) -> Self {
        let mut schemas = Self(HashMap::new());
        for node in nodes {
            schemas.collect(node);
        }
        schemas
    }

    fn collect(&mut self, node: &Node) {
        if let Some(comment) = comment(node)
            && let Some(schema) = parse(comment)
        {
            self.0.insert(comment.into(), schema);
        }
        match &node.value {
            Value::Sequence(items) => items.iter().for_each(|item| self.collect(item)),
            Value::Mapping(mapping) => mapping.iter().for_each(|(key, value)| {
                self.collect(key);
                self.collect(value);
            }),
            Value::Scalar(_) | Value::Alias(_) => {}
        }
    }

    /// Returns the schema in the comment of the first of these nodes that has one.
    pub(super) fn first<'n>(
        &self,
        nodes: impl IntoIterator<Item = &'n Node>,
    ) -> Option<TypeRef<'_>> {
        if self.0.is_empty() {
            return None;
        }
        let mut comments = nodes.into_iter().filter_map(comment);
        let schema = comments.find_map(|comment| self.0.get(comment))?;
        schema.last()
    }
}

fn comment(node: &Node) -> Option<&str> {
    let comments = node.comments()?;
    [&comments.line, &comments.head]
        .into_iter()
        .map(String::as_str)
        .find(|comment| !comment.is_empty())
}

/// Returns the schema in a comment. Nearly all comments hold none, and an empty one is none.
fn parse(comment: &str) -> Option<Schema> {
    let text = comment.trim_start_matches('#');
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let Ok(Json::Object(fields)) = serde_json::from_str(text) else {
        return None;
    };
    if fields.is_empty() || !is_schema(&fields) {
        return None;
    }
    Schema::from_type(&Node::from(Json::Object(fields))).ok()
}

/// Returns whether the fields have the types that they need for Go to read them.
fn is_schema(fields: &Map<String, Json>) -> bool {
    fields.iter().all(|(name, value)| match name.as_str() {
        _ if value.is_null() => true,
        "id" | "$schema" | "$ref" | "description" | "title" | "format" | "pattern" => {
            value.is_string()
        }
        "type" => {
            value.is_string()
                || value
                    .as_array()
                    .is_some_and(|all| all.iter().all(Json::is_string))
        }
        "properties" | "patternProperties" | "definitions" => {
            value.as_object().is_some_and(|all| {
                all.values()
                    .all(|value| value.as_object().is_some_and(is_schema))
            })
        }
        "items" => value.is_array() || value.as_object().is_some_and(is_schema),
        "additionalProperties" => value.is_boolean() || value.as_object().is_some_and(is_schema),
        "required" | "enum" | "allOf" | "anyOf" | "oneOf" => value.is_array(),
        _ => true,
    })
}
