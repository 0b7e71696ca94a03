//! Places in an object, and who owns what is there.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::known::RESTARTED;
use super::{Ignored, Pointer};
use crate::takeover::position;

type Set = Map<String, Value>;

/// Places in an object, as `managedFields` names them: `f:spec`, `k:{"name":"app"}`.
pub(crate) struct Paths(BTreeSet<Vec<String>>);

/// A place, and the tokens of a pointer that lead on into a value that is owned as a whole.
struct Place {
    names: Vec<String>,
    inner: Vec<String>,
}

/// Returns `desired` with what is ignored as `live` has it, as far as `manager` applies it.
///
/// `None` means that this is `desired` itself.
pub(crate) fn left(
    desired: &Value,
    live: &Value,
    ignored: &Ignored,
    manager: &str,
) -> Option<Value> {
    let mut left = Cow::Borrowed(desired);
    let own: Vec<&Set> = sets(live, |entry| is_applied_by(entry, manager)).collect();
    let is_other =
        |entry: &Value| text(entry, "operation") == "Apply" && text(entry, "manager") != manager;
    let others: Vec<&Set> = sets(live, is_other).collect();
    let owners = Owners { own, others };
    let places = ignored
        .pointers
        .iter()
        .flat_map(|pointer| places(pointer, desired, live));
    for place in places {
        if place.inner.is_empty() {
            owners.leave(&mut left, live, &place.names);
        } else {
            leave_within(left.to_mut(), live, &place);
        }
    }
    for names in Paths::of_managers(live, &ignored.managers).0 {
        owners.leave(&mut left, live, &names);
    }
    match left {
        Cow::Owned(left) if left != *desired => Some(left),
        _ => None,
    }
}

impl Paths {
    /// Returns the places of all that is ignored.
    pub(crate) fn of(desired: &Value, live: &Value, ignored: &Ignored) -> Self {
        let mut paths = Self::of_managers(live, &ignored.managers);
        paths.0.insert(RESTARTED.map(str::to_owned).into());
        let pointers = ignored.pointers.iter();
        let places = pointers.flat_map(|pointer| places(pointer, desired, live));
        let places = places.filter(|place| place.inner.is_empty());
        paths.0.extend(places.map(|place| place.names));
        paths
    }

    /// Returns the places that these managers own.
    fn of_managers(live: &Value, managers: &[String]) -> Self {
        let mut paths = BTreeSet::new();
        let is_meant = |entry: &Value| managers.iter().any(|name| name == text(entry, "manager"));
        for set in sets(live, is_meant) {
            leaves(set, &mut Vec::new(), &mut paths);
        }
        Self(paths)
    }

    /// Takes these places out of a set, and returns them.
    pub(crate) fn split(&self, set: &mut Value) -> Value {
        let mut taken = Value::Object(Set::new());
        for names in &self.0 {
            if let Some(below) = take(set, names) {
                put(&mut taken, names, below);
            }
        }
        taken
    }
}

/// What is applied of a live object: by us, and by each of the others.
struct Owners<'a> {
    own: Vec<&'a Set>,
    others: Vec<&'a Set>,
}

impl Owners<'_> {
    /// Sets what is at a place of `left` to what we own there of `live`.
    fn leave(&self, left: &mut Cow<'_, Value>, live: &Value, names: &[String]) {
        if is_key(names) {
            return;
        }
        let mut own = self.own.iter().filter_map(|set| at(set, names));
        let others: Vec<&Set> = self
            .others
            .iter()
            .filter_map(|set| at(set, names))
            .collect();
        let kept = own
            .next()
            .and_then(|own| owned(value_at(live, names)?, own, &others));
        if kept.as_ref() != value_in(left, names) {
            set_at(left.to_mut(), names, kept);
        }
    }
}

/// Returns the part of `value` that is in `own`, and that none of the others owns.
fn owned(value: &Value, own: &Set, others: &[&Set]) -> Option<Value> {
    if own.is_empty() {
        return others.is_empty().then(|| value.clone());
    }
    let parts = own.iter().filter_map(|(name, below)| {
        let others: Vec<&Set> = others
            .iter()
            .filter_map(|set| set.get(name)?.as_object())
            .collect();
        Some((
            name,
            owned(member(value, name)?, below.as_object()?, &others)?,
        ))
    });
    match value {
        Value::Object(_) => {
            let fields =
                parts.filter_map(|(name, part)| Some((name.strip_prefix("f:")?.to_owned(), part)));
            let fields: Set = fields.collect();
            (!fields.is_empty()).then_some(Value::Object(fields))
        }
        Value::Array(items) => {
            let mut parts: Vec<(Option<usize>, Value)> = parts
                .map(|(name, part)| (position(items, name), part))
                .collect();
            parts.sort_by_key(|(at, _)| *at);
            let parts: Vec<Value> = parts.into_iter().map(|(_, part)| part).collect();
            (!parts.is_empty()).then_some(Value::Array(parts))
        }
        _ => None,
    }
}

/// Sets a part of a value that is owned as a whole to what is live.
fn leave_within(left: &mut Value, live: &Value, place: &Place) {
    let Some(mut left) = value_at_mut(left, &place.names) else {
        return;
    };
    let Some((last, parents)) = place.inner.split_last() else {
        return;
    };
    let live = value_at(live, &place.names);
    let live = place
        .inner
        .iter()
        .try_fold(live, |live, token| Some(child(live?, token)));
    for token in parents {
        match child_mut(left, token) {
            Some(below) => left = below,
            None => return,
        }
    }
    match (left, live.flatten().cloned()) {
        (Value::Object(fields), Some(live)) => drop(fields.insert(last.clone(), live)),
        (Value::Object(fields), None) => drop(fields.remove(last)),
        (Value::Array(items), Some(live)) => {
            if let Some(item) = last.parse().ok().and_then(|at: usize| items.get_mut(at)) {
                *item = live;
            }
        }
        _ => {}
    }
}

/// Returns where a pointer leads: to several places where it says `*`.
fn places(pointer: &Pointer, desired: &Value, live: &Value) -> Vec<Place> {
    let mut open = vec![pointer.0.clone()];
    let mut places = Vec::new();
    while let Some(tokens) = open.pop() {
        match tokens.iter().position(|token| token == "*") {
            None => places.push(place(&tokens, desired, live)),
            Some(at) => open.extend(children(desired, &tokens[..at]).map(|key| {
                let mut tokens = tokens.clone();
                tokens[at] = key;
                tokens
            })),
        }
    }
    places
}

/// Returns the keys or positions of what is at a place.
fn children(value: &Value, tokens: &[String]) -> impl Iterator<Item = String> {
    let at = tokens
        .iter()
        .try_fold(value, |value, token| child(value, token));
    let keys: Vec<String> = match at {
        Some(Value::Object(fields)) => fields.keys().filter(|key| *key != "*").cloned().collect(),
        Some(Value::Array(items)) => (0..items.len()).map(|at| at.to_string()).collect(),
        _ => Vec::new(),
    };
    keys.into_iter()
}

/// Returns where the tokens of a pointer lead.
fn place(tokens: &[String], desired: &Value, live: &Value) -> Place {
    let mut owners: Vec<&Set> = sets(live, |_| true).collect();
    let (mut names, mut wanted, mut found) = (Vec::new(), Some(desired), Some(live));
    for (depth, token) in tokens.iter().enumerate() {
        let is_list = wanted.or(found).is_some_and(Value::is_array);
        let is_whole = depth > 0 && !owners.is_empty() && owners.iter().all(|set| set.is_empty());
        let item = wanted.or(found).and_then(|list| child(list, token));
        let name = match item {
            _ if is_whole => None,
            _ if !is_list => Some(format!("f:{token}")),
            Some(item) => owners
                .iter()
                .flat_map(|set| set.keys())
                .find(|name| may_be(item, name))
                .cloned(),
            None => None,
        };
        let Some(name) = name else {
            let inner = tokens[depth..].to_vec();
            return Place { names, inner };
        };
        owners = owners
            .iter()
            .filter_map(|set| set.get(&name)?.as_object())
            .collect();
        wanted = wanted.and_then(|wanted| child(wanted, token));
        found = found.and_then(|found| member(found, &name));
        names.push(name);
    }
    Place {
        names,
        inner: Vec::new(),
    }
}

/// Whether an item of the source may be the one that `name` means. It may lack a key that has a default.
fn may_be(item: &Value, name: &str) -> bool {
    if let Some(value) = name.strip_prefix("v:") {
        return serde_json::from_str::<Value>(value).is_ok_and(|value| value == *item);
    }
    let keys = name.strip_prefix("k:").map(serde_json::from_str::<Set>);
    let Some(Ok(keys)) = keys else { return false };
    let mut known = keys
        .iter()
        .filter_map(|(key, value)| Some((item.get(key)?, value)))
        .peekable();
    known.peek().is_some() && known.all(|(one, other)| one == other)
}

/// Whether `name` is a key by which its element is told apart from others.
fn is_key(names: &[String]) -> bool {
    let [.., element, last] = names else {
        return false;
    };
    let keys = element.strip_prefix("k:").map(serde_json::from_str::<Set>);
    let key = last.strip_prefix("f:").unwrap_or_default();
    matches!(keys, Some(Ok(keys)) if keys.contains_key(key))
}

/// Sets or removes what is at a place. Fields above it are made, elements of lists are not; what nothing is left of
/// goes, too.
fn set_at(value: &mut Value, names: &[String], new: Option<Value>) {
    let Some((name, rest)) = names.split_first() else {
        return;
    };
    let at = match value {
        Value::Array(items) => items.iter().position(|item| may_be(item, name)),
        _ => None,
    };
    match (value, name.strip_prefix("f:"), rest.is_empty(), new) {
        (Value::Object(fields), Some(key), true, Some(new)) => {
            drop(fields.insert(key.to_owned(), new));
        }
        (Value::Object(fields), Some(key), true, None) => drop(fields.remove(key)),
        (Value::Object(fields), Some(key), false, new) => {
            if new.is_some() && !fields.contains_key(key) {
                fields.insert(key.to_owned(), Value::Object(Set::new()));
            }
            let Some(below) = fields.get_mut(key) else {
                return;
            };
            let was_hollow = is_hollow(below);
            set_at(below, rest, new);
            if is_hollow(below) && !was_hollow {
                fields.remove(key);
            }
        }
        (Value::Array(items), None, true, Some(new)) => match at {
            Some(at) => items[at] = new,
            None => items.push(new),
        },
        (Value::Array(items), None, true, None) => drop(at.map(|at| items.remove(at))),
        (Value::Array(items), None, false, new) => {
            if let Some(item) = at.and_then(|at| items.get_mut(at)) {
                set_at(item, rest, new);
            }
        }
        _ => {}
    }
}

fn is_hollow(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn sets(live: &Value, is_meant: impl Fn(&Value) -> bool) -> impl Iterator<Item = &Set> {
    let entries = live
        .pointer("/metadata/managedFields")
        .and_then(Value::as_array);
    let entries = entries
        .into_iter()
        .flatten()
        .filter(move |entry| is_meant(entry));
    entries.filter_map(|entry| entry.get("fieldsV1")?.as_object())
}

fn is_applied_by(entry: &Value, manager: &str) -> bool {
    text(entry, "manager") == manager
        && text(entry, "operation") == "Apply"
        && text(entry, "subresource").is_empty()
}

fn text<'v>(entry: &'v Value, key: &str) -> &'v str {
    entry.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Adds the places of a set that have nothing below them.
fn leaves(set: &Set, names: &mut Vec<String>, paths: &mut BTreeSet<Vec<String>>) {
    for (name, below) in set.iter().filter(|(name, _)| *name != ".") {
        names.push(name.clone());
        match below.as_object() {
            Some(below) if below.keys().any(|name| name != ".") => leaves(below, names, paths),
            _ => drop(paths.insert(names.clone())),
        }
        names.pop();
    }
}

/// Returns what a set has at a place. One that has a place and nothing below it has all of it.
fn at<'s>(set: &'s Set, names: &[String]) -> Option<&'s Set> {
    names
        .iter()
        .enumerate()
        .try_fold(set, |set, (depth, name)| match set.get(name) {
            Some(below) => below.as_object(),
            None if depth > 0 && set.is_empty() => Some(set),
            None => None,
        })
}

fn take(set: &mut Value, names: &[String]) -> Option<Value> {
    let set = set.as_object_mut()?;
    let (name, rest) = names.split_first()?;
    if rest.is_empty() {
        return set.remove(name);
    }
    let below = set.get_mut(name)?;
    let taken = take(below, rest)?;
    let is_nothing = |set: &Set| set.keys().all(|name| name == ".");
    if below.as_object().is_some_and(is_nothing) {
        set.remove(name);
    }
    Some(taken)
}

fn put(set: &mut Value, names: &[String], new: Value) {
    match (names.split_first(), set.as_object_mut()) {
        (Some((name, rest)), Some(set)) => {
            put(
                set.entry(name).or_insert_with(|| Value::Object(Set::new())),
                rest,
                new,
            );
        }
        _ => *set = new,
    }
}

fn value_at<'v>(value: &'v Value, names: &[String]) -> Option<&'v Value> {
    names
        .iter()
        .try_fold(value, |value, name| member(value, name))
}

/// The same in the source, where an item may lack keys.
fn value_in<'v>(value: &'v Value, names: &[String]) -> Option<&'v Value> {
    names.iter().try_fold(value, |value, name| match value {
        Value::Object(fields) => fields.get(name.strip_prefix("f:")?),
        Value::Array(items) => items.iter().find(|item| may_be(item, name)),
        _ => None,
    })
}

fn value_at_mut<'v>(value: &'v mut Value, names: &[String]) -> Option<&'v mut Value> {
    names.iter().try_fold(value, |value, name| match value {
        Value::Object(fields) => fields.get_mut(name.strip_prefix("f:")?),
        Value::Array(items) => items.iter_mut().find(|item| may_be(item, name)),
        _ => None,
    })
}

fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::Object(fields) => fields.get(name.strip_prefix("f:")?),
        Value::Array(items) => items.get(position(items, name)?),
        _ => None,
    }
}

fn child<'v>(value: &'v Value, token: &str) -> Option<&'v Value> {
    match value {
        Value::Object(fields) => fields.get(token),
        Value::Array(items) => items.get(token.parse::<usize>().ok()?),
        _ => None,
    }
}

fn child_mut<'v>(value: &'v mut Value, token: &str) -> Option<&'v mut Value> {
    match value {
        Value::Object(fields) => fields.get_mut(token),
        Value::Array(items) => items.get_mut(token.parse::<usize>().ok()?),
        _ => None,
    }
}
