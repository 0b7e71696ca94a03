//! The processes: started by `tools/kubernetes/up`, ended with its standard input.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use crate::{Client, Namespace};

/// A control plane that is running. It ends when this value is dropped, or with the process.
#[derive(Debug)]
pub struct ControlPlane {
    process: Child,
    kubeconfig: PathBuf,
    client: Client,
}

/// Which controllers run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Controllers {
    /// All that are on by default: Deployments get ReplicaSets, and these get Pods.
    #[default]
    All,
    /// Those that keep the API itself in order: namespaces, garbage, service accounts, quotas and aggregated roles.
    /// Nobody else changes what a test writes.
    Housekeeping,
}

impl ControlPlane {
    /// Returns the control plane, with all controllers, that the tests of a binary share. The first call starts it.
    ///
    /// # Panics
    ///
    /// When it cannot be started, as when `tools/kubernetes/install` has not run.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<ControlPlane> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(Controllers::All))
    }

    /// Starts a control plane and returns once it is ready.
    ///
    /// # Panics
    ///
    /// When it cannot be started, as when `tools/kubernetes/install` has not run.
    pub fn start(controllers: Controllers) -> Self {
        let mut process = spawn(controllers);
        let output = process.stdout.take().expect("it is a pipe");
        let mut line = String::new();
        let read = BufReader::new(output).read_line(&mut line);
        if read.unwrap_or(0) == 0 {
            let _ = process.wait();
            panic!("there is no control plane: what tools/kubernetes/up says is on standard error");
        }
        let kubeconfig = PathBuf::from(line.trim_end());
        let client = Client::of_file(&kubeconfig);
        Self {
            process,
            kubeconfig,
            client,
        }
    }

    /// Returns the path of a kubeconfig for the administrator.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Returns a client that is the administrator.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Creates a namespace whose name begins with `test`, and waits until it has its service account.
    ///
    /// # Panics
    ///
    /// When the server refuses, or does not get there in a minute.
    pub fn namespace(&self, test: &str) -> Namespace {
        Namespace::create(&self.client, test)
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        // The end of its input tells it to end.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

impl Controllers {
    fn list(self) -> &'static str {
        match self {
            Self::All => "*",
            Self::Housekeeping => {
                "namespace-controller,garbage-collector-controller,serviceaccount-controller,\
                 root-ca-certificate-publisher-controller,clusterrole-aggregation-controller,\
                 persistentvolumeclaim-protection-controller,persistentvolume-protection-controller,\
                 resourcequota-controller"
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "only tests use this crate, and it drives real programs"
)]
fn spawn(controllers: Controllers) -> Child {
    let up = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/kubernetes/up");
    Command::new(&up)
        .args(["--controllers", controllers.list()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", up.display()))
}
