//! Who owns what before a write, and what nobody owns.

use std::sync::LazyLock;

use serde_json::Value;
use windlass_object::schema::Schema;

use super::{Writer, compare, empty_object};
use crate::managed_fields::{Entry, FieldSet, Node, Operation, Step, entries, is_reset};

/// Returns the fields that an endpoint never writes: the object's own endpoint leaves `status` alone
/// where that is a subresource, and that of the status leaves all else alone.
pub(crate) fn ignored_fields(has_status: bool, subresource: &str) -> FieldSet {
    let mut set = FieldSet::default();
    let field = |name: &str| Step::Field(name.into());
    match subresource {
        "" if has_status => set.insert(field("status"), Node::leaf()),
        "status" => {
            set.insert(field("spec"), Node::leaf());
            let mut metadata = Node::default();
            metadata.children.insert(field("labels"), Node::leaf());
            set.insert(field("metadata"), metadata);
        }
        _ => {}
    }
    set
}

/// Fields of an object that nobody owns yet go to a manager of their own, so that the first applier
/// does not silently take what others wrote.
pub(super) fn owners_before_apply(
    live: &Value,
    schema: &Schema,
    writer: &Writer<'_>,
) -> Vec<Entry> {
    let owners = entries(live).unwrap_or_default();
    if live.is_null() || !owners.is_empty() {
        return owners;
    }
    let empty = empty_object(schema, live);
    let old = without_entries(live);
    let mut fields = compare::compare(&empty, &old, schema).changed;
    let before = Writer {
        manager: "before-first-apply",
        ..*writer
    };
    fields.subtract_trees(writer.ignored);
    strip(&mut fields);
    vec![before.entry(Operation::Update, fields)]
}

/// Entries in the new object are taken, so that a client may edit them; broken or missing ones are not.
pub(super) fn owners_before_update(live: &Value, new: &Value, writer: &Writer<'_>) -> Vec<Entry> {
    if writer.subresource.is_empty() {
        if is_reset(new) {
            return Vec::new();
        }
        match entries(new) {
            Ok(entries) if !entries.is_empty() => return entries,
            _ => {}
        }
    }
    entries(live).unwrap_or_default()
}

/// Adds what a write of operation Update owns to the entry of its manager, or as a new one.
pub(super) fn add_fields(owners: &mut Vec<Entry>, entry: Entry) {
    let same = owners
        .iter_mut()
        .find(|owner| owner.manager.is_same(&entry.manager));
    match same {
        Some(owner) => {
            owner.fields = owner.fields.union(&entry.fields);
            owner.time = entry.time;
        }
        None => owners.push(entry),
    }
}

/// Takes from the set what identifies the object or is the server's: nobody owns that.
pub(super) fn strip(set: &mut FieldSet) {
    set.subtract(identity());
}

/// Returns the fields that identify an object or are the server's.
pub(super) fn identity() -> &'static FieldSet {
    static IDENTITY: LazyLock<FieldSet> = LazyLock::new(|| {
        let field = |name: &str| Step::Field(name.into());
        let mut metadata = Node::leaf();
        for name in [
            "clusterName",
            "creationTimestamp",
            "generation",
            "managedFields",
            "name",
            "namespace",
            "resourceVersion",
            "selfLink",
            "uid",
        ] {
            metadata.children.insert(field(name), Node::leaf());
        }
        let mut set = FieldSet::default();
        set.insert(field("apiVersion"), Node::leaf());
        set.insert(field("kind"), Node::leaf());
        set.insert(field("metadata"), metadata);
        set
    });
    &IDENTITY
}

/// Takes `managedFields` from an object.
pub(super) fn remove_entries(object: &mut Value) {
    let metadata = object.get_mut("metadata").and_then(Value::as_object_mut);
    if let Some(metadata) = metadata {
        metadata.remove("managedFields");
    }
}

/// Returns a copy of an object without its `managedFields`, which are a good part of it.
pub(super) fn without_entries(object: &Value) -> Value {
    let Value::Object(map) = object else {
        return object.clone();
    };
    let copy = map.iter().map(|(name, value)| match value {
        Value::Object(metadata) if name == "metadata" => {
            let kept = metadata.iter().filter(|(name, _)| *name != "managedFields");
            let kept = kept.map(|(name, value)| (name.clone(), value.clone()));
            (name.clone(), Value::Object(kept.collect()))
        }
        value => (name.clone(), value.clone()),
    });
    Value::Object(copy.collect())
}
