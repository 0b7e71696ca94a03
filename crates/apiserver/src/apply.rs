//! Server-side apply and the ownership of fields, with the semantics of structured-merge-diff 6 and the
//! words of kube-apiserver 1.37.
//!
//! [`apply`] merges a configuration into the live object; [`update`] notes who changed which fields in
//! any other write. Both are pure: the time is a value, and defaulting and validation are the caller's.
//! Entries of `managedFields` in another version of the kind are taken as if they named the same fields.

mod compare;
mod empty;
mod last_applied;
mod merge;
mod prune;
mod shape;
mod to_set;

use serde_json::{Map, Value};
use windlass_object::schema::Schema;

use crate::managed_fields::{
    Entry, FieldSet, Manager, Node, Operation, Step, entries, is_reset, set_entries, write_steps,
};
use crate::status::Cause;

pub(crate) use empty::{empty_object, empty_value};

/// Who writes, when, and as what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writer<'a> {
    /// The field manager's name.
    pub(crate) manager: &'a str,
    /// The version that the request names, such as `apps/v1`.
    pub(crate) api_version: &'a str,
    /// The subresource that is written; empty for the object itself.
    pub(crate) subresource: &'a str,
    /// Now, in RFC 3339 with seconds and `Z`.
    pub(crate) time: &'a str,
    /// Fields that this endpoint never writes, and so never owns ([`ignored_fields`]).
    pub(crate) ignored: &'a FieldSet,
}

/// What happens when another manager owns a field that has another value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnConflict {
    /// The apply fails.
    Fail,
    /// The field changes hands (`force=true`).
    TakeOver,
}

/// Why an apply failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ApplyError {
    /// The configuration itself says who owns what (400).
    #[error("metadata.managedFields must be nil")]
    ManagedFields,
    /// The configuration does not fit the schema (500, as kube-apiserver has it).
    #[error("failed to create typed patch object ({object}): {}", mismatches.join("\n"))]
    Mismatch {
        /// The object: `shop/web; apps/v1, Kind=Deployment`.
        object: String,
        /// One line for each field that does not fit.
        mismatches: Vec<String>,
    },
    /// Other managers own fields that would change (409).
    #[error("{}", conflict_message(.0))]
    Conflicts(Vec<Conflict>),
}

/// A field that another manager owns and that has another value there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Conflict {
    /// The manager, as kube-apiserver prints it: `"kubectl" using apps/v1`.
    pub(crate) manager: String,
    /// The field: `.spec.replicas`.
    pub(crate) path: String,
}

impl Conflict {
    /// Returns the cause in the details of the status.
    pub(crate) fn cause(&self) -> Cause {
        Cause::new(
            "FieldManagerConflict",
            self.path.clone(),
            format!("conflict with {}", self.manager),
        )
    }
}

/// Returns the live object with `applied` merged into it, with what the manager applied before and now
/// does not taken away, and with its entries in `managedFields`.
///
/// An object that does not exist yet is `live` null. When nothing changed but times, the caller keeps
/// the live object ([`crate::managed_fields::equal_but_times`]).
pub(crate) fn apply(
    live: &Value,
    applied: &Value,
    schema: &Schema,
    writer: &Writer<'_>,
    on_conflict: OnConflict,
) -> Result<Value, ApplyError> {
    check_configuration(applied, schema)?;
    let owners = owners_before_apply(live, schema, writer);
    match try_apply(live, applied, schema, writer, on_conflict, owners.clone()) {
        Err(ApplyError::Conflicts(conflicts)) if writer.manager == "kubectl" => {
            let allowed = last_applied::unchanged_fields(live, schema);
            let conflicts = last_applied::not_allowed(conflicts, &allowed);
            if !conflicts.is_empty() {
                return Err(ApplyError::Conflicts(conflicts));
            }
            let force = OnConflict::TakeOver;
            try_apply(live, applied, schema, writer, force, owners)
        }
        result => result,
    }
    .map(|object| last_applied::follow(live, applied, writer, object))
}

/// Returns `new` with the entries of `managedFields` that follow from a write which is not an apply: the
/// writer owns what differs from `live`, and others lose it.
///
/// `live` is null for an object that does not exist yet.
pub(crate) fn update(live: &Value, new: Value, schema: &Schema, writer: &Writer<'_>) -> Value {
    let mut new = new;
    let mut owners = owners_before_update(live, &new, writer);
    let had_owners = !owners.is_empty();
    remove_entries(&mut new);
    // An object whose owners were reset is not tracked until it is applied.
    if !live.is_null() && !had_owners {
        return new;
    }
    let empty;
    let old = if live.is_null() {
        empty = empty_object(schema, &new);
        &empty
    } else {
        live
    };
    let difference = compare::compare(old, &new, schema);
    for owner in &mut owners {
        owner.fields = owner
            .fields
            .difference(&difference.changed)
            .difference(&difference.removed);
    }
    let changed = difference.changed.without_trees(writer.ignored);
    let fields = strip(&changed);
    if !fields.is_empty() {
        add_fields(&mut owners, writer.entry(Operation::Update, fields));
    }
    set_entries(&mut new, owners);
    new
}

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

impl Writer<'_> {
    fn entry(&self, operation: Operation, fields: FieldSet) -> Entry {
        Entry {
            manager: Manager {
                name: self.manager.to_owned(),
                operation,
                api_version: self.api_version.to_owned(),
                subresource: self.subresource.to_owned(),
            },
            time: Some(self.time.to_owned()),
            fields,
        }
    }
}

fn check_configuration(applied: &Value, schema: &Schema) -> Result<(), ApplyError> {
    match applied.pointer("/metadata/managedFields") {
        None | Some(Value::Null) => {}
        Some(Value::Array(entries)) if entries.is_empty() => {}
        Some(_) => return Err(ApplyError::ManagedFields),
    }
    let mismatches = to_set::mismatches(applied, schema);
    if mismatches.is_empty() {
        return Ok(());
    }
    Err(ApplyError::Mismatch {
        object: describe(applied),
        mismatches,
    })
}

fn describe(object: &Value) -> String {
    let text = |pointer: &str| {
        let found = object.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_default()
    };
    format!(
        "{}/{}; {}, Kind={}",
        text("/metadata/namespace"),
        text("/metadata/name"),
        text("/apiVersion"),
        text("/kind")
    )
}

/// Fields of an object that nobody owns yet go to a manager of their own, so that the first applier
/// does not silently take what others wrote.
fn owners_before_apply(live: &Value, schema: &Schema, writer: &Writer<'_>) -> Vec<Entry> {
    let owners = entries(live).unwrap_or_default();
    if live.is_null() || !owners.is_empty() {
        return owners;
    }
    let empty = empty_object(schema, live);
    let mut old = live.clone();
    remove_entries(&mut old);
    let changed = compare::compare(&empty, &old, schema).changed;
    let before = Writer {
        manager: "before-first-apply",
        ..*writer
    };
    let fields = strip(&changed.without_trees(writer.ignored));
    vec![before.entry(Operation::Update, fields)]
}

/// Entries in the new object are taken, so that a client may edit them; broken or missing ones are not.
fn owners_before_update(live: &Value, new: &Value, writer: &Writer<'_>) -> Vec<Entry> {
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

fn try_apply(
    live: &Value,
    applied: &Value,
    schema: &Schema,
    writer: &Writer<'_>,
    on_conflict: OnConflict,
    mut owners: Vec<Entry>,
) -> Result<Value, ApplyError> {
    let set = to_set::to_set(applied, schema);
    let set = set.without_trees(writer.ignored);
    let mine = writer.entry(Operation::Apply, set);
    let index = owners
        .iter()
        .position(|owner| owner.manager.is_same(&mine.manager));
    let last = index.map(|index| owners.remove(index));

    let mut old = live.clone();
    remove_entries(&mut old);
    let mut merged = merge::merge(&old, applied, schema);
    if let Some(last) = &last {
        let managed = managed_by(&owners, &mine);
        prune::prune(&mut merged, &last.fields, &managed, schema);
    }
    if !live.is_null() && merged != old {
        settle(&old, &merged, schema, &mut owners, on_conflict)?;
    }
    let fields = strip(&mine.fields);
    owners.push(stamp(mine, fields, last, merged == old));
    set_entries(&mut merged, owners);
    Ok(merged)
}

/// Returns the applier's entry. Its time is kept when the apply changed neither object nor ownership.
fn stamp(mut mine: Entry, fields: FieldSet, last: Option<Entry>, same: bool) -> Entry {
    mine.fields = fields;
    match last {
        Some(last) if same && last.fields == mine.fields && last.time.is_some() => Entry {
            time: last.time,
            ..mine
        },
        _ => mine,
    }
}

fn managed_by(owners: &[Entry], mine: &Entry) -> FieldSet {
    let all = owners.iter().map(|owner| &owner.fields);
    all.fold(mine.fields.clone(), |all, fields| all.union(fields))
}

/// Finds what other managers own of the fields that change: a conflict, or they lose it.
fn settle(
    old: &Value,
    new: &Value,
    schema: &Schema,
    owners: &mut [Entry],
    on_conflict: OnConflict,
) -> Result<(), ApplyError> {
    let difference = compare::compare(old, new, schema);
    let mut conflicts = Vec::new();
    for owner in owners {
        let contested = owner.fields.intersection(&difference.changed);
        if on_conflict == OnConflict::Fail {
            conflicts.extend(conflicts_with(owner, &contested));
        }
        owner.fields = owner
            .fields
            .difference(&contested)
            .difference(&difference.removed);
    }
    if conflicts.is_empty() {
        return Ok(());
    }
    Err(ApplyError::Conflicts(conflicts))
}

fn conflicts_with(owner: &Entry, contested: &FieldSet) -> Vec<Conflict> {
    let conflict = |path: Vec<&Step>| Conflict {
        manager: print_owner(owner),
        path: write_steps(path),
    };
    contested.paths().into_iter().map(conflict).collect()
}

fn print_owner(owner: &Entry) -> String {
    let manager = &owner.manager;
    let (name, subresource) = (&manager.name, &manager.subresource);
    let subresource = match subresource.as_str() {
        "" => String::new(),
        subresource => format!(" with subresource {subresource:?}"),
    };
    let version = match manager.operation {
        Operation::Apply => String::new(),
        Operation::Update => format!(" using {}", manager.api_version),
    };
    format!("{name:?}{subresource}{version}")
}

/// Words the conflicts as kube-apiserver does: one in a line, several by manager.
fn conflict_message(conflicts: &[Conflict]) -> String {
    if let [only] = conflicts {
        let Conflict { manager, path } = only;
        return format!("Apply failed with 1 conflict: conflict with {manager}: {path}");
    }
    let mut managers: Vec<&str> = conflicts.iter().map(|c| c.manager.as_str()).collect();
    managers.sort_unstable();
    managers.dedup();
    let mut lines = Vec::new();
    for manager in managers {
        lines.push(format!("conflicts with {manager}:"));
        let theirs = conflicts.iter().filter(|c| c.manager == manager);
        lines.extend(theirs.map(|conflict| format!("- {}", conflict.path)));
    }
    let count = conflicts.len();
    format!("Apply failed with {count} conflicts: {}", lines.join("\n"))
}

/// Adds what a write of operation Update owns to the entry of its manager, or as a new one.
fn add_fields(owners: &mut Vec<Entry>, entry: Entry) {
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
fn strip(set: &FieldSet) -> FieldSet {
    use std::sync::LazyLock;
    static STRIPPED: LazyLock<FieldSet> = LazyLock::new(|| {
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
    set.difference(&STRIPPED)
}

fn remove_entries(object: &mut Value) {
    let metadata = object.get_mut("metadata").and_then(Value::as_object_mut);
    if let Some(metadata) = metadata {
        metadata.remove("managedFields");
    }
}

/// Returns a mapping of nothing.
fn empty_map() -> Value {
    Value::Object(Map::new())
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
