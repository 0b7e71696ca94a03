//! The connection to a cluster, and what can go wrong on it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use kube::Client;
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use kube::core::Status;
use serde_json::Value;
use tokio::sync::{Mutex, RwLock};
use tokio::time::Instant;

use crate::Kinds;

/// How long one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

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
    pub(crate) manager: Arc<str>,
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
    #[error("the API server refused: {message}")]
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
}

impl Cluster {
    /// Connects, and finds out what the cluster serves.
    ///
    /// `manager` is the field manager to apply as.
    pub async fn connect(target: &Target, manager: &str) -> Result<Self, ConnectError> {
        let config = config(target).await?;
        let server = config.cluster_url.to_string();
        let client = Client::try_from(config).map_err(|error| ConnectError::Kubeconfig {
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
            manager: manager.into(),
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

    pub(crate) async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<Value, ClusterError> {
        match tokio::time::timeout(REQUEST_TIMEOUT, self.client.request::<Value>(request)).await {
            Ok(answer) => answer.map_err(|error| self.error(error)),
            Err(_) => Err(ClusterError::Unreachable {
                server: self.server.to_string(),
                reason: format!("no answer within {} s", REQUEST_TIMEOUT.as_secs()),
            }),
        }
    }

    /// Sends a request for the object of this name; `None` means that the server says there is none.
    pub(crate) async fn send_opt(
        &self,
        request: http::Request<Vec<u8>>,
        name: &str,
    ) -> Result<Option<Value>, ClusterError> {
        match self.send(request).await {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.says_absent(name) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends a request for a list. An answer without items is not an empty list.
    pub(crate) async fn list(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<Vec<Value>, ClusterError> {
        match self.send(request).await?["items"].take() {
            Value::Array(items) => Ok(items),
            _ => Err(self.unexpected("a list without items")),
        }
    }

    pub(crate) fn unexpected(&self, reason: impl Into<String>) -> ClusterError {
        ClusterError::Unexpected {
            server: self.server.to_string(),
            reason: reason.into(),
        }
    }

    fn error(&self, error: kube::Error) -> ClusterError {
        let server = self.server.to_string();
        match error {
            kube::Error::Api(status) => refused(*status),
            kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => ClusterError::Unexpected {
                server,
                reason: "it is not JSON".to_owned(),
            },
            other => ClusterError::Unreachable {
                server,
                reason: chain(&other),
            },
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

    /// Returns whether the server says that the object is not as the request expected it.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self, Self::Refused { code: 409, .. })
    }
}

fn refused(status: Status) -> ClusterError {
    let about = status.details.map(|details| About {
        kind: details.kind,
        name: details.name,
    });
    ClusterError::Refused {
        code: status.code,
        reason: status.reason,
        message: status.message,
        about: about.map(Box::new).unwrap_or_default(),
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
    config.map_err(|error| failure(chain(&error)))
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
