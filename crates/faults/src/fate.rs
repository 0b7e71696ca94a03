//! What may become of a request.

use std::time::Duration;

use serde_json::json;

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The server answers it.
    Pass,
    /// The proxy answers; the server does not see it.
    Answer(Answer),
    /// The connection is closed; the server does not see it.
    Unsent,
    /// The server carries it out, and the connection is closed in place of the answer.
    Lost,
    /// The server carries it out, and the connection is closed after so many bytes of the answer's body.
    Truncated(usize),
    /// The server sees it after this time.
    Delayed(Duration),
    /// If it is a list, the answer has at most so many items, and a token to go on with.
    Paged(usize),
    /// Nobody ever answers.
    Silent,
}

/// An answer of the proxy's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Seconds, for the header field `Retry-After`.
    pub retry_after: Option<u64>,
    /// The `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

impl Answer {
    /// Returns a failure as an API server says it.
    pub fn failure(status: u16, reason: &str, message: &str) -> Self {
        let body = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": reason, "code": status,
        });
        Self {
            status,
            retry_after: None,
            content_type: "application/json",
            body: body.to_string(),
        }
    }

    /// Returns what a server says that has too much to do: come back in so many seconds.
    pub fn too_many_requests(seconds: u64) -> Self {
        let message =
            "the server has received too many requests and has asked us to try again later";
        Self {
            retry_after: Some(seconds),
            ..Self::failure(429, "TooManyRequests", message)
        }
    }

    /// Returns what a server says when others wrote the object at the same time.
    pub fn conflict() -> Self {
        let message = "Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest version and try again";
        Self::failure(409, "Conflict", message)
    }

    /// Returns what a server says that no longer has the version, or the rest of the list, that is asked for.
    pub fn expired() -> Self {
        Self::failure(410, "Expired", "too old resource version: 1 (2)")
    }

    /// Returns what a server says at the begin of a watch from a version that it no longer has.
    pub fn expired_watch() -> Self {
        let expired = Self::expired();
        Self {
            status: 200,
            body: format!("{{\"type\":\"ERROR\",\"object\":{}}}\n", expired.body),
            ..expired
        }
    }

    /// Returns a page of a load balancer that has no server behind it.
    pub fn html(status: u16) -> Self {
        Self {
            status,
            retry_after: None,
            content_type: "text/html",
            body: "<html><body><h1>Service Temporarily Unavailable</h1></body></html>".to_owned(),
        }
    }
}
