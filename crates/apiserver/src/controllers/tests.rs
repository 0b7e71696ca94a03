//! The controllers on an API in memory, at a time that the test chooses.

mod deployments;
mod laws;
mod others;
mod sets_and_jobs;

use std::sync::Mutex;

use serde_json::{Value, json};

use super::*;
use crate::api::{Target, WriteOptions, create_system_objects};
use crate::builtin;
use crate::clock::Clock;
use crate::fields::{self, annotation, condition, integer, list, text};
use crate::resource::GroupResource;
use crate::store::{Key, Store};

struct FakeClock(Mutex<Timestamp>);

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// An API with the controllers, run by hand at a time that the test chooses.
struct Cluster {
    api: Api,
    clock: Arc<FakeClock>,
    controllers: Loop,
    watch: Watch,
}

impl Cluster {
    fn new() -> Self {
        let clock = Arc::new(FakeClock(Mutex::new(
            "2026-01-01T00:00:00Z".parse().unwrap(),
        )));
        let api = Api {
            store: Arc::new(Store::new()),
            registry: builtin::resource_types().collect(),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            authority: String::new(),
            allocations: Mutex::default(),
            quotas: std::sync::Mutex::default(),
        };
        Self::start(api, clock)
    }

    /// Starts the server's part that is not HTTP on what is stored.
    fn start(api: Api, clock: Arc<FakeClock>) -> Self {
        create_system_objects(&api);
        let watch = api.store.watch(Scope::All, None).unwrap();
        let mut controllers = Loop::default();
        controllers.reset(&api);
        let mut cluster = Self {
            api,
            clock,
            controllers,
            watch,
        };
        cluster.settle();
        cluster
    }

    /// Runs the controllers until nothing is left to do now.
    fn settle(&mut self) {
        for _ in 0..1000 {
            for event in self.watch.take().unwrap() {
                self.controllers.observe(&event);
            }
            self.controllers.work(&self.api);
            let is_idle = self.controllers.queue.is_empty();
            if is_idle && self.watch.position() == self.api.store.revision() {
                return;
            }
        }
        panic!("the controllers do not come to rest");
    }

    fn advance(&mut self, seconds: i64) {
        *self.clock.0.lock().unwrap() += SignedDuration::from_secs(seconds);
        self.settle();
    }

    fn with<T>(&self, kind: &str, action: impl FnOnce(&crate::resource::ResourceType) -> T) -> T {
        let types = self.api.registry.types();
        let resource = types.iter().find(|it| it.kind == kind).unwrap();
        action(resource)
    }

    fn create(&mut self, object: &Value) {
        self.with(text(object, "/kind"), |resource| {
            let target = Target {
                resource,
                namespace: if resource.namespaced { "default" } else { "" },
                name: "",
                subresource: None,
            };
            self.api
                .create(target, object.clone(), &WriteOptions::default())
                .unwrap()
        });
        self.settle();
    }

    fn change(&mut self, kind: &str, name: &str, pointer: &str, value: &Value) {
        self.with(kind, |resource| {
            let target = Target {
                resource,
                namespace: "default",
                name,
                subresource: None,
            };
            self.api
                .modify(target, &WriteOptions::default(), &mut |live| {
                    let mut object = live.clone();
                    let (parent, key) = pointer.rsplit_once('/').unwrap();
                    object.pointer_mut(parent).unwrap()[key] = value.clone();
                    Ok(object)
                })
                .unwrap()
        });
        self.settle();
    }

    fn delete(&mut self, kind: &str, name: &str) {
        self.with(kind, |resource| {
            let target = Target {
                resource,
                namespace: "default",
                name,
                subresource: None,
            };
            self.api
                .delete(target, &crate::api::DeleteOptions::default())
                .unwrap()
        });
        self.settle();
    }

    fn list(&self, kind: &str) -> Vec<Arc<Value>> {
        let storage: GroupResource = self.with(kind, |resource| resource.storage.clone());
        let range = Range {
            namespace: Some("default"),
            ..Range::default()
        };
        let listing = self.api.store.list(&storage, &range);
        listing.items.iter().map(|item| item.value()).collect()
    }

    fn get(&self, kind: &str, name: &str) -> Arc<Value> {
        let found = self
            .list(kind)
            .into_iter()
            .find(|it| fields::name(it) == name);
        found.unwrap_or_else(|| panic!("there is no {kind} {name}"))
    }

    /// Returns a table of the pods as `kubectl get pods` shows their state.
    fn pods(&self) -> Vec<String> {
        let states = self.list("Pod").into_iter().map(|pod| {
            let container = &pod["status"]["containerStatuses"][0];
            let state = match text(container, "/state/waiting/reason") {
                "" => text(&pod, "/status/phase"),
                reason => reason,
            };
            state.to_owned()
        });
        states.collect()
    }

    /// Returns the events as `TYPE REASON KIND: MESSAGE (COUNT)`, without names that are random.
    fn events(&self, level: &str) -> Vec<String> {
        let events = self.list("Event").into_iter();
        let mut events: Vec<String> = events
            .filter(|event| text(event, "/type") == level)
            .map(|event| {
                let (reason, message) = (text(&event, "/reason"), text(&event, "/message"));
                let kind = text(&event, "/involvedObject/kind");
                format!("{reason} {kind}: {message} ({})", integer(&event, "/count"))
            })
            .collect();
        events.sort();
        events
    }
}

fn template(image: &str) -> Value {
    json!({
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "app", "image": image, "ports": [
            {"name": "http", "containerPort": 8080},
        ]}]},
    })
}

fn workload(kind: &str, spec: Value) -> Value {
    let group = if kind == "Job" { "batch/v1" } else { "apps/v1" };
    let mut object = json!({
        "apiVersion": group, "kind": kind, "metadata": {"name": "web"},
        "spec": {"template": template("web:1")},
    });
    if kind != "Job" {
        object["spec"]["selector"] = json!({"matchLabels": {"app": "web"}});
    }
    object["spec"] = step::with(object["spec"].clone(), spec);
    object
}

fn failing(kind: &str, reason: &str) -> Value {
    let mut object = workload(kind, json!({}));
    object["metadata"]["annotations"] = json!({"windlass.dev/fail": reason});
    object
}
