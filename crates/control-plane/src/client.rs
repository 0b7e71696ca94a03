//! Requests as they are: no discovery, no types, no second attempt.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Request};
use serde_json::Value;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, BodyReader};

/// How long an answer may take; a watch ends after it.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Sends requests to the server of a kubeconfig, as its user. A clone shares the connections.
#[derive(Clone, Debug)]
pub struct Client {
    agent: Agent,
    url: String,
    token: String,
}

/// What a server answered, whatever the status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

/// The lines of a body, as they come: the events of a watch.
pub struct Lines {
    /// The status code.
    pub status: u16,
    reader: BufReader<BodyReader<'static>>,
}

impl Client {
    /// Returns a client for a kubeconfig in JSON with one cluster, known by its certificate, and one user, who has a
    /// token.
    ///
    /// # Panics
    ///
    /// When the file is not such a kubeconfig.
    pub fn of_file(kubeconfig: &Path) -> Self {
        let text = std::fs::read(kubeconfig).expect("the kubeconfig can be read");
        let config: Value = serde_json::from_slice(&text).expect("the kubeconfig is JSON");
        let field = |pointer| {
            let value = config.pointer(pointer).and_then(Value::as_str);
            value.unwrap_or_else(|| panic!("the kubeconfig has no {pointer}"))
        };
        Self::new(
            field("/clusters/0/cluster/server"),
            field("/clusters/0/cluster/certificate-authority-data"),
            field("/users/0/user/token"),
        )
    }

    /// Returns a client for a server at an address, whose authority is given as in a kubeconfig: PEM in base64.
    ///
    /// # Panics
    ///
    /// When the authority is no such text.
    pub fn new(url: &str, authority: &str, token: &str) -> Self {
        let pem = STANDARD.decode(authority).expect("the authority is base64");
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_global(Some(TIMEOUT))
            .tls_config(trusting(&pem));
        Self {
            agent: agent.build().new_agent(),
            url: url.to_owned(),
            token: token.to_owned(),
        }
    }

    /// Returns a request without a body, for [`Client::send`].
    pub fn request(method: &str, path: &str) -> Request<Vec<u8>> {
        let request = Request::builder().method(method).uri(path);
        request
            .body(Vec::new())
            .expect("the test's path is one of a URL")
    }

    /// Sends a GET.
    pub fn get(&self, path: &str) -> Answer {
        self.send(&Self::request("GET", path))
    }

    /// Sends a POST of an object.
    pub fn post(&self, path: &str, object: &Value) -> Answer {
        self.send(&with_body("POST", path, "application/json", object))
    }

    /// Sends a PATCH of a type such as `application/apply-patch+yaml`.
    pub fn patch(&self, path: &str, content_type: &str, patch: &Value) -> Answer {
        self.send(&with_body("PATCH", path, content_type, patch))
    }

    /// Sends a DELETE.
    pub fn delete(&self, path: &str) -> Answer {
        self.send(&Self::request("DELETE", path))
    }

    /// Sends a request, whose URI is a path with its query.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    pub fn send(&self, request: &Request<Vec<u8>>) -> Answer {
        let answer = self.try_send(request);
        answer.unwrap_or_else(|error| panic!("{} {}: {error}", request.method(), request.uri()))
    }

    /// Sends a request, whose URI is a path with its query; the error is why there is no answer.
    pub fn try_send(&self, request: &Request<Vec<u8>>) -> Result<Answer, ureq::Error> {
        let mut response = self.run(request)?;
        Ok(Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response
                .body_mut()
                .with_config()
                .limit(1 << 30)
                .read_to_vec()?,
        })
    }

    /// Sends a request whose answer is read line by line: a watch.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    pub fn lines(&self, request: &Request<Vec<u8>>) -> Lines {
        let response = self.run(request);
        let response = response.unwrap_or_else(|error| panic!("{}: {error}", request.uri()));
        Lines {
            status: response.status().as_u16(),
            reader: BufReader::new(response.into_body().into_reader()),
        }
    }

    fn run(&self, request: &Request<Vec<u8>>) -> Result<http::Response<ureq::Body>, ureq::Error> {
        let mut request = request.clone();
        let uri = format!("{}{}", self.url, request.uri());
        *request.uri_mut() = uri.parse().expect("a URL and a path make a URL");
        let bearer = format!("Bearer {}", self.token)
            .parse()
            .expect("a token is ASCII");
        request
            .headers_mut()
            .entry("authorization")
            .or_insert(bearer);
        self.agent.run(request)
    }
}

impl Answer {
    /// Returns the body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Returns the body as a value.
    ///
    /// # Panics
    ///
    /// When it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }
}

impl Iterator for Lines {
    type Item = Value;

    /// Waits for the next line; there is none at the end of the watch.
    fn next(&mut self) -> Option<Value> {
        let mut line = String::new();
        self.reader
            .read_line(&mut line)
            .ok()
            .filter(|length| *length > 0)?;
        Some(serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}")))
    }
}

fn with_body(method: &str, path: &str, content_type: &str, body: &Value) -> Request<Vec<u8>> {
    let mut request = Client::request(method, path);
    let content_type = content_type.parse().expect("a content type is ASCII");
    request.headers_mut().insert("content-type", content_type);
    *request.body_mut() = body.to_string().into_bytes();
    request
}

fn trusting(pem: &[u8]) -> TlsConfig {
    let certificate = |item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    };
    let roots: Vec<Certificate<'static>> = parse_pem(pem).filter_map(certificate).collect();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    TlsConfig::builder()
        .unversioned_rustls_crypto_provider(provider)
        .root_certs(RootCerts::new_with_certs(&roots))
        .build()
}
