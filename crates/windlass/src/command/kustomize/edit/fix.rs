//! `kustomize edit fix`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use clap::Args;
use windlass_kustomize::{BuildOptions, build};
use windlass_source::DirectoryTree;

use super::file;
use crate::command::build::directory::rooted;
use crate::failure::{Done, Failure};
use crate::terminal::{complain, shown, write_stdout};

/// Turns old fields into those that took their place
///
/// The result is built before and after, and a difference is said.
#[derive(Debug, Args)]
pub(super) struct Fix {
    /// Turn vars into replacements too, which puts placeholders into manifests, those of bases included
    #[arg(long)]
    vars: bool,
    /// Ignored, as kustomize does
    #[arg(hide = true)]
    rest: Vec<String>,
}

const FIXED: &str = "
Fixed fields:
  patchesJson6902 -> patches
  patchesStrategicMerge -> patches
  commonLabels -> labels
";

impl Fix {
    pub(super) fn run(self) -> Result<Done, Failure> {
        let before = built();
        let mut manifests = BTreeMap::new();
        file::edit(|file| {
            file.fix(|path| Path::new(path).is_file())?;
            if self.vars {
                manifests = file.fix_vars(|path| fs::read_to_string(path).ok())?;
            }
            Ok(())
        })?;
        for (path, text) in manifests {
            file::write(Path::new(&path), &text)?;
        }
        write_stdout(FIXED)?;
        if self.vars {
            write_stdout("  vars -> replacements\n")?;
        }
        match (before, built()) {
            (_, Err(error)) => complain(&shown(&format!(
                "Warning: the fixed kustomization does not build: {error}"
            ))),
            (Ok(before), Ok(after)) if before != after => {
                complain("Warning: the fixed kustomization builds to something else");
            }
            _ => {}
        }
        Ok(Done::Well)
    }
}

/// Returns what the current directory builds to.
fn built() -> Result<String, String> {
    let (root, directory) = rooted(".").map_err(|failure| failure.to_string())?;
    let tree = DirectoryTree::open(&root).map_err(|error| error.to_string())?;
    let built = build(&tree, &directory, &BuildOptions::default());
    built
        .map(|build| build.to_yaml().to_owned())
        .map_err(|errors| errors.to_string())
}
