//! Answers: bodies, headers and the forms of objects in them.

mod body;
mod list;

use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, VARY, WARNING};
use serde::Serialize;
use serde_json::Value;

use crate::status::Status;

pub(crate) use body::{Body, Chunks};
pub(crate) use list::{list_body, metadata_only};

/// An answer.
pub(crate) type Answer = hyper::Response<Body>;

/// In what style an answer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// JSON in one line.
    Dense,
    /// JSON in many lines.
    Pretty,
    /// YAML.
    Yaml,
}

/// Bodies from this size are compressed, when the client takes it: what kube-apiserver does as well.
const GZIP_FROM: usize = 128 * 1024;

/// Returns an answer of JSON text.
pub(crate) fn json_bytes(code: u16, bytes: Vec<u8>) -> Answer {
    let mut answer = hyper::Response::new(Body::full(bytes));
    *answer.status_mut() =
        hyper::StatusCode::from_u16(code).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    set(&mut answer, CONTENT_TYPE, "application/json");
    answer
}

/// Returns an answer of a JSON value.
pub(crate) fn json(code: u16, value: &impl Serialize) -> Answer {
    let bytes = serde_json::to_vec(value).expect("JSON values always have a text");
    json_bytes(code, bytes)
}

/// Returns an answer of a few words.
pub(crate) fn text(code: u16, text: &str) -> Answer {
    let mut answer = json_bytes(code, text.as_bytes().to_vec());
    set(&mut answer, CONTENT_TYPE, "text/plain; charset=utf-8");
    answer
}

/// Returns the answer for a failed request.
pub(crate) fn failure(status: &Status) -> Answer {
    let answer = json(status.code, &status.to_value());
    let mut answer = with_warnings(answer, &status.warnings);
    let retry = status
        .details
        .as_ref()
        .map_or(0, |details| details.retry_after_seconds);
    if retry > 0 {
        set(&mut answer, hyper::header::RETRY_AFTER, &retry.to_string());
    }
    answer
}

/// Returns `answer` with a `Warning` header for each text.
pub(crate) fn with_warnings(mut answer: Answer, warnings: &[String]) -> Answer {
    for warning in warnings {
        let clean: String = warning
            .chars()
            .map(|it| if it.is_control() { ' ' } else { it })
            .collect();
        let quoted = clean.replace('\\', "\\\\").replace('"', "\\\"");
        if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{quoted}\"")) {
            answer.headers_mut().append(WARNING, value);
        }
    }
    answer
}

/// Returns `answer` in the form that the client reads best: indented or compressed, if it says so.
pub(crate) fn finish(answer: Answer, style: Style, accept_encoding: &str) -> Answer {
    let (mut parts, mut body) = answer.into_parts();
    let content_type = parts.headers.get(CONTENT_TYPE);
    let is_json = content_type.is_some_and(|it| it == "application/json");
    match style {
        Style::Pretty if is_json => body = body.map_full(&indent),
        Style::Yaml if is_json && body.size().is_some() => {
            body = body.map_full(&yaml);
            let value = HeaderValue::from_static("application/yaml");
            parts.headers.insert(CONTENT_TYPE, value);
        }
        _ => {}
    }
    let large = body.size().is_some_and(|size| size >= GZIP_FROM);
    if large && accept_encoding.contains("gzip") {
        body = body.map_full(&gzip);
        parts
            .headers
            .insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        parts
            .headers
            .insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    hyper::Response::from_parts(parts, body)
}

/// Returns the YAML of JSON text; what YAML cannot hold stays as it is, which is YAML as well.
fn yaml(bytes: &[u8]) -> Vec<u8> {
    let value: Option<Value> = serde_json::from_slice(bytes).ok();
    let text = value.and_then(|value| windlass_yaml::print_build_json(&value).ok());
    text.map_or_else(|| bytes.to_vec(), String::into_bytes)
}

fn indent(bytes: &[u8]) -> Vec<u8> {
    let value: Result<Value, _> = serde_json::from_slice(bytes);
    let text = value.and_then(|value| serde_json::to_vec_pretty(&value));
    let mut text = text.unwrap_or_else(|_| bytes.to_vec());
    text.push(b'\n');
    text
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.expect("writing to memory does not fail")
}

/// Sets a header whose value is known to be well-formed.
pub(crate) fn set(answer: &mut Answer, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}
