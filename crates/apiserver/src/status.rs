//! What a request is answered with when it fails: `metav1.Status`, worded as kube-apiserver 1.37 words it.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::resource::ResourceType;

/// A failed request: code, reason, message and details of a `metav1.Status`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    /// The HTTP status code.
    pub(crate) code: u16,
    /// The machine-readable reason.
    pub(crate) reason: Reason,
    /// The message for people.
    pub(crate) message: String,
    /// Whom it is about and why; boxed, because most of it is seldom there.
    pub(crate) details: Option<Box<Details>>,
    /// Warnings of an object that was valid, and refused all the same.
    pub(crate) warnings: Vec<String>,
}

/// The reasons of `metav1.StatusReason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Unknown,
    Unauthorized,
    Forbidden,
    NotFound,
    AlreadyExists,
    Conflict,
    Invalid,
    Timeout,
    BadRequest,
    MethodNotAllowed,
    NotAcceptable,
    RequestEntityTooLarge,
    UnsupportedMediaType,
    InternalError,
    Expired,
}

/// The `details` of a status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Details {
    /// The object's name.
    pub(crate) name: String,
    /// The API group.
    pub(crate) group: String,
    /// The plural resource name, or the kind in an `Invalid` status.
    pub(crate) kind: String,
    /// The object's uid, where a precondition named it.
    pub(crate) uid: String,
    /// Each single thing that is wrong.
    pub(crate) causes: Vec<Cause>,
    /// After how many seconds to try again; 0 when that is not said.
    pub(crate) retry_after_seconds: u32,
}

/// One thing that is wrong with an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cause {
    /// A `metav1.CauseType`, such as `FieldValueRequired` or `FieldManagerConflict`.
    pub(crate) reason: &'static str,
    /// What is wrong, such as `Required value`.
    pub(crate) message: String,
    /// The path of the field, such as `spec.replicas`.
    pub(crate) field: String,
}

impl Status {
    /// Returns a status without details.
    pub(crate) fn new(code: u16, reason: Reason, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            details: None,
            warnings: Vec::new(),
        }
    }

    /// Returns the status with what it is about.
    pub(crate) fn about(mut self, kind: &str, group: &str, name: &str) -> Self {
        self.details = Some(Box::new(Details {
            name: name.to_owned(),
            group: group.to_owned(),
            kind: kind.to_owned(),
            ..Details::default()
        }));
        self
    }

    /// Returns 400: the request cannot be understood.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, Reason::BadRequest, message)
    }

    /// Returns 401: no or a wrong token.
    pub(crate) fn unauthorized() -> Self {
        Self::new(401, Reason::Unauthorized, "Unauthorized")
    }

    /// Returns 403 on the object, with the reason behind the colon.
    pub(crate) fn forbidden(resource: &ResourceType, name: &str, why: impl fmt::Display) -> Self {
        let message = format!("{} \"{name}\" is forbidden: {why}", resource.qualified());
        Self::new(403, Reason::Forbidden, message).about(&resource.plural, &resource.group, name)
    }

    /// Returns 404: no such object.
    pub(crate) fn not_found(resource: &ResourceType, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", resource.qualified());
        Self::new(404, Reason::NotFound, message).about(&resource.plural, &resource.group, name)
    }

    /// Returns 404: no such path or resource type.
    pub(crate) fn no_such_resource() -> Self {
        let message = "the server could not find the requested resource";
        Self::new(404, Reason::NotFound, message).about("", "", "")
    }

    /// Returns 405: the resource does not allow the verb.
    pub(crate) fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(405, Reason::MethodNotAllowed, message).about("", "", "")
    }

    /// Returns 409: an object of this name is there already.
    pub(crate) fn already_exists(resource: &ResourceType, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", resource.qualified());
        Self::new(409, Reason::AlreadyExists, message).about(
            &resource.plural,
            &resource.group,
            name,
        )
    }

    /// Returns 409: the object is not the one that the request expected.
    pub(crate) fn conflict(resource: &ResourceType, name: &str, why: impl fmt::Display) -> Self {
        let qualified = resource.qualified();
        let message = format!("Operation cannot be fulfilled on {qualified} \"{name}\": {why}");
        Self::new(409, Reason::Conflict, message).about(&resource.plural, &resource.group, name)
    }

    /// Returns 409: the object has changed since the client read it.
    pub(crate) fn modified(resource: &ResourceType, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version \
                   and try again";
        Self::conflict(resource, name, why)
    }

    /// Returns 409 of a server-side apply, with one cause for each conflicting field.
    pub(crate) fn apply_conflict(message: impl Into<String>, causes: Vec<Cause>) -> Self {
        let mut status = Self::new(409, Reason::Conflict, message);
        status.details = Some(Box::new(Details {
            causes,
            ..Details::default()
        }));
        status
    }

    /// Returns 410: the resource version is too old to watch from or to continue at.
    pub(crate) fn expired(message: impl Into<String>) -> Self {
        Self::new(410, Reason::Expired, message)
    }

    /// Returns 415: a body of a type that is not read here.
    pub(crate) fn unsupported_media_type(message: impl Into<String>) -> Self {
        Self::new(415, Reason::UnsupportedMediaType, message)
    }

    /// Returns 422: the object breaks rules; one cause for each.
    pub(crate) fn invalid(resource: &ResourceType, name: &str, causes: Vec<Cause>) -> Self {
        let kind = resource.qualified_kind();
        let message = format!("{kind} \"{name}\" is invalid: {}", join_causes(&causes));
        let mut status =
            Self::new(422, Reason::Invalid, message).about(&resource.kind, &resource.group, name);
        if let Some(details) = &mut status.details {
            details.causes = causes;
        }
        status
    }

    /// Returns 500: something that should not happen.
    pub(crate) fn internal(message: impl fmt::Display) -> Self {
        let message = format!("Internal error occurred: {message}");
        Self::new(500, Reason::InternalError, message)
    }

    /// Returns the `Status` object as it stands in the body of an answer.
    pub(crate) fn to_value(&self) -> Value {
        let mut value = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "code": self.code,
        });
        if self.reason != Reason::Unknown {
            value["reason"] = Value::String(format!("{:?}", self.reason));
        }
        if let Some(details) = &self.details {
            value["details"] = details.to_value();
        }
        value
    }
}

impl Details {
    fn to_value(&self) -> Value {
        let mut map = Map::new();
        let texts = [
            ("name", &self.name),
            ("group", &self.group),
            ("kind", &self.kind),
            ("uid", &self.uid),
        ];
        for (key, text) in texts {
            if !text.is_empty() {
                map.insert(key.to_owned(), Value::String(text.clone()));
            }
        }
        if !self.causes.is_empty() {
            let causes = self.causes.iter().map(Cause::to_value).collect();
            map.insert("causes".to_owned(), Value::Array(causes));
        }
        if self.retry_after_seconds > 0 {
            map.insert(
                "retryAfterSeconds".to_owned(),
                self.retry_after_seconds.into(),
            );
        }
        Value::Object(map)
    }
}

impl Cause {
    /// Returns a cause.
    pub(crate) fn new(
        reason: &'static str,
        field: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            reason,
            message: message.into(),
            field: field.into(),
        }
    }

    fn to_value(&self) -> Value {
        let mut cause = json!({"message": self.message});
        if !self.reason.is_empty() {
            cause["reason"] = self.reason.into();
        }
        if !self.field.is_empty() {
            cause["field"] = self.field.clone().into();
        }
        cause
    }
}

/// Joins causes as Go's `field.ErrorList.ToAggregate` does: one bare, several in brackets.
pub(crate) fn join_causes(causes: &[Cause]) -> String {
    let mut texts: Vec<String> = Vec::with_capacity(causes.len());
    for cause in causes {
        let text = match cause.field.as_str() {
            "" => cause.message.clone(),
            field => format!("{field}: {}", cause.message),
        };
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    match texts.as_slice() {
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Status {}
