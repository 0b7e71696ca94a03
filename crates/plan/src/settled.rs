//! Whether an apply would leave an object as it is, told from the object alone.
//!
//! The API server keeps in `metadata.managedFields` which fields each manager applied (structured-merge-diff 6).
//! An apply of just those fields, with the values that they have, changes nothing. Where that is not plain to see,
//! the answer is no, and a dry run has to tell.

mod fields;
mod filled;

use serde_json::{Map, Value};
use windlass_object::schema::facts;
use windlass_object::{Gvk, Object};

use fields::Level;
use filled::Known;

/// What every object has, and no manager owns.
const IDENTITY: [&str; 3] = ["apiVersion", "kind", "metadata"];
const NAMES: [&str; 2] = ["name", "namespace"];
/// The annotation that says how an object is applied, as Flux has it.
const HOW: &str = "kustomize.toolkit.fluxcd.io/ssa";
/// Managers whose fields an apply takes over, by the beginning of their names (fluxcd/pkg/ssa 0.60).
const TAKEN_OVER: [&str; 2] = ["kubectl", "before-first-apply"];

/// Returns whether a server-side apply of `desired` by `manager`, with force, would surely leave `live` as it is.
///
/// `live` is the object in the version of `desired`, with its `metadata.managedFields`. True means that the manager
/// owns each field that `desired` has and no other one, and that each has the value of `desired`. False means that it
/// may be otherwise.
///
/// What a server does beyond merging is not seen: an admission webhook that would change the object by now, or a
/// policy that would refuse it as it is.
///
/// ```
/// use serde_json::json;
/// use windlass_object::Object;
/// use windlass_plan::is_settled;
///
/// let mut value = json!({"apiVersion": "v1", "kind": "ConfigMap",
///     "metadata": {"name": "settings", "namespace": "shop"}, "data": {"colour": "blue"}});
/// let desired = Object::new(value.clone())?;
/// value["metadata"]["managedFields"] = json!([{"manager": "ci", "operation": "Apply", "apiVersion": "v1",
///     "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:colour": {}}}}]);
/// assert!(is_settled(&desired, &value, "ci"));
/// value["data"]["colour"] = "red".into();
/// assert!(!is_settled(&desired, &value, "ci"));
/// # Ok::<(), windlass_object::ObjectError>(())
/// ```
#[must_use]
pub fn is_settled(desired: &Object, live: &Value, manager: &str) -> bool {
    let owned = own_fields(live, desired.gvk(), manager);
    owned.is_some_and(|(owned, others)| {
        is_plain(desired, live) && holds(desired, owned, &others, live)
    })
}

/// Which fields a manager owns, as `managedFields` tells it.
type Fields<'l> = &'l Map<String, Value>;

/// Returns the fields that the manager applied, when it applied once, in this version, and nobody's fields are to be
/// taken over; and those that others own.
fn own_fields<'l>(
    live: &'l Value,
    gvk: &Gvk,
    manager: &str,
) -> Option<(Fields<'l>, Vec<Fields<'l>>)> {
    let entries = live.pointer("/metadata/managedFields")?.as_array()?;
    let text = |entry: &'l Value, key| entry.get(key).and_then(Value::as_str).unwrap_or_default();
    let (mut own, mut others) = (None, Vec::new());
    for entry in entries {
        let name = text(entry, "manager");
        if name == manager {
            let is_first = own.replace(entry).is_none();
            is_first.then_some(())?;
        } else if TAKEN_OVER.iter().any(|prefix| name.starts_with(prefix)) {
            return None;
        } else {
            others.extend(entry.get("fieldsV1").and_then(Value::as_object));
        }
    }
    let own = own?;
    let is_apply = text(own, "operation") == "Apply" && text(own, "subresource").is_empty();
    let is_read = text(own, "fieldsType") == "FieldsV1";
    let is_same_version = text(own, "apiVersion") == gvk.api_version();
    let fields = own.get("fieldsV1")?.as_object()?;
    (is_apply && is_read && is_same_version).then_some((fields, others))
}

/// Whether both are the same object, in the same version, that is applied as any other.
fn is_plain(desired: &Object, live: &Value) -> bool {
    let id = desired.id();
    let text = |pointer| live.pointer(pointer).and_then(Value::as_str);
    let is_same = text("/apiVersion") == Some(&desired.gvk().api_version())
        && text("/kind") == Some(&id.kind)
        && text("/metadata/name") == Some(&id.name)
        && text("/metadata/namespace") == id.namespace.as_deref();
    let is_special = |object: &Value, field: &str| {
        let map = object.pointer("/metadata").and_then(|it| it.get(field));
        map.is_some_and(|map| map.get(HOW).is_some())
    };
    let either = |field| is_special(desired.value(), field) || is_special(live, field);
    is_same && !either("annotations") && !either("labels")
}

fn holds(desired: &Object, owned: Fields<'_>, others: &[Fields<'_>], live: &Value) -> bool {
    let known = Known {
        schema: facts().schema(desired.gvk()),
        definition: None,
    };
    let empty = Map::new();
    let Some(wanted) = desired.value().as_object() else {
        return false;
    };
    let body = Level {
        owned,
        live,
        known,
        others,
    };
    let metadata = Level {
        owned: child(owned, "f:metadata").unwrap_or(&empty),
        live: &live["metadata"],
        known: known.field("metadata"),
        others,
    };
    let named = wanted.get("metadata").and_then(Value::as_object);
    named.is_some_and(|named| metadata.holds_all_but(&NAMES, named))
        && body.holds_all_but(&IDENTITY, wanted)
}

fn child<'m>(owned: &'m Map<String, Value>, name: &str) -> Option<&'m Map<String, Value>> {
    owned.get(name)?.as_object()
}

#[cfg(test)]
mod tests;
