//! The kubeconfig of the server.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// Why a kubeconfig was not written.
#[derive(Debug, thiserror::Error)]
pub enum KubeconfigError {
    /// The file cannot be read or written.
    #[error("{}: cannot write the kubeconfig", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The file is there, and not one of ours.
    #[error("{}: it has other contexts; name another file", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
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

/// Writes a file that only its owner can read, at once and as a whole. One that is there is replaced only when
/// it is one of ours.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), KubeconfigError> {
    let failure = |source| KubeconfigError::Write {
        path: path.to_owned(),
        source,
    };
    match std::fs::read(path) {
        Ok(before) if !is_ours(&before) => {
            let path = path.to_owned();
            return Err(KubeconfigError::Foreign { path });
        }
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failure(error)),
        _ => {}
    }
    write_private(path, text.as_bytes()).map_err(failure)
}

/// Returns whether a kubeconfig has nothing but what [`kubeconfig`] writes: one cluster, one user and one context,
/// all called `windlass`, on loopback. A file with nothing in it is nobody's.
fn is_ours(bytes: &[u8]) -> bool {
    if bytes.trim_ascii().is_empty() {
        return true;
    }
    let Some(config) = parse(bytes) else {
        return false;
    };
    let server = config.pointer("/clusters/0/cluster/server");
    let lists = ["clusters", "contexts", "users"];
    lists.iter().all(|list| has_one_windlass(&config[*list]))
        && server.and_then(Value::as_str).is_some_and(is_on_loopback)
}

fn parse(bytes: &[u8]) -> Option<Value> {
    let documents = windlass_yaml::parse(bytes).ok()?;
    match documents.as_slice() {
        [document] => document.root.to_json().ok(),
        _ => None,
    }
}

fn has_one_windlass(list: &Value) -> bool {
    list.as_array()
        .is_some_and(|list| list.len() == 1 && list[0]["name"] == "windlass")
}

fn is_on_loopback(url: &str) -> bool {
    let address = url
        .strip_prefix("https://")
        .and_then(|rest| rest.parse::<SocketAddr>().ok());
    address.is_some_and(|address| address.ip().is_loopback())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(port: u16) -> String {
        kubeconfig(&format!("https://127.0.0.1:{port}"), "authority", "token")
    }

    #[test]
    fn a_kubeconfig_of_an_earlier_run_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("kubeconfig");
        write(&path, &ours(1)).unwrap();
        write(&path, &ours(2)).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), ours(2));
    }

    #[test]
    fn a_kubeconfig_of_someone_else_is_left_as_it_is() {
        let added = ours(1).replace(
            "users:\n",
            "users:\n- name: admin\n  user:\n    token: precious\n",
        );
        let elsewhere = ours(1).replace("127.0.0.1:1", "192.0.2.1:6443");
        let unreadable = "{".to_owned();
        for theirs in [added, elsewhere, unreadable] {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("config");
            std::fs::write(&path, &theirs).unwrap();
            let error = write(&path, &ours(2)).unwrap_err().to_string();
            assert!(
                error.ends_with("it has other contexts; name another file"),
                "{error}"
            );
            assert_eq!(std::fs::read_to_string(&path).unwrap(), theirs);
        }
    }
}
