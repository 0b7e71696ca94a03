//! One of the two servers, as a scenario sees it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use http::Request;
use serde_json::{Value, json};
use windlass_control_plane::Client;

use super::normal::Names;
use super::scenario::Step;

/// How long a step with `until` is repeated.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server, and what a scenario knows of it.
pub(super) struct Side<'c> {
    client: &'c Client,
    saved: BTreeMap<String, String>,
    names: Names,
}

impl<'c> Side<'c> {
    /// Creates the namespace of a scenario.
    pub(super) fn new(client: &'c Client, namespace: &str) -> Self {
        let object = json!({"metadata": {"name": namespace}});
        let created = client.post("/api/v1/namespaces", &object);
        assert_eq!(created.status, 201, "{}", created.text());
        let account = format!("/api/v1/namespaces/{namespace}/serviceaccounts/default");
        let authority = format!("/api/v1/namespaces/{namespace}/configmaps/kube-root-ca.crt");
        let end = Instant::now() + PATIENCE;
        while [&account, &authority]
            .iter()
            .any(|path| client.get(path).status != 200)
        {
            assert!(Instant::now() < end, "{account} or {authority} is missing");
            std::thread::sleep(Duration::from_millis(10));
        }
        let saved = BTreeMap::from([("ns".to_owned(), namespace.to_owned())]);
        let names = Names::default();
        Self {
            client,
            saved,
            names,
        }
    }

    /// Takes a step, and returns its answer in the form in which answers are compared.
    pub(super) fn take(&mut self, step: &Step) -> Value {
        let end = Instant::now() + PATIENCE;
        let mut answer = self.ask(step);
        let is_there = |answer: &Value| {
            step.until
                .iter()
                .all(|(at, value)| answer.pointer(at) == Some(value))
        };
        while !is_there(&answer) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(20));
            answer = self.ask(step);
        }
        for (name, at) in &step.save {
            let value = match answer["body"].pointer(at) {
                Some(Value::String(text)) => text.clone(),
                other => other.map(Value::to_string).unwrap_or_default(),
            };
            self.saved.insert(name.clone(), value);
        }
        self.names.normal(answer)
    }

    fn ask(&self, step: &Step) -> Value {
        let request = self.request(step);
        if let Some(events) = step.events {
            let lines = self.client.lines(&request);
            let status = lines.status;
            return json!({"status": status, "events": lines.take(events).collect::<Vec<_>>()});
        }
        let answer = self.client.send(&request);
        let header = |name| {
            let values = answer.headers.get_all(name).iter();
            values
                .map(|value| json!(String::from_utf8_lossy(value.as_bytes())))
                .collect::<Vec<_>>()
        };
        // The order of warnings is that of a map in Go.
        let sorted = |mut list: Vec<Value>| {
            list.sort_by_key(Value::to_string);
            list
        };
        let text = || Value::String(answer.text());
        json!({
            "status": answer.status,
            "warning": sorted(header("warning")),
            "type": header("content-type"),
            "body": serde_json::from_slice(&answer.body).unwrap_or_else(|_| text()),
        })
    }

    fn request(&self, step: &Step) -> Request<Vec<u8>> {
        let mut request = Client::request(step.method, &self.filled(&step.path));
        let headers = request.headers_mut();
        let mut header =
            |name: &'static str, value: &str| headers.append(name, value.parse().unwrap());
        header("user-agent", "suite/1");
        header(
            "accept",
            step.accept.as_deref().unwrap_or("application/json"),
        );
        if let Some(user) = &step.user {
            header("impersonate-user", &self.filled(user));
        }
        for group in &step.groups {
            header("impersonate-group", group);
        }
        if let Some(body) = &step.body {
            header("content-type", &step.content_type);
            *request.body_mut() = match body {
                Value::String(text) => self.filled(text).into_bytes(),
                other => self.filled(&other.to_string()).into_bytes(),
            };
        }
        request
    }

    /// Returns a text with the values of saved names.
    fn filled(&self, text: &str) -> String {
        let mut saved = self.saved.iter();
        saved
            .try_fold(text.to_owned(), |text, (name, value)| {
                Some(text.replace(&format!("{{{name}}}"), value))
            })
            .unwrap_or_default()
    }
}
