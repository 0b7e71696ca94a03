//! Lists of a strategic merge patch: merged by key, and their order.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::{ELEMENT_ORDER, PATCH, StrategicError, without_directives_in};

/// Merges two lists: of mappings by `key`, of scalars as sets.
pub(super) fn merge(
    old: Vec<Value>,
    patch: &[Value],
    key: Option<&str>,
    field: &str,
    merge_item: impl Fn(
        Map<String, Value>,
        &Map<String, Value>,
    ) -> Result<Map<String, Value>, StrategicError>,
) -> Result<Vec<Value>, StrategicError> {
    let is_map = patch.first().or(old.first()).is_some_and(Value::is_object);
    if !is_map {
        let mut merged = old.clone();
        merged.extend(patch.iter().cloned());
        deduplicate(&mut merged);
        return Ok(in_order(merged, patch, &old, None));
    }
    let key = key.ok_or_else(|| StrategicError::ListWithoutKey(field.to_owned()))?;
    let (server, plain) = apply_directives(old, patch, key)?;
    let mut merged = server.clone();
    let mut places: HashMap<&Value, usize> = HashMap::new();
    for (place, item) in server.iter().enumerate() {
        if let Some(value) = item.get(key) {
            places.entry(value).or_insert(place);
        }
    }
    for item in &plain {
        let value = key_of(item, key)?;
        if let (Some(place), Value::Object(new)) = (places.get(value), *item) {
            let old = match merged[*place].take() {
                Value::Object(old) => old,
                _ => Map::new(),
            };
            merged[*place] = Value::Object(merge_item(old, new)?);
        } else {
            places.insert(value, merged.len());
            merged.push(without_directives_in(item));
        }
    }
    let plain: Vec<Value> = plain.into_iter().cloned().collect();
    Ok(in_order(merged, &plain, &server, Some(key)))
}

/// Carries out `$patch` in items. Returns what is left of the old list, and the other items of the patch.
fn apply_directives<'a>(
    mut old: Vec<Value>,
    patch: &'a [Value],
    key: &str,
) -> Result<(Vec<Value>, Vec<&'a Value>), StrategicError> {
    let mut plain = Vec::new();
    let mut replace = false;
    for item in patch {
        match item.get(PATCH).map(|directive| directive.as_str()) {
            None => plain.push(item),
            Some(Some("delete")) => {
                let value = key_of(item, key)?;
                old.retain(|old| old.get(key) != Some(value));
            }
            Some(Some("replace")) => replace = true,
            Some(other) => {
                let other = other.unwrap_or("?").to_owned();
                return Err(StrategicError::UnknownDirective(other));
            }
        }
    }
    if replace {
        old.clear();
    }
    Ok((old, plain))
}

/// Puts the items of `original[field]` into the order that `$setElementOrder/field` gives; those that it
/// does not name stay where they were among the others, as far as that can be.
pub(super) fn order(
    original: &mut Map<String, Value>,
    patch: &Map<String, Value>,
    field: &str,
    key: Option<&str>,
    order: &Value,
) -> Result<(), StrategicError> {
    let bad = || StrategicError::BadDirective {
        directive: format!("{ELEMENT_ORDER}{field}"),
    };
    let order = order.as_array().ok_or_else(bad)?;
    check_order(patch, field, key, order)?;
    if let Some(Value::Array(items)) = original.get_mut(field) {
        let server = items.clone();
        *items = in_order(std::mem::take(items), order, &server, key);
    }
    Ok(())
}

/// The items of the patch must stand in the order, in that sequence.
fn check_order(
    patch: &Map<String, Value>,
    field: &str,
    key: Option<&str>,
    order: &[Value],
) -> Result<(), StrategicError> {
    let items = patch.get(field).and_then(Value::as_array);
    let plain = items
        .into_iter()
        .flatten()
        .filter(|item| item.get(PATCH).is_none());
    let mut rest = order.iter();
    for item in plain.clone() {
        if !rest.any(|other| same(other, item, key)) {
            return Err(StrategicError::Order {
                field: field.to_owned(),
                items: plain.map(|item| label(item, key)).collect(),
                order: order.iter().map(|item| label(item, key)).collect(),
            });
        }
    }
    Ok(())
}

/// Sorts what `order` names by it and the rest by `server`, then inserts the rest: each before the first
/// of the others that stands behind it in `server`.
fn in_order(items: Vec<Value>, order: &[Value], server: &[Value], key: Option<&str>) -> Vec<Value> {
    let (order, server) = (Places::new(order, key), Places::new(server, key));
    let (mut named, mut rest): (Vec<Value>, Vec<Value>) =
        items.into_iter().partition(|item| order.of(item).is_some());
    named.sort_by_cached_key(|item| order.of(item));
    rest.sort_by_cached_key(|item| server.of(item));
    let mut merged = Vec::with_capacity(named.len() + rest.len());
    let (mut named, mut rest) = (named.into_iter().peekable(), rest.into_iter().peekable());
    while let (Some(item), Some(next)) = (rest.peek(), named.peek()) {
        let places = server.of(item).zip(server.of(next));
        let from_rest = places.is_some_and(|(item, next)| item < next);
        merged.extend(if from_rest { rest.next() } else { named.next() });
    }
    merged.extend(named);
    merged.extend(rest);
    merged
}

/// Where the items of a list stand, by their merge key or by themselves.
struct Places<'a> {
    key: Option<&'a str>,
    places: HashMap<&'a Value, usize>,
}

impl<'a> Places<'a> {
    fn new(list: &'a [Value], key: Option<&'a str>) -> Self {
        let mut places = HashMap::with_capacity(list.len());
        for (place, item) in list.iter().enumerate() {
            if let Some(name) = name_of(item, key) {
                places.entry(name).or_insert(place);
            }
        }
        Self { key, places }
    }

    fn of(&self, item: &Value) -> Option<usize> {
        let name = name_of(item, self.key)?;
        self.places.get(name).copied()
    }
}

fn name_of<'a>(item: &'a Value, key: Option<&str>) -> Option<&'a Value> {
    match key {
        Some(key) => item.get(key),
        None => Some(item),
    }
}

fn same(a: &Value, b: &Value, key: Option<&str>) -> bool {
    name_of(a, key).is_some() && name_of(a, key) == name_of(b, key)
}

fn label(item: &Value, key: Option<&str>) -> String {
    let value = key.and_then(|key| item.get(key)).unwrap_or(item);
    match value {
        Value::Object(map) => format!("{:?} ", map.keys().collect::<Vec<_>>()),
        value => format!("{value} "),
    }
}

/// The message names the fields of the item and not their values, which may be secret.
fn key_of<'a>(item: &'a Value, key: &str) -> Result<&'a Value, StrategicError> {
    item.get(key).ok_or_else(|| StrategicError::NoMergeKey {
        key: key.to_owned(),
        item: match item {
            Value::Object(map) => format!("{:?}", map.keys().collect::<Vec<_>>()),
            _ => "not a mapping".to_owned(),
        },
    })
}

fn deduplicate(items: &mut Vec<Value>) {
    let mut seen = HashSet::with_capacity(items.len());
    items.retain(|item| seen.insert(item.clone()));
}
