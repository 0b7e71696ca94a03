//! An API server, a connection to it, and what stands between them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use http::{Method, Request, Response};
use kube::Client;
use kube::client::Body;
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use windlass_apiserver::{RunningServer, Server};
use windlass_cluster::{Cluster, Definitions};
use windlass_object::{FingerprintKey, Object, ObjectRef};
use windlass_plan::{
    Approvals, Desired, DesiredSet, Entry, Guards, Held, Inputs, Inventory, Observed, Others, Plan,
    Unit, plan,
};

/// What becomes of a request.
pub(crate) enum Fate {
    /// The server answers it.
    Pass,
    /// This is the answer: a status code and a body.
    Forged(u16, &'static str),
    /// Someone else's change comes first, then the server answers it.
    After(Box<Request<Vec<u8>>>),
}

type Rule = Box<dyn FnMut(&Request<Body>) -> Fate + Send>;

/// A connection to an API server.
pub(crate) struct World {
    /// Straight to the server, as someone else.
    direct: Client,
    rule: Arc<Mutex<Rule>>,
    pub(crate) cluster: Cluster,
}

/// Runs a test in a new world.
pub(crate) fn in_world<F: Future<Output = ()>>(test: impl FnOnce(World) -> F) {
    Runtime::new().unwrap().block_on(async {
        // The server ends when it is dropped, so it outlives the test here.
        let (_server, world) = World::new().await;
        test(world).await;
    });
}

impl World {
    async fn new() -> (RunningServer, Self) {
        // A second test finds it installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = Server::start(windlass_apiserver::Config::default()).await;
        let server = server.unwrap();
        let kubeconfig = Kubeconfig::from_yaml(&server.kubeconfig()).unwrap();
        let options = KubeConfigOptions::default();
        let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
        let direct = Client::try_from(config.unwrap()).unwrap();
        let rule: Arc<Mutex<Rule>> = Arc::new(Mutex::new(Box::new(|_| Fate::Pass)));
        let client = client(direct.clone(), Arc::clone(&rule));
        let cluster = Cluster::with_client(client, "test", "windlass").await;
        let world = Self {
            direct,
            rule,
            cluster: cluster.unwrap(),
        };
        (server, world)
    }

    /// From now on, `rule` says what becomes of each request of the connection.
    pub(crate) fn rule(&self, rule: impl FnMut(&Request<Body>) -> Fate + Send + 'static) {
        *self.rule.lock().unwrap() = Box::new(rule);
    }

    /// Does something as someone else.
    pub(crate) async fn direct(&self, request: Request<Vec<u8>>) -> Value {
        self.direct.request(request).await.unwrap()
    }

    pub(crate) async fn create(&self, path: &str, object: &Value) -> Value {
        self.direct(request(Method::POST, path, object)).await
    }

    /// Creates a definition of `Widget` in `example.dev`, which the server serves at once.
    pub(crate) async fn define_widgets(&self) {
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        self.create(path, &definition_of_widgets()).await;
    }

    /// Plans and applies, as if nothing was held.
    pub(crate) async fn apply(&self, desired: &DesiredSet) {
        let plan = plan(&Inputs {
            unit: desired.unit(),
            revision: "main",
            desired: &Desired::Complete(desired.clone()),
            inventory: &Held::Known(Inventory::default()),
            observed: &self
                .cluster
                .observe(
                    Some(desired),
                    &Inventory::default(),
                    &Definitions::default(),
                )
                .await,
            others: &Others::default(),
            approvals: &Approvals::default(),
            guards: &Guards::default(),
            manager: self.cluster.manager(),
            key: &FingerprintKey::new([7; 32]),
        });
        let applied = self.cluster.apply(&plan, desired, &|| true, &|_| {}).await;
        assert!(applied.is_complete(), "{plan}{:?}", applied.failures);
    }

    /// Returns what is observed of objects that are held and no longer wanted.
    pub(crate) async fn observe_held(&self, ids: &[ObjectRef]) -> BTreeMap<ObjectRef, Observed> {
        let definitions = Definitions::default();
        self.cluster
            .observe(None, &inventory(ids), &definitions)
            .await
    }
}

/// Returns a client whose requests go through `rule`.
fn client(real: Client, rule: Arc<Mutex<Rule>>) -> Client {
    let service = tower::service_fn(move |request: Request<Body>| {
        let fate = (*rule.lock().unwrap())(&request);
        let real = real.clone();
        async move {
            match fate {
                Fate::Pass => real.send(request).await,
                Fate::Forged(code, body) => {
                    let answer = Response::builder().status(code);
                    Ok(answer.body(Body::from(body.as_bytes().to_vec())).unwrap())
                }
                Fate::After(other) => {
                    real.request::<Value>(*other).await?;
                    real.send(request).await
                }
            }
        }
    });
    Client::new(service, "default")
}

pub(crate) fn request(method: Method, path: &str, body: &Value) -> Request<Vec<u8>> {
    let content_type = if method == Method::PATCH {
        "application/merge-patch+json"
    } else {
        "application/json"
    };
    Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", content_type)
        .body(serde_json::to_vec(body).unwrap())
        .unwrap()
}

pub(crate) fn definition_of_widgets() -> Value {
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.dev"},
        "spec": {
            "group": "example.dev",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
            "versions": [{
                "name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema},
            }],
        },
    })
}

pub(crate) fn unit() -> Unit {
    Unit::new("default", "web")
}

/// Returns a ConfigMap of the unit.
pub(crate) fn config_map(name: &str) -> Value {
    let labels: BTreeMap<_, _> = unit()
        .labels()
        .into_iter()
        .map(|(key, value)| (key, value.to_owned()))
        .collect();
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "default", "labels": labels},
    })
}

pub(crate) fn id(group: &str, kind: &str, name: &str) -> ObjectRef {
    ObjectRef {
        group: group.into(),
        kind: kind.into(),
        namespace: Some("default".into()),
        name: name.into(),
    }
}

pub(crate) fn inventory(ids: &[ObjectRef]) -> Inventory {
    let entries = ids.iter().map(|id| Entry {
        id: id.clone(),
        version: "v1".into(),
        applied: None,
    });
    entries.collect()
}

pub(crate) fn wanted(object: Value) -> DesiredSet {
    DesiredSet::new(&unit(), [Object::new(object).unwrap()]).unwrap()
}

/// Returns a plan that deletes the object.
pub(crate) fn deletion(id: &ObjectRef) -> Plan {
    let action =
        json!({"id": id, "version": "v1", "op": "prune", "reason": {"code": "not-desired"}});
    let plan = json!({
        "unit": unit(),
        "revision": "main",
        "waves": [{"phase": "prune", "actions": [action]}],
        "rest": [],
        "hash": "",
    });
    Plan::from_json(&plan.to_string()).unwrap()
}
