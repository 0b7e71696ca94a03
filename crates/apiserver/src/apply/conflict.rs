//! Conflicts, as kube-apiserver words them.

use crate::managed_fields::{Entry, FieldSet, Operation, Step, write_steps};
use crate::status::Cause;

/// A field that another manager owns and that has another value there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Conflict {
    /// The manager, as kube-apiserver prints it: `"kubectl" using apps/v1`.
    pub(crate) manager: String,
    /// The field: `.spec.replicas`.
    pub(crate) path: String,
}

impl Conflict {
    /// Returns the cause in the details of the status.
    pub(crate) fn cause(&self) -> Cause {
        Cause::new(
            "FieldManagerConflict",
            self.path.clone(),
            format!("conflict with {}", self.manager),
        )
    }
}

/// Returns a conflict for each field of `owner` that is contested.
pub(super) fn conflicts_with(owner: &Entry, contested: &FieldSet) -> Vec<Conflict> {
    let conflict = |path: Vec<&Step>| Conflict {
        manager: print_owner(owner),
        path: write_steps(path),
    };
    contested.paths().into_iter().map(conflict).collect()
}

fn print_owner(owner: &Entry) -> String {
    let manager = &owner.manager;
    let (name, subresource) = (&manager.name, &manager.subresource);
    let subresource = match subresource.as_str() {
        "" => String::new(),
        subresource => format!(" with subresource {subresource:?}"),
    };
    let version = match manager.operation {
        Operation::Apply => String::new(),
        Operation::Update => format!(" using {}", manager.api_version),
    };
    format!("{name:?}{subresource}{version}")
}

/// Words the conflicts as kube-apiserver does: one in a line, several by manager.
pub(super) fn conflict_message(conflicts: &[Conflict]) -> String {
    if let [only] = conflicts {
        let Conflict { manager, path } = only;
        return format!("Apply failed with 1 conflict: conflict with {manager}: {path}");
    }
    let mut managers: Vec<&str> = conflicts.iter().map(|c| c.manager.as_str()).collect();
    managers.sort_unstable();
    managers.dedup();
    let mut lines = Vec::new();
    for manager in managers {
        lines.push(format!("conflicts with {manager}:"));
        let theirs = conflicts.iter().filter(|c| c.manager == manager);
        lines.extend(theirs.map(|conflict| format!("- {}", conflict.path)));
    }
    let count = conflicts.len();
    format!("Apply failed with {count} conflicts: {}", lines.join("\n"))
}
