//! Bodies of requests: JSON, or YAML where the client says so.

use serde_json::Value;

use super::Request;
use crate::status::{Reason, Status};

impl Request {
    /// Returns the object in the body.
    pub(super) fn object(&self) -> Result<Value, Status> {
        match self.content_type.as_str() {
            "" | "application/json" | "text/json" => self.json(),
            "application/yaml" | "application/x-yaml" | "text/yaml" => self.yaml(),
            other => Err(Status::unsupported_media_type(format!(
                "the body of the request was in an unknown format ({other}) - accepted media types \
                 include: application/json, application/yaml"
            ))),
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
    let _ = text;
    Err(Status::new(
        415,
        Reason::UnsupportedMediaType,
        "YAML is not read yet; send JSON",
    ))
}
