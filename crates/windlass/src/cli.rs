//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use windlass_plan::{Drifting, Guards, Replacing};
use windlass_render::PathPattern;

use crate::command;
use crate::haul::Approval;
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
    Apply(command::apply::Apply),
    Diff(command::diff::Diff),
    Status(command::status::Status),
    Kubeconfig(command::kubeconfig::Kubeconfig),
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
    #[arg(long, short, value_name = "ENV", group = "place")]
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
        requires = "place"
    )]
    pub(crate) revision: String,
    /// Read the files as they are on disk instead of a commit
    #[arg(long, requires = "place")]
    pub(crate) worktree: bool,
    /// A file with age identities, an SSH private key or PGP keys; may be given several times. Also read:
    /// $SOPS_AGE_KEY_FILE, $SOPS_AGE_KEY, ~/.config/sops/age/keys.txt, the SSH keys that sops takes, and
    /// demo.agekey in the repository
    #[arg(long = "age-key-file", value_name = "FILE", requires = "place")]
    pub(crate) age_key_files: Vec<PathBuf>,
    /// A manifest of a Secret with the keys that Flux takes from one: *.agekey, *.asc, sops.aws-kms,
    /// sops.azure-kv, sops.gcp-kms, sops.vault-token; may be given several times
    #[arg(long = "decryption-secret", value_name = "FILE", requires = "place")]
    pub(crate) decryption_secrets: Vec<PathBuf>,
    /// Open encrypted files with such a path even if their MAC is wrong, with a warning; may be given several
    /// times. Values may then have been altered, removed or reordered. `**` opens all, as Flux does
    #[arg(long = "ignore-mac", value_name = "PATTERN", requires = "place")]
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
    /// Who applies, as the fields of live objects name it; the default is that of Flux
    #[arg(long, value_name = "NAME", env = "WINDLASS_FIELD_MANAGER", default_value = MANAGER, value_parser = manager)]
    pub(crate) field_manager: String,
    /// A field manager whose fields are taken over, as those of kubectl are: what it wrote and the source lacks goes
    /// away; may be given several times
    #[arg(
        long = "override-manager",
        value_name = "NAME",
        env = "WINDLASS_OVERRIDE_MANAGERS",
        value_delimiter = ',',
        value_parser = manager
    )]
    pub(crate) override_managers: Vec<String>,
    /// What is done where live objects were changed or deleted behind our back. An object says so of itself with
    /// the annotation windlass.dev/drift in the source
    #[arg(long, value_name = "MODE", env = "WINDLASS_DRIFT", value_enum, default_value_t = Drift::Correct)]
    pub(crate) drift: Drift,
    /// How long an object may take that others wait for, or that is replaced.
    #[arg(skip)]
    pub(crate) object_timeout: Option<Duration>,
}

/// What is done about drift.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Drift {
    /// Change it back.
    #[default]
    Correct,
    /// Tell it, and write nothing until the source changes.
    Warn,
    /// Do not look for it; write when the source changes.
    Off,
}

impl From<Drift> for Drifting {
    fn from(drift: Drift) -> Self {
        match drift {
            Drift::Correct => Self::Correct,
            Drift::Warn => Self::Warn,
            Drift::Off => Self::Off,
        }
    }
}

/// The field manager, as that of Flux, so that clusters can be handed over without conflicts.
const MANAGER: &str = "kustomize-controller";

/// Parses the name of a field manager, as an API server takes it.
fn manager(text: &str) -> Result<String, String> {
    const LONGEST: usize = 128;
    let is_good = |character: char| !character.is_control();
    if text.is_empty() || text.len() > LONGEST || !text.chars().all(is_good) {
        return Err(format!(
            "a field manager has 1 to {LONGEST} printable characters"
        ));
    }
    Ok(text.to_owned())
}

/// What a plan may do by itself, and what a person allows.
#[derive(Clone, Debug, Args)]
pub(crate) struct GuardArgs {
    /// What a plan may do that needs an approval: the hash of a plan (twelve digits are enough), or an
    /// object as it is printed; may be given several times
    #[arg(long, value_name = "HASH | OBJECT")]
    pub(crate) approve: Vec<Approval>,
    /// The share of a service's objects, in percent, above which deletions wait for approval
    #[arg(
        long,
        value_name = "PERCENT",
        env = "WINDLASS_MAX_PRUNE_PERCENT",
        default_value_t = 50,
        value_parser = clap::value_parser!(u8).range(0..=100)
    )]
    pub(crate) max_prune_percent: u8,
    /// A namespace in which each deletion waits for approval, besides kube-system, kube-public and
    /// kube-node-lease; may be given several times
    #[arg(
        long = "protect-namespace",
        value_name = "NAMESPACE",
        env = "WINDLASS_PROTECT_NAMESPACES",
        value_delimiter = ','
    )]
    pub(crate) protect_namespaces: Vec<String>,
    /// Delete an object and create it anew when a field differs that cannot be changed, also where the source
    /// does not say so of the object
    #[arg(long)]
    pub(crate) replace_immutable: bool,
}

impl GuardArgs {
    /// Returns the limits of a plan.
    pub(crate) fn guards(&self, drift: Drift) -> Guards {
        let mut guards = Guards {
            shrink_percent: self.max_prune_percent.into(),
            drift: drift.into(),
            ..Guards::default()
        };
        let protected = self.protect_namespaces.iter().cloned();
        guards.protected_namespaces.extend(protected);
        if self.replace_immutable {
            guards.replace = Replacing::All;
        }
        guards
    }
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

/// How long is waited for one object.
#[derive(Clone, Debug, Args)]
pub(crate) struct ObjectArgs {
    /// How long an object may take that others wait for, such as a definition, or that is replaced: 90s or 5m
    #[arg(
        long,
        value_name = "DURATION",
        env = "WINDLASS_OBJECT_TIMEOUT",
        default_value = "1m",
        value_parser = duration
    )]
    pub(crate) object_timeout: Duration,
}

impl ClusterArgs {
    /// Returns the same, with this patience.
    pub(crate) fn with(self, objects: &ObjectArgs) -> Self {
        Self {
            object_timeout: Some(objects.object_timeout),
            ..self
        }
    }
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

/// How events are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum EventOutput {
    /// For people.
    #[default]
    Text,
    /// For programs: an object a line.
    Json,
}

/// How what changes is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ChangeOutput {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
    /// For programs that people read too.
    Yaml,
    /// For a comment on a pull request: details folded, at most 65,536 bytes.
    Markdown,
}

/// Parses a duration as Go and kubectl write it: `90s`, `5m`, `1h30m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let mistake = || format!("{text:?} is no duration; write 90s, 5m or 1h30m");
    let span: jiff::SignedDuration = text.parse().map_err(|_| mistake())?;
    Duration::try_from(span).map_err(|_| mistake())
}

/// Carries the command out and returns the exit code: 0 done, 1 failed, 2 usage, 3 differs.
pub(crate) fn run(cli: Cli) -> ExitCode {
    let style = Style::new(cli.color);
    let done = match cli.command {
        Command::Up(command) => command.run(style),
        Command::Build(command) => command.run(style),
        Command::Plan(command) => command.run(style),
        Command::Apply(command) => command.run(style),
        Command::Diff(command) => command.run(style),
        Command::Status(command) => command.run(style),
        Command::Kubeconfig(command) => command.run(),
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
