//! `metadata.managedFields`: who owns which fields, as structured-merge-diff 6 (Kubernetes 1.37) keeps it.

mod codec;
mod set;
mod step;

use serde_json::{Map, Value};

pub(crate) use codec::{FieldsError, decode_set, encode_set};
pub(crate) use set::{FieldSet, Node};
pub(crate) use step::{Step, write_steps};

/// How many entries of operation Update an object may have; older ones are folded into one.
const MAX_UPDATE_ENTRIES: usize = 10;
/// The manager that owns what the folded entries owned.
const ANCIENT_CHANGES: &str = "ancient-changes";

/// Whether a manager applied a configuration or wrote fields in another way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    Apply,
    Update,
}

/// Who wrote: what tells one entry from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Manager {
    /// The field manager's name.
    pub(crate) name: String,
    /// How it wrote.
    pub(crate) operation: Operation,
    /// The version in which the fields are named, such as `apps/v1`.
    pub(crate) api_version: String,
    /// The subresource that was written; empty for the object itself.
    pub(crate) subresource: String,
}

/// One manager and the fields that it owns.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// Who owns.
    pub(crate) manager: Manager,
    /// When the manager last changed something, in RFC 3339 with seconds and `Z`.
    pub(crate) time: Option<String>,
    /// What it owns.
    pub(crate) fields: FieldSet,
}

impl Manager {
    /// Returns whether both are one manager: an applier is the same in all versions.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.operation == other.operation
            && self.name == other.name
            && self.subresource == other.subresource
            && (self.operation == Operation::Apply || self.api_version == other.api_version)
    }
}

impl Operation {
    fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

/// Returns the entries of an object; none when it has no `metadata.managedFields`.
pub(crate) fn entries(object: &Value) -> Result<Vec<Entry>, FieldsError> {
    match raw(object) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(decode_entry).collect(),
        Some(_) => Err(FieldsError::NotList),
    }
}

/// Returns whether the object asks to forget all owners: a list of one empty entry does.
pub(crate) fn is_reset(object: &Value) -> bool {
    match raw(object).and_then(Value::as_array).map(Vec::as_slice) {
        Some([Value::Object(entry)]) => entry.is_empty(),
        _ => false,
    }
}

/// Writes the entries into the object in Kubernetes' order: operation, time, name, version. Entries that
/// own nothing are left out.
pub(crate) fn set_entries(object: &mut Value, mut entries: Vec<Entry>) {
    entries.retain(|entry| !entry.fields.is_empty());
    fold_old_updates(&mut entries);
    entries.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
    let encoded: Vec<Value> = entries.iter().map(encode_entry).collect();
    let Value::Object(object) = object else {
        return;
    };
    let metadata = object
        .entry("metadata")
        .or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(metadata) = metadata {
        if encoded.is_empty() {
            metadata.remove("managedFields");
        } else {
            metadata.insert("managedFields".to_owned(), Value::Array(encoded));
        }
    }
}

/// Returns whether two objects differ in nothing but the times of their entries: then a write changes
/// nothing, and the old object stays.
pub(crate) fn equal_but_times(old: &Value, new: &Value) -> bool {
    equal(old, new, 0)
}

/// Returns whether two objects are equal, whoever owns their fields.
pub(crate) fn equal_but_owners(old: &Value, new: &Value) -> bool {
    let (Value::Object(old), Value::Object(new)) = (old, new) else {
        return old == new;
    };
    let same = |name: &str| match (old.get(name), new.get(name)) {
        (Some(Value::Object(old)), Some(Value::Object(new))) if name == "metadata" => {
            without_owners(old).eq(without_owners(new))
        }
        (old, new) => old == new,
    };
    old.len() == new.len() && old.keys().all(|name| same(name))
}

fn without_owners(metadata: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    metadata.iter().filter(|(name, _)| *name != "managedFields")
}

/// Compares down `metadata`, `managedFields`, the entries and their `time`.
fn equal(old: &Value, new: &Value, depth: usize) -> bool {
    const PATH: [&str; 2] = ["metadata", "managedFields"];
    match (old, new) {
        (Value::Object(old), Value::Object(new)) if depth < PATH.len() => {
            old.len() == new.len()
                && old.iter().zip(new).all(|((key, a), (other, b))| {
                    key == other
                        && if key == PATH[depth] {
                            equal(a, b, depth + 1)
                        } else {
                            a == b
                        }
                })
        }
        (Value::Array(old), Value::Array(new)) if depth == PATH.len() => {
            old.len() == new.len() && old.iter().zip(new).all(|(a, b)| equal_entries(a, b))
        }
        _ => old == new,
    }
}

fn equal_entries(old: &Value, new: &Value) -> bool {
    let keys = [
        "manager",
        "operation",
        "apiVersion",
        "subresource",
        "fieldsV1",
    ];
    keys.iter().all(|key| old.get(key) == new.get(key))
}

fn raw(object: &Value) -> Option<&Value> {
    object.get("metadata")?.get("managedFields")
}

fn sort_key(entry: &Entry) -> (Operation, Option<&str>, &str, &str, &str) {
    let manager = &entry.manager;
    (
        manager.operation,
        entry.time.as_deref(),
        &manager.name,
        &manager.api_version,
        &manager.subresource,
    )
}

fn decode_entry(entry: &Value) -> Result<Entry, FieldsError> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
    let operation = match text("operation") {
        "Apply" => Operation::Apply,
        "Update" => Operation::Update,
        other => return Err(FieldsError::Operation(other.to_owned())),
    };
    let fields = entry
        .get("fieldsV1")
        .map_or(Ok(FieldSet::default()), decode_set)?;
    let time = entry.get("time").and_then(Value::as_str);
    Ok(Entry {
        manager: Manager {
            name: text("manager").to_owned(),
            operation,
            api_version: text("apiVersion").to_owned(),
            subresource: text("subresource").to_owned(),
        },
        time: time.map(str::to_owned),
        fields,
    })
}

fn encode_entry(entry: &Entry) -> Value {
    let manager = &entry.manager;
    let mut map = Map::new();
    let mut set = |key: &str, value: &str| {
        map.insert(key.to_owned(), value.into());
    };
    set("apiVersion", &manager.api_version);
    set("fieldsType", "FieldsV1");
    set("manager", &manager.name);
    set("operation", manager.operation.as_str());
    if !manager.subresource.is_empty() {
        set("subresource", &manager.subresource);
    }
    if let Some(time) = &entry.time {
        set("time", time);
    }
    map.insert("fieldsV1".to_owned(), encode_set(&entry.fields));
    Value::Object(map)
}

/// Folds the oldest entries of operation Update, one for each version, until the limit is kept.
fn fold_old_updates(entries: &mut Vec<Entry>) {
    let is_update = |entry: &Entry| entry.manager.operation == Operation::Update;
    let count = entries.iter().filter(|entry| is_update(entry)).count();
    if count <= MAX_UPDATE_ENTRIES {
        return;
    }
    entries.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
    let mut folded: Vec<Entry> = Vec::new();
    let mut kept: Vec<Entry> = Vec::new();
    let mut excess = count - MAX_UPDATE_ENTRIES;
    for entry in entries.drain(..) {
        let version = &entry.manager.api_version;
        let bucket = folded
            .iter()
            .position(|other| other.manager.api_version == *version);
        match bucket {
            Some(index) if is_update(&entry) && excess > 0 => {
                excess -= 1;
                fold_into(&mut folded[index], entry);
            }
            None if is_update(&entry) && excess > 0 => folded.push(ancient(entry)),
            _ => kept.push(entry),
        }
    }
    kept.append(&mut folded);
    *entries = kept;
}

fn ancient(mut entry: Entry) -> Entry {
    ANCIENT_CHANGES.clone_into(&mut entry.manager.name);
    entry.manager.subresource.clear();
    entry
}

fn fold_into(bucket: &mut Entry, entry: Entry) {
    bucket.fields = bucket.fields.union(&entry.fields);
    bucket.time = bucket.time.take().max(entry.time);
}

#[cfg(test)]
mod laws;
