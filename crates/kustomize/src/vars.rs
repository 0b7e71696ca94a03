//! `vars`: the value of a field, written where `$(NAME)` stands.

mod expand;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use windlass_yaml::{Node, Value};

use crate::edit;
use crate::error::{Problem, Reached, ReferenceProblem};
use crate::fieldspec::{self, FieldSpec, Make};
use crate::id::ResId;
use crate::item::Item;
use crate::items::Items;
use crate::kustomization::Var;
use crate::reach::reach;
use crate::transform::{lookup, smart_split};
use expand::expand;

/// Vars by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vars(BTreeMap<String, Var>);

impl Vars {
    /// Adds the vars of another kustomization.
    pub(crate) fn merge(&mut self, others: Self) -> Result<(), Problem> {
        others.0.into_values().try_for_each(|var| self.add(var))
    }

    fn add(&mut self, var: Var) -> Result<(), Problem> {
        if self.0.contains_key(&var.name) {
            return Err(ReferenceProblem::RepeatedVar { name: var.name }.into());
        }
        self.0.insert(var.name.clone(), var);
        Ok(())
    }

    /// Adds the vars of a kustomization, and notes on the objects that they name that they do.
    pub(crate) fn declare(&mut self, items: &mut Items, vars: &[Var]) -> Result<(), Problem> {
        if vars.is_empty() {
            return Ok(());
        }
        let named = by_name(items);
        for var in vars {
            let wanted = object_id(var);
            let candidates = named.get(&wanted.name).into_iter().flatten().copied();
            let found: Vec<usize> = candidates
                .filter(|index| is_named(&wanted, items.get(*index)))
                .collect();
            match found[..] {
                [] => {}
                [index] => items.item_mut(index).var_names.push(var.name.clone()),
                _ => {
                    return Err(ReferenceProblem::AmbiguousVar {
                        count: found.len(),
                        var: describe(var),
                    }
                    .into());
                }
            }
        }
        vars.iter().try_for_each(|var| self.add(var.clone()))
    }

    /// Writes the values wherever the fields of `specs` name a var.
    pub(crate) fn resolve(
        &self,
        items: &mut Items,
        specs: &[FieldSpec],
    ) -> Result<Vec<String>, Problem> {
        if self.0.is_empty() {
            return Ok(Vec::new());
        }
        let noted = by_var(items);
        let mut values = BTreeMap::new();
        for var in self.0.values() {
            let item = noted.get(var.name.as_str()).copied();
            values.insert(var.name.clone(), value(items, item, var)?);
        }
        let mut writer = Writer::new(&values);
        for item in items.list_mut() {
            for spec in specs {
                fieldspec::apply(&mut item.node, spec, Make::Nothing, &mut |node| {
                    writer.replace(node)
                })?;
            }
        }
        let used = writer.used;
        Ok(values
            .into_keys()
            .filter(|name| !used.contains(name))
            .collect())
    }
}

/// Returns where the objects are that have or had each name.
fn by_name(items: &Items) -> HashMap<String, Vec<usize>> {
    let mut named: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, item) in items.iter().enumerate() {
        let previous = item.previous.iter().map(|previous| previous.name.as_str());
        for name in previous.chain([item.name()]) {
            let places = named.entry(name.to_owned()).or_default();
            if places.last() != Some(&index) {
                places.push(index);
            }
        }
    }
    named
}

/// Returns the first object that each var names.
fn by_var(items: &Items) -> HashMap<&str, &Item> {
    let mut noted = HashMap::new();
    for item in items.iter() {
        for name in &item.var_names {
            noted.entry(name.as_str()).or_insert(item);
        }
    }
    noted
}

fn is_named(wanted: &ResId, item: &Item) -> bool {
    item.ever(|id| {
        let same = id.name == wanted.name && id.gvk == wanted.gvk;
        same && (wanted.namespace.is_empty() || wanted.same_namespace(id))
    })
}

fn object_id(var: &Var) -> ResId {
    ResId {
        gvk: windlass_object::Gvk {
            group: var.group.as_str().into(),
            version: var.version.as_str().into(),
            kind: var.kind.as_str().into(),
        },
        name: var.object_name.clone(),
        namespace: var.namespace.clone(),
        is_cluster_scoped: false,
    }
}

/// Returns the var in kustomize's notation.
fn describe(var: &Var) -> String {
    let or =
        |text: &str, otherwise: &str| if text.is_empty() { otherwise } else { text }.to_owned();
    let kind = or(&var.kind, "[noKind]");
    let (version, group) = (or(&var.version, "[noVer]"), or(&var.group, "[noGrp]"));
    format!(
        "{{{} {kind}.{version}.{group} {{{}}}}}",
        var.name, var.field_path
    )
}

fn value(items: &Items, item: Option<&Item>, var: &Var) -> Result<Node, Problem> {
    let Some(item) = item else {
        return Err(ReferenceProblem::VarObject {
            var: describe(var),
            there: items.similar(&object_id(var)),
        }
        .into());
    };
    let path = index_parts(smart_split(&var.field_path));
    match lookup(&item.node, &path) {
        Ok(Some(value)) => Ok(value.clone()),
        _ => Err(ReferenceProblem::VarField {
            var: describe(var),
            reached: Some(Box::new(reached(&item.node, &path))),
        }
        .into()),
    }
}

fn reached(object: &Node, path: &[String]) -> Reached {
    let step = |node: &Node, part: &str| {
        let found = lookup(node, &[part.to_owned()]).ok().flatten();
        found.filter(|found| !found.is_null()).cloned()
    };
    reach(object, path, step, |parts| parts.join("."))
}

/// Splits `ports[0]` into `ports` and `0`.
fn index_parts(parts: Vec<String>) -> Vec<String> {
    let mut split = Vec::with_capacity(parts.len());
    for part in parts {
        let inner = part
            .strip_suffix(']')
            .and_then(|part| part.rsplit_once('['));
        match inner {
            Some((name, index))
                if !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                split.extend((!name.is_empty()).then(|| name.to_owned()));
                split.push(index.to_owned());
            }
            _ => split.push(part),
        }
    }
    split
}

type Values = BTreeMap<String, Node>;

/// Writes the values of vars into fields.
struct Writer<'v> {
    values: &'v Values,
    /// The bytes of the longest value.
    longest: usize,
    budget: usize,
    /// The names of the vars that were replaced.
    used: BTreeSet<String>,
}

impl<'v> Writer<'v> {
    fn new(values: &'v Values) -> Self {
        let lengths = values.values().map(|value| edit::text(value).len());
        Self {
            values,
            longest: lengths.max().unwrap_or_default(),
            budget: edit::MAX_COPIED,
            used: BTreeSet::new(),
        }
    }

    /// Replaces vars in a text, in the values of a mapping, or in the texts of a list.
    fn replace(&mut self, node: &mut Node) -> Result<(), Problem> {
        if node.is_null() {
            return Ok(());
        }
        match &mut node.value {
            Value::Scalar(_) => self.replace_text(node)?,
            Value::Mapping(mapping) => {
                for (key, value) in mapping.iter_mut() {
                    if !key.is_string() {
                        return Err(ReferenceProblem::VarKey {
                            key: edit::text(key).to_owned(),
                        }
                        .into());
                    }
                    self.replace_text(value)?;
                }
            }
            Value::Sequence(items) => {
                for item in items {
                    if !item.is_string() {
                        return Err(ReferenceProblem::VarElement.into());
                    }
                    self.replace_text(item)?;
                }
            }
            Value::Alias(_) => {}
        }
        Ok(())
    }

    fn replace_text(&mut self, node: &mut Node) -> Result<(), Problem> {
        let Some(text) = node.text().filter(|_| node.is_string()) else {
            return Ok(());
        };
        let uses = text.matches("$(").count();
        if uses > 0 {
            edit::spend_bytes(&mut self.budget, uses.saturating_mul(self.longest))?;
        }
        let expanded = expand(text, self.values, &mut self.used);
        let (at, mark) = (node.start, node.set_anchor(None));
        *node = expanded;
        node.start = at;
        node.set_anchor(mark);
        Ok(())
    }
}
