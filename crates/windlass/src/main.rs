//! The `windlass` program: parses its arguments and hands over to the library.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    windlass::run(windlass::Cli::parse())
}
