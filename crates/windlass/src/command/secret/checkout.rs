//! The files of a repository as they are on this disk, and where they are written.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use windlass_render::{Unit, UnitKind};
use windlass_source::DirectoryTree;
use windlass_tree::{Tree as _, TreePath};

use super::Keys;
use super::RepositoryArgs;
use crate::desired::{self, Selection};
use crate::failure::Failure;
use crate::replace::replace;

/// A repository on this disk.
pub(super) struct Checkout {
    /// The directory that holds `kustomize/`.
    root: PathBuf,
    /// The top of the Git repository, or the root when there is none.
    top: PathBuf,
    /// The files below the root at one moment.
    pub(super) tree: DirectoryTree,
}

impl Checkout {
    /// Opens the repository that a directory is in.
    pub(super) fn open(directory: &Path) -> Result<Self, Failure> {
        let refuse =
            |error: std::io::Error| Failure::of([format!("{}: {error}", directory.display())]);
        let here = directory.canonicalize().map_err(refuse)?;
        let git = here.ancestors().find(|above| above.join(".git").exists());
        let is_within = |above: &&Path| git.is_none_or(|top| above.starts_with(top));
        let mut above = here.ancestors().take_while(is_within);
        let root = above.find(|above| above.join("kustomize").is_dir());
        let root = root.unwrap_or(&here);
        Ok(Self {
            tree: DirectoryTree::open(root).map_err(refuse)?,
            root: root.to_owned(),
            top: git.unwrap_or(root).to_owned(),
        })
    }

    /// Returns the service or addon of an environment.
    pub(super) fn unit(&self, env: &str, service: &str) -> Result<Unit, Failure> {
        let services = [service.to_owned()];
        let units = self.units(env, &services)?;
        let unit = units.into_iter().next();
        unit.ok_or_else(|| Failure::of([format!("environment {env} has no service {service}")]))
    }

    /// Returns these services and addons of an environment, or all of them, services first.
    pub(super) fn units(&self, env: &str, services: &[String]) -> Result<Vec<Unit>, Failure> {
        let selection = Selection {
            services,
            addons: true,
        };
        let mut units = desired::units(&self.tree, env, selection)?;
        units.sort_by_key(|unit| unit.kind == UnitKind::Addon);
        Ok(units)
    }

    /// Returns the keys that this process has.
    pub(super) fn keys(&self, arguments: &RepositoryArgs) -> Result<Keys, Failure> {
        Keys::for_rendering(
            &arguments.age_key_files,
            &arguments.decryption_secrets,
            &self.tree,
        )
    }

    /// Returns the directory and those above it, to the top of the repository.
    pub(super) fn upwards(&self, directory: &TreePath) -> impl Iterator<Item = PathBuf> {
        let directory = self.root.join(directory.as_str());
        let above: Vec<PathBuf> = directory.ancestors().map(Path::to_owned).collect();
        let top = self.top.clone();
        above
            .into_iter()
            .take_while(move |above| above.starts_with(&top))
    }

    /// Returns where a path is on this disk.
    pub(super) fn on_disk(&self, path: &TreePath) -> PathBuf {
        self.root.join(path.as_str())
    }

    /// Returns a path for people: as seen from where they are, when that is above.
    pub(super) fn shown(&self, path: &TreePath) -> String {
        self.shown_on_disk(&self.on_disk(path))
    }

    /// Returns a path on this disk for people.
    pub(super) fn shown_on_disk(&self, path: &Path) -> String {
        let here = std::env::current_dir().and_then(|here| here.canonicalize());
        let below = here.iter().find_map(|here| path.strip_prefix(here).ok());
        let below = below.or_else(|| path.strip_prefix(&self.root).ok());
        below.unwrap_or(path).display().to_string()
    }

    /// Makes bytes the content of a file. A link on the way may not lead out of the repository.
    pub(super) fn write(&self, path: &TreePath, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.root.join(self.tree.resolve(path)?.as_str());
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory)
                .map_err(|error| Failure::of([format!("{}: {error}", directory.display())]))?;
        }
        replace(&path, bytes)
    }

    /// Removes a file, if it is there.
    pub(super) fn remove(&self, path: &TreePath) -> Result<(), Failure> {
        match std::fs::remove_file(self.root.join(path.as_str())) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(Failure::of([format!("{}: {error}", self.shown(path))]))
            }
            _ => Ok(()),
        }
    }

    /// Returns a text file of the repository.
    pub(super) fn text(&self, path: &TreePath) -> Result<String, Failure> {
        let bytes = self.tree.read(path)?;
        let text = String::from_utf8(bytes.to_vec());
        text.map_err(|_| Failure::of([format!("{path}: the file is not UTF-8 text")]))
    }
}
