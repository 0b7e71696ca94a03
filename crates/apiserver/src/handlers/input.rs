//! Bodies of requests: JSON, or YAML where the client says so.

use serde_json::Value;
use windlass_yaml::{Document, Limits, ParseOptions, parse_with};

use super::Request;
use crate::protobuf;
use crate::status::Status;

/// How deeply YAML may be nested: as deeply as JSON, whose reader has this limit.
const MAX_DEPTH: usize = 128;

impl Request {
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
            "" | "application/json" | "text/json" => self.json(),
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
