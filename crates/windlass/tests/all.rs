//! The program from end to end: the real binary, `git` and `kubectl`, in an empty directory with an empty
//! environment.
#![expect(clippy::disallowed_methods, reason = "these tests run programs")]
#![expect(
    clippy::unwrap_used,
    reason = "a failed step of the arrangement is a failed test"
)]

mod bad_input;
mod build;
mod drift;
mod follow;
mod restart;
mod scene;
mod secrets;
mod up;
