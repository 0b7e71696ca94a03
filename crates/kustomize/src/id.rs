//! What kustomize calls an object: kind, name and namespace, now and before each renaming.

use std::fmt;

use windlass_object::Gvk;

/// The namespace that stands for "none" in the identity of an object of the cluster.
pub(crate) const NO_NAMESPACE: &str = "_non_namespaceable_";
const DEFAULT_NAMESPACE: &str = "default";

/// Returns the kind that `apiVersion` and `kind` name. Unlike Kubernetes, kustomize takes all that
/// follows the first `/` for the version.
pub(crate) fn gvk(api_version: &str, kind: &str) -> Gvk {
    let (group, version) = group_and_version(api_version);
    Gvk {
        group: group.into(),
        version: version.into(),
        kind: kind.into(),
    }
}

/// Returns the group and the version of an `apiVersion`.
pub(crate) fn group_and_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

/// A kind in which an empty part stands for anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct GvkSelector {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
}

impl GvkSelector {
    pub(crate) fn selects(&self, gvk: &Gvk) -> bool {
        self.selects_parts(&gvk.group, &gvk.version, &gvk.kind)
    }

    /// Returns whether objects of this `apiVersion` and `kind` are selected.
    pub(crate) fn selects_named(&self, api_version: &str, kind: &str) -> bool {
        let (group, version) = group_and_version(api_version);
        self.selects_parts(group, version, kind)
    }

    pub(crate) fn selects_parts(&self, group: &str, version: &str, kind: &str) -> bool {
        let fits = |wanted: &str, there: &str| wanted.is_empty() || wanted == there;
        fits(&self.group, group) && fits(&self.version, version) && fits(&self.kind, kind)
    }
}

impl fmt::Display for GvkSelector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_gvk(formatter, &self.group, &self.version, &self.kind)
    }
}

/// The identity of an object within a build.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ResId {
    pub(crate) gvk: Gvk,
    pub(crate) name: String,
    pub(crate) namespace: String,
    /// Whether the kind is known to belong to the cluster.
    pub(crate) is_cluster_scoped: bool,
}

impl ResId {
    /// Returns the namespace that counts when identities are compared.
    pub(crate) fn effective_namespace(&self) -> &str {
        effective_namespace(&self.namespace, self.is_cluster_scoped)
    }

    pub(crate) fn same_namespace(&self, other: &Self) -> bool {
        self.effective_namespace() == other.effective_namespace()
    }

    pub(crate) fn same(&self, other: &Self) -> bool {
        self.name == other.name && self.gvk == other.gvk && self.same_namespace(other)
    }
}

/// Returns the namespace that counts when identities are compared.
pub(crate) fn effective_namespace(namespace: &str, is_cluster_scoped: bool) -> &str {
    if is_cluster_scoped {
        NO_NAMESPACE
    } else if namespace.is_empty() {
        DEFAULT_NAMESPACE
    } else {
        namespace
    }
}

impl fmt::Display for ResId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_gvk(
            formatter,
            &self.gvk.group,
            &self.gvk.version,
            &self.gvk.kind,
        )?;
        let or =
            |text: &str, otherwise: &str| if text.is_empty() { otherwise } else { text }.to_owned();
        let name = or(&self.name, "[noName]");
        write!(formatter, "/{name}.{}", or(&self.namespace, "[noNs]"))
    }
}

fn write_gvk(
    formatter: &mut fmt::Formatter<'_>,
    group: &str,
    version: &str,
    kind: &str,
) -> fmt::Result {
    let or = |text, otherwise| if str::is_empty(text) { otherwise } else { text };
    write!(
        formatter,
        "{}.{}.{}",
        or(kind, "[noKind]"),
        or(version, "[noVer]"),
        or(group, "[noGrp]")
    )
}
