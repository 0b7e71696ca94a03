//! Sends requests: as many at once as the server bears, again where that is safe, and never without an end.

use std::error::Error;
use std::io::ErrorKind;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::{Method, Response, StatusCode, header::RETRY_AFTER};
use http_body_util::BodyExt as _;
use kube::client::Body;
use kube::core::Status;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use crate::connect::chain;
use crate::flow::Load;
use crate::lease::Fence;
use crate::request::ApiRequest;
use crate::retry::{Attempt, Attempts, Repeat};
use crate::{Cluster, ClusterError};

/// How often a list is begun anew whose rest the server does not have any more.
const LISTS: usize = 3;

/// How long, and how much, is put up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Until an answer begins. Default: 40 seconds; admission webhooks may take 30.
    pub answer: Duration,
    /// Between two parts of an answer. Default: 15 seconds.
    pub read: Duration,
    /// From the first attempt to the begin of the last one. Default: 1 minute.
    pub total: Duration,
    /// Before the second attempt; it doubles with each, and is varied by half. Default: 100 milliseconds.
    pub pause: Duration,
    /// Until an object is ready that an action waits for, or gone. Default: 1 minute.
    pub object: Duration,
    /// The length of a body, in bytes. Default: 256 MiB.
    pub body: usize,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(40),
            read: Duration::from_secs(15),
            total: Duration::from_mins(1),
            pause: Duration::from_millis(100),
            object: Duration::from_mins(1),
            body: 256 << 20,
        }
    }
}

impl Cluster {
    /// Returns the same connection with other limits.
    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Sends a request, again where that is safe and may help, and returns the answer.
    pub(crate) async fn send(&self, request: ApiRequest) -> Result<Value, ClusterError> {
        let fence = is_write(&request).then_some(&*self.fence);
        self.send_through(fence, request, &mut whole).await
    }

    /// Sends a request that writes nothing, and has `read` make of the answer what is returned. It may be called
    /// several times, when the text is none of an API server.
    pub(crate) async fn send_reading(
        &self,
        request: ApiRequest,
        read: &mut Read<'_>,
    ) -> Result<Value, ClusterError> {
        self.send_through(None, request, read).await
    }

    /// The same for what is written to have the right to write.
    pub(crate) async fn send_unfenced(&self, request: ApiRequest) -> Result<Value, ClusterError> {
        self.send_through(None, request, &mut whole).await
    }

    async fn send_through(
        &self,
        fence: Option<&Fence>,
        request: ApiRequest,
        read: &mut Read<'_>,
    ) -> Result<Value, ClusterError> {
        let mut attempts = Attempts::new(self.patience.pause, Instant::now() + self.patience.total);
        loop {
            let turn = self.flow.turn().await;
            if fence.is_some_and(|fence| !fence.is_open()) {
                return Err(ClusterError::Fenced);
            }
            let attempt = self.attempt(&request, read).await;
            turn.end(load(&attempt));
            let pause = match &attempt {
                Attempt::Done(_) => None,
                // A server that never answered is not there; one that did may be starting anew.
                Attempt::Unsent(_) if !self.has_answered.load(Ordering::Relaxed) => None,
                failed => attempts.pause(Repeat::of(&request), failed, random(), Instant::now()),
            };
            match pause {
                Some(pause) => sleep(pause).await,
                None => return self.conclude(&request, attempt, attempts.count()),
            }
        }
    }

    /// Sends a request for the object of this name; `None` means that the server says there is none.
    pub(crate) async fn send_opt(
        &self,
        request: ApiRequest,
        name: &str,
    ) -> Result<Option<Value>, ClusterError> {
        match self.send(request).await {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.says_absent(name) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends a request for a list, and for its rest until all of it is there. An answer without items is not an
    /// empty list, and a part of a list is not a list.
    pub(crate) async fn list(&self, request: ApiRequest) -> Result<Vec<Value>, ClusterError> {
        let mut failure = None;
        for _ in 0..LISTS {
            match self.list_once(&request).await {
                Err(error) if error.is_expired() => failure = Some(error),
                result => return result,
            }
        }
        Err(failure.expect("there was at least one attempt"))
    }

    async fn list_once(&self, request: &ApiRequest) -> Result<Vec<Value>, ClusterError> {
        let mut items = Vec::new();
        let mut page = request.clone();
        loop {
            let mut answer = self.send(page).await?;
            let Value::Array(more) = answer["items"].take() else {
                return Err(self.unexpected("a list without items"));
            };
            items.extend(more);
            match answer.pointer("/metadata/continue").and_then(Value::as_str) {
                None | Some("") => return Ok(items),
                Some(token) => page = crate::request::rest(request, token),
            }
        }
    }

    async fn attempt(&self, request: &ApiRequest, read: &mut Read<'_>) -> Attempt {
        let sent = self.client.send(request.clone().map(Body::from));
        match timeout(self.patience.answer, sent).await {
            Ok(Ok(response)) => doubted(request, self.read(response, read).await),
            Ok(Err(error)) if was_never_sent(&error) => Attempt::Unsent(chain(&error)),
            Ok(Err(error)) => Attempt::Lost(chain(&error)),
            Err(_) => Attempt::Lost(format!(
                "no answer within {} s",
                seconds(self.patience.answer)
            )),
        }
    }

    async fn read(&self, response: Response<Body>, read: &mut Read<'_>) -> Attempt {
        self.has_answered.store(true, Ordering::Relaxed);
        let (parts, body) = response.into_parts();
        let body = match self.read_body(body).await {
            Ok(body) => body,
            Err(attempt) => return attempt,
        };
        if !parts.status.is_success() {
            return Attempt::Refused {
                status: Box::new(status(parts.status, whole(&body).ok(), &body)),
                // The other form of this field is a date, which depends on two clocks; no API server sends it.
                retry_after: parts.headers.get(RETRY_AFTER).and_then(|value| {
                    Some(Duration::from_secs(value.to_str().ok()?.parse().ok()?))
                }),
            };
        }
        match read(&body) {
            Ok(value) => Attempt::Done(value),
            Err(error) => Attempt::Odd(format!("it is not JSON: {error}")),
        }
    }

    async fn read_body(&self, mut body: Body) -> Result<Vec<u8>, Attempt> {
        let mut bytes = Vec::new();
        loop {
            let frame = timeout(self.patience.read, body.frame()).await;
            let frame = frame.map_err(|_| {
                Attempt::Lost(format!(
                    "the answer stopped for {} s",
                    seconds(self.patience.read)
                ))
            })?;
            let Some(frame) = frame else {
                return Ok(bytes);
            };
            let frame = frame.map_err(|error| {
                Attempt::Lost(format!("the answer broke off: {}", chain(&error)))
            })?;
            if let Some(data) = frame.data_ref() {
                if bytes.len() + data.len() > self.patience.body {
                    let limit = self.patience.body;
                    return Err(Attempt::TooLong(format!(
                        "the answer is longer than {limit} bytes, and nothing of it was used"
                    )));
                }
                bytes.extend_from_slice(data);
            }
        }
    }

    fn conclude(
        &self,
        request: &ApiRequest,
        attempt: Attempt,
        count: u32,
    ) -> Result<Value, ClusterError> {
        let server = self.server().to_owned();
        let asked = format!("{} {}", request.method(), request.uri().path());
        let times = if count > 1 {
            format!(" ({count} times)")
        } else {
            String::new()
        };
        match attempt {
            Attempt::Done(value) => Ok(value),
            Attempt::Refused { status, .. } => Err(ClusterError::refused(*status)),
            Attempt::Unsent(reason) | Attempt::Lost(reason) => Err(ClusterError::Unreachable {
                server,
                reason: format!("{asked}: {reason}{times}"),
            }),
            Attempt::Odd(reason) | Attempt::TooLong(reason) => Err(ClusterError::Unexpected {
                server,
                reason: format!("{asked}: {reason}{times}"),
            }),
        }
    }
}

/// What makes a value of the text of an answer.
pub(crate) type Read<'r> = dyn FnMut(&[u8]) -> serde_json::Result<Value> + Send + 'r;

/// Reads all of it.
fn whole(body: &[u8]) -> serde_json::Result<Value> {
    serde_json::from_slice(body)
}

/// Whether the request is to change something.
fn is_write(request: &ApiRequest) -> bool {
    request.method() != Method::GET && !crate::request::is_dry_run(request)
}

/// Returns the attempt; it failed if the answer is a success without the object that was written.
fn doubted(request: &ApiRequest, attempt: Attempt) -> Attempt {
    match attempt {
        Attempt::Done(value) if !crate::request::is_answer(request, &value) => {
            Attempt::Odd("it is not the object that was sent, and may come from a proxy".to_owned())
        }
        attempt => attempt,
    }
}

/// Returns what an answer says of the server.
fn load(attempt: &Attempt) -> Load {
    if attempt.is_overload() {
        let pause = attempt.retry_after().unwrap_or_default();
        Load::Heavy(pause.min(LONGEST_SILENCE))
    } else {
        Load::Light
    }
}

/// For how long nothing at all is sent, whatever the server asks for.
const LONGEST_SILENCE: Duration = Duration::from_secs(30);

/// Returns what a refusal says, where that is a Status; a load balancer answers with a page.
fn status(code: StatusCode, body: Option<Value>, text: &[u8]) -> Status {
    let body = body.filter(|body| body["kind"] == "Status");
    let status = body.and_then(|body| serde_json::from_value::<Status>(body).ok());
    let mut status = status.unwrap_or_else(|| {
        // As kube-apiserver answers for a kind whose definition is gone.
        if text.trim_ascii() == b"404 page not found" {
            return Status::failure("it serves nothing at this path", "");
        }
        let text = String::from_utf8_lossy(text);
        let begin: String = text.chars().take(100).collect();
        let message = format!("{code}, which may come from a proxy before it: {begin:?}");
        Status::failure(&message, "")
    });
    status.code = code.as_u16();
    // What the object has and its kind has not: kube-apiserver 1.37 says so of an apply as of an error of its own, which
    // would be asked again and again.
    if status.code == 500 && status.message.starts_with(NOT_OF_KIND) {
        status.code = 422;
        "Invalid".clone_into(&mut status.reason);
    }
    status
}

/// How the refusal of a field begins that the kind does not have, or of a value that is of another type.
const NOT_OF_KIND: &str = "failed to create typed patch object";

/// Whether no connection was made, so that the server cannot have seen the request.
fn was_never_sent(error: &kube::Error) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        let kind = error
            .downcast_ref::<std::io::Error>()
            .map(std::io::Error::kind);
        let is_refused = matches!(
            kind,
            Some(
                ErrorKind::ConnectionRefused
                    | ErrorKind::HostUnreachable
                    | ErrorKind::NetworkUnreachable
            )
        );
        if is_refused {
            return true;
        }
        next = error.source();
    }
    false
}

/// Returns a pause that is up to a half shorter or longer, so that those that fail together do not come back together.
pub(crate) fn varied(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + random())
}

/// Returns a number between 0 and 1; without random bytes, the middle.
fn random() -> f64 {
    let mut byte = [128];
    let _ = getrandom::fill(&mut byte);
    f64::from(byte[0]) / 256.0
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}
