//! The `windlass` program: hands its arguments over to the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    windlass::run(std::env::args_os())
}
