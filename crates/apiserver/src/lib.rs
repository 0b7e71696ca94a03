//! An embedded Kubernetes API server for development, previews and tests.

#![allow(
    dead_code,
    reason = "the modules are being put together; ends when the server calls them"
)]

mod api;
mod clock;
mod registry;
mod resource;
mod status;
mod store;

pub use clock::{Clock, SystemClock};
