//! An embedded Kubernetes API server for development, previews and tests.
//!
//! Real `kubectl` and other clients talk to it over TLS on loopback: discovery, the built-in kinds of
//! Kubernetes 1.37, CustomResourceDefinitions, server-side apply, watches, tables, garbage collection.
//! Small controllers stand in for a cluster; no container ever runs.
//!
//! - [`Config`]: where to listen, where to keep state, and which [`Controllers`] run.
//! - [`Server::start`]: starts one, or says why not ([`StartError`]).
//! - [`RunningServer`]: its address and kubeconfig; [`RunningServer::shutdown`] ends it.
//! - [`OfflineServer`]: the API without connections and disk, for what it would say of an object.
//! - [`Clock`]: the time, as a value.
//!
//! ```
//! use windlass_apiserver::{Config, Server};
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let server = Server::start(Config::default()).await?;
//! assert!(server.address().ip().is_loopback());
//! assert!(server.kubeconfig().contains(&server.url()));
//! server.shutdown().await;
//! # Ok::<(), windlass_apiserver::StartError>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! From outside in: `server` (connections, TLS, state directory), `handlers` (requests to answers), `api`
//! (the verbs, without HTTP), `store` and `journal` (objects in memory and on disk). `registry` knows the
//! types; `adapt` asks the rules of schemas; `controllers` and `collector` follow what happens.
//!
//! It has one user, an administrator; others exist by impersonation. It is no place for production data:
//! who can read the state directory can read everything in it.

mod adapt;
mod answer;
mod api;
mod apply;
mod builtin;
mod clock;
mod collector;
mod controllers;
mod convert;
mod crd;
mod defaults;
mod discovery;
mod fields;
mod go_json;
mod handlers;
mod identity;
mod journal;
mod kubeconfig;
mod label_selector;
mod managed_fields;
mod negotiate;
mod offline;
mod openapi;
mod protobuf;
mod quantity;
mod query;
mod rbac;
mod registry;
mod request;
mod resource;
mod rules;
mod selectors;
mod server;
mod shutdown;
mod status;
mod store;
mod structural;
mod table;
mod validation;

pub use clock::{Clock, SystemClock};
pub use controllers::Controllers;
pub use kubeconfig::KubeconfigError;
pub use offline::{OfflineError, OfflineServer};
pub use server::{Config, RunningServer, Server, StartError};

/// The version of Kubernetes whose API is served, marked as ours.
pub const VERSION: &str = "v1.37.0+windlass";
