//! The metadata that the server owns: what it checks, fills in and carries over.

use serde_json::{Map, Value};
use windlass_object::Gvk;
use windlass_object::schema::facts;

use super::Target;
use crate::fields;
use crate::identity;
use crate::resource::ResourceType;
use crate::status::{Cause, Status};

/// Fields that a client cannot change on an object that exists.
const CARRIED: [&str; 5] = [
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
];

/// Checks that a body is an object of the target's kind and namespace, and fills in what it left out.
pub(super) fn fit(target: &Target<'_>, object: &mut Value) -> Result<(), Status> {
    let resource = target.resource;
    let Value::Object(map) = object else {
        return Err(Status::bad_request("the object provided is not a mapping"));
    };
    let api_version = resource.api_version();
    let is_known = |version: &str, kind: &str| facts().schema(&Gvk::new(version, kind)).is_some();
    let kind = map.get("kind").and_then(Value::as_str).unwrap_or_default();
    if let Some(version) = map.get("apiVersion").and_then(Value::as_str)
        && resource.custom.is_none()
        && kind == resource.kind
        && !version.is_empty()
        && !is_known(version, kind)
    {
        return Err(Status::bad_request(format!(
            "{kind} in version {version:?} cannot be handled as a {kind}: no kind {kind:?} is \
             registered for version {version:?} in scheme \"pkg/runtime/scheme.go:111\""
        )));
    }
    fit_text(map, "apiVersion", &api_version, |found| {
        format!(
            "the API version in the data ({found}) does not match the expected API version \
             ({api_version})"
        )
    })?;
    if resource.custom.is_some() {
        check_custom_kind(resource, map)?;
    }
    fit_text(map, "kind", &resource.kind, |found| {
        let (wanted, version) = (&resource.kind, &resource.version);
        let why = if is_known(&api_version, found) {
            let group = resource.group.split('.').next().filter(|it| !it.is_empty());
            let group = group.unwrap_or("core");
            format!(": converting ({version}.{found}) to ({group}.{wanted}): unknown conversion")
        } else {
            String::new()
        };
        format!("{found} in version {api_version:?} cannot be handled as a {wanted}{why}")
    })?;
    let metadata = map
        .entry("metadata")
        .or_insert_with(|| Value::Object(Map::new()));
    if metadata.is_null() {
        *metadata = Value::Object(Map::new());
    }
    let Value::Object(metadata) = metadata else {
        return Err(Status::bad_request(
            "metadata of the object provided is not a mapping",
        ));
    };
    fit_namespace(target, metadata)
}

/// Objects of definitions are checked for their kind when they have been read, not before.
fn check_custom_kind(resource: &ResourceType, map: &Map<String, Value>) -> Result<(), Status> {
    let kind = map.get("kind").and_then(Value::as_str);
    let Some(kind) = kind.filter(|kind| !kind.is_empty() && *kind != resource.kind) else {
        return Ok(());
    };
    let why = format!("Invalid value: {kind:?}: must be {}", resource.kind);
    let cause = Cause::new("FieldValueInvalid", "kind", why);
    let name = map
        .get("metadata")
        .map_or("", |it| fields::text(it, "/name"));
    let found = ResourceType {
        kind: kind.to_owned(),
        ..resource.clone()
    };
    Err(Status::invalid(&found, name, vec![cause]))
}

fn fit_text(
    fields: &mut Map<String, Value>,
    name: &str,
    wanted: &str,
    message: impl Fn(&str) -> String,
) -> Result<(), Status> {
    match fields.get(name).and_then(Value::as_str) {
        Some(found) if !found.is_empty() && found != wanted => {
            Err(Status::bad_request(message(found)))
        }
        _ => {
            fields.insert(name.to_owned(), Value::String(wanted.to_owned()));
            Ok(())
        }
    }
}

fn fit_namespace(target: &Target<'_>, metadata: &mut Map<String, Value>) -> Result<(), Status> {
    let given = metadata
        .get("namespace")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if !target.resource.namespaced {
        if !given.is_empty() {
            let message = "namespace is not allowed on this type of object";
            return Err(Status::bad_request(message));
        }
        metadata.remove("namespace");
        return Ok(());
    }
    if !given.is_empty() && given != target.namespace {
        let message = "the namespace of the provided object does not match the namespace sent on \
                       the request";
        return Err(Status::bad_request(message));
    }
    metadata.insert(
        "namespace".to_owned(),
        Value::String(target.namespace.to_owned()),
    );
    Ok(())
}

/// Returns the name of a new object: the one in the path, the one it has, or a generated one.
pub(super) fn new_name(target: &Target<'_>, object: &Value) -> Result<String, Status> {
    let given = fields::text(object, "/metadata/name");
    match (target.name, given) {
        ("", "") => match fields::text(object, "/metadata/generateName") {
            "" => Err(name_required(target)),
            base => Ok(identity::generate_name(base)),
        },
        ("", name) | (name, "") => Ok(name.to_owned()),
        (path, name) if path == name => Ok(name.to_owned()),
        (path, name) => Err(name_mismatch(path, name)),
    }
}

fn name_required(target: &Target<'_>) -> Status {
    let message = "Required value: name or generateName is required";
    let cause = Cause::new("FieldValueRequired", "metadata.name", message);
    Status::invalid(target.resource, "", vec![cause])
}

fn name_mismatch(path: &str, name: &str) -> Status {
    let message =
        format!("the name of the object ({name}) does not match the name on the URL ({path})");
    Status::bad_request(message)
}

/// Checks that an object has the name that the path of the request has.
pub(crate) fn check_name(path: &str, object: &Value) -> Result<(), Status> {
    match fields::text(object, "/metadata/name") {
        "" => Err(Status::bad_request(format!(
            "the name of the object ({path} based on URL) was undeterminable: name must be provided"
        ))),
        name if name == path => Ok(()),
        name => Err(name_mismatch(path, name)),
    }
}

/// Gives a new object its identity and takes away what only the server sets.
pub(super) fn begin(object: &mut Value, name: &str, now: &str) {
    let Some(Value::Object(metadata)) = object.get_mut("metadata") else {
        return;
    };
    // Types that count no generations keep the one that they are given.
    let given = CARRIED.into_iter().filter(|field| *field != "generation");
    for field in given.chain(["selfLink", "resourceVersion"]) {
        metadata.remove(field);
    }
    let texts = [
        ("name", name),
        ("creationTimestamp", now),
        ("uid", &identity::uid()),
    ];
    for (field, text) in texts {
        metadata.insert(field.to_owned(), Value::String(text.to_owned()));
    }
    drop_empty(metadata);
}

/// Carries the server's own metadata from the live object to the new one.
pub(super) fn carry(target: &Target<'_>, live: &Value, object: &mut Value) -> Result<(), Status> {
    let uid = &object["metadata"]["uid"];
    if !uid.is_null() && *uid != live["metadata"]["uid"] {
        return Err(immutable(target, "uid", uid));
    }
    for field in ["deletionTimestamp", "deletionGracePeriodSeconds"] {
        let given = &object["metadata"][field];
        if !given.is_null() && *given != live["metadata"][field] {
            return Err(immutable(target, field, given));
        }
    }
    let (Some(from), Some(to)) = (fields::map(live, "/metadata"), object.get_mut("metadata"))
    else {
        return Ok(());
    };
    if let Value::Object(metadata) = to {
        metadata.remove("selfLink");
        for field in CARRIED.into_iter().chain(["name", "resourceVersion"]) {
            match from.get(field) {
                Some(value) => metadata.insert(field.to_owned(), value.clone()),
                None => metadata.remove(field),
            };
        }
        drop_empty(metadata);
    }
    Ok(())
}

fn immutable(target: &Target<'_>, field: &str, given: &Value) -> Status {
    let message = format!("Invalid value: {given}: field is immutable");
    let cause = Cause::new("FieldValueInvalid", format!("metadata.{field}"), message);
    Status::invalid(target.resource, target.name, vec![cause])
}

/// Checks that an object that replaces another one is meant for it: a uid that it has is a precondition.
pub(super) fn check_uid(target: &Target<'_>, live: &Value, object: &Value) -> Result<(), Status> {
    let uid = fields::text(object, "/metadata/uid");
    let live_uid = fields::text(live, "/metadata/uid");
    if !uid.is_empty() && uid != live_uid {
        let (plural, namespace, name) = (&target.resource.plural, target.namespace, target.name);
        let slash = if namespace.is_empty() { "" } else { "/" };
        let why = format!(
            "StorageError: invalid object, Code: 4, Key: /registry/{plural}{slash}{namespace}/{name}, \
             ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {uid}, \
             UID in object meta: {live_uid}"
        );
        return Err(Status::conflict(target.resource, target.name, why));
    }
    Ok(())
}

/// Drops empty lists, mappings and nulls, which a Kubernetes API server does not write either.
fn drop_empty(metadata: &mut Map<String, Value>) {
    metadata.retain(|_, value| match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::String(text) => !text.is_empty(),
        _ => true,
    });
}

/// Returns the finalizers of an object.
pub(crate) fn finalizers(object: &Value) -> impl Iterator<Item = &str> {
    fields::list(object, "/metadata/finalizers")
        .iter()
        .filter_map(Value::as_str)
}

/// Whether the object is being deleted.
pub(crate) fn is_deleting(object: &Value) -> bool {
    fields::optional_text(object, "/metadata/deletionTimestamp").is_some()
}
