//! The public interface of `windlass-object`.

#![expect(
    clippy::disallowed_methods,
    reason = "tests read the inputs that `fuzz/` begins with; the crate itself reads nothing"
)]

#[path = "all/any_patch.rs"]
mod any_patch;
#[path = "all/seeds.rs"]
mod seeds;
