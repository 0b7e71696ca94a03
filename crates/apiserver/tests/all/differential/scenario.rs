//! What is asked: scenarios, read from YAML.
//!
//! A file is a list of scenarios, and each has a `name` and `steps`. A step has one verb with its path:
//!
//! | verb | sends |
//! | --- | --- |
//! | `get`, `delete`, `post`, `put` | the method of that name |
//! | `apply`, `merge`, `strategic`, `json` | PATCH of that type |
//! | `watch` | GET with `watch=true`; the answer is its first `events` (default 1) |
//!
//! A path that begins with `/` is taken as it is; another one begins with a plural name of [`RESOURCES`], and is in
//! the namespace of the scenario, `{ns}`. Further keys:
//!
//! - `body`: a value, or a text that is sent as it is. An object in a short path may leave out its type.
//! - `manager`, `force`: `fieldManager` and `force` of the query.
//! - `as`, `groups`: who asks, by impersonation.
//! - `accept`, `type`: the header fields `Accept` and `Content-Type`.
//! - `save`: names for values of the answer, by JSON pointer; `{name}` stands for the value in later steps.
//! - `until`: a JSON pointer to a value, `/status` being the status code and `/body/…` the body: the step is
//!   repeated until all of them are there, for ten seconds at most.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// Requests that belong together, in a namespace of their own.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    pub(super) name: String,
    pub(super) steps: Vec<Step>,
}

/// A request.
#[derive(Clone, Debug, Default)]
pub(super) struct Step {
    /// As in the file: verb and path.
    pub(super) title: String,
    pub(super) method: &'static str,
    pub(super) content_type: String,
    pub(super) path: String,
    pub(super) body: Option<Value>,
    pub(super) events: Option<usize>,
    pub(super) user: Option<String>,
    pub(super) groups: Vec<String>,
    pub(super) accept: Option<String>,
    pub(super) save: BTreeMap<String, String>,
    pub(super) until: BTreeMap<String, Value>,
}

/// Plural name, API, kind, and whether its objects are in a namespace.
const RESOURCES: [(&str, &str, &str, bool); 28] = [
    ("configmaps", "v1", "ConfigMap", true),
    ("endpoints", "v1", "Endpoints", true),
    ("events", "v1", "Event", true),
    ("limitranges", "v1", "LimitRange", true),
    ("namespaces", "v1", "Namespace", false),
    ("nodes", "v1", "Node", false),
    (
        "persistentvolumeclaims",
        "v1",
        "PersistentVolumeClaim",
        true,
    ),
    ("persistentvolumes", "v1", "PersistentVolume", false),
    ("pods", "v1", "Pod", true),
    ("resourcequotas", "v1", "ResourceQuota", true),
    ("secrets", "v1", "Secret", true),
    ("serviceaccounts", "v1", "ServiceAccount", true),
    ("services", "v1", "Service", true),
    ("daemonsets", "apps/v1", "DaemonSet", true),
    ("deployments", "apps/v1", "Deployment", true),
    ("replicasets", "apps/v1", "ReplicaSet", true),
    ("statefulsets", "apps/v1", "StatefulSet", true),
    (
        "horizontalpodautoscalers",
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        true,
    ),
    ("cronjobs", "batch/v1", "CronJob", true),
    ("jobs", "batch/v1", "Job", true),
    ("ingresses", "networking.k8s.io/v1", "Ingress", true),
    (
        "networkpolicies",
        "networking.k8s.io/v1",
        "NetworkPolicy",
        true,
    ),
    (
        "poddisruptionbudgets",
        "policy/v1",
        "PodDisruptionBudget",
        true,
    ),
    (
        "clusterrolebindings",
        "rbac.authorization.k8s.io/v1",
        "ClusterRoleBinding",
        false,
    ),
    (
        "clusterroles",
        "rbac.authorization.k8s.io/v1",
        "ClusterRole",
        false,
    ),
    (
        "rolebindings",
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        true,
    ),
    ("roles", "rbac.authorization.k8s.io/v1", "Role", true),
    (
        "customresourcedefinitions",
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        false,
    ),
];

/// Verb, method and content type.
const VERBS: [(&str, &str, &str); 9] = [
    ("get", "GET", ""),
    ("watch", "GET", ""),
    ("delete", "DELETE", "application/json"),
    ("post", "POST", "application/json"),
    ("put", "PUT", "application/json"),
    ("apply", "PATCH", "application/apply-patch+yaml"),
    ("merge", "PATCH", "application/merge-patch+json"),
    (
        "strategic",
        "PATCH",
        "application/strategic-merge-patch+json",
    ),
    ("json", "PATCH", "application/json-patch+json"),
];

const KEYS: [&str; 11] = [
    "body", "manager", "force", "as", "groups", "accept", "type", "save", "until", "events", "why",
];

/// Returns the scenarios of a folder, in the order of the file names.
pub(super) fn load(folder: &Path) -> Vec<Scenario> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().flat_map(|path| load_file(path)).collect()
}

/// Returns the one document of a YAML file.
pub(super) fn read_yaml(path: &Path) -> Value {
    let text = std::fs::read(path).unwrap();
    let documents = windlass_yaml::parse(&text);
    let documents = documents.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    documents[0].root.to_json().unwrap()
}

fn load_file(path: &Path) -> Vec<Scenario> {
    let stem = path.file_stem().unwrap().to_string_lossy();
    let list = read_yaml(path);
    let scenarios = list.as_array().unwrap().iter();
    let scenario = |value: &Value| Scenario {
        name: format!("{stem}: {}", text(value, "name").unwrap()),
        steps: value["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(Step::read)
            .collect(),
    };
    scenarios.map(scenario).collect()
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(str::to_owned)
}

impl Step {
    /// Returns the step that a value describes.
    pub(super) fn read(value: &Value) -> Self {
        let fields = value.as_object().unwrap();
        let is_verb = |key: &str| VERBS.iter().any(|(verb, ..)| *verb == key);
        let unknown = fields
            .keys()
            .find(|key| !is_verb(key) && !KEYS.contains(&key.as_str()));
        assert!(unknown.is_none(), "a step has no key {unknown:?}: {value}");
        let verb = VERBS.iter().find(|(verb, ..)| fields.contains_key(*verb));
        let (verb, method, content_type) = verb.unwrap_or_else(|| panic!("no verb: {value}"));
        let short = text(value, verb).unwrap();
        let list = |key: &str| {
            value
                .get(key)
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default()
        };
        let map = |key: &str| {
            value
                .get(key)
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default()
        };
        let mut step = Self {
            title: format!("{verb} {short}"),
            method,
            content_type: text(value, "type").unwrap_or_else(|| (*content_type).to_owned()),
            path: long(&short),
            body: value.get("body").cloned(),
            events: None,
            user: text(value, "as"),
            groups: list("groups")
                .iter()
                .map(|group| group.as_str().unwrap().to_owned())
                .collect(),
            accept: text(value, "accept"),
            save: map("save")
                .into_iter()
                .map(|(name, at)| (name, at.as_str().unwrap().to_owned()))
                .collect(),
            until: map("until").into_iter().collect(),
        };
        if let Some(manager) = text(value, "manager") {
            step.query("fieldManager", &manager);
        }
        if let Some(force) = value.get("force") {
            step.query("force", &force.to_string());
        }
        if *verb == "watch" {
            step.query("watch", "true");
            step.query("timeoutSeconds", "4");
            step.events = Some(value.get("events").and_then(Value::as_u64).unwrap_or(1) as usize);
        }
        if ["post", "put", "apply"].contains(verb) {
            step.complete(&short);
        }
        step
    }

    fn query(&mut self, name: &str, value: &str) {
        let mark = if self.path.contains('?') { '&' } else { '?' };
        self.path = format!("{}{mark}{name}={value}", self.path);
    }

    /// Adds the type to an object that has none, where a short path tells it.
    fn complete(&mut self, short: &str) {
        let Some(Value::Object(body)) = &mut self.body else {
            return;
        };
        if let Some((_, api, kind, _)) = resource(short).filter(|_| !body.contains_key("kind")) {
            body.insert("apiVersion".to_owned(), json!(api));
            body.insert("kind".to_owned(), json!(kind));
        }
    }
}

fn resource(short: &str) -> Option<&'static (&'static str, &'static str, &'static str, bool)> {
    let plural = short.split(['/', '?']).next().unwrap_or_default();
    RESOURCES.iter().find(|(name, ..)| *name == plural)
}

fn long(short: &str) -> String {
    if short.starts_with('/') {
        return short.to_owned();
    }
    let found = resource(short);
    let (_, api, _, namespaced) =
        found.unwrap_or_else(|| panic!("{short}: no resource of the table"));
    let root = if api.contains('/') { "apis" } else { "api" };
    let namespace = if *namespaced { "namespaces/{ns}/" } else { "" };
    format!("/{root}/{api}/{namespace}{short}")
}
