//! The resource types that the server has: the built-in ones and those of CustomResourceDefinitions.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use windlass_object::Gvk;

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
