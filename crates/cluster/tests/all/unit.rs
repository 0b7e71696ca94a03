//! A unit that plans and applies, on the embedded API server and on a real one.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{Method, Request};
use kube::Client;
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use windlass_apiserver::Server;
use windlass_cluster::{Applied, Cluster, Definitions, Patience};
use windlass_control_plane::ControlPlane;
use windlass_object::{FingerprintKey, Object, ObjectRef, Origin};
use windlass_plan::{
    Action, Approvals, Desired, DesiredSet, Guards, Held, IgnoreRule, Inputs, Inventory, Observed,
    Others, Plan, Unit, inventory_after, inventory_before, plan,
};

/// The field manager that the unit applies as.
pub(crate) const MANAGER: &str = "kustomize-controller";

/// The kinds of the tests that have no namespace.
const CLUSTER_SCOPED: [&str; 4] = [
    "ClusterRole",
    "CustomResourceDefinition",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

/// A unit, a namespace that is its own, and someone else with the rights of an administrator.
pub(crate) struct Applier {
    pub(crate) other: Client,
    pub(crate) cluster: Cluster,
    pub(crate) namespace: String,
    pub(crate) kubeconfig: String,
    pub(crate) inventory: Inventory,
    pub(crate) guards: Guards,
    pub(crate) approvals: Approvals,
    pub(crate) rules: Vec<IgnoreRule>,
    unit: Unit,
}

/// Runs a test on the embedded API server, then on a real one.
pub(crate) fn on_both_servers<F: Future<Output = ()>>(test: impl Fn(Applier) -> F) {
    // A second test finds it installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Runtime::new().unwrap().block_on(async {
        let server = Server::start(windlass_apiserver::Config::default()).await;
        let server = server.unwrap();
        test(Applier::new(&server.kubeconfig(), "embedded").await).await;
        let plane = ControlPlane::shared();
        let namespace = plane.namespace("unit");
        let kubeconfig = std::fs::read_to_string(plane.kubeconfig()).unwrap();
        test(Applier::new(&kubeconfig, namespace.name()).await).await;
    });
}

/// Runs a test on the embedded API server.
pub(crate) fn on_the_embedded_server<F: Future<Output = ()>>(test: impl Fn(Applier) -> F) {
    // A second test finds it installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Runtime::new().unwrap().block_on(async {
        let server = Server::start(windlass_apiserver::Config::default()).await;
        let server = server.unwrap();
        test(Applier::new(&server.kubeconfig(), "embedded").await).await;
    });
}

impl Applier {
    async fn new(kubeconfig: &str, namespace: &str) -> Self {
        let parsed = Kubeconfig::from_yaml(kubeconfig).unwrap();
        let config = Config::from_custom_kubeconfig(parsed, &KubeConfigOptions::default()).await;
        let other = Client::try_from(config.unwrap()).unwrap();
        let cluster = Cluster::with_client(other.clone(), "test", MANAGER).await;
        let applier = Self {
            other,
            cluster: cluster.unwrap(),
            namespace: namespace.to_owned(),
            kubeconfig: kubeconfig.to_owned(),
            inventory: Inventory::default(),
            guards: Guards::default(),
            approvals: Approvals::default(),
            rules: Vec::new(),
            unit: Unit::new("default", "web"),
        };
        if namespace == "embedded" {
            let object = json!({"metadata": {"name": namespace}});
            applier
                .send(Method::POST, "/api/v1/namespaces", "json", &object)
                .await;
        }
        applier
    }

    /// Does something as someone else; the kind of a patch is `merge-patch+json` and the like.
    pub(crate) async fn send(&self, method: Method, path: &str, kind: &str, body: &Value) -> Value {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", format!("application/{kind}"))
            .body(serde_json::to_vec(body).unwrap())
            .unwrap();
        self.other.request(request).await.unwrap()
    }

    /// Returns the path of an object in the namespace, such as `/apis/apps/v1/…/deployments/web`.
    pub(crate) fn path(&self, api: &str, resource: &str, name: &str) -> String {
        format!("/{api}/namespaces/{}/{resource}/{name}", self.namespace)
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let request = Request::get(path).body(Vec::new()).unwrap();
        self.other.request(request).await.unwrap()
    }

    pub(crate) fn object(&self, mut value: Value) -> Object {
        let kind = value["kind"].as_str().unwrap_or_default();
        if !CLUSTER_SCOPED.contains(&kind) {
            value["metadata"]["namespace"] = self.namespace.as_str().into();
        }
        let path = format!("{}.yaml", value["metadata"]["name"].as_str().unwrap());
        let object = Object::new(value).unwrap();
        object.with_origin(Origin { path, line: 3 })
    }

    /// From now on, objects are waited for no longer than a moment.
    pub(crate) fn hurry(&mut self) {
        let patience = Patience {
            object: Duration::from_millis(100),
            ..Patience::default()
        };
        self.cluster = self.cluster.clone().with_patience(patience);
    }

    fn set(&self, objects: &[Value]) -> DesiredSet {
        let objects = objects.iter().map(|value| self.object(value.clone()));
        let set = DesiredSet::new(&self.unit, objects).unwrap();
        set.ignoring(&self.rules)
    }

    pub(crate) async fn observe(&self, desired: &[Value]) -> BTreeMap<ObjectRef, Observed> {
        let definitions = Definitions::default();
        let set = self.set(desired);
        self.cluster
            .observe(Some(&set), &self.inventory, &definitions)
            .await
    }

    /// Returns the plan that makes the namespace as desired.
    pub(crate) async fn plan(&self, desired: &[Value]) -> Plan {
        plan(&Inputs {
            unit: &self.unit,
            revision: "main",
            desired: &Desired::Complete(self.set(desired)),
            inventory: &Held::Known(self.inventory.clone()),
            observed: &self.observe(desired).await,
            others: &Others::default(),
            approvals: &self.approvals,
            guards: &self.guards,
            manager: MANAGER,
            key: &FingerprintKey::new([7; 32]),
        })
    }

    /// Carries the plan out.
    pub(crate) async fn run(&mut self, plan: &Plan, desired: &[Value]) -> Applied {
        self.inventory = inventory_before(plan, &self.inventory);
        let set = self.set(desired);
        let applied = self.cluster.apply(plan, &set, &|| true, &|_| {}).await;
        self.inventory = inventory_after(plan, &self.inventory, &applied.outcomes);
        applied
    }

    /// Plans and applies, and returns both. All must succeed, and the next plan be empty.
    pub(crate) async fn converge(&mut self, desired: &[Value]) -> Plan {
        let plan = self.plan(desired).await;
        let applied = self.run(&plan, desired).await;
        assert!(applied.is_complete(), "{plan}{:?}", applied.failures);
        let again = self.plan(desired).await;
        assert!(again.is_converged(), "{plan}then\n{again}");
        plan
    }
}

/// Returns the only action of a plan.
pub(crate) fn only(plan: &Plan) -> &Action {
    let mut actions = plan.actions();
    let action = actions.next().unwrap();
    assert!(actions.next().is_none(), "{plan}");
    action
}
