//! What an object is called.

use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// Group, version and kind of an object. The core group is the empty text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Gvk {
    /// The API group, empty for the core group.
    pub group: SmolStr,
    /// The version, such as `v1` or `v1beta1`.
    pub version: SmolStr,
    /// The kind, such as `Deployment`.
    pub kind: SmolStr,
}

impl Gvk {
    /// Returns the kind from its `apiVersion` (`apps/v1`, `v1`) and `kind`.
    #[must_use]
    pub fn new(api_version: &str, kind: &str) -> Self {
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
        Self {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
        }
    }

    /// Returns the `apiVersion`: `v1` or `apps/v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_string()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }
}

impl fmt::Display for Gvk {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}, Kind={}", self.api_version(), self.kind)
    }
}

/// The identity of an object in a cluster: it has no version, since the same object is served in
/// several. Sorted by group, kind, namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectRef {
    /// The API group, empty for the core group.
    pub group: SmolStr,
    /// The kind, such as `Deployment`.
    pub kind: SmolStr,
    /// The namespace; `None` for an object of the cluster or one whose namespace is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<SmolStr>,
    /// The name.
    pub name: SmolStr,
}

impl fmt::Display for ObjectRef {
    /// Writes `Kind/namespace/name` or `Kind/name`, with the group behind the kind where the kind alone
    /// would be unclear (`Kind.group` for all groups but the built-in ones).
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.kind)?;
        if self.group.contains('.') && !self.group.ends_with(".k8s.io") {
            write!(formatter, ".{}", self.group)?;
        }
        if let Some(namespace) = &self.namespace {
            write!(formatter, "/{namespace}")?;
        }
        write!(formatter, "/{}", self.name)
    }
}
