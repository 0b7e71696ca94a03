//! Server-side apply and the ownership of fields, with the semantics of structured-merge-diff 6 and the
//! words of kube-apiserver 1.37.
//!
//! [`apply`] merges a configuration into the live object; [`update`] notes who changed which fields in
//! any other write. Both are pure: the time is a value, and defaulting and validation are the caller's.
//! Entries of `managedFields` in another version of the kind are taken as if they named the same fields.

mod compare;
mod conflict;
mod empty;
mod last_applied;
mod merge;
mod owners;
mod prune;
mod shape;
mod to_set;

use serde_json::Value;
use windlass_object::schema::Schema;

use crate::managed_fields::{Entry, FieldSet, Manager, Operation, equal_but_owners, set_entries};
use conflict::{conflict_message, conflicts_with};
use owners::{
    add_fields, identity, owners_before_apply, owners_before_update, remove_entries, strip,
    without_entries,
};

pub(crate) use conflict::Conflict;
pub(crate) use empty::{empty_object, empty_value};
pub(crate) use owners::ignored_fields;

/// Who writes, when, and as what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writer<'a> {
    /// The field manager's name.
    pub(crate) manager: &'a str,
    /// The version that the request names, such as `apps/v1`.
    pub(crate) api_version: &'a str,
    /// Whether the type comes from a definition.
    pub(crate) is_custom: bool,
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
    if writer.manager != "kubectl" {
        return try_apply(live, applied, schema, writer, on_conflict, owners);
    }
    let object = match try_apply(live, applied, schema, writer, on_conflict, owners.clone()) {
        Err(ApplyError::Conflicts(conflicts)) => {
            let allowed = last_applied::unchanged_fields(live, schema);
            let conflicts = last_applied::not_allowed(conflicts, &allowed);
            if !conflicts.is_empty() {
                return Err(ApplyError::Conflicts(conflicts));
            }
            let force = OnConflict::TakeOver;
            try_apply(live, applied, schema, writer, force, owners)?
        }
        result => result?,
    };
    Ok(last_applied::follow(live, applied, object))
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
    // What a definition's new schema cannot hold cannot be compared: who owns it stays as it was.
    if writer.is_custom && !(to_set::fits(live, schema) && to_set::fits(&new, schema)) {
        set_entries(&mut new, owners);
        return new;
    }
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
        owner.fields.subtract(&difference.changed);
        owner.fields.subtract(&difference.removed);
    }
    let mut fields = difference.changed;
    fields.subtract_trees(writer.ignored);
    strip(&mut fields);
    if !fields.is_empty() {
        add_fields(&mut owners, writer.entry(Operation::Update, fields));
    }
    set_entries(&mut new, owners);
    new
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
            // What is written through the scale has none in kube-apiserver 1.37.
            time: (self.subresource != "scale").then(|| self.time.to_owned()),
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
    let version = text("/apiVersion");
    let slash = if version.contains('/') { "" } else { "/" };
    format!(
        "{}/{}; {slash}{version}, Kind={}",
        text("/metadata/namespace"),
        text("/metadata/name"),
        text("/kind")
    )
}

fn try_apply(
    live: &Value,
    applied: &Value,
    schema: &Schema,
    writer: &Writer<'_>,
    on_conflict: OnConflict,
    mut owners: Vec<Entry>,
) -> Result<Value, ApplyError> {
    let mut mine = writer.entry(Operation::Apply, to_set::to_set(applied, schema));
    mine.fields.subtract_trees(writer.ignored);
    strip(&mut mine.fields);
    let last = take_entry(&mut owners, &mine.manager);
    if let Some(last) = &last
        && last.fields == mine.fields
        && merge::holds(live, applied, schema)
    {
        return Ok(live.clone());
    }
    let mut merged = without_entries(live);
    merge::merge_into(&mut merged, applied, schema);
    if let Some(last) = &last
        && !last.fields.is_subset(&mine.fields)
    {
        let managed = managed_by(&owners, &mine);
        prune::prune(&mut merged, &last.fields, &managed, schema);
    }
    if live.is_null() {
        // Nobody else owns anything of it.
    } else if !equal_but_owners(live, &merged) {
        let ignored = writer.ignored;
        settle(live, &merged, schema, &mut owners, on_conflict, ignored)?;
    } else {
        // Only a change of the object has a time; owning more of what is there has none.
        mine.time = last.and_then(|last| last.time);
    }
    owners.push(mine);
    set_entries(&mut merged, owners);
    Ok(merged)
}

fn take_entry(owners: &mut Vec<Entry>, manager: &Manager) -> Option<Entry> {
    let is_same = |owner: &Entry| owner.manager.is_same(manager);
    let index = owners.iter().position(is_same)?;
    Some(owners.remove(index))
}

/// Returns all fields that somebody owns; what identifies the object counts as owned.
fn managed_by(owners: &[Entry], mine: &Entry) -> FieldSet {
    let all = owners.iter().map(|owner| &owner.fields);
    let mine = identity().union(&mine.fields);
    all.fold(mine, |all, fields| all.union(fields))
}

/// Finds what other managers own of the fields that change: a conflict, or they lose it.
fn settle(
    old: &Value,
    new: &Value,
    schema: &Schema,
    owners: &mut [Entry],
    on_conflict: OnConflict,
    ignored: &FieldSet,
) -> Result<(), ApplyError> {
    let mut difference = compare::compare(old, new, schema);
    difference.changed.subtract_trees(ignored);
    difference.removed.subtract_trees(ignored);
    let mut conflicts = Vec::new();
    for owner in owners {
        let contested = owner.fields.intersection(&difference.changed);
        if on_conflict == OnConflict::Fail {
            conflicts.extend(conflicts_with(owner, &contested));
        }
        owner.fields.subtract(&contested);
        owner.fields.subtract(&difference.removed);
    }
    if conflicts.is_empty() {
        return Ok(());
    }
    Err(ApplyError::Conflicts(conflicts))
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
