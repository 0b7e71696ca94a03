//! An embedded Kubernetes API server for development, previews and tests.

#![allow(
    dead_code,
    reason = "the modules are being put together; ends when the server calls them"
)]

mod adapt;
mod api;
mod apply;
mod builtin;
mod clock;
mod convert;
mod crd;
mod fields;
mod identity;
mod label_selector;
mod managed_fields;
mod rbac;
mod registry;
mod resource;
mod status;
mod store;
mod table;

pub use clock::{Clock, SystemClock};

/// The version of Kubernetes whose API is served, marked as ours.
pub const VERSION: &str = "v1.37.0+windlass";
