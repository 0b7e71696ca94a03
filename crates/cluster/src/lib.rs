//! A Kubernetes cluster: discovery, server-side apply, watches, inventory.
//!
//! - [`Target`]: which cluster. [`Cluster::connect`] makes the connection.
//! - [`Kinds`]: what the cluster serves; [`Definitions`]: what it will serve when the desired
//!   definitions are applied. Together they give objects their final namespaces.
//! - [`Cluster::observe`]: what a plan needs to know of live objects, with a server-side dry run.
//! - [`Cluster::apply`]: runs a plan, and nothing else.
//! - [`Cluster::inventory`], [`Cluster::store_inventory`]: what a unit has applied ([`Stored`]).
//! - [`Cluster::lease`]: one process at a time ([`Claim`], [`Lease`]).
//! - [`Cluster::watch`]: tells which objects of a unit changed ([`Notice`]).
//!
//! Requests are values ([`request`]); the client only sends them. What is decided is decided in
//! `windlass-plan`; this crate asks and does.

mod anew;
mod apply;
mod connect;
mod flow;
mod health;
mod identity;
mod inventory;
mod kinds;
mod lease;
mod observe;
mod page;
mod pauses;
pub mod request;
mod retry;
mod scope;
mod send;
mod served;
mod takeover;
mod watch;

pub use apply::{Applied, Failure, Progress};
pub use connect::{About, Cluster, ClusterError, ConnectError, Target};
pub use health::Assessed;
pub use inventory::{InventoryError, Stored, temporary_key};
pub use kinds::{Kind, Kinds};
pub use lease::{Claim, Holder, Lease, LeaseError};
pub use observe::Trial;
pub use scope::{Definitions, ScopeError};
pub use send::Patience;
pub use watch::{Change, Notice, Watched};
