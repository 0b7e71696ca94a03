//! An object that refers to others.

use windlass_yaml::{Node, Value};

use super::candidates::{Candidate, Candidates};
use crate::edit;
use crate::error::{Problem, ReferenceProblem};
use crate::fieldspec::{self, FieldSpec, Make};
use crate::id::GvkSelector;

/// An object that refers to others.
pub(super) struct Referrer<'c, 'n> {
    candidates: &'c Candidates,
    this: &'c Candidate,
    node: &'n mut Node,
    /// Namespaces of the service accounts that a role binding names.
    account_namespaces: Vec<String>,
    /// The kind that a role binding's `roleRef` names.
    role: Option<GvkSelector>,
}

impl<'c, 'n> Referrer<'c, 'n> {
    pub(super) fn new(
        candidates: &'c Candidates,
        index: usize,
        node: &'n mut Node,
    ) -> Result<Self, Problem> {
        let this = candidates.get(index);
        let account_namespaces = account_namespaces(this, node)?;
        let role = role(node);
        Ok(Self {
            candidates,
            this,
            node,
            account_namespaces,
            role,
        })
    }

    /// Updates the references to objects of the kind `target` in one field.
    pub(super) fn update(&mut self, target: &GvkSelector, spec: &FieldSpec) -> Result<(), Problem> {
        let is_role = spec.path.ends_with("roleRef/name");
        let search = Search {
            candidates: self.candidates,
            this: self.this,
            account_namespaces: &self.account_namespaces,
            target,
            role: self.role.as_ref().filter(|_| is_role),
        };
        fieldspec::apply_here(self.node, spec, Make::Nothing, &mut |node| search.set(node))
    }
}

/// Returns the namespaces of a role binding's service accounts; the names of other kinds are not
/// looked at.
fn account_namespaces(this: &Candidate, node: &Node) -> Result<Vec<String>, Problem> {
    if this.id.gvk.kind != "RoleBinding" || this.id.is_cluster_scoped {
        return Ok(Vec::new());
    }
    let mut namespaces = Vec::new();
    for subject in node
        .get("subjects")
        .and_then(Node::as_sequence)
        .into_iter()
        .flatten()
    {
        let Some(namespace) = subject.get("namespace") else {
            continue;
        };
        if subject.get_text("kind") != Some("ServiceAccount") {
            continue;
        }
        if !namespace.is_string() {
            return Err(ReferenceProblem::BlankNamespace {
                id: this.id.to_string(),
                line: namespace.start.line,
            }
            .into());
        }
        namespaces.push(edit::text(namespace).to_owned());
    }
    Ok(namespaces)
}

fn role(node: &Node) -> Option<GvkSelector> {
    let role = node.get("roleRef")?;
    Some(GvkSelector {
        group: role.get("apiGroup").map(edit::text)?.to_owned(),
        version: String::new(),
        kind: role.get("kind").map(edit::text)?.to_owned(),
    })
}

/// The search for what a field refers to.
struct Search<'c> {
    candidates: &'c Candidates,
    this: &'c Candidate,
    account_namespaces: &'c [String],
    target: &'c GvkSelector,
    role: Option<&'c GvkSelector>,
}

impl Search<'_> {
    fn set(&self, node: &mut Node) -> Result<(), Problem> {
        if node.is_null() {
            return Ok(());
        }
        match &mut node.value {
            Value::Sequence(items) => items.iter_mut().try_for_each(|item| match &item.value {
                _ if item.is_null() => Ok(()),
                Value::Mapping(_) => self.set_mapping(item),
                Value::Scalar(_) => self.set_scalar(item),
                _ => Err(fieldspec::wrong_kind("ScalarNode", item)),
            }),
            Value::Mapping(_) => self.set_mapping(node),
            _ => self.set_scalar(node),
        }
    }

    fn set_scalar(&self, node: &mut Node) -> Result<(), Problem> {
        let same = |a: &Candidate, b: &Candidate| a.id.name == b.id.name;
        let found = self.find(edit::text(node), |_| true, same)?;
        if let Some(found) = found.filter(|found| found.id.name != edit::text(node)) {
            edit::assign_loose(node, &found.id.name);
        }
        Ok(())
    }

    /// Updates a mapping that names an object by name and namespace.
    fn set_mapping(&self, node: &mut Node) -> Result<(), Problem> {
        let Some(name) = node.get("name").map(|name| edit::text(name).to_owned()) else {
            return Err(ReferenceProblem::Nameless.into());
        };
        let same = |a: &Candidate, b: &Candidate| {
            a.id.name == b.id.name && a.id.namespace == b.id.namespace
        };
        let found = match node.get("namespace").map(edit::text) {
            None => self.find(&name, |_| true, same)?,
            Some(namespace) => {
                let there = self
                    .candidates
                    .in_namespace(namespace, |other| self.can_reach(other));
                self.find(&name, there, same)?
            }
        };
        let Some(found) = found else { return Ok(()) };
        let namespace = &found.id.namespace;
        if found.id.name != name || !namespace.is_empty() {
            edit::set_loose(node, "name", &found.id.name);
        }
        if !namespace.is_empty() {
            edit::set_loose(node, "namespace", namespace);
        }
        Ok(())
    }

    /// Returns whether the object may be referred to at all, as far as namespaces go.
    fn can_reach(&self, other: &Candidate) -> bool {
        self.this.id.is_cluster_scoped
            || other.id.is_cluster_scoped
            || other.id.same_namespace(&self.this.id)
            || self.account_namespaces.contains(&other.id.namespace)
    }

    fn fits(&self, other: &Candidate) -> bool {
        let is_near = self.this.id.is_cluster_scoped
            || other.id.is_cluster_scoped
            || other.id.gvk.kind == "ServiceAccount"
            || other.id.same_namespace(&self.this.id);
        is_near
            && self.can_reach(other)
            && other.was_of(self.target)
            && self.role.is_none_or(|role| other.was_of(role))
    }

    /// Returns the object that a name refers to, if there is one.
    fn find(
        &self,
        name: &str,
        is_there: impl Fn(&Candidate) -> bool,
        same: impl Fn(&Candidate, &Candidate) -> bool,
    ) -> Result<Option<&Candidate>, Problem> {
        let fits = |other: &&Candidate| self.fits(other) && is_there(other);
        let mut fitting = self.candidates.once_named(name).filter(fits);
        if let (Some(only), None) = (fitting.next(), fitting.next()) {
            return Ok(Some(only));
        }
        let near = self.candidates.once_named_near(name, self.this);
        let mut found: Vec<&Candidate> = near.into_iter().filter(fits).collect();
        found.retain(|other| other.same_affixes(self.this, true));
        if found.len() > 1 {
            found.retain(|other| other.same_affixes(self.this, false));
        }
        match found[..] {
            [] => Ok(None),
            [first, ref others @ ..] if others.iter().all(|other| same(first, other)) => {
                Ok(Some(first))
            }
            _ => Err(ReferenceProblem::Ambiguous {
                name: name.to_owned(),
                found: found.iter().map(|other| other.id.to_string()).collect(),
            }
            .into()),
        }
    }
}
