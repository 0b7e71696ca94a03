//! The flags of `kustomize build`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use windlass_kustomize::BuildOptions;

/// The flags that `windlass build` and `windlass kustomize build` have from kustomize.
#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// LoadRestrictionsNone lets a kustomization read files from outside its own directory
    #[arg(long, value_enum, default_value_t = LoadRestrictor::LoadRestrictionsRootOnly, value_name = "NAME")]
    load_restrictor: LoadRestrictor,
    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Where the files of a kustomization may be, in the words of `kustomize build`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "PascalCase")]
enum LoadRestrictor {
    LoadRestrictionsRootOnly,
    LoadRestrictionsNone,
}

impl Flags {
    /// Returns what the flags mean for a build.
    pub(crate) fn options(&self) -> BuildOptions {
        BuildOptions {
            files_from_anywhere: self.load_restrictor == LoadRestrictor::LoadRestrictionsNone,
        }
    }
}
