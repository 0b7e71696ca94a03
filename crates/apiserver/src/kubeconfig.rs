//! The kubeconfig of the server.

use std::io::Write;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Why a kubeconfig was not written.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot write the kubeconfig", path.display())]
pub struct KubeconfigError {
    /// The file.
    pub path: PathBuf,
    /// The cause.
    pub source: std::io::Error,
}

/// Returns the text of a kubeconfig with one cluster, one user and one context, all called `windlass`.
pub(crate) fn kubeconfig(url: &str, authority: &str, token: &str) -> String {
    let authority = STANDARD.encode(authority);
    format!(
        "apiVersion: v1\n\
         kind: Config\n\
         clusters:\n\
         - name: windlass\n  \
           cluster:\n    \
             server: {url}\n    \
             certificate-authority-data: {authority}\n\
         contexts:\n\
         - name: windlass\n  \
           context:\n    \
             cluster: windlass\n    \
             namespace: default\n    \
             user: windlass\n\
         current-context: windlass\n\
         users:\n\
         - name: windlass\n  \
           user:\n    \
             token: {token}\n"
    )
}

/// Writes a file that only its owner can read, at once and as a whole.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), KubeconfigError> {
    write_private(path, text.as_bytes()).map_err(|source| KubeconfigError {
        path: path.to_owned(),
        source,
    })
}

/// Writes beside the file and renames, so that nobody sees half of it.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let directory = path.parent().filter(|it| !it.as_os_str().is_empty());
    let directory = directory.unwrap_or_else(|| Path::new("."));
    std::fs::create_dir_all(directory)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = directory.join(format!(".{name}.{}", crate::identity::uid()));
    let result = write_new(&beside, bytes).and_then(|()| std::fs::rename(&beside, path));
    if result.is_err() {
        // The error that is reported is the one above; a leftover file harms nobody.
        let _ = std::fs::remove_file(&beside);
    }
    result
}

fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
