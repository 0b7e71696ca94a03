//! Whether a request that failed is sent again, and when.

use std::time::Duration;

use http::{Method, header::CONTENT_TYPE};
use kube::core::Status;
use serde_json::Value;
use tokio::time::Instant;

use crate::request::{ApiRequest, is_dry_run};

/// How often a request is sent, unless the server only asks for patience.
const ATTEMPTS: u32 = 6;

/// What came of sending a request once.
#[derive(Debug)]
pub(crate) enum Attempt {
    /// The server did it.
    Done(Value),
    /// The server refused.
    Refused {
        /// What it said.
        status: Box<Status>,
        /// How long it wants to be left alone.
        retry_after: Option<Duration>,
    },
    /// The server has not seen it.
    Unsent(String),
    /// It is not known whether the server has seen it.
    Lost(String),
    /// The answer is none of an API server.
    Odd(String),
    /// The answer is longer than anybody needs.
    TooLong(String),
}

/// Whether it matters how often a request is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// It does not, and it names no version of an object, so that it does not matter either what others wrote
    /// meanwhile.
    Blind,
    /// It does not: twice gives the same as once.
    Safe,
    /// It does: the second one is refused, or does more.
    Unsafe,
}

/// The attempts at one request.
pub(crate) struct Attempts {
    count: u32,
    /// The pause before the second attempt; it doubles with each.
    pause: Duration,
    deadline: Instant,
}

impl Repeat {
    /// Returns what is known of the request from itself.
    ///
    /// Reads and dry runs change nothing. A server-side apply says how things are to be, so that a second one
    /// changes nothing. A deletion of one object in one version finds it gone, and a replacement of one version finds
    /// another one.
    pub(crate) fn of(request: &ApiRequest) -> Self {
        let content_type = request.headers().get(CONTENT_TYPE);
        let is_apply = content_type.is_some_and(|value| value == "application/apply-patch+yaml");
        let has = |pointer| has(request.body(), pointer);
        match *request.method() {
            Method::GET => Self::Safe,
            Method::PATCH if is_apply && !has("/metadata/resourceVersion") => Self::Blind,
            Method::PATCH if is_apply => Self::Safe,
            Method::PUT if has("/metadata/resourceVersion") => Self::Safe,
            Method::DELETE if has("/preconditions/uid") => Self::Safe,
            _ if is_dry_run(request) => Self::Safe,
            _ => Self::Unsafe,
        }
    }
}

fn has(body: &[u8], pointer: &str) -> bool {
    let value: Result<Value, _> = serde_json::from_slice(body);
    value.is_ok_and(|value| value.pointer(pointer).is_some())
}

impl Attempts {
    /// Returns the attempts at a request that may take until `deadline`, with this `pause` before the second one.
    pub(crate) fn new(pause: Duration, deadline: Instant) -> Self {
        Self {
            count: 0,
            pause,
            deadline,
        }
    }

    /// Returns how often the request was sent.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// Takes what came of an attempt, and returns how long to wait before the next one; `None` means that there is
    /// none. `random` is between 0 and 1: those that fail together shall not come back together.
    pub(crate) fn pause(
        &mut self,
        repeat: Repeat,
        attempt: &Attempt,
        random: f64,
        now: Instant,
    ) -> Option<Duration> {
        self.count += 1;
        if !self.is_worth_another(repeat, attempt) {
            return None;
        }
        let doublings = self.count.saturating_sub(1).min(6);
        let own = self.pause * 2_u32.pow(doublings);
        let pause = own.mul_f64(0.5 + random) + attempt.retry_after().unwrap_or_default();
        (now + pause < self.deadline).then_some(pause)
    }

    fn is_worth_another(&self, repeat: Repeat, attempt: &Attempt) -> bool {
        let is_safe = repeat != Repeat::Unsafe;
        let is_early = self.count < ATTEMPTS;
        match attempt {
            Attempt::Done(_) | Attempt::TooLong(_) => false,
            // It has not begun with it, and says when to come back: only the deadline ends that.
            Attempt::Refused { status, .. } if status.code == 429 => true,
            Attempt::Refused { status, .. } => {
                let is_race = repeat == Repeat::Blind && is_race(status);
                is_early && is_safe && (is_passing(status.code) || is_race)
            }
            Attempt::Unsent(_) => is_early,
            Attempt::Lost(_) | Attempt::Odd(_) => is_early && is_safe,
        }
    }
}

impl Attempt {
    /// Returns whether the server is known to have too much to do.
    pub(crate) fn is_overload(&self) -> bool {
        match self {
            Self::Refused { status, .. } => matches!(status.code, 429 | 503 | 504),
            Self::Lost(_) => true,
            Self::Done(_) | Self::Unsent(_) | Self::Odd(_) | Self::TooLong(_) => false,
        }
    }

    /// Returns how long the server wants to be left alone.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// Whether a status speaks of the server, and not of the request.
fn is_passing(code: u16) -> bool {
    matches!(code, 500 | 502 | 503 | 504)
}

/// Whether others wrote the object at the same time. An apply that names no version does not care what they wrote;
/// that one of them owns a field, and that an object is there already, is another matter.
fn is_race(status: &Status) -> bool {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let is_about_fields = causes
        .into_iter()
        .any(|cause| cause.reason == "FieldManagerConflict");
    status.code == 409 && status.reason == "Conflict" && !is_about_fields
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Kind;
    use crate::request::{self, Mode};

    fn maps() -> Kind {
        Kind {
            group: String::new(),
            version: "v1".to_owned(),
            kind: "ConfigMap".to_owned(),
            plural: "configmaps".to_owned(),
            namespaced: true,
        }
    }

    fn refused(code: u16, seconds: Option<u64>) -> Attempt {
        let status = Status::failure("no", "Conflict").with_code(code);
        Attempt::Refused {
            status: Box::new(status),
            retry_after: seconds.map(Duration::from_secs),
        }
    }

    /// Returns how often a request is sent that always fails like this, and how long that takes.
    fn sent(repeat: Repeat, attempt: &Attempt) -> (u32, Duration) {
        let start = Instant::now();
        let mut now = start;
        let mut attempts =
            Attempts::new(Duration::from_millis(100), start + Duration::from_mins(1));
        while let Some(pause) = attempts.pause(repeat, attempt, 0.5, now) {
            now += pause;
        }
        (attempts.count(), now - start)
    }

    #[test]
    fn what_changes_nothing_the_second_time_is_safe_to_repeat() {
        let (maps, object) = (maps(), json!({}));
        let apply = |mode| request::apply(&maps, Some("a"), "b", &object, "windlass", mode);
        let safe = [
            request::get(&maps, Some("a"), "b"),
            request::list(&maps, None, ""),
            apply(Mode::DryRun),
            apply(Mode::Persist),
            request::delete(
                &maps,
                Some("a"),
                "b",
                "u-1",
                "12",
                request::Propagation::Background,
            ),
        ];
        for request in safe {
            assert_ne!(Repeat::of(&request), Repeat::Unsafe, "{request:?}");
        }
        assert_eq!(Repeat::of(&apply(Mode::Persist)), Repeat::Blind);
        let create = request::create(&maps, Some("a"), &object, "windlass");
        assert_eq!(Repeat::of(&create), Repeat::Unsafe);
        let mut delete = request::delete(
            &maps,
            Some("a"),
            "b",
            "u-1",
            "12",
            request::Propagation::Background,
        );
        delete.body_mut().clear();
        assert_eq!(Repeat::of(&delete), Repeat::Unsafe);
    }

    #[test]
    fn a_server_that_always_fails_is_asked_six_times_in_a_few_seconds() {
        for attempt in [refused(500, None), Attempt::Lost("it broke".to_owned())] {
            let (count, time) = sent(Repeat::Safe, &attempt);
            assert_eq!(count, 6);
            assert!(time < Duration::from_secs(5), "{time:?}");
            assert_eq!(sent(Repeat::Unsafe, &attempt).0, 1);
        }
    }

    #[test]
    fn a_server_that_asks_for_patience_is_obeyed_until_the_deadline() {
        let (count, time) = sent(Repeat::Unsafe, &refused(429, Some(10)));
        assert!((2..=6).contains(&count), "{count}");
        assert!(time <= Duration::from_mins(1), "{time:?}");
        assert_eq!(sent(Repeat::Unsafe, &refused(429, Some(3600))).0, 1);
    }

    #[test]
    fn what_the_request_itself_is_to_blame_for_is_not_sent_again() {
        for code in [400, 401, 403, 404, 410, 413, 422] {
            assert_eq!(sent(Repeat::Safe, &refused(code, None)).0, 1, "{code}");
        }
    }

    #[test]
    fn a_race_is_run_again_and_a_field_of_another_manager_is_not() {
        assert_eq!(sent(Repeat::Blind, &refused(409, None)).0, 6);
        assert_eq!(sent(Repeat::Safe, &refused(409, None)).0, 1);
        let status = json!({
            "code": 409, "reason": "Conflict", "message": "Apply failed with 1 conflict",
            "details": {"causes": [{"reason": "FieldManagerConflict", "field": ".data.a"}]},
        });
        let status = Box::new(serde_json::from_value(status).unwrap());
        let attempt = Attempt::Refused {
            status,
            retry_after: None,
        };
        assert_eq!(sent(Repeat::Blind, &attempt).0, 1);
    }
}
