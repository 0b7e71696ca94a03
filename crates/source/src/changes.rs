//! Tells when a source may have changed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

use crate::Repository;

/// How long changes are gathered before they are reported: Git writes several files a commit.
const SETTLE: Duration = Duration::from_millis(20);

/// How often a change is reported without the operating system saying so.
///
/// Network file systems send no events, and an event queue can overflow.
const SAFETY: Duration = Duration::from_secs(10);

/// Tells when a repository or a directory may have changed. Hints may be spurious, never lost for
/// longer than ten seconds.
pub struct Changes {
    changed: Arc<Notify>,
    _watcher: RecommendedWatcher,
}

/// Why changes cannot be watched.
#[derive(Debug, thiserror::Error)]
#[error("cannot watch {path} for changes: {reason}")]
pub struct WatchError {
    path: String,
    reason: notify::Error,
}

impl Changes {
    /// Watches the references of a repository: commits, checkouts, fetches and pushes into it.
    pub fn of_repository(repository: &Repository) -> Result<Self, WatchError> {
        let (changed, mut watcher) = watcher(Path::new("."), is_reference)?;
        for directory in repository.reference_directories() {
            watch(&mut watcher, &directory, RecursiveMode::NonRecursive)?;
            for below in ["refs", "reftable"].map(|name| directory.join(name)) {
                if below.is_dir() {
                    watch(&mut watcher, &below, RecursiveMode::Recursive)?;
                }
            }
        }
        Ok(Self {
            changed,
            _watcher: watcher,
        })
    }

    /// Watches all files below a directory, but for a `.git` in it.
    pub fn of_directory(directory: &Path) -> Result<Self, WatchError> {
        let (changed, mut watcher) = watcher(directory, |path| {
            path.components().all(|part| part.as_os_str() != ".git")
        })?;
        watch(&mut watcher, directory, RecursiveMode::Recursive)?;
        Ok(Self {
            changed,
            _watcher: watcher,
        })
    }

    /// Waits until something may have changed since the last call returned.
    pub async fn changed(&self) {
        // A time-out is no error here: it is the report that needs no event.
        if tokio::time::timeout(SAFETY, self.changed.notified())
            .await
            .is_ok()
        {
            tokio::time::sleep(SETTLE).await;
        }
    }
}

fn watcher(
    path: &Path,
    counts: impl Fn(&Path) -> bool + Send + 'static,
) -> Result<(Arc<Notify>, RecommendedWatcher), WatchError> {
    let changed = Arc::new(Notify::new());
    let sender = Arc::clone(&changed);
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // An error means that events were lost, so something may have changed.
        let matters = event.map_or(true, |event| {
            !event.kind.is_access() && event.paths.iter().any(|path| counts(path))
        });
        if matters {
            sender.notify_one();
        }
    });
    Ok((changed, watcher.map_err(|reason| failure(path, reason))?))
}

fn watch(
    watcher: &mut RecommendedWatcher,
    path: &Path,
    mode: RecursiveMode,
) -> Result<(), WatchError> {
    watcher
        .watch(path, mode)
        .map_err(|reason| failure(path, reason))
}

fn failure(path: &Path, reason: notify::Error) -> WatchError {
    WatchError {
        path: path.display().to_string(),
        reason,
    }
}

/// Returns whether a file of a Git directory can change what a name leads to. Objects, the index and
/// lock files do not.
fn is_reference(path: &Path) -> bool {
    let is_lock = path
        .extension()
        .is_some_and(|extension| extension == "lock");
    let name = path.file_name().and_then(|name| name.to_str());
    let below_references = || {
        path.components()
            .any(|part| matches!(part.as_os_str().to_str(), Some("refs" | "reftable")))
    };
    !is_lock && (matches!(name, Some("HEAD" | "packed-refs")) || below_references())
}
