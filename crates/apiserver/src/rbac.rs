//! Who may do what: Roles, ClusterRoles and their bindings, evaluated as kube-apiserver 1.37 does.
//!
//! The server has one user of its own, an administrator of the group `system:masters`, who may do
//! everything. All others exist by impersonation (`kubectl --as`) and by access reviews, and have the
//! rights that the objects of `rbac.authorization.k8s.io` give them.

mod defaults;
mod escalation;
mod review;
mod rules;

use std::sync::Arc;

use serde_json::Value;

use crate::fields::{self, list, text};
use crate::resource::GroupResource;
use crate::status::{Reason, Status};
use crate::store::{Range, Store};

pub(crate) use defaults::{default_bindings, default_roles};
pub(crate) use escalation::{check_grant, gives_rights};
pub(crate) use review::{answer, is_review};

const GROUP: &str = "rbac.authorization.k8s.io";
/// The group whose members may do everything, whatever the roles say.
const MASTERS: &str = "system:masters";

/// Who makes a request, or is asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct User {
    /// The name, such as `jane` or `system:serviceaccount:shop:api`.
    pub(crate) name: String,
    /// The unique identity, often empty.
    pub(crate) uid: String,
    /// The groups, such as `system:authenticated`.
    pub(crate) groups: Vec<String>,
}

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action<'a> {
    /// A verb on objects.
    Resource {
        /// Such as `get`, `list`, `create`, `patch`.
        verb: &'a str,
        /// The API group, empty for the core group.
        group: &'a str,
        /// The plural name, such as `deployments`.
        resource: &'a str,
        /// The subresource, empty for the object itself.
        subresource: &'a str,
        /// The namespace, empty for all or none.
        namespace: &'a str,
        /// The object's name, empty for all.
        name: &'a str,
    },
    /// An HTTP verb on a path that is not one of objects, such as `/version`.
    Path {
        /// In lower case, such as `get`.
        verb: &'a str,
        /// The path.
        path: &'a str,
    },
}

/// Whether somebody may do something, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Decision {
    /// Whether it is allowed.
    pub(crate) allowed: bool,
    /// The binding that allows it, or what was wrong with the bindings; often empty.
    pub(crate) reason: String,
}

/// The roles and bindings that count in one namespace and in the cluster.
#[derive(Default)]
struct Policy {
    roles: Vec<Arc<Value>>,
    cluster_roles: Vec<Arc<Value>>,
    role_bindings: Vec<Arc<Value>>,
    cluster_role_bindings: Vec<Arc<Value>>,
}

/// What one binding gives a user.
struct Grant<'a> {
    binding: &'a Value,
    subject: &'a Value,
    rules: Result<&'a [Value], String>,
}

impl User {
    /// Returns whether the user may do everything, whatever the roles say.
    pub(crate) fn is_master(&self) -> bool {
        self.is_in(MASTERS)
    }

    /// Returns the user that a client with the server's own token is.
    pub(crate) fn admin() -> Self {
        Self {
            name: "windlass-admin".to_owned(),
            uid: String::new(),
            groups: vec![MASTERS.to_owned(), "system:authenticated".to_owned()],
        }
    }

    /// Returns the user of that name with the groups that every user has beside `groups`.
    pub(crate) fn impersonated(name: &str, uid: &str, mut groups: Vec<String>) -> Self {
        if groups.is_empty()
            && let Some(account) = name.strip_prefix("system:serviceaccount:")
            && let Some((namespace, _)) = account.split_once(':')
        {
            groups.push("system:serviceaccounts".to_owned());
            groups.push(format!("system:serviceaccounts:{namespace}"));
        }
        let own = match name {
            "system:anonymous" => "system:unauthenticated",
            _ => "system:authenticated",
        };
        if !groups.iter().any(|group| group == own) {
            groups.push(own.to_owned());
        }
        Self {
            name: name.to_owned(),
            uid: uid.to_owned(),
            groups,
        }
    }

    fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|it| it == group)
    }

    fn matches(&self, subject: &Value, binding_namespace: &str) -> bool {
        let name = text(subject, "/name");
        match text(subject, "/kind") {
            "User" => self.name == name,
            "Group" => self.is_in(name),
            "ServiceAccount" => {
                let namespace = match text(subject, "/namespace") {
                    "" => binding_namespace,
                    namespace => namespace,
                };
                let account = format!("system:serviceaccount:{namespace}:{name}");
                !namespace.is_empty() && self.name == account
            }
            _ => false,
        }
    }
}

/// Returns whether `user` may do `action`, as the roles of `namespace` and of the cluster say now; those alone of
/// the cluster when it is empty. Who may do everything is not made to wait until they have been read.
pub(crate) fn decide(store: &Store, namespace: &str, user: &User, action: &Action<'_>) -> Decision {
    if user.is_master() {
        return Decision {
            allowed: true,
            reason: String::new(),
        };
    }
    Policy::load(store, namespace).decide(user, action)
}

impl Policy {
    /// Returns the policy of `namespace`, or of the cluster alone when that is empty.
    fn load(store: &Store, namespace: &str) -> Self {
        let items = |resource: &str, namespace| {
            let range = Range {
                namespace,
                ..Range::default()
            };
            let listing = store.list(&GroupResource::new(GROUP, resource), &range);
            listing.items.iter().map(|item| item.value()).collect()
        };
        let local = |resource| match namespace {
            "" => Vec::new(),
            namespace => items(resource, Some(namespace)),
        };
        Self {
            roles: local("roles"),
            role_bindings: local("rolebindings"),
            cluster_roles: items("clusterroles", None),
            cluster_role_bindings: items("clusterrolebindings", None),
        }
    }

    fn decide(&self, user: &User, action: &Action<'_>) -> Decision {
        let mut problems = Vec::new();
        for grant in self.grants(user) {
            match grant.rules {
                Ok(rules) if rules.iter().any(|rule| rules::allows(rule, action)) => {
                    return Decision {
                        allowed: true,
                        reason: format!("RBAC: allowed by {}", grant.source()),
                    };
                }
                Ok(_) => {}
                Err(problem) => problems.push(problem),
            }
        }
        Decision {
            allowed: false,
            reason: match problems.as_slice() {
                [] => String::new(),
                [one] => format!("RBAC: {one}"),
                many => format!("RBAC: [{}]", many.join(", ")),
            },
        }
    }

    /// Returns every rule that holds for `user`.
    fn rules<'a>(&'a self, user: &'a User) -> Vec<&'a Value> {
        self.grants(user)
            .filter_map(|grant| grant.rules.ok())
            .flatten()
            .collect()
    }

    fn grants<'a>(&'a self, user: &'a User) -> impl Iterator<Item = Grant<'a>> {
        let bindings = self.cluster_role_bindings.iter().chain(&self.role_bindings);
        bindings.filter_map(|binding| {
            let namespace = fields::namespace(binding);
            let mut subjects = list(binding, "/subjects").iter();
            let subject = subjects.find(|subject| user.matches(subject, namespace))?;
            Some(Grant {
                binding,
                subject,
                rules: self.referenced_rules(binding),
            })
        })
    }

    fn referenced_rules(&self, binding: &Value) -> Result<&[Value], String> {
        let name = text(binding, "/roleRef/name");
        let (roles, kind) = match text(binding, "/roleRef/kind") {
            "Role" => (&self.roles, "role"),
            "ClusterRole" => (&self.cluster_roles, "clusterrole"),
            other => return Err(format!("unsupported role reference kind: \"{other}\"")),
        };
        let role = roles.iter().find(|role| fields::name(role) == name);
        role.map(|role| list(role, "/rules"))
            .ok_or_else(|| format!("{kind}.{GROUP} \"{name}\" not found"))
    }
}

impl Grant<'_> {
    fn source(&self) -> String {
        let namespace = fields::namespace(self.binding);
        let name = fields::name(self.binding);
        let (kind, name) = match namespace {
            "" => ("ClusterRoleBinding", name.to_owned()),
            namespace => ("RoleBinding", format!("{name}/{namespace}")),
        };
        let subject_name = text(self.subject, "/name");
        let subject = match (
            text(self.subject, "/kind"),
            text(self.subject, "/namespace"),
        ) {
            ("ServiceAccount", "") => format!("{subject_name}/{namespace}"),
            ("ServiceAccount", own) => format!("{subject_name}/{own}"),
            _ => subject_name.to_owned(),
        };
        format!(
            "{kind} \"{name}\" of {} \"{}\" to {} \"{subject}\"",
            text(self.binding, "/roleRef/kind"),
            text(self.binding, "/roleRef/name"),
            text(self.subject, "/kind"),
        )
    }
}

/// Returns the 403 of `user`, who may not do `action`.
pub(crate) fn forbidden(user: &User, action: &Action<'_>, decision: &Decision) -> Status {
    let mut why = denial(&user.name, action);
    if !decision.reason.is_empty() {
        why = format!("{why}: {}", decision.reason);
    }
    let message = match action {
        Action::Path { .. } => format!("forbidden: {why}"),
        Action::Resource {
            group,
            resource,
            name,
            ..
        } => {
            let resource = GroupResource::new(*group, *resource);
            match *name {
                "" => format!("{resource} is forbidden: {why}"),
                name => format!("{resource} \"{name}\" is forbidden: {why}"),
            }
        }
    };
    let status = Status::new(403, Reason::Forbidden, message);
    match action {
        Action::Path { .. } => status.about("", "", ""),
        Action::Resource {
            group,
            resource,
            name,
            ..
        } => status.about(resource, group, name),
    }
}

fn denial(user: &str, action: &Action<'_>) -> String {
    match *action {
        Action::Path { verb, path } => format!("User \"{user}\" cannot {verb} path \"{path}\""),
        Action::Resource {
            verb,
            group,
            namespace,
            ..
        } => {
            let scope = match namespace {
                "" => "at the cluster scope".to_owned(),
                namespace => format!("in the namespace \"{namespace}\""),
            };
            let resource = rules::combined(action);
            format!(
                "User \"{user}\" cannot {verb} resource \"{resource}\" in API group \"{group}\" {scope}"
            )
        }
    }
}

/// Returns the rules of a ClusterRole that gathers those of others, `None` when it does not.
///
/// The rules are those of the roles that its selectors find, by name, each once.
pub(crate) fn aggregated(role: &Value, all: &[Arc<Value>]) -> Option<Vec<Value>> {
    let selectors = role.pointer("/aggregationRule/clusterRoleSelectors")?;
    let selectors = selectors.as_array()?;
    let mut rules: Vec<Value> = Vec::new();
    for selector in selectors {
        let chosen = all.iter().filter(|other| {
            let is_self = fields::name(other) == fields::name(role);
            !is_self && crate::label_selector::selects(selector, other)
        });
        for rule in chosen.flat_map(|other| list(other, "/rules")) {
            if !rules.contains(rule) {
                rules.push(rule.clone());
            }
        }
    }
    Some(rules)
}

#[cfg(test)]
mod tests;
