//! Requests and answers without a socket.

mod deletion;
mod lists;
mod objects;
mod quotas;
mod types;

use std::sync::Arc;

use http_body_util::BodyExt;
use hyper::Method;
use serde_json::{Value, json};

use super::{Context, Request, answer};
use crate::api::{self, Api};
use crate::clock::Clock;
use crate::query::Query;
use crate::rbac::User;
use crate::shutdown::{self, Ending};
use crate::store::Store;

struct Noon;

impl Clock for Noon {
    fn now(&self) -> jiff::Timestamp {
        "2026-01-02T12:00:00Z".parse().unwrap()
    }
}

struct Server {
    context: Arc<Context>,
    _ending: Ending,
}

/// An answer that was read whole.
struct Read {
    code: u16,
    body: Value,
    warnings: Vec<String>,
}

fn server() -> Server {
    let (ending, ends) = shutdown::channel();
    let context = Context {
        api: Arc::new(Api {
            store: Arc::new(Store::new()),
            registry: crate::builtin::resource_types().collect(),
            clock: Arc::new(Noon),
            authority: "authority".to_owned(),
            allocations: std::sync::Mutex::default(),
            quotas: std::sync::Mutex::default(),
        }),
        token: "token".to_owned(),
        shutdown: ends,
    };
    api::create_system_objects(&context.api);
    Server {
        context: Arc::new(context),
        _ending: ending,
    }
}

fn request(method: Method, path: &str, content_type: &str, body: &Value) -> Request {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    Request {
        method,
        path: path.to_owned(),
        query: Query::parse(query),
        host: String::new(),
        accept: String::new(),
        content_type: content_type.to_owned(),
        agent: "test/1".to_owned(),
        user: User::admin(),
        body: if body.is_null() {
            Vec::new().into()
        } else {
            body.to_string().into()
        },
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(future)
}

impl Server {
    fn send(&self, method: Method, path: &str, body: &Value) -> Read {
        self.ask(&request(method, path, "application/json", body))
    }

    fn ask(&self, request: &Request) -> Read {
        let (parts, body) = answer(&self.context, request).into_parts();
        let bytes = block_on(body.collect()).unwrap().to_bytes();
        let warnings = parts.headers.get_all("warning").iter();
        Read {
            code: parts.status.as_u16(),
            body: serde_json::from_slice(&bytes)
                .unwrap_or_else(|_| String::from_utf8(bytes.to_vec()).unwrap().into()),
            warnings: warnings.map(|it| it.to_str().unwrap().to_owned()).collect(),
        }
    }

    fn get(&self, path: &str) -> Read {
        self.send(Method::GET, path, &Value::Null)
    }

    fn create(&self, path: &str, body: &Value) -> Value {
        let read = self.send(Method::POST, path, body);
        assert_eq!(read.code, 201, "{}", read.body);
        read.body
    }

    fn patch(&self, path: &str, body: &Value) -> Read {
        self.ask(&request(
            Method::PATCH,
            path,
            "application/merge-patch+json",
            body,
        ))
    }

    fn apply(&self, path: &str, body: &Value) -> Read {
        self.ask(&request(
            Method::PATCH,
            path,
            "application/apply-patch+yaml",
            body,
        ))
    }

    fn delete(&self, path: &str, body: &Value) -> Read {
        self.send(Method::DELETE, path, body)
    }

    /// Lets the collector do what the events so far call for.
    fn collect(&self) {
        crate::collector::settle(&self.context.api);
    }
}

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";

fn map(name: &str) -> Value {
    json!({"metadata": {"name": name}, "data": {"a": "b"}})
}

fn deployment(name: &str) -> Value {
    json!({
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "web", "image": "web:1"}]},
            },
        },
    })
}

#[test]
fn a_definition_that_a_killed_server_only_stored_is_established_at_the_next_start() {
    let server = server();
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let version = json!({
        "name": "v1", "served": true, "storage": true,
        "schema": {"openAPIV3Schema": {"type": "object"}},
    });
    let mut stored = server.create(
        path,
        &json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "ropes.example.com"},
            "spec": {
                "group": "example.com", "scope": "Namespaced", "versions": [version],
                "names": {"kind": "Rope", "plural": "ropes", "singular": "rope", "listKind": "RopeList"},
            },
        }),
    );
    let revision = crate::store::version(&server.get(&format!("{path}/ropes.example.com")).body);
    // What the log holds when the server dies between its two writes.
    stored.as_object_mut().unwrap().remove("status");
    let key = crate::store::Key {
        resource: crate::resource::GroupResource::new(
            "apiextensions.k8s.io",
            "customresourcedefinitions",
        ),
        namespace: String::new(),
        name: "ropes.example.com".to_owned(),
    };
    server
        .context
        .api
        .store
        .update(&key, revision, stored)
        .unwrap();

    server.context.api.define_stored();
    let definition = server.get(&format!("{path}/ropes.example.com")).body;
    let conditions = definition["status"]["conditions"].as_array().unwrap();
    assert!(
        conditions
            .iter()
            .any(|it| it["type"] == "Established" && it["status"] == "True")
    );
}
