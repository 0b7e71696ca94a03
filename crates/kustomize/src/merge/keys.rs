//! By what the elements of two lists are the same.

use std::collections::{HashMap, HashSet};

use windlass_yaml::Node;

use crate::edit;

/// The values of an element's merge keys; empty where a key is missing.
pub(super) type Values = Vec<String>;

/// Returns the key values of all elements, each once, in their order.
pub(super) fn key_values<'n>(
    elements: impl Iterator<Item = &'n Node>,
    keys: &[String],
) -> Vec<Values> {
    distinct(elements.map(|element| keys.iter().map(|key| key_value(element, key)).collect()))
}

/// Returns the texts of plain elements, each once, in their order.
pub(super) fn texts<'n>(elements: impl Iterator<Item = &'n Node>) -> Vec<Values> {
    distinct(elements.map(|element| vec![edit::text(element).to_owned()]))
}

fn distinct(values: impl Iterator<Item = Values>) -> Vec<Values> {
    let mut seen = HashSet::new();
    values
        .filter(|values| seen.insert(values.clone()))
        .collect()
}

fn key_value(element: &Node, key: &str) -> String {
    edit::present(element, key)
        .map(edit::text)
        .unwrap_or_default()
        .to_owned()
}

/// Returns the value of an element's first key, or its text when elements have no keys.
pub(super) fn first_value(element: &Node, key: &str) -> String {
    if key.is_empty() {
        edit::text(element).to_owned()
    } else {
        key_value(element, key)
    }
}

/// Returns whether an element can be found by its first key.
pub(super) fn has_first(element: &Node, key: &str) -> bool {
    let node = if key.is_empty() {
        Some(element)
    } else {
        edit::present(element, key)
    };
    node.is_some_and(|node| node.is_scalar() && !node.is_null() && !edit::text(node).is_empty())
}

/// Returns how many have the same first value, at most.
pub(super) fn most_alike(list: &[Values]) -> usize {
    places(list)
        .values()
        .map(Vec::len)
        .max()
        .unwrap_or_default()
}

/// Returns which have each first value.
fn places(list: &[Values]) -> HashMap<String, Vec<usize>> {
    let mut places: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, values) in list.iter().enumerate() {
        let first = values.first().cloned().unwrap_or_default();
        places.entry(first).or_default().push(index);
    }
    places
}

/// Fills in missing values where two elements agree on one key and none contradicts: a port without
/// protocol is the one with the same number.
pub(super) fn fill_in(list: &mut [Values]) {
    let places = places(list);
    if places.contains_key("") {
        let all: Vec<usize> = (0..list.len()).collect();
        for &index in &all {
            fill_in_from(list, index, &all);
        }
        return;
    }
    // Others contradict, and this changes no first value.
    for index in 0..list.len() {
        if let Some(alike) = list[index].first().and_then(|first| places.get(first)) {
            fill_in_from(list, index, alike);
        }
    }
}

fn fill_in_from(list: &mut [Values], index: usize, others: &[usize]) {
    let mine = list[index].clone();
    for &other in others {
        if let Some(both) = union(&mine, &list[other]) {
            list[index].clone_from(&both);
            list[other] = both;
        }
    }
}

fn union(a: &Values, b: &Values) -> Option<Values> {
    let contradict = |(x, y): (&String, &String)| x != y && !x.is_empty() && !y.is_empty();
    if a.iter().zip(b).any(contradict) {
        return None;
    }
    let mut agree = false;
    let mut union = Vec::with_capacity(a.len());
    for (x, y) in a.iter().zip(b) {
        agree |= x == y;
        union.push(if x.is_empty() { y } else { x }.clone());
    }
    (agree && a.len() == b.len()).then_some(union)
}

/// Returns the keys that any of the lists has a value for, with the values of one of them; all keys when
/// there is none.
pub(super) fn in_use(used: &[bool], keys: &[String], values: &[String]) -> (Vec<String>, Values) {
    if !used.contains(&true) {
        return (keys.to_vec(), values.to_vec());
    }
    let is_used = |index: usize| used.get(index).copied().unwrap_or_default();
    let keys = keys.iter().enumerate().filter(|(index, _)| is_used(*index));
    let values = values
        .iter()
        .enumerate()
        .filter(|(index, value)| !value.is_empty() || is_used(*index));
    (
        keys.map(|(_, key)| key.clone()).collect(),
        values.map(|(_, value)| value.clone()).collect(),
    )
}

/// Returns for each key whether any list has a value for it.
pub(super) fn used(list: &[Values], count: usize) -> Vec<bool> {
    let mut used = vec![false; count];
    for values in list {
        for (index, value) in values.iter().enumerate().take(count) {
            used[index] |= !value.is_empty();
        }
    }
    used
}
