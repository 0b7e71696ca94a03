//! Rendering through the public interface.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests read files, fail by panicking and say what they skip"
)]

#[path = "all/encrypted.rs"]
mod encrypted;
#[path = "all/example.rs"]
mod example;
#[path = "all/failure.rs"]
mod failure;
#[path = "all/platform.rs"]
mod platform;
#[path = "all/recorded.rs"]
mod recorded;
#[path = "all/repository.rs"]
mod repository;
