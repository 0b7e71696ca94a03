//! What a controller's step decides: writes, reports, and when to look again.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::world::{Id, Kind};
use crate::clock::rfc3339;
use crate::fields;

/// What one step of a controller wants done, in this order.
#[derive(Debug, Default)]
pub(super) struct Step {
    pub(super) writes: Vec<Write>,
    pub(super) reports: Vec<Report>,
    /// When to look at the object again though nothing has changed.
    pub(super) wake: Option<Timestamp>,
}

/// One write.
#[derive(Debug)]
pub(super) enum Write {
    /// Creates an object.
    Create(Kind, Value),
    /// Replaces an object, if it still has the version in `metadata.resourceVersion`.
    Update(Kind, Value),
    /// Replaces the status of an object, likewise.
    UpdateStatus(Kind, Value),
    /// Applies fields of an object as this manager, whoever owns them.
    Apply(Kind, Value, &'static str),
    /// Deletes an object.
    Delete(Id),
    /// Creates a pod; the owner, which is the object of the step, reports it as this component.
    CreatePod(Value, &'static str),
    /// Deletes a pod, likewise.
    DeletePod(Id, &'static str),
}

/// Something that happened to an object, to be told as an Event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Report {
    /// `Normal` or `Warning`.
    pub(super) level: &'static str,
    /// Such as `SuccessfulCreate`.
    pub(super) reason: String,
    /// The text for people.
    pub(super) message: String,
    /// Who reports, such as `kubelet`.
    pub(super) source: &'static str,
    /// The part of the object, such as `spec.containers{app}`; often empty.
    pub(super) field: String,
}

impl Step {
    /// Adds a write.
    pub(super) fn write(&mut self, write: Write) {
        self.writes.push(write);
    }

    /// Adds a report about the object of the step.
    pub(super) fn report(&mut self, report: Report) {
        self.reports.push(report);
    }

    /// Asks for another look at `time`, or earlier when that was asked for already.
    pub(super) fn wake_at(&mut self, time: Timestamp) {
        self.wake = Some(self.wake.map_or(time, |earlier| earlier.min(time)));
    }

    /// Makes `owner` the controller of an object that has none.
    pub(super) fn adopt(&mut self, kind: Kind, object: &Value, owner_kind: Kind, owner: &Value) {
        let mut adopted = object.clone();
        let mut owners = fields::list(object, "/metadata/ownerReferences").to_vec();
        owners.push(owner_reference(owner_kind, owner));
        adopted["metadata"]["ownerReferences"] = owners.into();
        self.write(Write::Update(kind, adopted));
    }

    /// Writes `status` when it differs from that of `object`.
    pub(super) fn set_status(&mut self, kind: Kind, object: &Value, status: Value) {
        if object.get("status") == Some(&status) {
            return;
        }
        let mut next = object.clone();
        next["status"] = status;
        self.write(Write::UpdateStatus(kind, next));
    }
}

impl Report {
    /// Returns the report of something that went as it should.
    pub(super) fn normal(source: &'static str, reason: &str, message: impl Into<String>) -> Self {
        Self {
            level: "Normal",
            reason: reason.to_owned(),
            message: message.into(),
            source,
            field: String::new(),
        }
    }

    /// Returns the report of something that somebody should look at.
    pub(super) fn warning(source: &'static str, reason: &str, message: impl Into<String>) -> Self {
        Self {
            level: "Warning",
            ..Self::normal(source, reason, message)
        }
    }

    /// Returns the report as one about a container.
    pub(super) fn on(mut self, field: String) -> Self {
        self.field = field;
        self
    }
}

/// Returns the time `seconds` after the RFC 3339 time `start`, when that is one.
pub(super) fn after(start: &str, seconds: i64) -> Option<Timestamp> {
    let start: Timestamp = start.parse().ok()?;
    start.checked_add(SignedDuration::from_secs(seconds)).ok()
}

/// Returns `object` with `fields` that are not null set, and those that are null removed.
pub(super) fn with(mut object: Value, fields: Value) -> Value {
    if let (Value::Object(map), Value::Object(fields)) = (&mut object, fields) {
        for (key, value) in fields {
            if value.is_null() {
                map.remove(&key);
            } else {
                map.insert(key, value);
            }
        }
    }
    object
}

/// Returns a count, or null when it is zero: what Go leaves out of a status.
pub(super) fn nonzero(count: usize) -> Value {
    match count {
        0 => Value::Null,
        count => count.into(),
    }
}

/// Returns the owner reference that makes `owner` the controller of an object.
pub(super) fn owner_reference(kind: Kind, owner: &Value) -> Value {
    json!({
        "apiVersion": kind.api_version(),
        "kind": kind.name(),
        "name": fields::name(owner),
        "uid": fields::uid(owner),
        "controller": true,
        "blockOwnerDeletion": true,
    })
}

/// Replaces the condition of the type of `condition` in `conditions`, or adds it.
///
/// `lastTransitionTime` moves only when the status changes. With `keep_same`, a condition of the same
/// status and reason stays as it is, with its old message and time.
pub(super) fn set_condition(
    conditions: &mut Vec<Value>,
    mut condition: Value,
    now: Timestamp,
    keep_same: bool,
) {
    let same = |left: &Value, right: &Value, key: &str| left.get(key) == right.get(key);
    let found = conditions
        .iter()
        .position(|it| same(it, &condition, "type"));
    condition["lastTransitionTime"] = rfc3339(now).into();
    match found.map(|index| &mut conditions[index]) {
        None => conditions.push(condition),
        Some(old) if same(old, &condition, "status") => {
            if keep_same && same(old, &condition, "reason") {
                return;
            }
            condition["lastTransitionTime"] = old["lastTransitionTime"].clone();
            *old = condition;
        }
        Some(old) => *old = condition,
    }
}

/// Returns the mapping at `pointer`, or an empty one.
pub(super) fn map_at(object: &Value, pointer: &str) -> Map<String, Value> {
    fields::map(object, pointer).cloned().unwrap_or_default()
}
