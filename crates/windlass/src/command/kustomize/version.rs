//! `kustomize version`: which kustomize we stand in for, in the form that scripts parse.

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::VERSION;
use crate::failure::{Done, Failure};
use crate::terminal::{complain, write_stdout};

/// Prints the version of kustomize whose place this program takes
///
/// Standard output is what kustomize prints; standard error says that this is windlass.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  kustomize version")]
pub(crate) struct Version {
    /// The format, with details of the build
    #[arg(long, short, value_enum, value_name = "FORMAT")]
    output: Option<Format>,
    /// The older form in braces (deprecated by kustomize)
    #[arg(long, conflicts_with = "output")]
    short: bool,
    /// Ignored, as kustomize does
    #[arg(hide = true)]
    rest: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Json,
    Yaml,
}

/// What kustomize tells about its build, in its order, and our own version.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Provenance {
    version: &'static str,
    git_commit: &'static str,
    build_date: &'static str,
    go_os: &'static str,
    go_arch: &'static str,
    go_version: &'static str,
    windlass: &'static str,
}

impl Version {
    pub(crate) fn run(self) -> Result<Done, Failure> {
        let provenance = Provenance::new();
        let text = match self.output {
            Some(Format::Json) => format!("{}\n", serde_json::to_string_pretty(&provenance)?),
            Some(Format::Yaml) => provenance.to_yaml(),
            None if self.short => format!("{{{VERSION}  {}   }}\n", provenance.build_date),
            None => format!("{VERSION}\n"),
        };
        write_stdout(&text)?;
        let windlass = provenance.windlass;
        complain(&format!(
            "windlass {windlass}, in the place of kustomize {VERSION}"
        ));
        Ok(Done::Well)
    }
}

impl Provenance {
    fn new() -> Self {
        Self {
            version: VERSION,
            git_commit: "unknown",
            build_date: "unknown",
            go_os: go_os(std::env::consts::OS),
            go_arch: go_arch(std::env::consts::ARCH),
            go_version: "none",
            windlass: env!("CARGO_PKG_VERSION"),
        }
    }

    /// Returns the YAML, with the empty line that kustomize prints behind it.
    fn to_yaml(&self) -> String {
        format!(
            "version: {}\ngitCommit: {}\nbuildDate: {}\ngoOs: {}\ngoArch: {}\ngoVersion: {}\nwindlass: {}\n\n",
            self.version,
            self.git_commit,
            self.build_date,
            self.go_os,
            self.go_arch,
            self.go_version,
            self.windlass
        )
    }
}

/// Returns Go's name of an operating system.
fn go_os(os: &'static str) -> &'static str {
    if os == "macos" { "darwin" } else { os }
}

/// Returns Go's name of a processor architecture.
fn go_arch(arch: &'static str) -> &'static str {
    match arch {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
