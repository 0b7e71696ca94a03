//! A type of objects that the server has: its names, its scope, its verbs and subresources.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use windlass_object::{Gvk, schema::Schema};

use crate::rules::RuleTree;

/// Group and plural name: what objects are stored under, whatever the version they are served in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct GroupResource {
    /// The API group, empty for the core group.
    pub(crate) group: String,
    /// The plural name, such as `deployments`.
    pub(crate) resource: String,
}

/// One resource type in one version.
#[derive(Clone, Debug)]
pub(crate) struct ResourceType {
    /// The API group, empty for the core group.
    pub(crate) group: String,
    /// The version it is served in.
    pub(crate) version: String,
    /// The kind, such as `Deployment`.
    pub(crate) kind: String,
    /// The kind of its lists, such as `DeploymentList`.
    pub(crate) list_kind: String,
    /// The plural name, such as `deployments`.
    pub(crate) plural: String,
    /// The singular name, such as `deployment`.
    pub(crate) singular: String,
    /// The short names, such as `deploy`.
    pub(crate) short_names: Vec<String>,
    /// The categories, such as `all`.
    pub(crate) categories: Vec<String>,
    /// Whether its objects live in namespaces.
    pub(crate) namespaced: bool,
    /// What can be done with it.
    pub(crate) verbs: Verbs,
    /// Its subresources.
    pub(crate) subresources: Vec<Subresource>,
    /// Where its objects are stored.
    pub(crate) storage: GroupResource,
    /// What only a type from a CustomResourceDefinition has.
    pub(crate) custom: Option<Arc<CustomType>>,
}

/// What a CustomResourceDefinition says about one version of its type.
#[derive(Debug)]
pub(crate) struct CustomType {
    /// The name of the definition, `<plural>.<group>`.
    pub(crate) definition: String,
    /// The version in which objects are stored.
    pub(crate) storage_version: String,
    /// The schema of the version.
    pub(crate) schema: Schema,
    /// `openAPIV3Schema` as written.
    pub(crate) source: Value,
    /// The rules in CEL of the schema, if it has any.
    pub(crate) rules: Option<RuleTree>,
    /// `additionalPrinterColumns` as written.
    pub(crate) printer_columns: Vec<Value>,
    /// `subresources.scale` as written.
    pub(crate) scale: Option<Value>,
    /// What to say to who uses this version, when it is deprecated.
    pub(crate) deprecation: Option<String>,
    /// `selectableFields[].jsonPath`, without the leading dot.
    pub(crate) selectable_fields: Vec<String>,
}

/// The verbs that a type has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verbs {
    /// create, delete, deletecollection, get, list, patch, update and watch.
    All,
    /// create only: reviews, which are answered and not stored.
    Create,
    /// get and list only.
    Read,
    /// All but deletecollection.
    NoCollection,
}

/// A subresource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subresource {
    Approval,
    Attach,
    Binding,
    EphemeralContainers,
    Eviction,
    Exec,
    Finalize,
    Log,
    PortForward,
    Proxy,
    Resize,
    Scale,
    Status,
    Token,
}

impl ResourceType {
    /// Returns group, version and kind.
    pub(crate) fn gvk(&self) -> Gvk {
        Gvk {
            group: self.group.as_str().into(),
            version: self.version.as_str().into(),
            kind: self.kind.as_str().into(),
        }
    }

    /// Returns the `apiVersion`: `v1` or `apps/v1`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// Returns the `apiVersion` that stored objects have.
    pub(crate) fn storage_api_version(&self) -> String {
        match &self.custom {
            Some(custom) => format!("{}/{}", self.group, custom.storage_version),
            None if self.is_event() => "v1".to_owned(),
            None => self.api_version(),
        }
    }

    /// Whether this is one of the two types of events.
    pub(crate) fn is_event(&self) -> bool {
        self.storage.group.is_empty() && self.storage.resource == "events"
    }

    /// Returns the plural name with its group, as messages write it: `pods`, `deployments.apps`.
    pub(crate) fn qualified(&self) -> String {
        qualify(&self.plural, &self.group)
    }

    /// Returns the kind with its group, as messages write it: `Pod`, `Deployment.apps`.
    pub(crate) fn qualified_kind(&self) -> String {
        qualify(&self.kind, &self.group)
    }

    /// Whether the type has `subresource`.
    pub(crate) fn has(&self, subresource: Subresource) -> bool {
        self.subresources.contains(&subresource)
    }
}

fn qualify(name: &str, group: &str) -> String {
    if group.is_empty() {
        name.to_owned()
    } else {
        format!("{name}.{group}")
    }
}

impl Verbs {
    /// Returns the verbs by name, sorted as discovery lists them.
    pub(crate) fn names(self) -> &'static [&'static str] {
        match self {
            Self::All => &[
                "create",
                "delete",
                "deletecollection",
                "get",
                "list",
                "patch",
                "update",
                "watch",
            ],
            Self::Create => &["create"],
            Self::Read => &["get", "list"],
            Self::NoCollection => &[
                "create", "delete", "get", "list", "patch", "update", "watch",
            ],
        }
    }
}

impl Subresource {
    const ALL: [(Self, &'static str); 14] = [
        (Self::Approval, "approval"),
        (Self::Attach, "attach"),
        (Self::Binding, "binding"),
        (Self::EphemeralContainers, "ephemeralcontainers"),
        (Self::Eviction, "eviction"),
        (Self::Exec, "exec"),
        (Self::Finalize, "finalize"),
        (Self::Log, "log"),
        (Self::PortForward, "portforward"),
        (Self::Proxy, "proxy"),
        (Self::Resize, "resize"),
        (Self::Scale, "scale"),
        (Self::Status, "status"),
        (Self::Token, "token"),
    ];

    /// Returns the subresource of that name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, known)| *known == name);
        found.map(|(subresource, _)| *subresource)
    }

    /// Returns the name as it stands in paths.
    pub(crate) fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(known, _)| *known == self);
        found.map_or("", |(_, name)| name)
    }
}

impl GroupResource {
    /// Returns the pair.
    pub(crate) fn new(group: impl Into<String>, resource: impl Into<String>) -> Self {
        Self {
            group: group.into(),
            resource: resource.into(),
        }
    }
}

impl fmt::Display for GroupResource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&qualify(&self.resource, &self.group))
    }
}
