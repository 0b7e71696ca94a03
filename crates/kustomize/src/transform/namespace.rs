//! `namespace`: on objects, on subjects of role bindings, and where kinds name it elsewhere.

use std::collections::HashMap;

use windlass_yaml::Node;

use crate::edit;
use crate::error::{FieldProblem, PluginProblem, Problem, ReferenceProblem};
use crate::fieldspec::{self, FieldSpec, Make};
use crate::ids::IdHasher;
use crate::item::Item;
use crate::items::Items;

/// Which subjects of a role binding get the namespace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SubjectMode {
    /// Those named `default`.
    #[default]
    DefaultOnly,
    AllServiceAccounts,
    Nobody,
}

impl SubjectMode {
    pub(crate) fn from_word(word: &str) -> Result<Self, Problem> {
        match word {
            "" | "defaultOnly" => Ok(Self::DefaultOnly),
            "allServiceAccounts" => Ok(Self::AllServiceAccounts),
            "none" => Ok(Self::Nobody),
            _ => Err(PluginProblem::SubjectMode {
                mode: word.to_owned(),
            }
            .into()),
        }
    }
}

pub(super) fn run(
    items: &mut Items,
    namespace: &str,
    fields: &[FieldSpec],
    unset_only: bool,
    subjects: SubjectMode,
) -> Result<(), Problem> {
    if namespace.is_empty() {
        return Ok(());
    }
    let setter = Setter {
        namespace,
        unset_only,
    };
    let list = items.list_mut();
    let hasher = IdHasher::default();
    let mut ids: HashMap<u64, usize> = HashMap::with_capacity(2 * list.len());
    for item in list.iter() {
        *ids.entry(hasher.hash(item)).or_default() += 1;
    }
    for index in 0..list.len() {
        let item = &mut list[index];
        let before = hasher.hash(item);
        item.remember_id();
        setter.object(item, fields, subjects)?;
        let after = hasher.hash(item);
        if let Some(count) = ids.get_mut(&before) {
            *count -= 1;
        }
        let count = ids.entry(after).or_default();
        *count += 1;
        if *count > 1 {
            let id = list[index].current_id();
            let same = list.iter().filter(|item| item.current_id().same(&id));
            let places: Vec<_> = same.map(|item| item.place.clone()).collect();
            if places.len() < 2 {
                // Another identity has the same hash.
                continue;
            }
            return Err(ReferenceProblem::NamespaceConflict {
                id: id.to_string(),
                places,
            }
            .into());
        }
    }
    Ok(())
}

/// Sets the namespace of a node alone, as the `ValueAddTransformer` does.
pub(super) fn set_on_node(item: &mut Item, namespace: &str) -> Result<(), Problem> {
    Setter {
        namespace,
        unset_only: false,
    }
    .object(item, &[], SubjectMode::DefaultOnly)
}

struct Setter<'n> {
    namespace: &'n str,
    unset_only: bool,
}

impl Setter<'_> {
    fn object(
        &self,
        item: &mut Item,
        fields: &[FieldSpec],
        subjects: SubjectMode,
    ) -> Result<(), Problem> {
        if !item.is_cluster_scoped() {
            let spec = FieldSpec::of_all("metadata/namespace", true);
            fieldspec::apply(&mut item.node, &spec, Make::Scalar, &mut |node| {
                self.set(node)
            })?;
        }
        let is_core = item.api_version() == "v1";
        let is_binding = matches!(item.kind(), "RoleBinding" | "ClusterRoleBinding");
        if is_binding {
            self.subjects(&mut item.node, subjects)?;
        }
        for spec in fields {
            let is_name_elsewhere = spec.path == "metadata/name" && !is_core;
            let is_subject = is_binding
                && spec.path == "subjects/namespace"
                && matches!(spec.gvk.kind.as_str(), "RoleBinding" | "ClusterRoleBinding");
            if spec.path == "metadata/namespace" || is_name_elsewhere || is_subject {
                continue;
            }
            fieldspec::apply(&mut item.node, spec, Make::Scalar, &mut |node| {
                self.set(node)
            })
            .map_err(scalars_only)?;
        }
        Ok(())
    }

    fn set(&self, node: &mut Node) -> Result<(), Problem> {
        fieldspec::require_scalar(node)?;
        if !self.unset_only || node.is_null() || edit::text(node).is_empty() {
            edit::assign(node, Node::string(self.namespace));
        }
        Ok(())
    }

    fn subjects(&self, object: &mut Node, mode: SubjectMode) -> Result<(), Problem> {
        let (field, value) = match mode {
            SubjectMode::Nobody => return Ok(()),
            SubjectMode::DefaultOnly => ("name", "default"),
            SubjectMode::AllServiceAccounts => ("kind", "ServiceAccount"),
        };
        let Some(subjects) = object
            .get_mut("subjects")
            .filter(|subjects| !subjects.is_null())
        else {
            return Ok(());
        };
        if !subjects.is_sequence() {
            return Err(fieldspec::wrong_kind("SequenceNode", subjects));
        }
        for subject in subjects.as_sequence_mut().into_iter().flatten() {
            if !subject.is_mapping() && !subject.is_null() {
                return Err(fieldspec::wrong_kind("MappingNode", subject));
            }
            if subject.get_text(field) != Some(value) {
                continue;
            }
            if let Some(mapping) = subject.as_mapping_mut() {
                self.set(mapping.get_or_insert_with("namespace", Node::null))?;
            }
        }
        Ok(())
    }
}

fn scalars_only(problem: Problem) -> Problem {
    match &problem {
        Problem::Field(FieldProblem::NotSet { problem: inner, .. })
            if matches!(**inner, Problem::Field(FieldProblem::WrongKind { .. })) =>
        {
            let problem = Box::new(problem);
            FieldProblem::Namespace { problem }.into()
        }
        _ => problem,
    }
}
