//! By what the elements of two lists are the same.

use std::collections::HashSet;

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

/// Fills in missing values where two elements agree on one key and none contradicts: a port without
/// protocol is the one with the same number.
pub(super) fn fill_in(list: &mut [Values]) {
    for i in 0..list.len() {
        let mine = list[i].clone();
        for j in 0..list.len() {
            if let Some(both) = union(&mine, &list[j]) {
                list[i].clone_from(&both);
                list[j] = both;
            }
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
