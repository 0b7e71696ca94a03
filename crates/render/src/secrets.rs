//! Secrets of the repository: what a build sees of them, and what is opened after it.
//!
//! - `secret-stub.yaml` and `.sops/*.enc` are seen as one `secret.yaml`.
//! - A file of a secret generator is seen opened.
//! - Encrypted manifests and patches are seen as they are, and opened in the objects of the build
//!   ([`unseal`]).

mod check;
mod error;
mod generated;
mod marker;
mod merge;
mod nodes;
mod sealed;
mod stub;
mod unseal;

pub use error::{SecretError, SecretProblem, SecretWarning, Spread};
pub(crate) use sealed::Suspects;
pub use stub::{
    Stub, StubKey, is_placeholder, is_secret_key, stub_path, value_file, value_key, values_path,
};
pub(crate) use unseal::unseal;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use windlass_object::Origin;
use windlass_tree::{EntryKind, Tree, TreeError, TreePath};

use crate::Decryption;

/// The file that a kustomization names.
const SECRET: &str = "secret.yaml";
/// The Secret without its values.
const STUB: &str = "secret-stub.yaml";
/// The directory of the encrypted values.
const VALUES: &str = ".sops";

/// A merged Secret.
struct Merged {
    text: Arc<[u8]>,
    stub: Origin,
    warnings: Vec<SecretWarning>,
}

type Made = Result<Merged, Vec<SecretError>>;

/// A tree in which `secret.yaml` exists wherever there is a stub and a directory of values.
///
/// It is put together when it is first read, in memory only. A [`Tree`] can only say that it cannot be
/// read; why is kept here, for the caller to ask after the build.
pub(crate) struct SecretsTree<'t> {
    tree: &'t dyn Tree,
    decryption: Decryption<'t>,
    made: Mutex<BTreeMap<TreePath, Made>>,
    findings: Mutex<Findings>,
}

/// What was met on the way.
#[derive(Default)]
struct Findings {
    suspects: Suspects,
    /// What was made of suspects.
    seen: BTreeMap<TreePath, Arc<[u8]>>,
    warnings: Vec<SecretWarning>,
    errors: Vec<SecretError>,
    failed: Vec<TreePath>,
}

/// What a directory has for its `secret.yaml`.
enum Source {
    /// Nothing to merge: the file of the tree below, if any.
    Below,
    /// A stub and values.
    Merge { committed: bool },
    /// One without the other, and no file below.
    Half(SecretError),
}

impl<'t> SecretsTree<'t> {
    pub(crate) fn new(tree: &'t dyn Tree, decryption: Decryption<'t>) -> Self {
        Self {
            tree,
            decryption,
            made: Mutex::default(),
            findings: Mutex::default(),
        }
    }

    fn source(&self, directory: &TreePath) -> Result<Source, TreeError> {
        let below = |name| self.tree.kind(&entry(directory, name));
        let committed = below(SECRET)?.is_some();
        let stub = below(STUB)? == Some(EntryKind::File);
        let values = below(VALUES)? == Some(EntryKind::Directory);
        let half = |name, problem: SecretProblem| Source::Half(problem.at(entry(directory, name)));
        Ok(match (stub, values) {
            (true, true) => Source::Merge { committed },
            (true, false) if !committed => half(VALUES, SecretProblem::NoValues),
            (false, true) if !committed => half(STUB, SecretProblem::NoStub),
            _ => Source::Below,
        })
    }

    /// Puts the `secret.yaml` of a directory together, once.
    fn make(
        &self,
        path: &TreePath,
        directory: &TreePath,
        committed: bool,
    ) -> Result<Arc<[u8]>, TreeError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let made = made.entry(path.clone()).or_insert_with(|| {
            let mut merged = merge::merge(self.tree, directory, self.decryption)?;
            if committed {
                let path = path.clone();
                merged.warnings.push(SecretWarning::Committed { path });
            }
            Ok(merged)
        });
        match made {
            Ok(merged) => Ok(Arc::clone(&merged.text)),
            Err(_) => Err(unreadable(path)),
        }
    }

    fn fail(&self, path: &TreePath, error: SecretError) -> TreeError {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.insert(path.clone(), Err(vec![error]));
        unreadable(path)
    }

    /// Reads a file and takes note of it if it may be encrypted.
    fn look_at(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        let bytes = self.tree.read(path)?;
        if !marker::is_suspicious(&bytes) {
            return Ok(bytes);
        }
        let mut findings = self.findings();
        if findings.failed.contains(path) {
            return Err(unreadable(path));
        }
        if let Some(seen) = findings.seen.get(path) {
            return Ok(Arc::clone(seen));
        }
        let seen = sealed::with_names(path, &bytes, self.decryption)
            .map_err(|problem| findings.fail(sealed::placed(problem, path, &bytes)))?;
        findings.suspects.insert(path.clone(), bytes);
        findings.seen.insert(path.clone(), Arc::clone(&seen));
        Ok(seen)
    }

    fn findings(&self) -> MutexGuard<'_, Findings> {
        self.findings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what became of the Secrets that were read in a build of `directory`.
    pub(crate) fn into_outcome(self, directory: &TreePath) -> SecretsOutcome {
        let source = self.source(directory);
        let findings = self.findings.into_inner();
        let findings = findings.unwrap_or_else(PoisonError::into_inner);
        let mut outcome = SecretsOutcome {
            warnings: findings.warnings,
            errors: findings.errors,
            failed: findings.failed,
            suspects: findings.suspects,
            origins: BTreeMap::new(),
        };
        let made = self.made.into_inner();
        let made = made.unwrap_or_else(PoisonError::into_inner);
        if matches!(source, Ok(Source::Merge { .. }))
            && !made.contains_key(&entry(directory, SECRET))
        {
            let path = entry(directory, STUB);
            outcome.warnings.push(SecretWarning::Unused { path });
        }
        for (path, made) in made {
            match made {
                Ok(merged) => {
                    outcome.warnings.extend(merged.warnings);
                    outcome.origins.insert(path, merged.stub);
                }
                Err(errors) => {
                    outcome.errors.extend(errors);
                    outcome.failed.push(path);
                }
            }
        }
        outcome
    }
}

impl Findings {
    /// Takes note of a file that cannot be opened, and returns what the build is told.
    fn fail(&mut self, error: SecretError) -> TreeError {
        let path = error.path.clone();
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
        let told = unreadable(&path);
        self.failed.push(path);
        told
    }
}

/// What became of the Secrets that a build read.
#[derive(Default)]
pub(crate) struct SecretsOutcome {
    pub(crate) warnings: Vec<SecretWarning>,
    /// Where the Secret at each merged path was really written.
    pub(crate) origins: BTreeMap<TreePath, Origin>,
    pub(crate) errors: Vec<SecretError>,
    /// The paths whose Secrets could not be put together.
    pub(crate) failed: Vec<TreePath>,
    /// The files that may be encrypted.
    pub(crate) suspects: Suspects,
}

impl Tree for SecretsTree<'_> {
    fn kind(&self, path: &TreePath) -> Result<Option<EntryKind>, TreeError> {
        match directory_of_secret(path) {
            Some(directory) => match self.source(&directory)? {
                Source::Below => self.tree.kind(path),
                Source::Merge { .. } | Source::Half(_) => Ok(Some(EntryKind::File)),
            },
            None => self.tree.kind(path),
        }
    }

    fn resolve(&self, path: &TreePath) -> Result<TreePath, TreeError> {
        match directory_of_secret(path) {
            // The merged Secret lies beside its parts, whatever the committed file was.
            Some(directory) if !matches!(self.source(&directory)?, Source::Below) => {
                Ok(entry(&self.tree.resolve(&directory)?, SECRET))
            }
            _ => self.tree.resolve(path),
        }
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        match directory_of_secret(path) {
            Some(directory) => match self.source(&directory)? {
                Source::Below => self.look_at(path),
                Source::Merge { committed } => self.make(path, &directory, committed),
                Source::Half(error) => Err(self.fail(path, error)),
            },
            None => self.look_at(path),
        }
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, EntryKind)>, TreeError> {
        let mut entries = self.tree.list(path)?;
        if let Source::Merge { committed: false } = self.source(path)? {
            entries.push((SECRET.to_owned(), EntryKind::File));
            entries.sort();
        }
        Ok(entries)
    }
}

fn directory_of_secret(path: &TreePath) -> Option<TreePath> {
    path.parent().filter(|_| path.file_name() == SECRET)
}

fn unreadable(path: &TreePath) -> TreeError {
    TreeError::Unreadable {
        path: path.clone(),
        reason: "its encrypted values cannot be opened".to_owned(),
    }
}

/// Returns the path of an entry whose name is no path.
fn entry(directory: &TreePath, name: &str) -> TreePath {
    directory
        .join(name)
        .expect("the name of an entry does not leave its directory")
}

#[cfg(test)]
mod tests;
