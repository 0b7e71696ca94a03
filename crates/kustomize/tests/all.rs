//! The tests of the crate's public API.

#![expect(
    clippy::disallowed_methods,
    reason = "tests read recorded cases; the crate itself reads nothing but its tree"
)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(
    clippy::print_stdout,
    reason = "the conformance test lists what differs"
)]

#[path = "all/any_input.rs"]
mod any_input;
#[path = "all/canary.rs"]
mod canary;
#[path = "all/conformance.rs"]
mod conformance;
#[path = "all/errors.rs"]
mod errors;
#[path = "all/examples.rs"]
mod examples;
#[path = "all/file.rs"]
mod file;
#[path = "all/laws.rs"]
mod laws;
#[path = "all/limits.rs"]
mod limits;
#[path = "all/recorded.rs"]
mod recorded;
#[path = "all/remote.rs"]
mod remote;
#[path = "all/seeds.rs"]
mod seeds;
#[path = "all/support.rs"]
mod support;
