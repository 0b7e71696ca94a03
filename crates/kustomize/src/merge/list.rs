//! Lists whose elements are merged by key, or by their own text.
//!
//! kyaml changes nodes through pointers while it builds the new list; here pointers are numbers of
//! [`Slots`]. Elements without their merge key come out as strangely as in kustomize.

use std::collections::HashMap;

use windlass_yaml::{Node, Value};

use super::directive::{self, Directive};
use super::keys::{self, Values};
use super::{Merged, Outcome, Walker, kept, patched};
use crate::edit;
use crate::error::{PatchProblem, Problem, Refusal};
use crate::schema::TypeRef;

/// The most elements of a merged list that are compared with each other: those of the same first key, or all
/// when some have none.
const MAX_ALIKE: usize = 5_000;

/// Nodes that lists refer to by number.
pub(super) struct Slots(Vec<Node>);

impl Slots {
    pub(super) fn new(nodes: Vec<Node>) -> Self {
        Self(nodes)
    }

    fn add(&mut self, node: Node) -> usize {
        self.0.push(node);
        self.0.len() - 1
    }

    /// Returns the nodes that a list refers to, each as often as it does.
    pub(super) fn take(self, row: &Row) -> Vec<Node> {
        let list: Vec<usize> = row.slots().collect();
        let mut slots: Vec<Option<Node>> = self.0.into_iter().map(Some).collect();
        let mut uses = vec![0; slots.len()];
        for slot in &list {
            uses[*slot] += 1;
        }
        let node = |slot: &usize| {
            uses[*slot] -= 1;
            let node = &mut slots[*slot];
            if uses[*slot] == 0 {
                node.take()
            } else {
                node.clone()
            }
        };
        list.iter().filter_map(node).collect()
    }
}

/// Slots in an order.
#[derive(Default)]
pub(super) struct Row {
    /// What was removed leaves a gap.
    entries: Vec<Option<usize>>,
    /// Where the elements with each value of the first key are; `None` when not all elements have one.
    by_first: Option<HashMap<String, Vec<usize>>>,
}

impl Row {
    /// Returns a row of all slots.
    pub(super) fn of_all(slots: &Slots) -> Self {
        Self {
            entries: (0..slots.0.len()).map(Some).collect(),
            by_first: None,
        }
    }

    fn indexed(slots: &Slots, key: &str) -> Self {
        let mut row = Self::empty(true);
        for (slot, node) in slots.0.iter().enumerate() {
            row.push(slot, &keys::first_value(node, key));
        }
        row
    }

    fn empty(is_indexed: bool) -> Self {
        Self {
            entries: Vec::new(),
            by_first: is_indexed.then(HashMap::new),
        }
    }

    fn push(&mut self, slot: usize, first: &str) {
        if let Some(places) = &mut self.by_first {
            places
                .entry(first.to_owned())
                .or_default()
                .push(self.entries.len());
        }
        self.entries.push(Some(slot));
    }

    fn slots(&self) -> impl Iterator<Item = usize> + '_ {
        self.entries.iter().filter_map(|entry| *entry)
    }

    /// Returns where elements with this value of the first key can be.
    fn places(&self, first: &str) -> Vec<usize> {
        match &self.by_first {
            Some(places) => places.get(first).cloned().unwrap_or_default(),
            None => (0..self.entries.len()).collect(),
        }
    }

    /// Returns the slots that can have this value of the first key.
    fn candidates(&self, first: &str) -> impl Iterator<Item = usize> + '_ {
        self.places(first)
            .into_iter()
            .filter_map(|place| self.entries[place])
    }
}

/// Finds elements by keys. An empty value stands for any, the empty key for the element itself.
pub(super) struct ElementSetter<'k> {
    pub(super) keys: &'k [String],
    pub(super) values: &'k [String],
}

impl ElementSetter<'_> {
    fn first(&self) -> &str {
        self.values.first().map(String::as_str).unwrap_or_default()
    }

    /// Puts `element` in the place of those that match, or at the end.
    fn set(&self, slots: &Slots, row: &mut Row, element: usize) -> Result<(), Problem> {
        let found = self.replace(slots, row, Some(element))?;
        if !found && !slots.0[element].is_null() {
            row.push(element, self.first());
        }
        Ok(())
    }

    /// Removes those that match.
    pub(super) fn remove(&self, slots: &Slots, row: &mut Row) -> Result<(), Problem> {
        self.replace(slots, row, None).map(|_| ())
    }

    fn replace(&self, slots: &Slots, row: &mut Row, by: Option<usize>) -> Result<bool, Problem> {
        let mut found = false;
        let named = |words: &[String]| words.first().is_some_and(|word| !word.is_empty());
        let is_for_mappings = named(self.keys) && named(self.values);
        for place in row.places(self.first()) {
            let Some(slot) = row.entries[place] else {
                continue;
            };
            let node = &slots.0[slot];
            if edit::is_empty_map(node) {
                row.entries[place] = None;
            } else if !node.is_mapping() && is_for_mappings {
                // It stays.
            } else if self.matches(node)? {
                found = true;
                row.entries[place] = by;
            } else if self.values.is_empty() {
                row.entries[place] = None;
            }
        }
        Ok(found)
    }

    fn matches(&self, node: &Node) -> Result<bool, Problem> {
        if self.values.is_empty() {
            return Ok(false);
        }
        for (key, value) in self.keys.iter().zip(self.values) {
            if !field_matches(node, key, value)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn field_matches(node: &Node, key: &str, value: &str) -> Result<bool, Problem> {
    let wrong = |wanted| PatchProblem::WrongKind {
        wanted,
        found: edit::kind_name(node),
        line: node.start.line,
    };
    if key.is_empty() {
        return match node.text() {
            Some(text) => Ok(text == value),
            None => Err(wrong("ScalarNode").into()),
        };
    }
    let Some(mapping) = node.as_mapping() else {
        return Err(wrong("MappingNode").into());
    };
    Ok(mapping
        .get(key)
        .is_some_and(|field| value.is_empty() || edit::text(field) == value))
}

/// Returns the first element with these key values.
fn find(slots: &Slots, row: &Row, keys: &[String], values: &[String]) -> Option<usize> {
    let single = keys.first().is_none_or(String::is_empty);
    let value = values.first().map(String::as_str).unwrap_or_default();
    let is_wanted = |slot: &usize| {
        let node = &slots.0[*slot];
        if single {
            return edit::text(node) == value;
        }
        let Some(mapping) = node.as_mapping() else {
            return false;
        };
        keys.len() == values.len()
            && keys.iter().zip(values).all(|(key, value)| {
                mapping
                    .get(key)
                    .is_some_and(|field| edit::text(field) == value)
            })
    };
    row.candidates(value).find(is_wanted)
}

impl<'s> Walker<'s> {
    pub(super) fn walk_list(
        self,
        object: Option<Node>,
        patch: Option<Node>,
        schema: Option<TypeRef<'s>>,
    ) -> Outcome {
        let Some(schema) = schema else {
            return Ok(None);
        };
        let Some(object) = object.filter(|object| !object.is_null()) else {
            return patch.map_or(Ok(None), |patch| self.settle_list(patch, schema));
        };
        if patch.as_ref().is_some_and(Node::is_null) {
            return Ok(None);
        }
        let mut elements = patch.map(into_elements);
        if let Some(patch) = &mut elements {
            match directive::take_from_list(patch)? {
                Directive::Delete => return Ok(None),
                Directive::Replace => {
                    return self.settle_list(Node::sequence(std::mem::take(patch)), schema);
                }
                Directive::Merge => {}
            }
        }
        let merging = Merging::new(self, schema, into_elements(object), elements, false);
        Ok(Some(kept(Node::sequence(merging.run()?))))
    }

    /// Merges a list with itself.
    pub(super) fn settle_list(self, list: Node, schema: TypeRef<'s>) -> Outcome {
        let mut elements = into_elements(list);
        if directive::take_from_list(&mut elements)? == Directive::Delete {
            return Ok(None);
        }
        let merging = Merging::new(self, schema, elements, None, true);
        Ok(Some(patched(Node::sequence(merging.run()?))))
    }
}

fn into_elements(list: Node) -> Vec<Node> {
    match list.value {
        Value::Sequence(items) => items,
        _ => Vec::new(),
    }
}

/// One merge of two lists.
struct Merging<'s> {
    walker: Walker<'s>,
    elements: Option<TypeRef<'s>>,
    keys: Vec<String>,
    slots: Slots,
    /// The elements of the object that are left.
    object: Row,
    patch: Slots,
    patch_row: Row,
    /// Whether the list is merged with itself.
    is_alone: bool,
    merged: Row,
}

impl<'s> Merging<'s> {
    fn new(
        walker: Walker<'s>,
        schema: TypeRef<'s>,
        object: Vec<Node>,
        patch: Option<Vec<Node>>,
        is_alone: bool,
    ) -> Self {
        Self {
            walker,
            elements: schema.elements(),
            keys: schema.get().keys.clone(),
            object: Row::default(),
            slots: Slots::new(object),
            patch: Slots::new(patch.unwrap_or_default()),
            patch_row: Row::default(),
            is_alone,
            merged: Row::default(),
        }
    }

    fn run(mut self) -> Result<Vec<Node>, Problem> {
        let elements = self.patch.0.iter().chain(&self.slots.0);
        let mut list = if self.keys.is_empty() {
            keys::texts(elements)
        } else {
            keys::key_values(elements, &self.keys)
        };
        if self.keys.is_empty() {
            self.keys.push(String::new());
        }
        if list.is_empty() {
            return Ok(self.slots.0);
        }
        self.index(&list)?;
        if self.keys.len() > 1 {
            keys::fill_in(&mut list);
        }
        let used = keys::used(&list, self.keys.len());
        let mut last_keys = Vec::new();
        for values in &list {
            let (keys, values) = keys::in_use(&used, &self.keys, values);
            self.merge_element(&keys, &values)?;
            last_keys = keys;
        }
        self.append_rest(&last_keys)?;
        Ok(self.slots.take(&self.merged))
    }

    /// Puts the elements into rows, by their first key if all have one.
    fn index(&mut self, list: &[Values]) -> Result<(), Problem> {
        let key = &self.keys[0];
        let mut nodes = self.patch.0.iter().chain(&self.slots.0);
        let is_indexed = nodes.all(|node| keys::has_first(node, key));
        let alike = if is_indexed {
            keys::most_alike(list)
        } else {
            list.len()
        };
        if alike > MAX_ALIKE {
            let limit = MAX_ALIKE;
            return Err(Refusal::List { limit }.into());
        }
        let row = |slots: &Slots| {
            if is_indexed {
                Row::indexed(slots, key)
            } else {
                Row::of_all(slots)
            }
        };
        (self.object, self.patch_row) = (row(&self.slots), row(&self.patch));
        self.merged = Row::empty(is_indexed);
        Ok(())
    }

    /// Merges the elements of both lists that have these key values.
    fn merge_element(&mut self, keys: &[String], values: &Values) -> Result<(), Problem> {
        let filled: Vec<bool> = values.iter().map(|value| !value.is_empty()).collect();
        let (find_keys, find_values) = keys::in_use(&filled, keys, values);
        let mine = find(&self.slots, &self.object, &find_keys, &find_values);
        let theirs = find(&self.patch, &self.patch_row, &find_keys, &find_values);
        let outcome = self.merge_pair(mine, theirs)?;
        let merged = outcome.filter(|merged| !edit::is_empty_map(&merged.node));
        let setter = ElementSetter { keys, values };
        let Some(Merged { mut node, is_patch }) = merged else {
            return setter.remove(&self.slots, &mut self.object);
        };
        for (key, value) in keys.iter().zip(values) {
            if node.get(key).is_none() && !value.is_empty() && node.is_mapping() {
                edit::set_loose(&mut node, key, value);
            }
        }
        let slot = match mine {
            Some(slot) if !is_patch => {
                self.slots.0[slot] = node;
                slot
            }
            _ => self.slots.add(node),
        };
        setter.set(&self.slots, &mut self.merged, slot)
    }

    fn merge_pair(&mut self, mine: Option<usize>, theirs: Option<usize>) -> Outcome {
        let object = mine.map(|slot| self.slots.0[slot].clone());
        let patch = theirs.map(|index| self.patch.0[index].clone());
        match (object, patch) {
            (Some(object), None) if self.is_alone => {
                let settled = self.walker.settle(object, self.elements)?;
                Ok(settled.map(|merged| Merged {
                    is_patch: false,
                    ..merged
                }))
            }
            (None, Some(patch)) => self.walker.add(patch, self.elements),
            (object, patch) => self.walker.walk(object, patch, self.elements),
        }
    }

    /// Appends what is left of the object's list behind what was merged.
    fn append_rest(&mut self, keys: &[String]) -> Result<(), Problem> {
        for slot in std::mem::take(&mut self.object).slots() {
            let node = &self.slots.0[slot];
            if keys.first().is_none_or(String::is_empty) {
                let values = [edit::text(node).to_owned()];
                let setter = ElementSetter {
                    keys: &[String::new()],
                    values: &values,
                };
                setter.set(&self.slots, &mut self.merged, slot)?;
                continue;
            }
            let mut values = Vec::new();
            for key in keys {
                if let Some(value) = node.get(key) {
                    values.push(edit::text(value).to_owned());
                } else {
                    let first = keys::first_value(node, &keys[0]);
                    self.merged.push(slot, &first);
                }
            }
            let setter = ElementSetter {
                keys,
                values: &values,
            };
            if keys.len() > 1 {
                setter.remove(&self.slots, &mut self.merged)?;
            }
            setter.set(&self.slots, &mut self.merged, slot)?;
        }
        Ok(())
    }
}
