//! Fields that other programs wrote, taken over so that they go away with the source.
//!
//! What somebody applied with kubectl belongs to kubectl: a field that is removed from the source would stay in the
//! cluster for ever. So its entries in `metadata.managedFields` are made ours, as Flux does (fluxcd/pkg/ssa 0.60).

mod fields;

use serde_json::{Map, Value};
use windlass_object::Object;

use crate::decide::merges;
use crate::ignore::{Ignored, Paths};

pub(crate) use fields::{position, without};

/// The managers whose fields are taken over, by the beginning of their names, and how they wrote.
const TAKEN: [(&str, &str); 3] = [
    ("kubectl", "Apply"),
    ("kubectl", "Update"),
    ("before-first-apply", "Update"),
];

/// What kubectl and older versions of Flux note in the metadata of objects. It goes when the source does not have it:
/// the first may hold the values of a Secret in plain text.
const NOTES: [Note; 4] = [
    Note(
        "kubectl",
        "annotations",
        "kubectl.kubernetes.io/last-applied-configuration",
    ),
    Note(
        "flux",
        "annotations",
        "kustomize.toolkit.fluxcd.io/checksum",
    ),
    Note("flux", "annotations", "fluxcd.io/sync-checksum"),
    Note("flux", "labels", "fluxcd.io/sync-gc-mark"),
];

/// Who notes it, where, and under which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Note(&'static str, &'static str, &'static str);

/// Who applies, and whose fields it takes over.
#[derive(Clone, Copy, Debug)]
pub struct Taker<'a> {
    /// The field manager that applies.
    pub manager: &'a str,
    /// Other managers whose fields it takes over, besides kubectl and what it wrote itself in another way.
    pub also: &'a [String],
}

/// What is taken over of one object before it is applied. Its `Debug` form shows no value.
#[derive(Clone, PartialEq, Eq)]
pub struct Takeover {
    /// From whom: names of field managers, each once.
    pub from: Vec<String>,
    /// `metadata.managedFields` as it is afterwards.
    managed_fields: Value,
    /// The notes that go.
    notes: Vec<Note>,
    /// The sets of fields that are taken.
    sets: Vec<Value>,
}

impl Taker<'_> {
    /// Returns what is taken over of `live` before `desired` is applied; `None` when there is nothing, or when the
    /// object says `kustomize.toolkit.fluxcd.io/ssa: Merge`, which leaves others their fields.
    #[must_use]
    pub fn takes(&self, desired: &Object, live: &Value) -> Option<Takeover> {
        self.takes_but(desired, live, &Ignored::default())
    }

    /// Returns the same, without the fields that are ignored: those stay whose they are.
    pub(crate) fn takes_but(
        &self,
        desired: &Object,
        live: &Value,
        ignored: &Ignored,
    ) -> Option<Takeover> {
        if merges(desired.value()) || merges(live) {
            return None;
        }
        let entries = live.pointer("/metadata/managedFields")?.as_array()?;
        let paths = Paths::of(desired.value(), live, ignored);
        let (mut taken, mut kept) = (Vec::new(), Vec::new());
        for entry in entries {
            let (takes, keeps) = self.divided(entry, &paths);
            taken.extend(takes);
            kept.extend(keeps);
        }
        let notes = notes(desired.value(), live);
        if taken.is_empty() && notes.is_empty() {
            return None;
        }
        let mut from: Vec<String> = taken
            .iter()
            .map(|entry| text(entry, "manager").to_owned())
            .collect();
        if from.is_empty() {
            from.extend(notes.iter().map(|Note(who, ..)| (*who).to_owned()));
        }
        from.sort();
        from.dedup();
        let sets = taken
            .iter()
            .map(|entry| entry["fieldsV1"].clone())
            .collect();
        Some(Takeover {
            from,
            managed_fields: self.merged(&taken, kept),
            notes,
            sets,
        })
    }

    /// Returns what is taken of an entry, and what of it stays.
    fn divided(&self, entry: &Value, paths: &Paths) -> (Option<Value>, Option<Value>) {
        if !self.is_taken(entry) {
            return (None, Some(entry.clone()));
        }
        let mut taken = entry.clone();
        let ignored = paths.split(&mut taken["fieldsV1"]);
        let is_some = |set: &Value| set.as_object().is_some_and(|set| !set.is_empty());
        if !is_some(&ignored) {
            return (Some(taken), None);
        }
        let is_any_taken = is_some(&taken["fieldsV1"]);
        let mut kept = entry.clone();
        kept["fieldsV1"] = ignored;
        (is_any_taken.then_some(taken), Some(kept))
    }

    fn is_taken(&self, entry: &Value) -> bool {
        let (name, operation) = (text(entry, "manager"), text(entry, "operation"));
        if !text(entry, "subresource").is_empty() {
            return false;
        }
        if name == self.manager {
            return operation == "Update";
        }
        let is_kubectl =
            |(prefix, how): &(&str, &str)| name.starts_with(prefix) && operation == *how;
        TAKEN.iter().any(is_kubectl) || self.also.iter().any(|other| other == name)
    }

    /// Returns the entries that are kept, and one of ours with all that we had and take.
    fn merged(&self, taken: &[Value], mut entries: Vec<Value>) -> Value {
        let is_ours = |entry: &Value| {
            text(entry, "manager") == self.manager
                && text(entry, "operation") == "Apply"
                && text(entry, "subresource").is_empty()
        };
        let own = entries.iter().position(is_ours);
        let mut taken = taken.iter();
        let at = own.or_else(|| {
            let mut first = taken.next()?.clone();
            first["manager"] = self.manager.into();
            first["operation"] = "Apply".into();
            entries.push(first);
            Some(entries.len() - 1)
        });
        for entry in taken {
            if let Some(at) = at {
                fields::add(&mut entries[at]["fieldsV1"], &entry["fieldsV1"]);
            }
        }
        Value::Array(entries)
    }
}

impl Takeover {
    /// Returns the JSON patch (RFC 6902) that takes over, of the object in just the version of `live`: of another one
    /// the server refuses it with a conflict.
    #[must_use]
    pub fn patch(&self, live: &Value) -> Value {
        let set = |path: &str, value: &Value| serde_json::json!({"op": "replace", "path": path, "value": value});
        let mut patch = vec![
            set("/metadata/managedFields", &self.managed_fields),
            set(
                "/metadata/resourceVersion",
                &live["metadata"]["resourceVersion"],
            ),
        ];
        for Note(_, field, key) in &self.notes {
            let path = format!("/metadata/{field}/{}", key.replace('/', "~1"));
            patch.push(serde_json::json!({"op": "remove", "path": path}));
        }
        Value::Array(patch)
    }

    /// Returns what an apply gives after the takeover, from what a dry run of it gives before: without the fields
    /// that are taken, and that neither the source nor another manager has. The server may set some of them anew.
    #[must_use]
    pub fn foresee(&self, merged: &Value, taker: &Taker<'_>) -> Value {
        let mut foreseen = merged.clone();
        let entries = merged
            .pointer("/metadata/managedFields")
            .and_then(Value::as_array);
        let kept: Vec<&Map<String, Value>> = entries
            .into_iter()
            .flatten()
            .filter(|entry| !taker.is_taken(entry))
            .filter_map(|entry| entry.get("fieldsV1")?.as_object())
            .collect();
        for set in self.sets.iter().filter_map(Value::as_object) {
            without(&mut foreseen, set, &kept);
        }
        for Note(_, field, key) in &self.notes {
            let map = foreseen
                .get_mut("metadata")
                .and_then(|it| it.get_mut(*field));
            map.and_then(Value::as_object_mut)
                .map(|map| map.remove(*key));
        }
        foreseen
    }
}

impl std::fmt::Debug for Takeover {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Takeover({:?})", self.from)
    }
}

fn notes(desired: &Value, live: &Value) -> Vec<Note> {
    let has = |object: &Value, Note(_, field, key): &Note| {
        let map = object.get("metadata").and_then(|it| it.get(*field));
        map.is_some_and(|map| map.get(*key).is_some())
    };
    let goes = |note: &Note| has(live, note) && !has(desired, note);
    NOTES.into_iter().filter(goes).collect()
}

fn text<'v>(entry: &'v Value, key: &str) -> &'v str {
    entry.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests;
