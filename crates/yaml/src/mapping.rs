//! Mappings: pairs in the order of the text, found by key in constant time.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::node::{Node, Value};

/// A mapping with fewer entries than this is searched from its start.
const INDEXED_FROM: usize = 32;

/// Pairs of key and value in the order of the text.
///
/// Keys that are scalars are found by their text, whatever their style, as kyaml does. Of several
/// entries with the same key the first is found.
///
/// Small mappings are searched one by one. From 32 entries on the first search builds a hash index,
/// which appending keeps up to date and removing drops; so building a mapping of n keys with
/// [`Mapping::insert`] takes O(n) time in total, while removing costs O(n) each.
/// [`Mapping::retain`] removes many at once.
///
/// ```
/// use windlass_yaml::{Mapping, Node};
/// let mut mapping = Mapping::from_iter([("b", Node::int(1)), ("a", Node::int(2))]);
/// assert_eq!(mapping.insert("b", Node::int(3)), Some(Node::int(1)));
/// mapping.get_or_insert_with("c", Node::null);
/// assert_eq!(mapping.keys().collect::<Vec<_>>(), ["b", "a", "c"]);
/// mapping.retain(|_, value| !value.is_null());
/// assert_eq!(mapping.len(), 2);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    entries: Vec<Entry>,
    index: Slot,
}

/// Room for an index, which the first search makes. Small mappings have none, and stay small.
type Slot = Option<Box<OnceLock<Index>>>;

/// Where the first entry with each key stands.
#[derive(Clone, Debug, Default)]
struct Index {
    positions: HashMap<Box<str>, usize>,
}

/// One pair of a mapping.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// The key, nearly always a scalar.
    pub key: Node,
    /// The value.
    pub value: Node,
}

impl Mapping {
    /// Returns a mapping without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a mapping without entries that has room for this many.
    pub fn with_capacity(entries: usize) -> Self {
        Self {
            entries: Vec::with_capacity(entries),
            index: None,
        }
    }

    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the entries in their order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns the entries for any change, including of their keys and order.
    pub fn entries_mut(&mut self) -> &mut Vec<Entry> {
        self.index = slot(self.entries.len());
        &mut self.entries
    }

    /// Returns the pairs in their order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Node, &Node)> + ExactSizeIterator {
        self.entries.iter().map(|entry| (&entry.key, &entry.value))
    }

    /// Returns the pairs in their order, values to be changed.
    pub fn iter_mut(
        &mut self,
    ) -> impl DoubleEndedIterator<Item = (&Node, &mut Node)> + ExactSizeIterator {
        self.entries
            .iter_mut()
            .map(|entry| (&entry.key, &mut entry.value))
    }

    /// Returns the texts of the keys that are scalars, in their order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.entries.iter().filter_map(|entry| key_text(&entry.key))
    }

    /// Returns the values in their order.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Node> + ExactSizeIterator {
        self.entries.iter().map(|entry| &entry.value)
    }

    /// Returns the values in their order, to be changed.
    pub fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Node> + ExactSizeIterator {
        self.entries.iter_mut().map(|entry| &mut entry.value)
    }

    /// Returns where the first entry with this key stands.
    pub fn position(&self, key: &str) -> Option<usize> {
        if let Some(slot) = &self.index {
            let index = slot.get_or_init(|| Index::of(&self.entries));
            return index.positions.get(key).copied();
        }
        self.entries
            .iter()
            .position(|entry| key_text(&entry.key) == Some(key))
    }

    /// Returns whether there is an entry with this key.
    pub fn contains_key(&self, key: &str) -> bool {
        self.position(key).is_some()
    }

    /// Returns the value of this key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.get_entry(key).map(|entry| &entry.value)
    }

    /// Returns the value of this key, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        let at = self.position(key)?;
        Some(&mut self.entries[at].value)
    }

    /// Returns the pair with this key.
    pub fn get_entry(&self, key: &str) -> Option<&Entry> {
        self.position(key).map(|at| &self.entries[at])
    }

    /// Returns the value of this key, appending what `make` returns when there is none.
    pub fn get_or_insert_with(&mut self, key: &str, make: impl FnOnce() -> Node) -> &mut Node {
        let at = self.position(key).unwrap_or_else(|| {
            self.push(Node::string(key), make());
            self.entries.len() - 1
        });
        &mut self.entries[at].value
    }

    /// Sets the value of this key in its place, or appends the pair; returns the former value.
    pub fn insert(&mut self, key: &str, value: Node) -> Option<Node> {
        if let Some(old) = self.get_mut(key) {
            return Some(std::mem::replace(old, value));
        }
        self.push(Node::string(key), value);
        None
    }

    /// Appends a pair without looking whether the key is there already.
    pub fn push(&mut self, key: Node, value: Node) {
        let at = self.entries.len();
        match &mut self.index {
            None => self.index = slot(at + 1),
            Some(slot) => {
                if let (Some(index), Some(text)) = (slot.get_mut(), key_text(&key)) {
                    index.positions.entry(text.into()).or_insert(at);
                }
            }
        }
        self.entries.push(Entry { key, value });
    }

    /// Removes the first entry with this key, keeping the order of the others.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        self.remove_entry(key).map(|entry| entry.value)
    }

    /// Removes the first entry with this key, keeping the order of the others.
    pub fn remove_entry(&mut self, key: &str) -> Option<Entry> {
        let at = self.position(key)?;
        self.index = slot(self.entries.len());
        Some(self.entries.remove(at))
    }

    /// Removes the entries for which `keep` returns false.
    pub fn retain(&mut self, mut keep: impl FnMut(&Node, &mut Node) -> bool) {
        self.index = slot(self.entries.len());
        self.entries
            .retain_mut(|entry| keep(&entry.key, &mut entry.value));
    }
}

impl PartialEq for Mapping {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl FromIterator<Entry> for Mapping {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        let entries: Vec<Entry> = entries.into_iter().collect();
        let index = slot(entries.len());
        Self { entries, index }
    }
}

impl<K: AsRef<str>> FromIterator<(K, Node)> for Mapping {
    fn from_iter<I: IntoIterator<Item = (K, Node)>>(pairs: I) -> Self {
        pairs
            .into_iter()
            .map(|(key, value)| Entry {
                key: Node::string(key.as_ref()),
                value,
            })
            .collect()
    }
}

impl IntoIterator for Mapping {
    type Item = Entry;
    type IntoIter = std::vec::IntoIter<Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

/// Returns room for the index of a mapping with so many entries. One that outgrows the limit by
/// [`Mapping::entries_mut`] gets it with the next change.
fn slot(entries: usize) -> Slot {
    (entries >= INDEXED_FROM).then(Box::default)
}

/// The text that a key is found by.
fn key_text(key: &Node) -> Option<&str> {
    match &key.value {
        Value::Scalar(scalar) => Some(&scalar.text),
        _ => None,
    }
}

impl Index {
    fn of(entries: &[Entry]) -> Self {
        let mut positions = HashMap::with_capacity(entries.len() * 2);
        for (at, entry) in entries.iter().enumerate() {
            if let Some(text) = key_text(&entry.key) {
                positions.entry(text.into()).or_insert(at);
            }
        }
        Self { positions }
    }
}
