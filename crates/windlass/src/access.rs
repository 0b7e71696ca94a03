//! The cluster that a command works on.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use windlass_apiserver::{Config, RunningServer, Server};
use windlass_cluster::{Cluster, Patience, Target};

use crate::cli::ClusterArgs;
use crate::failure::Failure;
use crate::haul::state_directory;
use crate::terminal::complain;

/// The name of the kubeconfig in the state directory.
const KUBECONFIG: &str = "kubeconfig";

/// A cluster, and the embedded API server behind it where we started one.
pub(crate) struct Access {
    pub(crate) cluster: Cluster,
    server: Option<RunningServer>,
    kubeconfig: Option<PathBuf>,
}

/// Returns the kubeconfig of the embedded API server that runs on a state directory, by default that of the
/// repository.
pub(crate) async fn running_kubeconfig(
    state: Option<&Path>,
    repository: &Path,
    env: &str,
) -> Result<Option<PathBuf>, Failure> {
    let state = match state {
        Some(state) => state.to_owned(),
        None => state_directory(repository, env)?,
    };
    let kubeconfig = state.join(KUBECONFIG);
    let is_running = running(&kubeconfig, "").await.is_some();
    Ok(is_running.then_some(kubeconfig))
}

/// What is done when no API server runs on the state directory, or one does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Embedded {
    /// Start one; it is an error when one runs already.
    Start,
    /// Use the one that runs; start one for the time of the command otherwise.
    Join,
}

impl Access {
    /// Connects to the cluster that the arguments name, or to the embedded one of the repository.
    pub(crate) async fn open(
        arguments: &ClusterArgs,
        repository: &Path,
        env: &str,
        embedded: Embedded,
    ) -> Result<Self, Failure> {
        let mut access = Self::connected(arguments, repository, env, embedded).await?;
        let managers = arguments.override_managers.iter().cloned();
        access.cluster = access.cluster.taking_over(managers);
        if let Some(object) = arguments.object_timeout {
            access.cluster = access.cluster.with_patience(Patience {
                object,
                ..Patience::default()
            });
        }
        Ok(access)
    }

    async fn connected(
        arguments: &ClusterArgs,
        repository: &Path,
        env: &str,
        embedded: Embedded,
    ) -> Result<Self, Failure> {
        if arguments.kubeconfig.is_some() || arguments.context.is_some() {
            return Self::named(arguments).await;
        }
        let state = match &arguments.state {
            Some(state) => state.clone(),
            None => state_directory(repository, env)?,
        };
        let kubeconfig = state.join(KUBECONFIG);
        let manager = &arguments.field_manager;
        if embedded == Embedded::Join
            && let Some(cluster) = running(&kubeconfig, manager).await
        {
            return Ok(Self {
                cluster,
                server: None,
                kubeconfig: Some(kubeconfig),
            });
        }
        let server = start(SocketAddr::from(([127, 0, 0, 1], 0)), Some(state)).await?;
        Self::embedded(server, kubeconfig, manager).await
    }

    /// Connects to the cluster that the user names.
    async fn named(arguments: &ClusterArgs) -> Result<Self, Failure> {
        let target = Target {
            kubeconfig: arguments.kubeconfig.clone(),
            context: arguments.context.clone(),
        };
        let cluster = Cluster::connect(&target, &arguments.field_manager).await;
        let cluster = cluster.map_err(|error| {
            Failure::new(&error)
                .hint("without --kubeconfig and --context an embedded API server is used")
        })?;
        Ok(Self {
            cluster,
            server: None,
            kubeconfig: None,
        })
    }

    /// Connects to a server that we have started, and ends it if that fails.
    async fn embedded(
        server: RunningServer,
        kubeconfig: PathBuf,
        manager: &str,
    ) -> Result<Self, Failure> {
        match connect(&server, &kubeconfig, manager).await {
            Ok(cluster) => Ok(Self {
                cluster,
                server: Some(server),
                kubeconfig: Some(kubeconfig),
            }),
            Err(failure) => {
                server.shutdown().await;
                Err(failure)
            }
        }
    }

    /// Returns the kubeconfig of the embedded API server.
    pub(crate) fn kubeconfig(&self) -> Option<&Path> {
        self.kubeconfig.as_deref()
    }

    /// Works on the cluster. Whatever comes of it, the API server is then ended if we started it, with
    /// everything on disk.
    pub(crate) async fn during<T>(
        self,
        work: impl AsyncFnOnce(&Cluster) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let done = work(&self.cluster).await;
        if let Some(server) = self.server {
            server.shutdown().await;
        }
        done
    }
}

/// Starts an embedded API server.
pub(crate) async fn start(
    listen: SocketAddr,
    state: Option<PathBuf>,
) -> Result<RunningServer, Failure> {
    let config = Config {
        listen,
        state,
        ..Config::default()
    };
    let server = Server::start(config).await?;
    for notice in server.notices() {
        complain(&format!("note: {notice}"));
    }
    Ok(server)
}

/// Returns the cluster behind a kubeconfig of ours, when its API server runs.
async fn running(kubeconfig: &Path, manager: &str) -> Option<Cluster> {
    if !kubeconfig.is_file() {
        return None;
    }
    Cluster::connect(&target_of(kubeconfig), manager).await.ok()
}

async fn connect(
    server: &RunningServer,
    kubeconfig: &Path,
    manager: &str,
) -> Result<Cluster, Failure> {
    server.write_kubeconfig(kubeconfig)?;
    Ok(Cluster::connect(&target_of(kubeconfig), manager).await?)
}

fn target_of(kubeconfig: &Path) -> Target {
    Target {
        kubeconfig: Some(kubeconfig.to_owned()),
        context: None,
    }
}
