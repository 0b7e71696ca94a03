//! What is asked of a web server.

use std::io::Read;
use std::net::IpAddr;
use std::sync::Arc;

use ureq::http::{Response, Uri};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, ResponseExt as _};

use super::budget::Counted;
use super::{Budget, Deadline, FetchError};

const SERVICE: &str = "git-upload-pack";

/// An address that may be asked.
pub(super) struct Web {
    url: String,
    /// Whether it is on this machine, without TLS.
    is_plain: bool,
    /// Whether the address had a user, who is not sent.
    had_user: bool,
}

/// The references of a repository, and where its commits are asked for.
pub(super) struct Advertised {
    pub(super) bytes: Vec<u8>,
    pub(super) service: Web,
}

pub(super) struct Client {
    budget: Arc<Budget>,
    secure: Agent,
    plain: Agent,
}

/// The answer to a request that was granted.
pub(super) struct Answer {
    response: Response<Body>,
    deadline: Deadline,
    budget: Arc<Budget>,
}

impl Web {
    pub(super) fn parse(url: &str) -> Result<Self, FetchError> {
        let address = |reason: &str| FetchError::Address {
            reason: reason.to_owned(),
        };
        let uri: Uri = url.parse().map_err(|_| address("it cannot be read"))?;
        let authority = uri.authority().ok_or_else(|| address("it has no host"))?;
        let user = authority.as_str().rsplit_once('@').map(|(user, _)| user);
        if user.is_some_and(|user| user.contains(':')) {
            return Err(FetchError::Password);
        }
        let is_plain = uri.scheme_str() == Some("http");
        if is_plain && !is_this_machine(authority.host()) {
            return Err(FetchError::Plain);
        }
        let bare = match user {
            Some(user) => url.replacen(&format!("{user}@"), "", 1),
            None => url.to_owned(),
        };
        Ok(Self {
            url: bare,
            is_plain,
            had_user: user.is_some(),
        })
    }
}

impl Client {
    pub(super) fn new(budget: Arc<Budget>) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(provider)
            .root_certs(RootCerts::PlatformVerifier)
            .build();
        let agent = || {
            Agent::config_builder()
                .http_status_as_error(false)
                .user_agent(concat!("windlass/", env!("CARGO_PKG_VERSION")))
        };
        Self {
            budget,
            secure: agent()
                .https_only(true)
                .max_redirects(5)
                .tls_config(tls)
                .build()
                .new_agent(),
            // Neither a redirect nor a proxy may lead away from this machine.
            plain: agent().max_redirects(0).proxy(None).build().new_agent(),
        }
    }

    pub(super) fn get(&self, web: &Web, deadline: Deadline) -> Result<Answer, FetchError> {
        let request = self.agent(web).get(&web.url);
        let request = request.config().timeout_global(Some(deadline.remaining()));
        self.answer(web, request.build().call(), deadline)
    }

    /// Asks a repository for its references.
    pub(super) fn references(
        &self,
        web: &Web,
        deadline: Deadline,
    ) -> Result<Advertised, FetchError> {
        let base = web.url.trim_end_matches('/');
        let web = Web {
            url: format!("{base}/info/refs?service={SERVICE}"),
            is_plain: web.is_plain,
            had_user: web.had_user,
        };
        let answer = self.get(&web, deadline)?;
        if answer.kind() != Some("application/x-git-upload-pack-advertisement") {
            return Err(FetchError::NotGit);
        }
        // Behind a redirect the repository is elsewhere.
        let from = answer.response.get_uri().to_string();
        let (base, _) = from.split_once("/info/refs").ok_or(FetchError::NotGit)?;
        let service = Web {
            url: format!("{base}/{SERVICE}"),
            is_plain: web.is_plain,
            had_user: web.had_user,
        };
        let bytes = answer.read_all(self.budget.limits.references)?;
        Ok(Advertised { bytes, service })
    }

    /// Asks a repository for commits.
    pub(super) fn fetch(
        &self,
        service: &Web,
        body: &[u8],
        deadline: Deadline,
    ) -> Result<Answer, FetchError> {
        let request = self
            .agent(service)
            .post(&service.url)
            .header("Content-Type", "application/x-git-upload-pack-request")
            .header("Accept", "application/x-git-upload-pack-result");
        let request = request.config().timeout_global(Some(deadline.remaining()));
        let answer = self.answer(service, request.build().send(body), deadline)?;
        if answer.kind() != Some("application/x-git-upload-pack-result") {
            return Err(FetchError::NotGit);
        }
        Ok(answer)
    }

    fn answer(
        &self,
        web: &Web,
        response: Result<Response<Body>, ureq::Error>,
        deadline: Deadline,
    ) -> Result<Answer, FetchError> {
        let response = response.map_err(|error| failure(&error, deadline, &self.budget))?;
        let status = response.status();
        if !status.is_success() {
            return Err(FetchError::Status {
                status: status.as_u16(),
                had_user: web.had_user,
            });
        }
        Ok(Answer {
            response,
            deadline,
            budget: Arc::clone(&self.budget),
        })
    }

    fn agent(&self, web: &Web) -> &Agent {
        if web.is_plain {
            &self.plain
        } else {
            &self.secure
        }
    }
}

impl Answer {
    /// Returns the kind of content that the server says it is.
    fn kind(&self) -> Option<&str> {
        self.response.body().mime_type()
    }

    pub(super) fn read_all(self, limit: u64) -> Result<Vec<u8>, FetchError> {
        let mut bytes = Vec::new();
        let deadline = self.deadline;
        let budget = self.budget();
        // One byte more than the limit, to tell a file of that size from a larger one.
        let mut reader = self.into_reader().take(limit + 1);
        reader
            .read_to_end(&mut bytes)
            .map_err(|error| failure(&error.into(), deadline, &budget))?;
        if bytes.len() as u64 > limit {
            return Err(FetchError::TooLarge { limit });
        }
        Ok(bytes)
    }

    pub(super) fn budget(&self) -> Arc<Budget> {
        Arc::clone(&self.budget)
    }

    pub(super) fn into_reader(self) -> impl Read {
        let body = self.response.into_body().into_with_config();
        Counted::new(body.limit(u64::MAX).reader(), self.budget)
    }
}

fn failure(error: &ureq::Error, deadline: Deadline, budget: &Budget) -> FetchError {
    if let Err(error) = budget.confirm() {
        return error;
    }
    let is_late = match error {
        ureq::Error::Timeout(_) => true,
        ureq::Error::Io(error) => error.kind() == std::io::ErrorKind::TimedOut,
        _ => false,
    };
    if is_late {
        return budget.late(deadline.limit());
    }
    FetchError::Web {
        reason: error.to_string(),
    }
}

/// Returns whether a host is this machine, whatever the resolver says.
fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    is_loopback || host.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> String {
        Web::parse(url)
            .err()
            .map_or_else(String::new, |error| error.to_string())
    }

    #[test]
    fn http_in_the_clear_is_for_this_machine_only() {
        for url in [
            "http://localhost/x",
            "http://127.0.0.1:80/x",
            "http://[::1]:8080/x",
            "https://example.com/x",
        ] {
            assert_eq!(refused(url), "", "{url}");
        }
        for url in [
            "http://example.com/x",
            "http://10.0.0.1/",
            "http://localhost.example.com/",
            "http://localhost@example.com/",
        ] {
            assert!(refused(url).contains("not protected"), "{url}");
        }
    }

    #[test]
    fn a_user_is_left_out_and_a_password_refused() {
        assert!(refused("https://user:secret@example.com/x").contains("password"));
        assert_eq!(
            Web::parse("https://user@example.com/x@y").unwrap().url,
            "https://example.com/x@y"
        );
    }
}
