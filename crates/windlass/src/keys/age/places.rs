//! Where age identities are read from.

use std::path::{Path, PathBuf};

use windlass_sops::{Keyring, LockedKeys};
use zeroize::Zeroizing;

use super::Found;

/// The longest key file that is read.
pub(in super::super) const MAX_KEY_FILE: u64 = 1 << 20;

/// Where identities may be. sops 3.11 uses all of them.
#[derive(Default)]
pub(in super::super) struct Places {
    /// `$SOPS_AGE_KEY`.
    text: Option<Zeroizing<String>>,
    /// `$SOPS_AGE_KEY_FILE`.
    file: Option<PathBuf>,
    /// The key file in the person's configuration, which need not exist.
    own: Option<PathBuf>,
    /// `$SOPS_AGE_SSH_PRIVATE_KEY_FILE`.
    ssh_file: Option<PathBuf>,
    /// The SSH keys of the person, which need not exist.
    own_ssh: Vec<PathBuf>,
}

impl Places {
    /// Returns the places that the variables name. Empty variables count as missing.
    pub(in super::super) fn from_env(variable: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| variable(name).filter(|value| !value.is_empty());
        let path = |name: &str| get(name).map(PathBuf::from);
        let home = path("HOME");
        let own = home.as_ref().map(|home| {
            home.join(if cfg!(target_os = "macos") {
                "Library/Application Support"
            } else {
                ".config"
            })
        });
        let configuration = path("XDG_CONFIG_HOME").or(own);
        let ssh = home.map(|home| home.join(".ssh"));
        let own_ssh = |ssh: PathBuf| ["id_ed25519", "id_rsa"].map(|name| ssh.join(name)).to_vec();
        Self {
            text: get("SOPS_AGE_KEY").map(Zeroizing::new),
            file: path("SOPS_AGE_KEY_FILE"),
            own: configuration.map(|folder| folder.join("sops/age/keys.txt")),
            ssh_file: path("SOPS_AGE_SSH_PRIVATE_KEY_FILE"),
            own_ssh: ssh.map(own_ssh).unwrap_or_default(),
        }
    }

    pub(super) fn read_near(&self, found: &mut Found) {
        if let Some(text) = &self.text {
            found.add(parse_any("$SOPS_AGE_KEY", text.as_bytes()));
        }
        let own = self.own.as_deref().filter(|file| file.exists());
        for file in self.file.as_deref().into_iter().chain(own) {
            found.add(read(file));
        }
    }

    pub(super) fn read_ssh(&self, found: &mut Found) {
        let own = self.own_ssh.iter().filter(|file| file.exists());
        for file in self.ssh_file.iter().chain(own) {
            found.add(read(file));
        }
    }
}

/// What a key file holds.
pub(super) enum Read {
    Open(Keyring),
    Locked(String, LockedKeys),
}

fn read(file: &Path) -> Result<Read, String> {
    parse_any(&file.display().to_string(), &read_bytes(file)?)
}

fn parse_any(place: &str, bytes: &[u8]) -> Result<Read, String> {
    if let Some(locked) = LockedKeys::read(bytes) {
        return Ok(Read::Locked(place.to_owned(), locked));
    }
    let text = std::str::from_utf8(bytes);
    let text = text.map_err(|_| format!("{place}: the key file is no text"))?;
    parse(place, text).map(Read::Open)
}

/// Reads a key file.
pub(in super::super) fn read_bytes(file: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    use std::io::Read as _;
    let wrong = |reason: &dyn std::fmt::Display| {
        format!("{}: the key file cannot be read: {reason}", file.display())
    };
    let opened = std::fs::File::open(file).map_err(|error| wrong(&error))?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(16 * 1024));
    let read = opened.take(MAX_KEY_FILE + 1).read_to_end(&mut bytes);
    read.map_err(|error| wrong(&error))?;
    if bytes.len() as u64 > MAX_KEY_FILE {
        return Err(wrong(&"it is longer than 1 MiB"));
    }
    Ok(bytes)
}

/// Parses the text of a key file, or says what is wrong at `place`.
pub(in super::super) fn parse(place: &str, text: &str) -> Result<Keyring, String> {
    Keyring::parse(text).map_err(|error| format!("{place}:{}: {}", error.line, error.problem))
}
