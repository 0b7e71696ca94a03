//! Keys without values, and values that nobody deploys.

use windlass_kustomize::FILE_NAMES;
use windlass_render::{Stub, is_secret_key, stub_path, value_file, value_key, values_path};
use windlass_tree::{EntryKind, Tree, TreePath};
use windlass_yaml::Node;

use super::finding::{Finding, Kind};
use crate::failure::Failure;
use crate::replace::is_left_behind;

/// Returns what is wrong with the stub and the names of the values in a directory.
pub(super) fn findings(tree: &dyn Tree, directory: &TreePath) -> Result<Vec<Finding>, Failure> {
    let values = values_path(directory);
    let names = match tree.kind(&values)? {
        Some(EntryKind::Directory) => tree.list(&values)?,
        _ => Vec::new(),
    };
    let mut findings = Vec::new();
    for (name, _) in &names {
        let path = values.join(name)?;
        match value_key(name) {
            None if name.starts_with(".git") || is_left_behind(name) => {}
            None => {
                let message = "is no value: the name of one ends in .enc";
                findings.push(Finding::warning(&path, 0, Kind::NotDeployed, message));
            }
            Some(key) if !is_secret_key(key) => {
                let message = format!("{key:?} cannot be a key of a Secret");
                findings.push(Finding::error(&path, 0, Kind::NotDeployed, message));
            }
            Some(_) => {}
        }
    }
    let path = stub_path(directory);
    if tree.kind(&path)? != Some(EntryKind::File) {
        let message = "is missing, so the values in .sops/ are not deployed";
        findings.push(Finding::error(&path, 0, Kind::NotDeployed, message));
        return Ok(findings);
    }
    let text = tree.read(&path)?;
    match Stub::parse(&String::from_utf8_lossy(&text)) {
        Err(problem) => findings.push(Finding::error(&path, 0, Kind::Damaged, problem.to_string())),
        Ok(stub) => {
            let is_there = |key: &str| names.iter().any(|(name, _)| *name == value_file(key));
            let open = stub
                .keys()
                .filter(|key| key.is_placeholder && !is_there(&key.name));
            findings.extend(open.map(|key| {
                let message = format!(
                    "{} is a placeholder, and .sops/{} does not exist",
                    key.name,
                    value_file(&key.name)
                );
                Finding::error(&path, key.line, Kind::Placeholder, message)
            }));
        }
    }
    if !names.is_empty() && !is_listed(tree, directory)? {
        let message =
            "the kustomization beside it does not list secret.yaml, so its values are not deployed";
        findings.push(Finding::warning(&path, 0, Kind::NotDeployed, message));
    }
    Ok(findings)
}

/// Returns whether the kustomization of a directory has the merged Secret. One that cannot be read is for the
/// build to complain about.
fn is_listed(tree: &dyn Tree, directory: &TreePath) -> Result<bool, Failure> {
    for name in FILE_NAMES {
        let path = directory.join(name)?;
        if tree.kind(&path)? != Some(EntryKind::File) {
            continue;
        }
        let Ok(documents) = windlass_yaml::parse(&tree.read(&path)?) else {
            return Ok(true);
        };
        let root = documents.into_iter().next().map(|document| document.root);
        let resources = root.as_ref().and_then(|root| root.get("resources"));
        let mut entries = resources.and_then(Node::as_sequence).into_iter().flatten();
        return Ok(entries.any(|entry| {
            let target = entry.text().and_then(|text| directory.join(text).ok());
            target.is_some_and(|target| {
                target.parent().as_ref() == Some(directory) && target.file_name() == "secret.yaml"
            })
        }));
    }
    Ok(false)
}
