//! `kustomize edit fix`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;
use windlass_kustomize::{BuildOptions, KustomizationFile};
use windlass_tree::{EntryKind, Tree, TreePath};

use super::file;
use crate::command::build::directory;
use crate::failure::{Done, Failure};
use crate::remotes::{is_allowed_by_environment, remotes};
use crate::replace::replace;
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
        for (path, text) in self.edit()? {
            replace(Path::new(&path), text.as_bytes())?;
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

    /// Edits the kustomization, and returns the manifests that change with it.
    fn edit(&self) -> Result<BTreeMap<String, String>, Failure> {
        let mut manifests = BTreeMap::new();
        file::edit(|file| {
            file.fix(|path| Path::new(path).is_file())?;
            if self.vars {
                manifests = fix_vars(file)?;
            }
            Ok::<_, Failure>(())
        })?;
        Ok(manifests)
    }
}

/// Turns vars into replacements, and returns the manifests that change with them.
fn fix_vars(file: &mut KustomizationFile) -> Result<BTreeMap<String, String>, Failure> {
    let (tree, here) = directory::open(".")?;
    let unread = RefCell::new(None);
    let manifests = file.fix_vars(|path| {
        let text = manifest(&tree, &here, path);
        text.unwrap_or_else(|failure| {
            unread.replace(Some(failure));
            None
        })
    });
    match unread.into_inner() {
        None => Ok(manifests?),
        Some(failure) => Err(failure),
    }
}

/// Returns the text of a manifest, if there is such a file.
fn manifest(tree: &dyn Tree, here: &TreePath, name: &str) -> Result<Option<String>, Failure> {
    let Ok(path) = here.join(name) else {
        return Ok(None);
    };
    match tree.kind(&path)? {
        Some(EntryKind::File) => file::text(tree, here, name).map(Some),
        Some(EntryKind::Directory | EntryKind::Dangling) | None => Ok(None),
    }
}

/// Returns what the current directory builds to.
fn built() -> Result<String, Failure> {
    let remotes = remotes(is_allowed_by_environment())?;
    let built = directory::on_disk(".", &BuildOptions::default(), &*remotes)?;
    Ok(built.to_yaml().to_owned())
}
