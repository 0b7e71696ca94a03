//! The flags of `kustomize build` 5.8.1.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use windlass_kustomize::{BuildOptions, Reorder};

use crate::terminal::complain;

/// The flags that `windlass build` and `windlass kustomize build` have from kustomize.
#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// LoadRestrictionsNone lets a kustomization read files from outside its own directory
    #[arg(long, value_enum, default_value_t = LoadRestrictor::LoadRestrictionsRootOnly, value_name = "NAME")]
    load_restrictor: LoadRestrictor,
    /// Write to this file instead of standard output; into a directory that is there, one file for each
    /// object of a kustomization
    #[arg(long, short, value_name = "FILE | DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Fetch the bases and files that a kustomization names by a URL; nothing is fetched otherwise. Also:
    /// $WINDLASS_ALLOW_REMOTE_BASES=1. Commits are kept below $XDG_CACHE_HOME/windlass/remote
    #[arg(long)]
    pub(crate) allow_remote_bases: bool,
    /// The order of the output (kustomize has deprecated it: write sortOptions)
    #[arg(long, value_enum, value_name = "ORDER", hide_short_help = true)]
    reorder: Option<Order>,
    /// Label every object (kustomize has deprecated it: write buildMetadata)
    #[arg(long, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", value_parser = go_bool, value_name = "BOOL", hide_short_help = true)]
    enable_managedby_label: bool,
    #[command(flatten)]
    for_programs: ForPrograms,
}

/// What is for programs and containers. A build runs none: one that needs them fails and says what to do; any
/// other takes the flags, as kustomize does.
#[derive(Debug, Args)]
#[command(next_help_heading = "Accepted for kustomize's sake, without effect")]
struct ForPrograms {
    /// Built-in plugins work without; others are not run
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = go_bool, value_name = "BOOL", hide_short_help = true)]
    enable_alpha_plugins: Option<bool>,
    /// Programs are not run
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = go_bool, value_name = "BOOL", hide_short_help = true)]
    enable_exec: Option<bool>,
    /// Containers are not run
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = go_bool, value_name = "BOOL", hide_short_help = true)]
    as_current_user: Option<bool>,
    /// Containers are not run
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = go_bool, value_name = "BOOL", hide_short_help = true)]
    network: Option<bool>,
    /// Containers are not run
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    network_name: Option<String>,
    /// Containers are not run
    #[arg(long, value_name = "OPTIONS", hide_short_help = true)]
    mount: Vec<String>,
    /// Helm is not run: list the output of `helm template` under resources
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = go_bool, value_name = "BOOL", hide_short_help = true)]
    enable_helm: Option<bool>,
    /// Helm is not run
    #[arg(long, value_name = "PROGRAM", hide_short_help = true)]
    helm_command: Option<String>,
    /// Helm is not run
    #[arg(long, value_name = "VERSION", hide_short_help = true)]
    helm_api_versions: Vec<String>,
    /// Helm is not run
    #[arg(long, value_name = "VERSION", hide_short_help = true)]
    helm_kube_version: Option<String>,
    /// Helm is not run
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = go_bool, value_name = "BOOL", hide_short_help = true)]
    helm_debug: Option<bool>,
}

/// Where the files of a kustomization may be, in the words of `kustomize build`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "PascalCase")]
enum LoadRestrictor {
    LoadRestrictionsRootOnly,
    LoadRestrictionsNone,
}

/// The order of the output, in the words of `kustomize build`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Order {
    /// Namespaces first, webhooks last
    Legacy,
    /// As the objects were read
    None,
}

impl Flags {
    /// Returns what the flags mean for a build, and says which of them kustomize has deprecated.
    pub(crate) fn options(&self) -> BuildOptions {
        if self.reorder.is_some() {
            complain(
                "Flag --reorder has been deprecated, use the new 'sortOptions' field in kustomization.yaml instead.",
            );
        }
        if self.enable_managedby_label {
            complain(
                "Flag --enable-managedby-label has been deprecated, use 'buildMetadata: [managedByLabel]' in kustomization.yaml instead.",
            );
        }
        BuildOptions {
            files_from_anywhere: self.load_restrictor == LoadRestrictor::LoadRestrictionsNone,
            reorder: match self.reorder {
                None => Reorder::Unspecified,
                Some(Order::Legacy) => Reorder::Legacy,
                Some(Order::None) => Reorder::None,
            },
            managed_by_label: self.enable_managedby_label,
            ..BuildOptions::default()
        }
    }
}

/// Reads a boolean as Go's `strconv.ParseBool` does.
pub(crate) fn go_bool(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("write true or false".to_owned()),
    }
}
