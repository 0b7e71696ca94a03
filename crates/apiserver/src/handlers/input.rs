//! Bodies of requests: JSON, or YAML where the client says so.

use serde_json::Value;
use windlass_yaml::{Document, Limits, ParseOptions, parse_with};

use super::Request;
use crate::go_json;
use crate::protobuf;
use crate::status::Status;

/// How deeply YAML may be nested: as deeply as JSON, whose reader has this limit.
const MAX_DEPTH: usize = 128;

/// How Go prints the type with which its decoder looks for the type of an object.
const TYPE_META: &str = "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \
                         \"json:\\\"kind,omitempty\\\"\" }";

impl Request {
    /// Returns the object in the body, which is to be of a kind.
    pub(super) fn object_of(&self, kind: &str) -> Result<Value, Status> {
        let object = self
            .value()
            .map_err(|status| match go_json::mistake(&self.body) {
                Some(mistake) if self.is_json() => unrecognized(kind, &mistake, &self.body),
                _ => status,
            })?;
        let found = match &object {
            Value::Object(_) => return Ok(object),
            Value::Null => return Ok(Value::Object(serde_json::Map::new())),
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
        };
        let mistake = format!("json: cannot unmarshal {found} into Go value of type {TYPE_META}");
        Err(unrecognized(kind, &mistake, &self.body))
    }

    fn is_json(&self) -> bool {
        matches!(
            self.content_type.as_str(),
            "" | "application/json" | "text/json"
        )
    }

    /// Returns the object in the body.
    pub(super) fn object(&self) -> Result<Value, Status> {
        let object = self.value()?;
        if object.is_object() {
            return Ok(object);
        }
        if object.is_null() {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        Err(Status::bad_request(
            "the body of the request is not an object",
        ))
    }

    pub(super) fn value(&self) -> Result<Value, Status> {
        match self.content_type.as_str() {
            _ if self.is_json() => self.json(),
            "application/vnd.kubernetes.protobuf" => {
                protobuf::decode(&self.body).map_err(|error| {
                    Status::bad_request(format!("the body of the request cannot be read: {error}"))
                })
            }
            "application/yaml" | "application/x-yaml" | "text/yaml" => self.yaml(),
            _ => Err(Status::unsupported_media_type(
                "the body of the request was in an unknown format - accepted media types include: \
                 application/json, application/yaml, application/vnd.kubernetes.protobuf",
            )),
        }
    }

    /// Returns the JSON value in the body.
    pub(super) fn json(&self) -> Result<Value, Status> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Status::bad_request(format!("the body of the request is not JSON: {error}"))
        })
    }

    /// Returns the YAML value in the body. JSON is YAML too, and most clients send it.
    pub(super) fn yaml(&self) -> Result<Value, Status> {
        if self.body.first() == Some(&b'{')
            && let Ok(value) = serde_json::from_slice(&self.body)
        {
            return Ok(value);
        }
        let text = std::str::from_utf8(&self.body)
            .map_err(|error| Status::bad_request(format!("the body is not UTF-8: {error}")))?;
        parse_yaml(text)
    }
}

/// Says of a body what Go's decoder says that looks for the type of an object.
fn unrecognized(kind: &str, mistake: &str, body: &[u8]) -> Status {
    Status::bad_request(format!(
        "the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; json \
         parse error: {mistake} ({})",
        go_json::quoted(body)
    ))
}

fn parse_yaml(text: &str) -> Result<Value, Status> {
    let options = ParseOptions {
        limits: Limits {
            depth: MAX_DEPTH,
            nodes: 500_000,
            ..Limits::default()
        },
        ..ParseOptions::default()
    };
    let bad = |error: &dyn std::fmt::Display| {
        Status::bad_request(format!("the body of the request is not YAML: {error}"))
    };
    let documents = parse_with(text, &options).map_err(|error| bad(&error))?;
    let [document] = <[Document; 1]>::try_from(documents)
        .map_err(|documents| bad(&format!("it has {} documents, not one", documents.len())))?;
    let mut root = document.root;
    root.expand_aliases(&options.limits)
        .map_err(|error| bad(&error))?;
    root.to_json().map_err(|error| bad(&error))
}
