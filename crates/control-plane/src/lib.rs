//! A real Kubernetes control plane for tests: etcd, kube-apiserver and kube-controller-manager on loopback.
//!
//! - [`ControlPlane::shared`]: the one of a test binary; [`ControlPlane::start`]: one of its own.
//! - [`ControlPlane::namespace`]: where a test works, so that tests do not meet ([`Namespace`]).
//! - [`Client`]: sends requests as they are, to this server or to any that a kubeconfig names ([`Answer`],
//!   [`Lines`]).
//!
//! ```
//! use windlass_control_plane::ControlPlane;
//!
//! let plane = ControlPlane::shared();
//! let namespace = plane.namespace("doctest");
//! let client = plane.client();
//! let answer = client.get(&format!("/api/v1/namespaces/{}/serviceaccounts/default", namespace.name()));
//! assert_eq!(answer.status, 200);
//! ```
//!
//! `tools/kubernetes/install` builds the programs, once in about ten minutes, and `./test` calls it; without them a
//! test that asks for a control plane fails and says so. `tools/kubernetes/up` starts them, here as for a script.
//! They are ready in about three seconds, need about 450 MB, and end with the process of the test, however that ends.
//!
//! RBAC is on, and the user is an administrator (`system:masters`). There is no scheduler and no kubelet: Pods stay
//! Pending, so nothing that needs a running Pod becomes ready. A namespace takes five seconds to go, because the
//! namespace controller waits so long before it begins.

mod client;
mod namespace;
mod plane;

pub use client::{Answer, Client, Lines};
pub use namespace::Namespace;
pub use plane::{ControlPlane, Controllers};
