//! Whatever fails, nothing is deleted: the whole way from files to an API server.

mod faults;
mod trouble;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::Runtime;
use windlass_apiserver::{RunningServer, Server};
use windlass_cluster::{Cluster, ConnectError, Patience, Target};
use windlass_faults::{Asked, Exchange, Proxy};
use windlass_object::FingerprintKey;
use windlass_plan::{Cause, Guards, Held, Live, Op, Rendition, Unit};
use windlass_render::Decryption;
use windlass_sops::Keyring;
use windlass_tree::{EntryKind, MemoryTree, Tree, TreeError, TreePath};

use super::{Context, Job, Outcome, Told};
use crate::desired::{self, NAMESPACE, Selection};
use crate::settings::Settings;

/// An API server behind a proxy, and a process that is connected through it.
struct World {
    _server: Option<RunningServer>,
    _directory: tempfile::TempDir,
    target: Target,
    proxy: Proxy,
    context: Context,
}

impl World {
    async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = Server::start(windlass_apiserver::Config::default())
            .await
            .unwrap();
        let kubeconfig = server.kubeconfig();
        Self::on(&kubeconfig, Some(server)).await
    }

    /// Puts a proxy before the server of a kubeconfig, and keeps the server that it is told to.
    async fn on(kubeconfig: &str, server: Option<RunningServer>) -> Self {
        let proxy = Proxy::start(kubeconfig).await;
        let directory = tempfile::tempdir().unwrap();
        let kubeconfig = directory.path().join("kubeconfig");
        std::fs::write(&kubeconfig, proxy.kubeconfig()).unwrap();
        let target = Target {
            kubeconfig: Some(kubeconfig),
            context: None,
        };
        let context = process(&target).await.unwrap();
        context.cluster.fingerprint_key(NAMESPACE).await.unwrap();
        Self {
            _server: server,
            _directory: directory,
            target,
            proxy,
            context,
        }
    }

    async fn haul(&self, tree: &dyn Tree, keyring: &Keyring) -> Outcome {
        haul(tree, keyring, &self.context).await
    }

    /// Returns what the inventory holds.
    async fn held(&self) -> Vec<String> {
        let Held::Known(held) = self.context.cluster.inventory(&unit()).await.held else {
            panic!("the inventory is not known");
        };
        held.entries().map(|entry| entry.id.to_string()).collect()
    }

    /// Returns what the inventory holds and the cluster has.
    async fn names(&self) -> Vec<String> {
        let Held::Known(held) = self.context.cluster.inventory(&unit()).await.held else {
            panic!("the inventory is not known");
        };
        let mut names = Vec::new();
        for entry in held.entries() {
            if let Live::Present(_) = self.context.cluster.get(&entry.id).await {
                names.push(entry.id.to_string());
            }
        }
        names
    }

    /// Returns the paths of what was to be deleted.
    fn deletions(&self) -> Vec<String> {
        let deletes = |asked: &Asked| asked.method == "DELETE" && asked.is_write();
        let exchanges = self.proxy.exchanges().into_iter();
        let asked = exchanges.map(|exchange: Exchange| exchange.asked);
        asked.filter(deletes).map(|asked| asked.path).collect()
    }

    /// Forgets what was asked, and lets everything pass.
    fn calm(&self) {
        self.proxy.rule(|_| windlass_faults::Fate::Pass);
    }
}

/// Returns what a new process has.
async fn process(target: &Target) -> Result<Context, ConnectError> {
    let cluster = Cluster::connect(target, "kustomize-controller").await?;
    Ok(Context {
        cluster: cluster.with_patience(Patience {
            pause: Duration::from_millis(1),
            ..Patience::default()
        }),
        key: FingerprintKey::new([1; 32]),
        approvals: Vec::new(),
        guards: Guards::default(),
        told: Told::default(),
    })
}

async fn haul(tree: &dyn Tree, keyring: &Keyring, context: &Context) -> Outcome {
    let job = job(tree, keyring, context).await;
    job.run("web", context, None, &|_| {}).await
}

/// Held by those who work on the real server: there is one, and one unit on it.
static REAL: Mutex<()> = Mutex::new(());

/// What allows an object to be replaced.
const FORCE: &str = "kustomize.toolkit.fluxcd.io/force";

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
        |rendered| {
            desired::desired(
                rendered,
                &unit(),
                &definitions,
                &kinds,
                &Settings::default(),
                &context.key,
            )
        },
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

/// The files of a service: four ConfigMaps and a Secret, or after a change one ConfigMap less and other values, one of
/// them where only a replacement can change it.
fn files(is_changed: bool) -> MemoryTree {
    let overlay = "kustomize/web/overlays/dev";
    let map = |name: &str, value: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{key: '{value}'}}\n"
        )
    };
    let (resources, value) = if is_changed {
        ("[a.yaml, b.yaml, d.yaml, secret.yaml]", "2")
    } else {
        ("[a.yaml, b.yaml, c.yaml, d.yaml, secret.yaml]", "1")
    };
    let replaced = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: d, annotations: {{{FORCE}: enabled}}}}\nimmutable: true\ndata: {{key: '{value}'}}\n"
    );
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
        (format!("{overlay}/d.yaml"), replaced),
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

/// Returns the files of a service with these manifests.
fn service(manifests: &[&str]) -> MemoryTree {
    let overlay = "kustomize/web/overlays/dev";
    MemoryTree::from_iter([
        (
            format!("{overlay}/kustomization.yaml"),
            "resources: [all.yaml]\n".to_owned(),
        ),
        (format!("{overlay}/all.yaml"), manifests.join("---\n")),
    ])
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

/// Returns a world in which the first revision is applied.
async fn applied() -> World {
    let world = World::new().await;
    apply_first(&world).await;
    world
}

async fn apply_first(world: &World) {
    let outcome = world.haul(&files(false), &keyring()).await;
    assert!(
        outcome.applied.is_complete(),
        "{:?}",
        outcome.applied.failures
    );
    assert_eq!(world.names().await.len(), 5);
    world.calm();
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
            let job = job(&tree, &keyring(), &world.context).await;
            let plan = job.decide(&world.context, &job.look(&world.context, None).await);
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
                plan.actions().all(|action| action.op != Op::Prune),
                "question {at}"
            );
            assert!(world.deletions().is_empty(), "question {at}");
        }
    });
}

#[test]
fn a_secret_that_cannot_be_opened_deletes_nothing() {
    Runtime::new().unwrap().block_on(async {
        let world = applied().await;
        let outcome = world.haul(&files(true), &Keyring::new()).await;
        assert!(outcome.plan.problem.is_some());
        assert!(world.deletions().is_empty());
        assert_eq!(world.names().await.len(), 5);
    });
}

#[test]
fn what_another_version_made_of_the_same_files_is_told_from_a_change_of_the_source() {
    Runtime::new().unwrap().block_on(async {
        let world = applied().await;
        let cluster = &world.context.cluster;
        let stored = || async {
            let stored = cluster.inventory(&unit()).await;
            match stored.held {
                Held::Known(held) => (held, stored.version),
                Held::Unknown { reason } => panic!("{reason}"),
            }
        };
        let rendition = stored().await.0.rendition().cloned().unwrap();
        assert_eq!(rendition.by, env!("CARGO_PKG_VERSION"));
        // The cluster has what other files say, and the inventory that an older version made it of these.
        world.haul(&files(true), &keyring()).await;
        let by = "0.0.1".to_owned();
        let (held, version) = stored().await;
        let held = held.rendered(Some(Rendition { by, ..rendition }));
        let unit = unit();
        let storing = cluster.store_inventory(&unit, &held, version.as_deref());
        storing.await.unwrap();
        let job = job(&files(false), &keyring(), &world.context).await;
        let plan = job.decide(&world.context, &job.look(&world.context, None).await);
        let updates = plan.actions().filter(|action| action.op == Op::Update);
        let causes: Vec<_> = updates.map(|action| action.cause).collect();
        let is_told = |cause: &Option<Cause>| *cause == Some(Cause::Renderer);
        assert!(!causes.is_empty() && causes.iter().all(is_told), "{plan}");
    });
}
