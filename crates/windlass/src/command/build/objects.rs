//! The objects of a build as files of a directory, one each, named as kustomize 5.8.1 names them.

use std::collections::{BTreeMap, BTreeSet};

use windlass_kustomize::{Build, Resource};

use crate::failure::Failure;

/// Returns the text of each object by the name of its file.
///
/// The name is made of group, version, kind and name, in lower case; the namespace stands before it when the
/// build has objects in more than one.
pub(super) fn files(built: &Build) -> Result<BTreeMap<String, String>, Failure> {
    let namespaces: BTreeSet<&str> = built.resources.iter().filter_map(namespace).collect();
    let mut files = BTreeMap::new();
    for resource in &built.resources {
        let namespace = namespace(resource).filter(|_| namespaces.len() > 1);
        let name = file_name(namespace, resource);
        let mut text = String::new();
        windlass_yaml::print_build_into(&resource.node, &mut text)?;
        if name.contains('/') {
            return Err(unnamable(
                &name,
                resource,
                "has a '/', so it cannot name a file",
            ));
        }
        if files.insert(name.clone(), text).is_some() {
            return Err(unnamable(
                &name,
                resource,
                "is that of another object as well",
            ));
        }
    }
    Ok(files)
}

/// Returns the namespace that an object will be in, if its kind is in one.
fn namespace(resource: &Resource) -> Option<&str> {
    let named = resource.namespace.as_deref().unwrap_or("default");
    (!resource.is_cluster_scoped).then_some(named)
}

fn file_name(namespace: Option<&str>, resource: &Resource) -> String {
    let gvk = &resource.gvk;
    let parts = [
        namespace.unwrap_or(""),
        &gvk.group,
        &gvk.version,
        &gvk.kind,
        &resource.name,
    ];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("{}.yaml", parts.join("_").to_lowercase())
}

fn unnamable(name: &str, resource: &Resource, why: &str) -> Failure {
    let place = &resource.place;
    Failure::of([format!(
        "{place}: the name of the file of this object, {name}, {why}"
    )])
    .hint("write everything to one file: -o FILE")
}
