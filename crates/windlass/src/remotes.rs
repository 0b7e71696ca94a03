//! Remote bases and files, fetched where they are allowed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use windlass_kustomize::{NoRemotes, RemoteError, Remotes, Repository};
use windlass_source::{Fetcher, Limits};
use windlass_tree::Tree;

use crate::failure::{Failure, chain};

/// How long fetching one file may take, as kustomize gives a repository.
const FILE_TIMEOUT: Duration = Duration::from_secs(27);

/// The environment variable that allows remote bases, for scripts that cannot be given a flag.
const ALLOW: &str = "WINDLASS_ALLOW_REMOTE_BASES";

/// Fetches what a build asks for.
struct Fetched(Fetcher);

/// Returns who has remote bases: nobody unless they are allowed.
pub(crate) fn remotes(are_allowed: bool) -> Result<Box<dyn Remotes>, Failure> {
    if !are_allowed {
        return Ok(Box::new(NoRemotes));
    }
    let cache = cache().ok_or_else(|| {
        Failure::usage("neither $XDG_CACHE_HOME nor $HOME is set; remote bases are kept there")
    })?;
    Ok(Box::new(Fetched(Fetcher::new(cache, Limits::default()))))
}

impl Remotes for Fetched {
    fn repository(&self, repository: &Repository) -> Result<Arc<dyn Tree>, RemoteError> {
        let revision = repository.revision.as_deref();
        match self
            .0
            .repository(&repository.url, revision, repository.timeout)
        {
            Ok(tree) => Ok(Arc::new(tree)),
            Err(error) => Err(failed(&error)),
        }
    }

    fn file(&self, url: &str) -> Result<Arc<[u8]>, RemoteError> {
        let bytes = self.0.file(url, FILE_TIMEOUT);
        bytes.map(Into::into).map_err(|error| failed(&error))
    }
}

/// Returns whether the environment allows remote bases.
pub(crate) fn is_allowed_by_environment() -> bool {
    let value = std::env::var(ALLOW).unwrap_or_default();
    let value = value.to_ascii_lowercase();
    !matches!(&*value, "" | "0" | "n" | "no" | "f" | "false" | "off")
}

fn failed(error: &windlass_source::FetchError) -> RemoteError {
    RemoteError::Failed {
        reason: chain(error),
    }
}

/// Returns the directory that keeps what was fetched.
fn cache() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let home = set("HOME").map(|home| Path::new(&home).join(".cache"));
    let base = set("XDG_CACHE_HOME").map(PathBuf::from).or(home)?;
    Some(base.join("windlass/remote"))
}
