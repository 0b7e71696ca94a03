//! Sending a request, and sending it again.

use std::io::Read as _;
use std::time::Duration;

use http::{HeaderMap, Request, Uri};
use ureq::{Agent, Body};
use zeroize::Zeroizing;

use crate::{Settings, SettingsError};

/// Sends requests. Connections are kept and shared; a clone shares them too.
#[derive(Clone, Debug)]
pub struct Client {
    secure: Agent,
    plain: Agent,
    settings: Settings,
}

/// What a server answered, whatever the status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The header fields.
    pub headers: HeaderMap,
    body: Zeroizing<Vec<u8>>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The request names no host, or another scheme.
    #[error("{address:?} is no address of a web service; expected http or https and a host")]
    Address {
        /// The address, without its query.
        address: String,
    },
    /// There was no connection, or it broke.
    #[error("{host}: {reason}")]
    Unreachable {
        /// The host and port.
        host: String,
        /// What happened.
        reason: String,
    },
    /// The answer did not come in time.
    #[error("{host} did not answer within {} s", .after.as_secs_f32())]
    TimedOut {
        /// The host and port.
        host: String,
        /// How long an attempt may take.
        after: Duration,
    },
    /// The answer is longer than is taken.
    #[error("the answer of {host} is longer than {limit} bytes")]
    TooLong {
        /// The host and port.
        host: String,
        /// How many bytes are taken.
        limit: usize,
    },
}

impl Answer {
    /// Returns the bytes of the body, which are wiped with the answer.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Returns whether the status is one of success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Returns whether the status says that the same request may succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self.status, 429 | 500 | 502 | 503 | 504)
    }
}

impl Client {
    /// Makes a client.
    ///
    /// # Errors
    ///
    /// Certificates that cannot be read.
    pub fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let agent = || {
            Agent::config_builder()
                .http_status_as_error(false)
                .max_redirects(0)
                .max_redirects_will_error(false)
                .timeout_global(Some(settings.timeout))
                .user_agent(concat!("windlass/", env!("CARGO_PKG_VERSION")))
        };
        let tls = settings.tls()?;
        Ok(Self {
            secure: agent().https_only(true).tls_config(tls).build().new_agent(),
            // What is asked without TLS is near: this machine, the metadata of its host, the cluster.
            plain: agent().proxy(None).build().new_agent(),
            settings: settings.clone(),
        })
    }

    /// Sends a request, again while its answer is [transient](Answer::is_transient).
    pub fn send(&self, request: &Request<Vec<u8>>) -> Result<Answer, HttpError> {
        self.send_until(request, |answer| !answer.is_transient())
    }

    /// Sends a request, again until an answer `is_final`; the last answer is returned in any case.
    pub fn send_until(
        &self,
        request: &Request<Vec<u8>>,
        is_final: impl Fn(&Answer) -> bool,
    ) -> Result<Answer, HttpError> {
        let retry = self.settings.retry;
        for attempt in 1..retry.attempts {
            match self.send_once(request) {
                Ok(answer) if is_final(&answer) => return Ok(answer),
                Err(error) if !error.is_transient() => return Err(error),
                _ => std::thread::sleep(pause(retry.pause, attempt)),
            }
        }
        self.send_once(request)
    }

    /// Sends a request one time.
    pub fn send_once(&self, request: &Request<Vec<u8>>) -> Result<Answer, HttpError> {
        let agent = self.agent(request.uri())?;
        let failure = |error: &ureq::Error| self.failure(request.uri(), error);
        let mut response = agent
            .run(request.clone())
            .map_err(|error| failure(&error))?;
        let body = self.read(response.body_mut());
        let body = body.map_err(|error| failure(&error.into()))?;
        if body.len() > self.settings.max_answer {
            return Err(HttpError::TooLong {
                host: host(request.uri()),
                limit: self.settings.max_answer,
            });
        }
        Ok(Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body,
        })
    }

    fn agent(&self, uri: &Uri) -> Result<&Agent, HttpError> {
        match (uri.scheme_str(), uri.host()) {
            (Some("https"), Some(_)) => Ok(&self.secure),
            (Some("http"), Some(_)) => Ok(&self.plain),
            _ => Err(HttpError::Address {
                address: uri
                    .to_string()
                    .split('?')
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
            }),
        }
    }

    /// Reads one byte more than is taken, so that a body that is too long shows.
    fn read(&self, body: &mut Body) -> std::io::Result<Zeroizing<Vec<u8>>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
        let limit = self.settings.max_answer as u64 + 1;
        body.as_reader().take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn failure(&self, uri: &Uri, error: &ureq::Error) -> HttpError {
        let host = host(uri);
        let timed_out = match error {
            ureq::Error::Timeout(_) => true,
            ureq::Error::Io(error) => error.kind() == std::io::ErrorKind::TimedOut,
            _ => false,
        };
        if timed_out {
            let after = self.settings.timeout;
            return HttpError::TimedOut { host, after };
        }
        let reason = match error {
            ureq::Error::Io(error) => error.to_string(),
            ureq::Error::HostNotFound => "there is no such host".to_owned(),
            error => error.to_string(),
        };
        HttpError::Unreachable { host, reason }
    }
}

impl HttpError {
    /// Returns whether it may work when tried again.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::TimedOut { .. })
    }
}

fn host(uri: &Uri) -> String {
    uri.authority().map_or_else(String::new, |authority| {
        let name = authority.as_str();
        name.rsplit_once('@')
            .map_or(name, |(_, host)| host)
            .to_owned()
    })
}

/// Returns a random part of the pause before the next attempt.
fn pause(first: Duration, attempt: u32) -> Duration {
    let longest = first.saturating_mul(1 << (attempt - 1).min(6));
    let random = getrandom::u32().unwrap_or(u32::MAX);
    longest.mul_f64(f64::from(random) / f64::from(u32::MAX))
}
