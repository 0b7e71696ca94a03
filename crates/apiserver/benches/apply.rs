//! Server-side apply of a Deployment: merge, owners, decoding, defaults, validation and storage in memory, without HTTP.

use std::sync::Arc;

use divan::Bencher;
use serde_json::{Value, json};
use windlass_apiserver::{OfflineServer, SystemClock};

fn main() {
    divan::main();
}

fn server() -> OfflineServer {
    OfflineServer::new("ci", Arc::new(SystemClock))
}

/// A Deployment as services have it: one container with ports, probes, resources and twelve variables.
fn deployment(image: &str) -> Value {
    let env: Vec<Value> = (0..12)
        .map(|index| json!({"name": format!("VARIABLE_{index}"), "value": "value"}))
        .collect();
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web", "team": "a"}},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": {
            "metadata": {"labels": {"app": "web"}, "annotations": {"example.com/scrape": "true"}},
            "spec": {"serviceAccountName": "web",
                "volumes": [{"name": "config", "configMap": {"name": "web"}}],
                "containers": [{"name": "web", "image": image, "env": env,
                    "envFrom": [{"secretRef": {"name": "web"}}],
                    "ports": [{"name": "http", "containerPort": 8080}, {"name": "metrics", "containerPort": 9090}],
                    "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}},
                    "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http"}},
                    "resources": {"limits": {"memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "256Mi"}},
                    "volumeMounts": [{"name": "config", "mountPath": "/etc/web"}]}]}}}})
}

#[divan::bench]
fn create(bencher: Bencher) {
    let configuration = deployment("web:1");
    let server = server();
    bencher.bench(|| server.try_apply(&configuration));
}

#[divan::bench]
fn again(bencher: Bencher) {
    let configuration = deployment("web:1");
    let server = server();
    server.apply(&configuration).expect("it is valid");
    bencher.bench(|| server.try_apply(&configuration));
}

#[divan::bench]
fn change(bencher: Bencher) {
    let server = server();
    server.apply(&deployment("web:1")).expect("it is valid");
    let configuration = deployment("web:2");
    bencher.bench(|| server.try_apply(&configuration));
}
