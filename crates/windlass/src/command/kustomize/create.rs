//! `kustomize create`.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use clap::Args;
use windlass_kustomize::{
    ArgumentError, FILE_NAMES, KustomizationFile, Pair, PairField, PathField, TextField,
    is_manifest,
};
use windlass_source::DirectoryTree;
use windlass_tree::{Tree as _, TreeError, TreePath};

use super::edit::{file, glob, refuse_words};
use crate::command::build::directory;
use crate::failure::{Done, Failure};
use crate::replace::replace;
use crate::terminal::{complain, shown};

const NAME: &str = "kustomization.yaml";

/// Makes a kustomization file in the current directory
#[derive(Debug, Args)]
#[command(
    visible_alias = "init",
    after_help = "\
Examples:
  kustomize create --resources ../base
  kustomize create --autodetect
  kustomize create --resources deployment.yaml,service.yaml --namespace staging"
)]
pub(super) struct Create {
    /// Files, directories, patterns or addresses; separated by commas
    #[arg(long, value_delimiter = ',', value_name = "PATHS")]
    resources: Vec<String>,
    /// Add the files of this directory that hold Kubernetes objects
    #[arg(long)]
    autodetect: bool,
    /// With --autodetect: look in directories too; one with a kustomization is added itself
    #[arg(long)]
    recursive: bool,
    /// The namespace
    #[arg(long, default_value = "", hide_default_value = true)]
    namespace: String,
    /// The prefix of names
    #[arg(long, default_value = "", hide_default_value = true)]
    nameprefix: String,
    /// The suffix of names
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        allow_hyphen_values = true
    )]
    namesuffix: String,
    /// commonAnnotations as KEY:VALUE, separated by commas
    #[arg(long, default_value = "", hide_default_value = true)]
    annotations: String,
    /// commonLabels as KEY:VALUE, separated by commas
    #[arg(long, default_value = "", hide_default_value = true)]
    labels: String,
    /// Ignored, as kustomize does
    #[arg(hide = true)]
    rest: Vec<String>,
}

impl Create {
    pub(super) fn run(self) -> Result<Done, Failure> {
        let mut resources = glob::resources(&self.resources)?;
        if let Some(name) = file::find().first() {
            let failure = Failure::of([format!("a kustomization file already exists: {name}")]);
            return Err(failure.hint("`kustomize edit` changes it"));
        }
        if self.autodetect {
            let mut found = Vec::new();
            let (tree, here) = directory::open(".")?;
            let search = Search { tree, here };
            search.detect(Path::new(""), self.recursive, &mut found)?;
            found.retain(|path| !resources.contains(path));
            resources.extend(found);
        }
        let kustomization = self.kustomization(&resources)?;
        replace(Path::new(NAME), kustomization.finish()?.as_bytes())?;
        Ok(Done::Well)
    }

    /// Returns the kustomization with its fields in kustomize's order.
    fn kustomization(&self, resources: &[String]) -> Result<KustomizationFile, Failure> {
        let mut file = KustomizationFile::new(NAME);
        file.add_paths(PathField::Resources, resources)?;
        file.set_text(TextField::NamePrefix, &self.nameprefix)?;
        file.set_text(TextField::NameSuffix, &self.namesuffix)?;
        file.set_text(TextField::Namespace, &self.namespace)?;
        for (field, words) in [
            (PairField::Labels, &self.labels),
            (PairField::Annotations, &self.annotations),
        ] {
            let pairs = pairs(words).map_err(|error| Failure::usage(error.to_string()))?;
            refuse_words(&pairs)?;
            if !pairs.is_empty() {
                file.set_pairs(field, &pairs)?;
            }
        }
        Ok(file)
    }
}

fn pairs(words: &str) -> Result<Vec<Pair>, ArgumentError> {
    let words = words.split(',').filter(|_| !words.is_empty());
    words.map(str::parse).collect()
}

/// Where files with objects are looked for.
struct Search {
    tree: DirectoryTree,
    here: TreePath,
}

impl Search {
    /// Finds the files in a directory that can be read as objects, sorted as Go walks.
    fn detect(
        &self,
        directory: &Path,
        recursive: bool,
        found: &mut Vec<String>,
    ) -> Result<(), Failure> {
        let here = if directory.as_os_str().is_empty() {
            Path::new(".")
        } else {
            directory
        };
        let unreadable = |path: &Path, error| Failure::of([format!("{}: {error}", path.display())]);
        let entries = fs::read_dir(here).map_err(|error| unreadable(here, error))?;
        let names = entries.map(|entry| Ok(entry?.file_name()));
        let names: io::Result<BTreeSet<_>> = names.collect();
        let names = names.map_err(|error| unreadable(here, error))?;
        for entry in names {
            let path = directory.join(entry);
            let name = path.to_str().map(str::to_owned);
            let name =
                name.ok_or_else(|| Failure::of([format!("{} is not UTF-8", path.display())]))?;
            if path.is_file() {
                found.extend(self.is_manifest(&name)?.then_some(name));
            } else if recursive && path.is_dir() && !path.is_symlink() {
                if FILE_NAMES.iter().any(|name| path.join(name).exists()) {
                    found.push(name);
                } else {
                    self.detect(&path, recursive, found)?;
                }
            }
        }
        Ok(())
    }

    /// Returns whether a file can be read as objects. One that is too large for a build is left out and named.
    fn is_manifest(&self, name: &str) -> Result<bool, Failure> {
        match self.tree.read(&self.here.join(name)?) {
            Ok(bytes) => Ok(is_manifest(&bytes)),
            Err(error @ TreeError::TooLarge { .. }) => {
                let reason = error.reason();
                complain(&shown(&format!("{name} is left out: {reason}")));
                Ok(false)
            }
            Err(error) => Err(Failure::of([format!("{name}: {}", error.reason())])),
        }
    }
}
