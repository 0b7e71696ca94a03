//! The tests of the crate's public API.

#[path = "all/conformance.rs"]
mod conformance;
