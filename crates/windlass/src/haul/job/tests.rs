//! Whatever fails, nothing is deleted: the whole way from files to an API server, with faults at every step.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use kube::client::Body;
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use proptest::prelude::*;
use tokio::runtime::Runtime;
use windlass_apiserver::{RunningServer, Server};
use windlass_cluster::Cluster;
use windlass_object::FingerprintKey;
use windlass_plan::{Guards, Op, Unit};
use windlass_render::Decryption;
use windlass_sops::Keyring;
use windlass_tree::{EntryKind, MemoryTree, Tree, TreeError, TreePath};

use super::{Context, Job, Outcome};
use crate::desired::{self, NAMESPACE, Selection};

/// Requests to fail: the first `after` of those that match go through, the next one does not.
#[derive(Clone, Copy, Debug)]
struct Fault {
    verb: &'static str,
    path: &'static str,
    after: usize,
    how: How,
}

#[derive(Clone, Copy, Debug)]
enum How {
    /// The connection breaks before the server has seen the request.
    Lost,
    /// The server carries the request out, and the answer is lost.
    AnswerLost,
    /// The server answers 500.
    Error,
}

/// What stands between the client and the server.
#[derive(Default)]
struct Network {
    fault: Mutex<Option<Fault>>,
    seen: AtomicUsize,
    has_failed: AtomicBool,
    deletions: AtomicUsize,
}

struct World {
    _server: RunningServer,
    network: Arc<Network>,
    context: Context,
}

impl Network {
    /// Returns how this request fails, if it does.
    fn fails(&self, request: &http::Request<Body>) -> Option<How> {
        if request.method() == http::Method::DELETE {
            self.deletions.fetch_add(1, Ordering::SeqCst);
        }
        let fault = (*self.fault.lock().unwrap())?;
        let is_hit = request.method().as_str() == fault.verb
            && request.uri().to_string().contains(fault.path)
            && self.seen.fetch_add(1, Ordering::SeqCst) == fault.after;
        self.has_failed.fetch_or(is_hit, Ordering::SeqCst);
        is_hit.then_some(fault.how)
    }

    fn arm(&self, fault: Option<Fault>) {
        *self.fault.lock().unwrap() = fault;
        self.seen.store(0, Ordering::SeqCst);
        self.has_failed.store(false, Ordering::SeqCst);
        self.deletions.store(0, Ordering::SeqCst);
    }
}

/// Returns a client whose requests go through `network`.
fn client(real: kube::Client, network: Arc<Network>) -> kube::Client {
    let lost = || kube::Error::Service("the connection broke".into());
    let service = tower::service_fn(move |request: http::Request<Body>| {
        let (real, how) = (real.clone(), network.fails(&request));
        async move {
            match how {
                None => real.send(request).await,
                Some(How::Lost) => Err(lost()),
                Some(How::AnswerLost) => real.send(request).await.and_then(|_| Err(lost())),
                Some(How::Error) => {
                    let answer = http::Response::builder().status(500);
                    Ok(answer.body(Body::empty()).unwrap())
                }
            }
        }
    });
    kube::Client::new(service, "default")
}

impl World {
    async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = Server::start(windlass_apiserver::Config::default())
            .await
            .unwrap();
        let kubeconfig = Kubeconfig::from_yaml(&server.kubeconfig()).unwrap();
        let options = KubeConfigOptions::default();
        let config = Config::from_custom_kubeconfig(kubeconfig, &options)
            .await
            .unwrap();
        let network = Arc::new(Network::default());
        let client = client(
            kube::Client::try_from(config).unwrap(),
            Arc::clone(&network),
        );
        let cluster = Cluster::with_client(client, "test", "kustomize-controller")
            .await
            .unwrap();
        cluster.fingerprint_key(NAMESPACE).await.unwrap();
        let context = Context {
            cluster,
            key: FingerprintKey::new([1; 32]),
            approvals: Vec::new(),
            guards: Guards::default(),
        };
        Self {
            _server: server,
            network,
            context,
        }
    }

    async fn haul(&self, tree: &dyn Tree, keyring: &Keyring) -> Outcome {
        job(tree, keyring, &self.context)
            .await
            .run("web", &self.context, &|_| {})
            .await
    }

    async fn names(&self) -> Vec<String> {
        let unit = unit();
        let windlass_plan::Held::Known(held) = self.context.cluster.inventory(&unit).await.held
        else {
            panic!("the inventory is not known after the fault");
        };
        let mut names = Vec::new();
        for entry in held.entries() {
            if let windlass_plan::Live::Present(_) = self.context.cluster.get(&entry.id).await {
                names.push(entry.id.to_string());
            }
        }
        names
    }
}

fn unit() -> Unit {
    desired::identity("dev", "web")
}

async fn job(tree: &dyn Tree, keyring: &Keyring, context: &Context) -> Job {
    let selection = Selection {
        services: &[],
        addons: true,
    };
    // What cannot even be listed is no unit, and no job runs then.
    let units = desired::units(tree, "dev", selection).unwrap_or_default();
    let rendered = desired::render_all(tree, &units, Decryption::new(keyring), Vec::new());
    let definitions = Arc::new(desired::definitions(&rendered));
    let kinds = context.cluster.kinds().await;
    let desired = rendered.first().map_or(
        windlass_plan::Desired::Failed {
            reason: "no unit".to_owned(),
        },
        |rendered| desired::desired(rendered, &unit(), &definitions, &kinds),
    );
    Job {
        unit: unit(),
        revision: "main".into(),
        desired,
        definitions,
        others: windlass_plan::Others::default(),
        wish: super::Wish::default(),
    }
}

/// The files of a service: three ConfigMaps and a Secret, or after a change one ConfigMap less and another
/// value.
fn files(is_changed: bool) -> MemoryTree {
    let overlay = "kustomize/web/overlays/dev";
    let map = |name: &str, value: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{key: '{value}'}}\n"
        )
    };
    let (resources, value) = if is_changed {
        ("[a.yaml, b.yaml, secret.yaml]", "2")
    } else {
        ("[a.yaml, b.yaml, c.yaml, secret.yaml]", "1")
    };
    let shared = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/platform");
    let read = |path: &str| std::fs::read_to_string(shared.join(path)).unwrap();
    MemoryTree::from_iter([
        (
            format!("{overlay}/kustomization.yaml"),
            format!("resources: {resources}\n"),
        ),
        (format!("{overlay}/a.yaml"), map("a", value)),
        (format!("{overlay}/b.yaml"), map("b", "1")),
        (format!("{overlay}/c.yaml"), map("c", "1")),
        (
            format!("{overlay}/secret-stub.yaml"),
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n".to_owned(),
        ),
        (
            format!("{overlay}/.sops/X.enc"),
            read("kustomize/hydra/overlays/dev/.sops/SYSTEM_SECRET.enc"),
        ),
    ])
}

fn keyring() -> Keyring {
    let example = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/platform");
    Keyring::parse(&std::fs::read_to_string(example.join("demo.agekey")).unwrap()).unwrap()
}

/// A tree that does not answer one of the questions asked of it.
struct Failing<'t> {
    tree: &'t MemoryTree,
    at: usize,
    asked: AtomicUsize,
}

impl Failing<'_> {
    fn ask(&self, path: &TreePath) -> Result<(), TreeError> {
        if self.asked.fetch_add(1, Ordering::SeqCst) == self.at {
            let reason = "the disk is gone".to_owned();
            return Err(TreeError::Unreadable {
                path: path.clone(),
                reason,
            });
        }
        Ok(())
    }
}

impl Tree for Failing<'_> {
    fn kind(&self, path: &TreePath) -> Result<Option<EntryKind>, TreeError> {
        self.ask(path).and_then(|()| self.tree.kind(path))
    }

    fn resolve(&self, path: &TreePath) -> Result<TreePath, TreeError> {
        self.ask(path).and_then(|()| self.tree.resolve(path))
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        self.ask(path).and_then(|()| self.tree.read(path))
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, EntryKind)>, TreeError> {
        self.ask(path).and_then(|()| self.tree.list(path))
    }
}

fn fault() -> impl Strategy<Value = Fault> {
    let target = prop_oneof![
        Just(("GET", "configmaps")),
        Just(("GET", "secrets")),
        Just(("GET", "windlass-inventory")),
        Just(("PATCH", "dryRun")),
        Just(("PATCH", "configmaps/a")),
        Just(("PATCH", "windlass-inventory")),
    ];
    let how = prop_oneof![Just(How::Lost), Just(How::AnswerLost), Just(How::Error)];
    (target, 0..3_usize, how).prop_map(|((verb, path), after, how)| Fault {
        verb,
        path,
        after,
        how,
    })
}

/// Returns a world in which the first revision is applied.
async fn applied() -> World {
    let world = World::new().await;
    let outcome = world.haul(&files(false), &keyring()).await;
    assert!(
        outcome.applied.is_complete(),
        "{:?}",
        outcome.applied.failures
    );
    assert_eq!(world.names().await.len(), 4);
    world.network.arm(None);
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_request_that_fails_deletes_nothing_and_the_next_run_makes_it_good(fault in fault()) {
        Runtime::new().unwrap().block_on(async {
            let world = applied().await;
            world.network.arm(Some(fault));
            let outcome = world.haul(&files(true), &keyring()).await;
            let is_last_store = fault.path == "windlass-inventory" && fault.verb == "PATCH";
            if world.network.has_failed.load(Ordering::SeqCst) && !is_last_store {
                prop_assert_eq!(world.network.deletions.load(Ordering::SeqCst), 0, "{:?}", outcome.plan);
                prop_assert_eq!(world.names().await.len(), 4);
            }
            world.network.arm(None);
            world.haul(&files(true), &keyring()).await;
            let names = world.names().await;
            prop_assert_eq!(names, ["ConfigMap/default/a", "ConfigMap/default/b", "Secret/default/s"]);
            Ok(())
        })?;
    }
}

#[test]
fn a_file_that_cannot_be_read_deletes_nothing_whichever_it_is() {
    Runtime::new().unwrap().block_on(async {
        let world = applied().await;
        let changed = files(true);
        for at in 0.. {
            let tree = Failing {
                tree: &changed,
                at,
                asked: AtomicUsize::new(0),
            };
            let outcome = job(&tree, &keyring(), &world.context)
                .await
                .plan(&world.context)
                .await;
            if tree.asked.load(Ordering::SeqCst) <= at {
                assert!(at > 5, "the tree was hardly asked");
                break;
            }
            let tree = Failing {
                tree: &changed,
                at,
                asked: AtomicUsize::new(0),
            };
            world.haul(&tree, &keyring()).await;
            assert!(
                outcome.0.actions().all(|action| action.op != Op::Prune),
                "question {at}"
            );
            assert_eq!(
                world.network.deletions.load(Ordering::SeqCst),
                0,
                "question {at}"
            );
        }
    });
}

#[test]
fn a_secret_that_cannot_be_opened_deletes_nothing() {
    Runtime::new().unwrap().block_on(async {
        let world = applied().await;
        let outcome = world.haul(&files(true), &Keyring::new()).await;
        assert!(outcome.plan.problem.is_some());
        assert_eq!(world.network.deletions.load(Ordering::SeqCst), 0);
        assert_eq!(world.names().await.len(), 4);
    });
}
