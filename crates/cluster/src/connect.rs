//! The connection to a cluster, and what can go wrong on it.

mod client;

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, RwLock as SyncLock};
use std::time::Duration;

use kube::Client;
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use kube::core::Status;
use kube::core::response::StatusCause;
use tokio::sync::{Mutex, RwLock};
use tokio::time::Instant;
use windlass_health::Rules;
use windlass_plan::Complaint;

use crate::flow::Flow;
use crate::lease::Fence;
use crate::{Kinds, Patience};

/// How long it may take to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Which cluster, and as whom.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// The kubeconfig; `None` means `$KUBECONFIG`, then `~/.kube/config`, as for kubectl.
    pub kubeconfig: Option<PathBuf>,
    /// The context; `None` means the current one.
    pub context: Option<String>,
}

/// A connection to a cluster.
#[derive(Clone)]
pub struct Cluster {
    pub(crate) client: Client,
    pub(crate) kinds: Arc<RwLock<Arc<Kinds>>>,
    /// When the last refresh of the kinds began. Who refreshes them holds the lock.
    pub(crate) refreshed: Arc<Mutex<Option<Instant>>>,
    /// Whether an answer showed that the kinds are not what they were.
    pub(crate) is_outdated: Arc<AtomicBool>,
    /// Whether the server has answered anything so far.
    pub(crate) has_answered: Arc<AtomicBool>,
    pub(crate) flow: Arc<Flow>,
    pub(crate) fence: Arc<Fence>,
    pub(crate) patience: Patience,
    pub(crate) manager: Arc<str>,
    /// Other managers whose fields are taken over.
    pub(crate) also: Arc<[String]>,
    /// By what the health of objects is told.
    pub(crate) rules: Arc<SyncLock<Arc<Rules>>>,
    server: Arc<str>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The kubeconfig cannot be read, or lacks the context.
    #[error("the kubeconfig {path} cannot be used: {reason}")]
    Kubeconfig {
        /// The file, or where it was looked for.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The API server does not answer as one.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
}

/// Why a request had no good answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClusterError {
    /// The API server refused it.
    #[error("the API server refused: {message}{}", advice(*code, message))]
    Refused {
        /// The HTTP status code.
        code: u16,
        /// The `reason` of its Status, such as `Invalid`.
        reason: String,
        /// The `message` of its Status.
        message: String,
        /// The `details` of its Status: what the refusal is about. Empty where it says nothing of that.
        about: Box<About>,
    },
    /// There was no answer. Whether the request took effect is not known.
    #[error("the API server {server} does not answer: {reason}; is the cluster up?")]
    Unreachable {
        /// The address of the server.
        server: String,
        /// What went wrong.
        reason: String,
    },
    /// The Lease of this process is lost, so that another one may be at work. Nothing was sent.
    #[error("nothing is written any more: the lease is lost, and another Windlass may be at work")]
    Fenced,
    /// The answer is not what the API promises.
    #[error("the API server {server} answered something unexpected: {reason}")]
    Unexpected {
        /// The address of the server.
        server: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// What a refusal is about, as the `details` of a Status say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The plural of the kind, such as `namespaces`.
    pub kind: String,
    /// The name of the object.
    pub name: String,
    /// What is wrong, field by field.
    pub complaints: Vec<Complaint>,
}

impl Cluster {
    /// Connects, and finds out what the cluster serves.
    ///
    /// `manager` is the field manager to apply as.
    pub async fn connect(target: &Target, manager: &str) -> Result<Self, ConnectError> {
        let config = config(target).await?;
        let server = config.cluster_url.to_string();
        let client = client::client(config).map_err(|error| ConnectError::Kubeconfig {
            path: place(target),
            reason: error.to_string(),
        })?;
        Ok(Self::with_client(client, &server, manager).await?)
    }

    /// Uses a client that is connected already, and finds out what its cluster serves.
    ///
    /// `server` is the address for messages.
    pub async fn with_client(
        client: Client,
        server: &str,
        manager: &str,
    ) -> Result<Self, ClusterError> {
        let cluster = Self {
            client,
            kinds: Arc::default(),
            refreshed: Arc::default(),
            is_outdated: Arc::default(),
            has_answered: Arc::default(),
            flow: Arc::default(),
            fence: Arc::default(),
            patience: Patience::default(),
            manager: manager.into(),
            also: Arc::default(),
            rules: Arc::default(),
            server: server.trim_end_matches('/').into(),
        };
        cluster.refresh_kinds().await?;
        Ok(cluster)
    }

    /// Returns the address of the API server.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Returns the field manager that this connection applies as.
    #[must_use]
    pub fn manager(&self) -> &str {
        &self.manager
    }

    pub(crate) fn unexpected(&self, reason: impl Into<String>) -> ClusterError {
        ClusterError::Unexpected {
            server: self.server.to_string(),
            reason: reason.into(),
        }
    }
}

impl ClusterError {
    /// Returns whether the server says that there is no object of this name.
    ///
    /// A 404 alone does not say so: a proxy, and a server that does not serve the kind at this moment,
    /// answer with it too, but name no object.
    #[must_use]
    pub fn says_absent(&self, name: &str) -> bool {
        matches!(self, Self::Refused { code: 404, reason, about, .. }
            if reason == "NotFound" && about.name == name)
    }

    pub(crate) fn refused(status: Status) -> Self {
        let complaint = |cause: StatusCause| Complaint {
            field: cause.field,
            message: cause.message,
        };
        let about = status.details.map(|details| About {
            kind: details.kind,
            name: details.name,
            complaints: details.causes.into_iter().map(complaint).collect(),
        });
        Self::Refused {
            code: status.code,
            reason: status.reason,
            message: status.message,
            about: about.map(Box::new).unwrap_or_default(),
        }
    }

    /// Returns whether there was no answer.
    pub(crate) fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }

    /// Returns whether the server no longer has the state of the past that was asked for.
    pub(crate) fn is_expired(&self) -> bool {
        matches!(self, Self::Refused { code: 410, .. })
    }

    /// Returns whether the server says that the object is not as the request expected it.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self, Self::Refused { code: 409, .. })
    }
}

async fn config(target: &Target) -> Result<Config, ConnectError> {
    let failure = |reason: String| ConnectError::Kubeconfig {
        path: place(target),
        reason,
    };
    let options = KubeConfigOptions {
        context: target.context.clone(),
        ..Default::default()
    };
    let config = match &target.kubeconfig {
        Some(path) => {
            let kubeconfig = Kubeconfig::read_from(path).map_err(|error| failure(chain(&error)))?;
            Config::from_custom_kubeconfig(kubeconfig, &options).await
        }
        None => Config::from_kubeconfig(&options).await,
    };
    let mut config = config.map_err(|error| failure(chain(&error)))?;
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    // Which requests may be repeated is known in `retry`; kube repeats them all.
    config.default_retry = false;
    Ok(config)
}

/// Returns what to do about a refusal that has nothing to do with what was asked.
fn advice(code: u16, message: &str) -> &'static str {
    match code {
        401 => {
            "; log in to the cluster again: it does not accept the credentials of the kubeconfig"
        }
        500 if message.contains("failed calling webhook") => {
            "; the admission webhook does not answer: look at its Service and its Pods"
        }
        _ => "",
    }
}

fn place(target: &Target) -> String {
    match &target.kubeconfig {
        Some(path) => path.display().to_string(),
        None => "($KUBECONFIG or ~/.kube/config)".to_owned(),
    }
}

/// Returns an error and its sources, without what a source repeats.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let part = error.to_string();
        if !text.contains(&part) {
            text = format!("{text}: {part}");
        }
        source = error.source();
    }
    text
}
