//! Who applies objects, and how an object shows whose it is.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The label that names the unit an object belongs to. It is Flux's own, so that clusters can be handed over
/// in both directions without a change.
pub const NAME_LABEL: &str = "kustomize.toolkit.fluxcd.io/name";
/// The label that names the namespace of that unit.
pub const NAMESPACE_LABEL: &str = "kustomize.toolkit.fluxcd.io/namespace";

/// What is planned and applied as one: a service in an environment, or a Flux Kustomization. Sorted by
/// namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Unit {
    /// The namespace in which the unit's inventory is kept.
    pub namespace: String,
    /// The name, such as `hydra`.
    pub name: String,
}

impl Unit {
    /// Returns the unit of this name whose inventory is in `namespace`.
    #[must_use]
    pub fn new(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// Returns the labels that each object of the unit carries: key and value.
    #[must_use]
    pub fn labels(&self) -> [(&'static str, &str); 2] {
        [
            (NAME_LABEL, self.name.as_str()),
            (NAMESPACE_LABEL, self.namespace.as_str()),
        ]
    }

    /// Returns the unit whose labels `object` carries, if it carries both.
    #[must_use]
    pub fn of(object: &Value) -> Option<Self> {
        let labels = object.get("metadata")?.get("labels")?;
        let text = |key: &str| labels.get(key)?.as_str();
        Some(Self::new(text(NAMESPACE_LABEL)?, text(NAME_LABEL)?))
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.namespace, self.name)
    }
}
