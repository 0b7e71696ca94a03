//! The `windlass` program: hands its arguments over to the library.

use std::process::ExitCode;

/// A build makes and drops some 300 small values for each object. See docs/adr/0004.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    windlass::run(std::env::args_os())
}
