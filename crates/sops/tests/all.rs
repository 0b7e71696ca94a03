//! The public interface, over documents of the real sops program.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests read files, fail by panicking and say what they skip"
)]

#[path = "all/any_document.rs"]
mod any_document;
#[path = "all/bad_input.rs"]
mod bad_input;
#[path = "all/laws.rs"]
mod laws;
#[path = "all/own.rs"]
mod own;
#[path = "all/pgp.rs"]
mod pgp;
#[path = "all/places.rs"]
mod places;
#[path = "all/recorded.rs"]
mod recorded;
#[path = "all/ssh.rs"]
mod ssh;
