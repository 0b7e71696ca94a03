//! Where the values of a service are: beside its overlay, or in a base that environments share.

use windlass_render::{
    Stub, Unit, reached_directories, stub_path, value_file, value_key, values_path,
};
use windlass_tree::{EntryKind, Tree, TreePath};

use crate::failure::Failure;

/// A directory with the values of one Secret.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) directory: TreePath,
    /// Whether other environments build this directory too.
    pub(super) is_shared: bool,
    /// The keys in the `data` of the stub; `None` without a stub.
    pub(super) stub: Option<Vec<String>>,
    /// The names of the encrypted values, sorted.
    pub(super) values: Vec<String>,
}

impl Slot {
    /// Looks at a directory.
    pub(super) fn of(
        tree: &dyn Tree,
        directory: &TreePath,
        is_shared: bool,
    ) -> Result<Self, Failure> {
        let stub = match tree.kind(&stub_path(directory))? {
            Some(EntryKind::File) => Some(stub_keys(tree, &stub_path(directory))?),
            _ => None,
        };
        let mut values = Vec::new();
        if tree.kind(&values_path(directory))? == Some(EntryKind::Directory) {
            for (name, kind) in tree.list(&values_path(directory))? {
                if kind != EntryKind::Directory {
                    values.extend(value_key(&name).map(str::to_owned));
                }
            }
        }
        Ok(Self {
            directory: directory.clone(),
            is_shared,
            stub,
            values,
        })
    }

    /// Returns where the value of this name is, or would be.
    pub(super) fn value(&self, name: &str) -> Result<TreePath, Failure> {
        Ok(values_path(&self.directory).join(&value_file(name))?)
    }

    pub(super) fn has_value(&self, name: &str) -> bool {
        self.values.iter().any(|value| value == name)
    }

    /// Returns whether the stub has a key of this name.
    pub(super) fn expects(&self, name: &str) -> bool {
        self.stub.iter().flatten().any(|key| key == name)
    }

    fn is_empty(&self) -> bool {
        self.stub.is_none() && self.values.is_empty()
    }
}

fn stub_keys(tree: &dyn Tree, path: &TreePath) -> Result<Vec<String>, Failure> {
    let text = tree.read(path)?;
    let stub = Stub::parse(&String::from_utf8_lossy(&text));
    let stub = stub.map_err(|problem| Failure::of([format!("{path}: {problem}")]))?;
    Ok(stub.keys().map(|key| key.name).collect())
}

/// Returns the directories with secret values that a build of the unit goes through; its own overlay is the
/// first, if it has any.
pub(super) fn slots(tree: &dyn Tree, unit: &Unit) -> Result<Vec<Slot>, Failure> {
    let mut slots = Vec::new();
    for directory in reached_directories(tree, &unit.directory)? {
        let is_shared = !(is_overlay(&unit.directory) && directory.is_within(&unit.directory));
        let slot = Slot::of(tree, &directory, is_shared)?;
        if !slot.is_empty() {
            slots.push(slot);
        }
    }
    Ok(slots)
}

/// Returns whether a directory is that of one environment.
fn is_overlay(directory: &TreePath) -> bool {
    let above = directory.parent();
    above.is_some_and(|above| above.file_name() == "overlays")
}

/// Returns where the value of this name is; where it is not yet, the place that expects it.
pub(super) fn find<'s>(slots: &'s [Slot], name: &str) -> Option<&'s Slot> {
    let has_value = slots.iter().find(|slot| slot.has_value(name));
    has_value
        .or_else(|| slots.iter().find(|slot| slot.expects(name)))
        .or_else(|| slots.iter().find(|slot| !slot.is_shared))
        .or(match slots {
            [only] => Some(only),
            _ => None,
        })
}

/// Refuses to change what other environments use, unless that is meant.
pub(super) fn guard(slot: &Slot, unit: &Unit, is_meant: bool) -> Result<(), Failure> {
    if !slot.is_shared || is_meant {
        return Ok(());
    }
    Err(Failure::of([format!(
        "{}: the secrets here are those of every environment that builds this directory, not of {} alone",
        slot.directory,
        unit.directory.file_name()
    )])
    .hint("add --shared to change them for all"))
}

/// Returns whether this is the file of one encrypted value.
pub(super) fn is_value(path: &TreePath) -> bool {
    let is_beside = path
        .parent()
        .and_then(|values| values.parent())
        .is_some_and(|directory| path.is_within(&values_path(&directory)));
    is_beside && value_key(path.file_name()).is_some()
}
