//! The units of an environment: which directories of a repository are built for it.

use windlass_tree::{EntryKind, Tree, TreeError, TreePath};

/// Where services are: `kustomize/<service>/overlays/<environment>`.
const SERVICES: &str = "kustomize";

/// Where addons are: `bootstrap/<addon>/overlays/<environment>`, or `base` when there are no overlays.
const ADDONS: &str = "bootstrap";

/// The longest name of an environment or a unit, in bytes: that of a DNS label.
const MAX_NAME: usize = 63;

/// What is built, planned and applied together: a service or an addon in one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The name: `hydra` for a service, `bootstrap/ingress-nginx` for an addon.
    pub name: String,
    /// Whether it is a service or an addon.
    pub kind: UnitKind,
    /// The directory whose kustomization is built.
    pub directory: TreePath,
}

/// What a unit is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnitKind {
    /// Something that the platform runs.
    Service,
    /// Something that the services need in the cluster.
    Addon,
}

/// Why the units of an environment are not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    /// The name cannot be that of a directory.
    #[error(
        "{name:?} cannot be the name of an environment: use letters, digits, '-', '_' and '.', at most {MAX_NAME}"
    )]
    InvalidName {
        /// The name as it was given.
        name: String,
    },
    /// No service and no addon has such an overlay.
    #[error("there is no environment {name}: {}", listed(existing))]
    NotFound {
        /// The name as it was given.
        name: String,
        /// The environments that exist, sorted.
        existing: Vec<String>,
    },
    /// The repository has another layout.
    #[error(
        "there is no directory {SERVICES}/ at the root; an environment is made of {SERVICES}/<service>/overlays/<environment> and {ADDONS}/<addon>/overlays/<environment>; the root has {}",
        listed_entries(found)
    )]
    NoServices {
        /// What the root has instead, directories with a `/` at their end.
        found: Vec<String>,
    },
    /// A service or addon has a name that cannot be one.
    #[error(
        "{directory}: the name of a service or addon may have letters, digits, '-', '_' and '.' only, at most {MAX_NAME}"
    )]
    InvalidUnit {
        /// The directory with that name.
        directory: TreePath,
    },
    /// The tree did not answer.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

fn listed(existing: &[String]) -> String {
    if existing.is_empty() {
        return format!("no directory matches {SERVICES}/<service>/overlays/<environment>");
    }
    format!("there are {}", existing.join(", "))
}

fn listed_entries(found: &[String]) -> String {
    const SHOWN: usize = 10;
    match found.len() {
        0 => "nothing".to_owned(),
        1..=SHOWN => found.join(", "),
        more => format!("{} and {} more", found[..SHOWN].join(", "), more - SHOWN),
    }
}

/// Returns the units of `environment`: its services and then its addons, each sorted by name.
///
/// A service that has no overlay for the environment is not part of it, nor is an addon that has
/// overlays, but none for it. An addon that has no overlays at all is the same everywhere.
pub fn units(tree: &dyn Tree, environment: &str) -> Result<Vec<Unit>, EnvironmentError> {
    if !is_name(environment) {
        let name = environment.to_owned();
        return Err(EnvironmentError::InvalidName { name });
    }
    let mut units = Vec::new();
    for (name, directory) in members(tree, SERVICES)? {
        let overlay = join(&directory, &["overlays", environment]);
        if is_directory(tree, &overlay)? {
            units.push(unit(name, UnitKind::Service, overlay, &directory)?);
        }
    }
    let mut exists = !units.is_empty();
    for (name, directory) in members(tree, ADDONS)? {
        let overlay = join(&directory, &["overlays", environment]);
        let base = join(&directory, &["base"]);
        let name = format!("{ADDONS}/{name}");
        if is_directory(tree, &overlay)? {
            exists = true;
            units.push(unit(name, UnitKind::Addon, overlay, &directory)?);
        } else if !is_directory(tree, &join(&directory, &["overlays"]))?
            && is_directory(tree, &base)?
        {
            units.push(unit(name, UnitKind::Addon, base, &directory)?);
        }
    }
    if exists {
        return Ok(units);
    }
    Err(EnvironmentError::NotFound {
        name: environment.to_owned(),
        existing: environments(tree)?,
    })
}

/// Returns the names of all environments for which any service or addon has an overlay, sorted.
pub fn environments(tree: &dyn Tree) -> Result<Vec<String>, EnvironmentError> {
    let mut members_of_all = members(tree, SERVICES)?;
    members_of_all.extend(members(tree, ADDONS)?);
    let mut names = Vec::new();
    for (_, directory) in members_of_all {
        let overlays = join(&directory, &["overlays"]);
        if is_directory(tree, &overlays)? {
            names.extend(directories(tree, &overlays)?);
        }
    }
    names.retain(|name| is_name(name));
    names.sort();
    names.dedup();
    Ok(names)
}

/// Returns the directories below `root` with their names, sorted; hidden ones are not looked at.
fn members(tree: &dyn Tree, root: &str) -> Result<Vec<(String, TreePath)>, EnvironmentError> {
    let root_path = join(&TreePath::root(), &[root]);
    if !is_directory(tree, &root_path)? {
        return if root == SERVICES {
            let found = root_entries(tree)?;
            Err(EnvironmentError::NoServices { found })
        } else {
            Ok(Vec::new())
        };
    }
    let names = directories(tree, &root_path)?;
    Ok(names
        .into_iter()
        .map(|name| {
            let directory = join(&root_path, &[&name]);
            (name, directory)
        })
        .collect())
}

fn root_entries(tree: &dyn Tree) -> Result<Vec<String>, TreeError> {
    let entries = tree.list(&TreePath::root())?.into_iter();
    Ok(entries
        .map(|(name, kind)| match kind {
            EntryKind::Directory => format!("{name}/"),
            EntryKind::File | EntryKind::Dangling => name,
        })
        .collect())
}

fn directories(tree: &dyn Tree, path: &TreePath) -> Result<Vec<String>, TreeError> {
    let entries = tree.list(path)?.into_iter();
    Ok(entries
        .filter(|(name, kind)| *kind == EntryKind::Directory && !name.starts_with('.'))
        .map(|(name, _)| name)
        .collect())
}

fn is_directory(tree: &dyn Tree, path: &TreePath) -> Result<bool, TreeError> {
    Ok(tree.kind(path)? == Some(EntryKind::Directory))
}

fn unit(
    name: String,
    kind: UnitKind,
    overlay: TreePath,
    directory: &TreePath,
) -> Result<Unit, EnvironmentError> {
    if !is_name(directory.file_name()) {
        let directory = directory.clone();
        return Err(EnvironmentError::InvalidUnit { directory });
    }
    let directory = overlay;
    Ok(Unit {
        name,
        kind,
        directory,
    })
}

/// Returns whether a name is harmless as a directory, in a label of Kubernetes and on a terminal.
fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let starts_well = name
        .bytes()
        .next()
        .is_some_and(|b| b.is_ascii_alphanumeric());
    starts_well && name.len() <= MAX_NAME && name.bytes().all(allowed)
}

fn join(directory: &TreePath, parts: &[&str]) -> TreePath {
    directory
        .join(&parts.join("/"))
        .expect("names of directories do not leave the tree")
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_tree::MemoryTree;

    fn tree(directories: &[&str]) -> MemoryTree {
        directories
            .iter()
            .map(|directory| (format!("{directory}/kustomization.yaml"), ""))
            .collect()
    }

    fn summary(tree: &MemoryTree, environment: &str) -> String {
        match units(tree, environment) {
            Ok(units) => {
                let line = |unit: &Unit| format!("{}: {}", unit.name, unit.directory);
                units.iter().map(line).collect::<Vec<_>>().join("\n")
            }
            Err(error) => error.to_string(),
        }
    }

    fn platform() -> MemoryTree {
        tree(&[
            "kustomize/hydra/base",
            "kustomize/hydra/overlays/dev",
            "kustomize/hydra/overlays/staging",
            "kustomize/api/overlays/dev",
            "kustomize/lib/base",
            "bootstrap/namespaces/overlays/dev",
            "bootstrap/crds/base",
        ])
    }

    #[test]
    fn an_environment_has_services_and_addons() {
        insta::assert_snapshot!(summary(&platform(), "dev"), @r"
        api: kustomize/api/overlays/dev
        hydra: kustomize/hydra/overlays/dev
        bootstrap/crds: bootstrap/crds/base
        bootstrap/namespaces: bootstrap/namespaces/overlays/dev
        ");
        insta::assert_snapshot!(summary(&platform(), "staging"), @r"
        hydra: kustomize/hydra/overlays/staging
        bootstrap/crds: bootstrap/crds/base
        ");
    }

    #[test]
    fn an_environment_that_exists_nowhere_is_an_error_that_lists_the_others() {
        insta::assert_snapshot!(summary(&platform(), "prod"), @"there is no environment prod: there are dev, staging");
        insta::assert_snapshot!(summary(&tree(&["kustomize/a/base"]), "dev"), @"there is no environment dev: no directory matches kustomize/<service>/overlays/<environment>");
    }

    #[test]
    fn a_repository_of_another_layout_is_an_error_that_says_what_was_looked_for() {
        insta::assert_snapshot!(summary(&tree(&["apps/web", "infra"]), "dev"), @"there is no directory kustomize/ at the root; an environment is made of kustomize/<service>/overlays/<environment> and bootstrap/<addon>/overlays/<environment>; the root has apps/, infra/");
    }

    #[test]
    fn names_that_could_do_harm_are_refused() {
        for name in [
            "",
            "../dev",
            "dev/x",
            "-dev",
            ".dev",
            "a b",
            "dev\u{1b}[0m",
            &"x".repeat(64),
        ] {
            let error = units(&platform(), name).unwrap_err();
            let name = name.to_owned();
            assert_eq!(error, EnvironmentError::InvalidName { name });
        }
        let tree = tree(&["kustomize/a b/overlays/dev"]);
        assert!(matches!(
            units(&tree, "dev"),
            Err(EnvironmentError::InvalidUnit { .. })
        ));
    }
}
