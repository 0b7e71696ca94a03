//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use windlass_render::PathPattern;

use crate::command;
use crate::style::Style;

/// Hauls a Kubernetes cluster to what a Git repository says, and keeps it there.
#[derive(Debug, Parser)]
#[command(name = "windlass", version, arg_required_else_help = true, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    /// Colours: auto means on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(crate) color: Color,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Example:
  windlass up examples/platform --env dev    everything on this machine

Exit codes: 0 done, 1 failed, 2 usage, 3 differs.";

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal.
    #[default]
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Up(command::up::Up),
    Build(command::build::Build),
    Plan(command::plan::Plan),
    Diff(command::diff::Diff),
    Status(command::status::Status),
    Apiserver(command::apiserver::Apiserver),
    Secret(command::secret::Secret),
    Kustomize(command::kustomize::Kustomize),
    Sops(Box<command::sops::Sops>),
    Completion(command::completion::Completion),
}

/// Which environment of the source.
#[derive(Clone, Debug, Args)]
pub(crate) struct EnvironmentArgs {
    /// The environment: a directory below kustomize/*/overlays
    #[arg(long, short, value_name = "ENV")]
    pub(crate) env: String,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
}

/// Which source, and the keys that open its secrets.
#[derive(Clone, Debug, Args)]
pub(crate) struct SourceArgs {
    /// The branch, tag or commit to read
    #[arg(
        long,
        value_name = "REVISION",
        default_value = "HEAD",
        conflicts_with = "worktree",
        requires = "env"
    )]
    pub(crate) revision: String,
    /// Read the files as they are on disk instead of a commit
    #[arg(long, requires = "env")]
    pub(crate) worktree: bool,
    /// A file with age identities, an SSH private key or PGP keys; may be given several times. Also read:
    /// $SOPS_AGE_KEY_FILE, $SOPS_AGE_KEY, ~/.config/sops/age/keys.txt, the SSH keys that sops takes, and
    /// demo.agekey in the repository
    #[arg(long = "age-key-file", value_name = "FILE", requires = "env")]
    pub(crate) age_key_files: Vec<PathBuf>,
    /// A manifest of a Secret with the keys that Flux takes from one: *.agekey, *.asc, sops.aws-kms,
    /// sops.azure-kv, sops.gcp-kms, sops.vault-token; may be given several times
    #[arg(long = "decryption-secret", value_name = "FILE", requires = "env")]
    pub(crate) decryption_secrets: Vec<PathBuf>,
    /// Open encrypted files with such a path even if their MAC is wrong, with a warning; may be given several
    /// times. Values may then have been altered, removed or reordered. `**` opens all, as Flux does
    #[arg(long = "ignore-mac", value_name = "PATTERN", requires = "env")]
    pub(crate) ignore_mac: Vec<PathPattern>,
}

/// Which cluster.
#[derive(Clone, Debug, Args)]
pub(crate) struct ClusterArgs {
    /// The kubeconfig of a real cluster, instead of the embedded API server
    #[arg(long, value_name = "FILE", conflicts_with = "state")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The context of a real cluster, instead of the embedded API server
    #[arg(long, value_name = "NAME", conflicts_with = "state")]
    pub(crate) context: Option<String>,
    /// Where the embedded API server keeps its state; by default a directory for this repository below
    /// $XDG_STATE_HOME/windlass
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
}

/// What `plan`, `diff` and `status` look at.
#[derive(Clone, Debug, Args)]
pub(crate) struct SurveyArgs {
    /// The services, or addons as bootstrap/NAME (default: all)
    #[arg(value_name = "SERVICE")]
    pub(crate) services: Vec<String>,
    /// The repository, or the directory in one that holds kustomize/
    #[arg(long, short = 'C', value_name = "DIR", default_value = ".")]
    pub(crate) repo: PathBuf,
    #[command(flatten)]
    pub(crate) environment: EnvironmentArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

/// How data is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
    /// For programs that people read too.
    Yaml,
}

/// Carries the command out and returns the exit code: 0 done, 1 failed, 2 usage, 3 differs.
pub(crate) fn run(cli: Cli) -> ExitCode {
    let style = Style::new(cli.color);
    let done = match cli.command {
        Command::Up(command) => command.run(style),
        Command::Build(command) => command.run(style),
        Command::Plan(command) => command.run(style),
        Command::Diff(command) => command.run(style),
        Command::Status(command) => command.run(style),
        Command::Apiserver(command) => command.run(),
        Command::Secret(command) => command.run(style),
        Command::Kustomize(command) => command.run(style),
        Command::Sops(command) => command.run(style),
        Command::Completion(command) => command.run(),
    };
    match done {
        Ok(code) => code.into(),
        Err(failure) => failure.report(style),
    }
}
