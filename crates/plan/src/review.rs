//! The plans of several units together: what is the same in many of them is said once.

use std::collections::BTreeMap;

use serde_json::Value;
use windlass_object::{FieldChange, FieldPath, FieldValue, ObjectRef};

use crate::{Action, Counts, Field, Op, Plan, Reason, Writer};

/// The plans of several units, as people look at them together.
#[derive(Clone, Debug)]
pub struct Review<'a> {
    units: Vec<Reviewed<'a>>,
    groups: Vec<Group<'a>>,
}

/// A unit and its plan.
#[derive(Clone, Debug)]
pub(crate) struct Reviewed<'a> {
    pub(crate) name: &'a str,
    pub(crate) plan: &'a Plan,
    /// Which of the groups say what is done to an object.
    pub(crate) same: BTreeMap<&'a ObjectRef, usize>,
}

/// The same change in several units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group<'a> {
    /// What is done, with `*` where it says the name of the unit.
    pub action: Action,
    /// The units, in their order.
    pub units: Vec<&'a str>,
}

/// What is dangerous about a plan: something that is deleted cannot be had back by another plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Danger<'a> {
    /// This action.
    Action(&'a Action),
    /// So many deletions, of so many objects that there are.
    Shrink(usize, usize),
}

impl<'a> Review<'a> {
    /// Returns the review of `units`: what people call them, and their plans.
    #[must_use]
    pub fn new(units: impl IntoIterator<Item = (&'a str, &'a Plan)>) -> Self {
        let reviewed = |(name, plan)| Reviewed {
            name,
            plan,
            same: BTreeMap::new(),
        };
        let mut review = Self {
            units: units.into_iter().map(reviewed).collect(),
            groups: Vec::new(),
        };
        review.group();
        review
    }

    /// Returns the changes that are the same in several units: those of most units first.
    #[must_use]
    pub fn groups(&self) -> &[Group<'a>] {
        &self.groups
    }

    /// Returns whether one of the groups says what is done to the object of the unit.
    #[must_use]
    pub fn is_grouped(&self, unit: &str, id: &ObjectRef) -> bool {
        let mut units = self.units.iter();
        units.any(|reviewed| reviewed.name == unit && reviewed.same.contains_key(id))
    }

    /// Returns how many actions of each kind there are in all units.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.units.iter().map(|unit| unit.plan.counts()).sum()
    }

    pub(crate) fn units(&self) -> &[Reviewed<'a>] {
        &self.units
    }

    fn group(&mut self) {
        let mut found: BTreeMap<String, Vec<(usize, &'a Action)>> = BTreeMap::new();
        for (index, unit) in self.units.iter().enumerate() {
            let plan: &'a Plan = unit.plan;
            for action in plan.actions().filter(|action| is_groupable(action)) {
                let key = key(&general(unit.name, action));
                found.entry(key).or_default().push((index, action));
            }
        }
        let mut found: Vec<_> = found.into_values().filter(|found| is_many(found)).collect();
        found.sort_by_key(|members| (std::cmp::Reverse(members.len()), members[0].0));
        for members in found {
            let number = self.groups.len();
            self.groups.push(self.group_of(&members));
            for (index, action) in members {
                self.units[index].same.insert(&action.id, number);
            }
        }
    }

    fn group_of(&self, members: &[(usize, &'a Action)]) -> Group<'a> {
        let mut units: Vec<&'a str> = members
            .iter()
            .map(|(index, _)| self.units[*index].name)
            .collect();
        units.dedup();
        let (first, action) = members[0];
        let mut shown = general(self.units[first].name, action);
        let is_everywhere = |(_, other): &(usize, &Action)| other.origin == action.origin;
        if members.iter().all(is_everywhere) {
            shown.origin.clone_from(&action.origin);
        }
        Group {
            action: shown,
            units,
        }
    }
}

impl Reviewed<'_> {
    /// Returns whether there is nothing to say but what the groups say.
    pub(crate) fn is_as_others(&self) -> bool {
        let is_said = |action: &Action| action.is_quiet() || self.same.contains_key(&action.id);
        !self.same.is_empty() && self.plan.problem.is_none() && self.plan.actions().all(is_said)
    }
}

impl Plan {
    /// Returns what a person must look at before anything else.
    pub(crate) fn dangers(&self) -> Vec<Danger<'_>> {
        let is_dangerous = |action: &&Action| {
            action.op == Op::Replace
                || matches!(action.reason, Reason::Approved { .. })
                || (action.op == Op::Prune && action.reason.is_approvable())
        };
        let mut dangers: Vec<Danger<'_>> = self
            .actions()
            .filter(is_dangerous)
            .map(Danger::Action)
            .collect();
        dangers.extend(self.shrink());
        dangers
    }

    /// Returns that more than half of the objects go, when they are several.
    fn shrink(&self) -> Option<Danger<'_>> {
        let counts = self.counts();
        let there = self.actions().filter(|action| action.op != Op::Create);
        let there = there.filter(|action| action.reason != Reason::Gone).count();
        let is_many = counts.prune > 1 && counts.prune * 2 > there;
        is_many.then_some(Danger::Shrink(counts.prune, there))
    }
}

/// Whether an action can be told from its fields. What is created is not in a plan, unless a difference was made
/// of it.
fn is_groupable(action: &Action) -> bool {
    match action.op {
        Op::Create | Op::Update | Op::Adopt => !action.fields.is_empty(),
        Op::Prune => action.reason == Reason::NotDesired,
        _ => false,
    }
}

fn is_many(members: &[(usize, &Action)]) -> bool {
    members.iter().any(|(index, _)| *index != members[0].0)
}

/// Returns the action with `*` for the name of the unit, and without what is its own.
fn general(unit: &str, action: &Action) -> Action {
    let name = unit.rsplit('/').next().unwrap_or(unit);
    let field = |field: &Field| Field {
        change: FieldChange {
            path: starred_path(name, &field.change.path),
            before: field
                .change
                .before
                .as_ref()
                .map(|value| starred_value(name, value)),
            after: field
                .change
                .after
                .as_ref()
                .map(|value| starred_value(name, value)),
        },
        written_by: field.written_by.as_ref().map(|writer| Writer {
            time: None,
            ..writer.clone()
        }),
    };
    Action {
        id: ObjectRef {
            name: starred(name, &action.id.name).into(),
            ..action.id.clone()
        },
        origin: None,
        fields: action.fields.iter().map(field).collect(),
        wait_for: Vec::new(),
        digest: None,
        ..action.clone()
    }
}

fn key(action: &Action) -> String {
    serde_json::to_string(action).expect("the keys of a plan are texts")
}

/// List elements are called after what is in them.
fn starred_path(name: &str, path: &FieldPath) -> FieldPath {
    let starred = starred(name, &path.to_string());
    FieldPath::parse(&starred).unwrap_or_else(|_| path.clone())
}

fn starred_value(name: &str, value: &FieldValue) -> FieldValue {
    match value {
        FieldValue::Plain(value) => {
            let mut value = value.clone();
            star(name, &mut value);
            FieldValue::Plain(value)
        }
        FieldValue::Redacted(fingerprint) => FieldValue::Redacted(*fingerprint),
    }
}

fn star(name: &str, value: &mut Value) {
    match value {
        Value::String(text) => *text = starred(name, text),
        Value::Array(items) => items.iter_mut().for_each(|item| star(name, item)),
        Value::Object(map) => map.values_mut().for_each(|value| star(name, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Returns `text` with `*` wherever it has `name` as a word.
fn starred(name: &str, text: &str) -> String {
    let mut starred = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = None;
    while let Some(at) = rest.find(name).filter(|_| !name.is_empty()) {
        let (head, tail) = rest.split_at(at);
        let (word, tail) = tail.split_at(name.len());
        before = head.chars().next_back().or(before);
        let is_word =
            !before.is_some_and(char::is_alphanumeric) && !tail.starts_with(char::is_alphanumeric);
        starred.push_str(head);
        starred.push_str(if is_word { "*" } else { word });
        before = word.chars().next_back();
        rest = tail;
    }
    starred.push_str(rest);
    starred
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_word_of_its_own() {
        for (text, expected) in [
            ("api", "*"),
            ("dev-api-env", "dev-*-env"),
            ("apiVersion", "apiVersion"),
            ("docker.io/shop/api:1", "docker.io/shop/*:1"),
            ("apiapi api", "apiapi *"),
            ("capi", "capi"),
            ("", ""),
        ] {
            assert_eq!(starred("api", text), expected);
        }
        assert_eq!(starred("", "api"), "api");
    }
}
