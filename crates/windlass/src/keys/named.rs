//! Key files that a person names, and the demo key of the example.

use std::path::{Path, PathBuf};

use windlass_sops::{Keyring, PgpKeyring};
use windlass_tree::{EntryKind, Tree, TreePath};

use super::age::{parse, read_bytes};
use crate::failure::Failure;

/// The key of an example. It is read from the repository, which no real key may ever be in.
const DEMO_KEY: &str = "demo.agekey";

/// The keys of files: which kind one holds shows in it.
#[derive(Default)]
pub(super) struct Named {
    pub(super) age: Keyring,
    pub(super) pgp: PgpKeyring,
}

impl Named {
    /// Reads the files. Each one that cannot be used is a mistake.
    pub(super) fn read(files: &[PathBuf]) -> Result<Self, Failure> {
        let mut named = Self::default();
        let added = files.iter().map(|file| named.add_file(file));
        let wrong: Vec<String> = added.filter_map(Result::err).collect();
        if wrong.is_empty() {
            Ok(named)
        } else {
            Err(Failure::of(wrong))
        }
    }

    pub(super) fn add_demo_key(&mut self, tree: &dyn Tree) -> Result<(), Failure> {
        let demo = TreePath::new(DEMO_KEY).expect("a file name is a path of the tree");
        if tree.kind(&demo)? == Some(EntryKind::File) {
            let bytes = tree.read(&demo)?;
            let text = String::from_utf8_lossy(&bytes);
            let keyring = parse(DEMO_KEY, &text).map_err(|problem| Failure::of([problem]))?;
            self.age.extend(keyring);
        }
        Ok(())
    }

    fn add_file(&mut self, file: &Path) -> Result<(), String> {
        let bytes = read_bytes(file)?;
        let place = file.display().to_string();
        let text = std::str::from_utf8(&bytes).ok();
        if let Some(text) = text.filter(|text| !text.contains("-----BEGIN PGP ")) {
            self.age.extend(parse(&place, text)?);
        } else {
            let added = self.pgp.add(&bytes);
            added.map_err(|error| format!("{place}: {error}"))?;
        }
        Ok(())
    }
}
