//! An API server, a bad network before it, and processes that are connected through it.

use http::Method;
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use windlass_apiserver::{RunningServer, Server};
use windlass_cluster::{Cluster, Target};
use windlass_faults::Proxy;

use crate::world::config_map;

/// An API server behind a proxy.
pub(crate) struct Network {
    _server: RunningServer,
    directory: TempDir,
    direct: String,
    /// Past the proxy, as someone else.
    someone: kube::Client,
    pub(crate) proxy: Proxy,
}

/// Runs a test in a new network.
pub(crate) fn in_network<F: Future<Output = ()>>(test: impl FnOnce(Network) -> F) {
    Runtime::new().unwrap().block_on(async {
        let network = Network::new().await;
        test(network).await;
    });
}

impl Network {
    async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = Server::start(windlass_apiserver::Config::default()).await;
        let server = server.unwrap();
        let kubeconfig = Kubeconfig::from_yaml(&server.kubeconfig()).unwrap();
        let options = KubeConfigOptions::default();
        let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
        Self {
            someone: kube::Client::try_from(config.unwrap()).unwrap(),
            proxy: Proxy::start(&server.kubeconfig()).await,
            direct: server.kubeconfig(),
            directory: tempfile::tempdir().unwrap(),
            _server: server,
        }
    }

    /// Returns a new connection through the proxy.
    pub(crate) async fn cluster(&self) -> Cluster {
        self.connect("proxy", &self.proxy.kubeconfig()).await
    }

    /// Returns a new connection past the proxy.
    pub(crate) async fn direct(&self) -> Cluster {
        self.connect("direct", &self.direct).await
    }

    /// Has someone else write the Lease.
    pub(crate) async fn put_lease(&self, spec: Value) {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "windlass-system"}});
        self.apply("/api/v1/namespaces/windlass-system", &namespace)
            .await;
        let lease = json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": "windlass-dev.up", "namespace": "windlass-system"},
            "spec": spec,
        });
        let path = "/apis/coordination.k8s.io/v1/namespaces/windlass-system/leases/windlass-dev.up";
        self.apply(path, &lease).await;
    }

    /// Has someone else make a ConfigMap of the unit.
    pub(crate) async fn put_map(&self, name: &str) {
        let path = format!("/api/v1/namespaces/default/configmaps/{name}");
        self.apply(&path, &config_map(name)).await;
    }

    async fn apply(&self, path: &str, object: &Value) {
        let request = http::Request::builder()
            .method(Method::PATCH)
            .uri(format!("{path}?fieldManager=someone&force=true"))
            .header("content-type", "application/apply-patch+yaml")
            .body(object.to_string().into_bytes());
        self.someone
            .request::<Value>(request.unwrap())
            .await
            .unwrap();
    }

    async fn connect(&self, name: &str, kubeconfig: &str) -> Cluster {
        let path = self.directory.path().join(name);
        std::fs::write(&path, kubeconfig).unwrap();
        let target = Target {
            kubeconfig: Some(path),
            context: None,
        };
        Cluster::connect(&target, "windlass").await.unwrap()
    }
}
