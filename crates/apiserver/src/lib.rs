//! An embedded Kubernetes API server for development, previews and tests.

#![allow(
    dead_code,
    reason = "the modules are being put together; ends when the server calls them"
)]

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
mod handlers;
mod identity;
mod journal;
mod kubeconfig;
mod label_selector;
mod managed_fields;
mod negotiate;
mod openapi;
mod protobuf;
mod quantity;
mod query;
mod rbac;
mod registry;
mod request;
mod resource;
mod selectors;
mod server;
mod shutdown;
mod status;
mod store;
mod structural;
mod table;
mod validation;

pub use clock::{Clock, SystemClock};
pub use kubeconfig::KubeconfigError;
pub use server::{Config, RunningServer, Server, StartError};

/// The version of Kubernetes whose API is served, marked as ours.
pub const VERSION: &str = "v1.37.0+windlass";
