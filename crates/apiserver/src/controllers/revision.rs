//! ControllerRevisions: the templates that StatefulSets and DaemonSets have had.

use std::sync::Arc;

use serde_json::{Value, json};

use super::step::{Step, Write, map_at, owner_reference};
use super::template::{REVISION_LABEL, short_hash};
use super::world::{Id, Kind, World};
use crate::fields::{self, integer};

/// Returns the hash of the present template of a set, the value of the label on its pods.
pub(super) fn hash(set: &Value) -> String {
    short_hash(&set["spec"]["template"])
}

/// Keeps the revision of the present template, and as many old ones as the history limit says.
pub(super) fn keep(world: &World, kind: Kind, set: &Value, step: &mut Step) {
    let name = format!("{}-{}", fields::name(set), hash(set));
    let mut all: Vec<&Arc<Value>> = world.owned(set, Kind::ControllerRevision).collect();
    all.sort_by_key(|it| integer(it, "/revision"));
    let last = all.last().map_or(0, |it| integer(it, "/revision"));
    match all.iter().find(|it| fields::name(it) == name) {
        None => step.write(Write::Create(
            Kind::ControllerRevision,
            revision(kind, set, &name, last + 1),
        )),
        Some(present) if integer(present, "/revision") < last => {
            let mut next = Value::clone(present);
            next["revision"] = (last + 1).into();
            step.write(Write::Update(Kind::ControllerRevision, next));
        }
        Some(_) => {
            let limit = fields::optional_integer(set, "/spec/revisionHistoryLimit").unwrap_or(10);
            let limit = usize::try_from(limit).unwrap_or_default() + 1;
            for old in &all[..all.len().saturating_sub(limit)] {
                step.write(Write::Delete(Id::of(Kind::ControllerRevision, old)));
            }
        }
    }
}

fn revision(kind: Kind, set: &Value, name: &str, number: i64) -> Value {
    let mut labels = map_at(set, "/spec/template/metadata/labels");
    labels.insert(REVISION_LABEL.to_owned(), hash(set).into());
    let mut template = set["spec"]["template"].clone();
    template["$patch"] = "replace".into();
    json!({
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {
            "name": name,
            "namespace": fields::namespace(set),
            "labels": labels,
            "ownerReferences": [owner_reference(kind, set)],
        },
        "data": {"spec": {"template": template}},
        "revision": number,
    })
}
