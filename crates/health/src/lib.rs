//! Says how well a Kubernetes object is, and why.
//!
//! - [`assess`]: an object as the API server has it → [`Health`].
//! - [`Rules`], [`Rule`]: expressions in CEL that say the same of kinds that are not known here.
//! - [`Health::with_pods`]: adds what the pods of a workload say, such as `container app: ImagePullBackOff`.
//!
//! The rules are those of kstatus (cli-utils 0.37), which Flux uses, with these differences: a Job that runs is in
//! progress until it completes (as Flux has it), an APIService is current when it is available, and a pod that
//! cannot be scheduled is in progress however long, since nothing here knows a clock.
//!
//! ```
//! use serde_json::json;
//! use windlass_health::{Status, assess};
//!
//! let health = assess(&json!({
//!     "apiVersion": "apps/v1", "kind": "Deployment",
//!     "metadata": {"name": "web", "generation": 2},
//!     "spec": {"replicas": 3},
//!     "status": {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 1},
//! }));
//! assert_eq!(health.status, Status::InProgress);
//! assert_eq!(health.message, "1 of 3 replicas ready");
//! ```
//!
//! What is not here: reading objects, waiting, and what a missing object means to whoever wants it
//! ([`Health::not_found`] is theirs to call).

mod field;
mod generic;
mod kinds;
mod pod;
mod rules;
mod workload;

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use field::{api_group, text};

pub use rules::{Rule, Rules};
pub use windlass_cel::CompileError;

/// How well an object is. Sorted from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Status {
    /// It is as its spec says.
    Current,
    /// It is on its way there.
    InProgress,
    /// It is being deleted.
    Terminating,
    /// It is not in the cluster.
    NotFound,
    /// It will not get there by itself.
    Failed,
}

/// The status of an object with its reason, for the person who is on call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// How well it is.
    pub status: Status,
    /// One word for machines, such as `LessReady`.
    pub reason: String,
    /// What is the matter, in words, such as `1 of 3 replicas ready`.
    pub message: String,
    /// Why it is so, as far as the pods tell: `container app: ImagePullBackOff: …`. Sorted, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
}

/// Returns the health of an object as the API server has it. A field that is missing or of a wrong type counts as
/// not yet written.
#[must_use]
pub fn assess(object: &Value) -> Health {
    generic::assess(object)
        .or_else(|| of_kind(object))
        .or_else(|| generic::ready(object))
        .unwrap_or_else(|| Health::current("exists"))
}

fn of_kind(object: &Value) -> Option<Health> {
    let kind = text(object, "/kind").unwrap_or_default();
    Some(match (api_group(object), kind) {
        ("apps", "Deployment") => workload::deployment(object),
        ("apps", "StatefulSet") => workload::stateful_set(object),
        ("apps", "DaemonSet") => workload::daemon_set(object),
        ("apps", "ReplicaSet") => workload::replica_set(object),
        ("batch", "Job") => workload::job(object),
        // The counts of a budget say how the pods are, not the budget.
        ("batch", "CronJob") | ("", "ConfigMap" | "Secret") | ("policy", "PodDisruptionBudget") => {
            Health::current("exists")
        }
        ("", "Pod") => pod::pod(object),
        ("", "Service") => kinds::service(object),
        ("", "PersistentVolumeClaim") => kinds::volume_claim(object),
        ("", "PersistentVolume") => kinds::volume(object),
        ("", "Namespace") => kinds::namespace(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => kinds::definition(object),
        ("apiregistration.k8s.io", "APIService") => kinds::api_service(object),
        _ => return None,
    })
}

impl Health {
    /// Returns the health of an object that is not in the cluster.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(Status::NotFound, "NotFound", "not in the cluster")
    }

    /// Returns whether the object is as its spec says.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.status == Status::Current
    }

    /// Returns the health of the workload `object` with the causes that its pods show. Of `pods`, which may be all
    /// of a namespace, only those count that the workload selects. A workload that is current has no causes.
    #[must_use]
    pub fn with_pods<'p>(
        mut self,
        object: &Value,
        pods: impl IntoIterator<Item = &'p Value>,
    ) -> Self {
        if self.is_current() {
            return self;
        }
        let selected = pods.into_iter().filter(|pod| pod::is_selected(object, pod));
        self.causes.extend(selected.flat_map(pod::causes));
        self.causes.sort();
        self.causes.dedup();
        self
    }

    fn new(status: Status, reason: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            reason: reason.to_owned(),
            message: message.into(),
            causes: Vec::new(),
        }
    }

    fn current(message: impl Into<String>) -> Self {
        Self::new(Status::Current, "Current", message)
    }

    fn in_progress(reason: &str, message: impl Into<String>) -> Self {
        Self::new(Status::InProgress, reason, message)
    }

    fn failed(reason: &str, message: impl Into<String>) -> Self {
        Self::new(Status::Failed, reason, message)
    }
}

impl fmt::Display for Health {
    /// Writes `InProgress: 1 of 3 replicas ready; container app: ImagePullBackOff`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.status, self.message)?;
        self.causes
            .iter()
            .try_for_each(|cause| write!(formatter, "; {cause}"))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Current => "Current",
            Self::InProgress => "InProgress",
            Self::Terminating => "Terminating",
            Self::NotFound => "NotFound",
            Self::Failed => "Failed",
        })
    }
}
