//! The keys that open secrets, from where sops looks for them.

use std::path::{Path, PathBuf};

use windlass_sops::Keyring;
use windlass_tree::{EntryKind, Tree, TreePath};

use crate::failure::Failure;

/// The key of an example. It is read from the repository, which no real key may ever be in.
const DEMO_KEY: &str = "demo.agekey";

/// Returns the keys of the given files, of `$SOPS_AGE_KEY_FILE`, `$SOPS_AGE_KEY` and sops' own key
/// file, and the demo key of the repository. A file that is named and cannot be read is an error.
pub(crate) fn load(files: &[PathBuf], tree: &dyn Tree) -> Result<Keyring, Failure> {
    let mut keyring = Keyring::new();
    let from_environment = std::env::var_os("SOPS_AGE_KEY_FILE").map(PathBuf::from);
    for file in files.iter().chain(&from_environment) {
        keyring.extend(read(file)?);
    }
    if let Ok(text) = std::env::var("SOPS_AGE_KEY") {
        keyring.extend(parse("$SOPS_AGE_KEY", &text)?);
    }
    if let Some(file) = sops_key_file().filter(|file| file.is_file()) {
        keyring.extend(read(&file)?);
    }
    let demo = TreePath::new(DEMO_KEY).expect("a file name is a path of the tree");
    if tree.kind(&demo)? == Some(EntryKind::File) {
        let bytes = tree.read(&demo)?;
        keyring.extend(parse(DEMO_KEY, &String::from_utf8_lossy(&bytes))?);
    }
    Ok(keyring)
}

/// Returns the recipients whose secrets the keys open: what tells one set of keys from another.
pub(crate) fn recipients(keyring: &Keyring) -> Vec<String> {
    keyring
        .identities()
        .iter()
        .map(|identity| identity.recipient().to_owned())
        .collect()
}

fn read(file: &Path) -> Result<Keyring, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::of([format!(
            "{}: the age key file cannot be read: {error}",
            file.display()
        )])
    })?;
    parse(&file.display().to_string(), &text)
}

fn parse(place: &str, text: &str) -> Result<Keyring, Failure> {
    Keyring::parse(text)
        .map_err(|error| Failure::of([format!("{place}:{}: {}", error.line, error.problem)]))
}

/// Returns where sops 3.11 keeps age keys on Linux.
fn sops_key_file() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let home = set("HOME").map(|home| Path::new(&home).join(".config"));
    let config = set("XDG_CONFIG_HOME").map(PathBuf::from).or(home)?;
    Some(config.join("sops/age/keys.txt"))
}
