//! The resource types that the server has: the built-in ones and those of CustomResourceDefinitions.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use windlass_object::Gvk;

use crate::builtin;
use crate::resource::{GroupResource, ResourceType};

/// The types at one moment; cheap to clone, never changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Types {
    by_path: BTreeMap<(String, String, String), Arc<ResourceType>>,
}

/// The types now.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    types: RwLock<Arc<Types>>,
}

impl Types {
    /// Returns the type served under `/apis/GROUP/VERSION/PLURAL`.
    pub(crate) fn get(
        &self,
        group: &str,
        version: &str,
        plural: &str,
    ) -> Option<&Arc<ResourceType>> {
        let path = (group.to_owned(), version.to_owned(), plural.to_owned());
        self.by_path.get(&path)
    }

    /// Returns the type of a kind.
    pub(crate) fn kind(&self, gvk: &Gvk) -> Option<&Arc<ResourceType>> {
        self.iter()
            .find(|it| it.kind == gvk.kind && it.version == gvk.version && it.group == gvk.group)
    }

    /// Returns a type whose objects are stored there, in any version.
    pub(crate) fn stored(&self, storage: &GroupResource) -> Option<&Arc<ResourceType>> {
        self.iter().find(|it| it.storage == *storage)
    }

    /// Returns all types, sorted by group, version and plural name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<ResourceType>> {
        self.by_path.values()
    }

    /// Returns the types of a group in a version, sorted by plural name.
    pub(crate) fn version(
        &self,
        group: &str,
        version: &str,
    ) -> impl Iterator<Item = &ResourceType> {
        let types = self.by_path.values().map(AsRef::as_ref);
        types.filter(move |it| it.group == group && it.version == version)
    }

    /// Returns the groups with their versions in the order of discovery: the built-in groups, then the
    /// others by name; the best version of a group first.
    pub(crate) fn groups(&self) -> Vec<(&str, Vec<&str>)> {
        let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for resource in self.by_path.values() {
            let versions = found.entry(&resource.group).or_default();
            if !versions.contains(&resource.version.as_str()) {
                versions.push(&resource.version);
            }
        }
        for versions in found.values_mut() {
            versions.sort_by_key(|version| std::cmp::Reverse(priority(version)));
        }
        let built_in = builtin::groups().filter_map(|group| found.remove_entry(group));
        let mut groups: Vec<_> = built_in.collect();
        groups.extend(found);
        groups
    }

    fn add(&mut self, resource: ResourceType) {
        let path = (
            resource.group.clone(),
            resource.version.clone(),
            resource.plural.clone(),
        );
        self.by_path.insert(path, Arc::new(resource));
    }
}

impl Registry {
    /// Returns the types as they are now.
    pub(crate) fn types(&self) -> Arc<Types> {
        Arc::clone(&self.types.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces all types that `definition` has brought by `resources`.
    pub(crate) fn define(&self, definition: &str, resources: Vec<ResourceType>) {
        let mut types = self.types.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = Types::clone(&types);
        next.by_path.retain(|_, it| {
            it.custom
                .as_ref()
                .is_none_or(|custom| custom.definition != definition)
        });
        for resource in resources {
            next.add(resource);
        }
        *types = Arc::new(next);
    }
}

impl FromIterator<ResourceType> for Registry {
    fn from_iter<I: IntoIterator<Item = ResourceType>>(resources: I) -> Self {
        let mut types = Types::default();
        for resource in resources {
            types.add(resource);
        }
        Self {
            types: RwLock::new(Arc::new(types)),
        }
    }
}

/// Returns how good a version is: stable before beta before alpha, higher numbers first, and names that are
/// no versions last.
fn priority(version: &str) -> (u8, u32, u32) {
    let parse = || {
        let rest = version.strip_prefix('v')?;
        let (major, stage) = match rest.find(|it: char| !it.is_ascii_digit()) {
            None => return Some((3, rest.parse().ok()?, 0)),
            Some(index) => rest.split_at(index),
        };
        let (rank, minor) = match stage.strip_prefix("beta") {
            Some(minor) => (2, minor),
            None => (1, stage.strip_prefix("alpha")?),
        };
        Some((rank, major.parse().ok()?, minor.parse().ok()?))
    };
    parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stable_versions_come_before_betas_and_higher_before_lower() {
        let mut versions = ["foo", "v1alpha1", "v1", "v10", "v2beta1", "v2", "v2beta2"];
        versions.sort_by_key(|version| std::cmp::Reverse(priority(version)));
        assert_eq!(
            versions,
            ["v10", "v2", "v1", "v2beta2", "v2beta1", "v1alpha1", "foo"]
        );
    }

    #[test]
    fn the_core_group_is_listed_first() {
        let registry: Registry = builtin::resource_types().collect();
        let types = registry.types();
        let groups: Vec<&str> = types.groups().iter().map(|(group, _)| *group).collect();
        assert_eq!(&groups[..3], ["", "apiregistration.k8s.io", "apps"]);
    }
}
