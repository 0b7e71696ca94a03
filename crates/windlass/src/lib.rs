//! The `windlass` program as a library: one file a command.
//!
//! [`run`] carries a command line out and returns the exit code.
//!
//! - `program`: which program we are called as; `cli`: the command line of `windlass`.
//! - `command/`: a file a command. Arguments become one call of what stands below, the answer becomes output.
//! - `scene`: a repository at a revision, an environment, and the keys that open its secrets.
//! - `settings`: what a repository says besides its manifests.
//! - `access`: the cluster that a command works on; the embedded API server where none is named.
//! - `remotes`: bases and files that are fetched, where that is allowed.
//! - `desired`: from a scene to what each unit wants.
//! - `haul`: keeps a cluster at what the source says; `turn`: one process at a time; `report` shows it.
//! - `replace`: how files are written.
//! - `terminal`: what goes to standard output and standard error; `prompt`: what is typed and not shown.
//! - `failure`: the one place where errors become texts, hints and exit codes.

mod access;
mod cli;
mod command;
mod desired;
mod failure;
mod haul;
mod interruption;
mod keys;
mod program;
mod prompt;
mod remotes;
mod replace;
mod report;
mod scene;
mod settings;
mod style;
mod terminal;
mod turn;

pub use program::run;
