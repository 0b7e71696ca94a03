//! Where the verbs meet the rules of schemas: one small function for each thing that is asked.

use serde_json::Value;
use windlass_object::patch::{json_patch, merge_patch, strategic_merge_patch};
use windlass_object::schema::{Schema, facts};

use crate::api::{FieldValidation, Target, WriteOptions};
use crate::apply::{self, ApplyError, OnConflict, Writer};
use crate::crd;
use crate::defaults;
use crate::fields;
use crate::resource::{CustomType, ResourceType, Subresource};
use crate::rules::{self, Verdict};
use crate::status::{Cause, Reason, Status};
use crate::structural;
use crate::validation;

/// Who has written down the managed fields of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tracking {
    /// Nobody yet: they follow from the difference to the live object.
    Update,
    /// Server-side apply has.
    Applied,
}

/// The types of patches that are merged into the live object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PatchType {
    /// RFC 6902.
    Json,
    /// RFC 7386.
    Merge,
    /// Kubernetes' own, for built-in kinds.
    Strategic,
}

/// Returns the schema of a type.
pub(crate) fn schema(resource: &ResourceType) -> &Schema {
    match &resource.custom {
        Some(custom) => &custom.schema,
        None => facts().schema(&resource.gvk()).unwrap_or(Schema::deduced()),
    }
}

/// Sets defaults and drops (or refuses) unknown fields; returns warnings.
pub(crate) fn normalize(
    resource: &ResourceType,
    object: &mut Value,
    validation: FieldValidation,
) -> Result<Vec<String>, Status> {
    let schema = schema(resource);
    let refused = |why: String| {
        let ResourceType { kind, version, .. } = resource;
        Status::bad_request(format!(
            "{kind} in version {version:?} cannot be handled as a {kind}: {why}"
        ))
    };
    let unknown = if resource.custom.is_some() {
        let unknown = structural::prune(object, schema, &resource.kind).map_err(refused)?;
        structural::fill(object, schema);
        unknown
    } else {
        let unknown = validation::decode(object, schema, &resource.kind).map_err(refused)?;
        defaults::fill(object, &resource.gvk(), schema);
        unknown
    };
    let unknown: Vec<String> = unknown
        .iter()
        .map(|path| format!("unknown field {path:?}"))
        .collect();
    match validation {
        FieldValidation::Strict if !unknown.is_empty() => {
            let fields = unknown.join(", ");
            Err(refused(format!("strict decoding error: {fields}")))
        }
        FieldValidation::Warn => Ok(unknown),
        _ => Ok(Vec::new()),
    }
}

/// Returns what is wrong with an object that is to be stored, and what was before, and may stay.
pub(crate) fn validate(target: &Target<'_>, live: Option<&Value>, object: &Value) -> Verdict {
    let Some(custom) = &target.resource.custom else {
        return Verdict {
            causes: mistakes(target, live, object),
            ..Verdict::default()
        };
    };
    let mut causes = mistakes(target, live, object);
    let broken = broken_rules(custom, live, object, &causes);
    causes.extend(broken.causes);
    Verdict {
        causes,
        warnings: broken.warnings,
    }
}

fn mistakes(target: &Target<'_>, live: Option<&Value>, object: &Value) -> Vec<Cause> {
    let resource = target.resource;
    if crd::is_definition(resource) {
        return crd::validate(object);
    }
    if resource.custom.is_some() {
        let mut errors = validation::FieldErrors::default();
        validation::check_metadata(&resource.gvk(), live, object, &mut errors);
        let mut causes = errors.into_causes();
        causes.extend(match target.subresource {
            Some(Subresource::Status) => {
                structural::validate_status(object, live, schema(resource))
            }
            _ => structural::validate(object, live, schema(resource)),
        });
        return causes;
    }
    validation::validate(&resource.gvk(), live, object)
}

/// Returns which rules in CEL an object breaks; they are not looked at where the schema says that it is none.
fn broken_rules(
    custom: &CustomType,
    live: Option<&Value>,
    object: &Value,
    causes: &[Cause],
) -> Verdict {
    let Some(tree) = &custom.rules else {
        return Verdict::default();
    };
    let blocks = |cause: &Cause| {
        [
            "FieldValueRequired",
            "FieldValueTooLong",
            "FieldValueTooMany",
            "FieldValueTypeInvalid",
            "FieldValueNotSupported",
        ]
        .contains(&cause.reason)
    };
    if causes.iter().any(blocks) {
        let message = "Invalid value: null: some validation rules were not checked because the object was \
                       invalid; correct the existing errors to complete validation";
        return Verdict {
            causes: vec![Cause::new("FieldValueInvalid", "<nil>", message)],
            ..Verdict::default()
        };
    }
    rules::validate(tree, live, object)
}

/// Returns warnings of what is allowed, and most likely not meant.
pub(crate) fn warnings(resource: &ResourceType, object: &Value) -> Vec<String> {
    if resource.custom.is_some() {
        return Vec::new();
    }
    validation::warnings(&resource.gvk(), object)
}

/// Writes down in `metadata.managedFields` what `manager` has changed.
pub(crate) fn track(
    target: &Target<'_>,
    live: Option<&Value>,
    object: &mut Value,
    manager: &str,
    now: &str,
) {
    let live = live.unwrap_or(&Value::Null);
    with_writer(target, manager, now, |writer| {
        *object = apply::update(
            live,
            std::mem::take(object),
            schema(target.resource),
            writer,
        );
    });
}

/// Merges what a manager applies into the live object, with its managed fields.
pub(crate) fn apply(
    target: &Target<'_>,
    live: Option<&Value>,
    wanted: &Value,
    on_conflict: OnConflict,
    options: &WriteOptions,
    now: &str,
) -> Result<Value, Status> {
    let live = live.unwrap_or(&Value::Null);
    let schema = schema(target.resource);
    with_writer(target, &options.field_manager, now, |writer| {
        apply::apply(live, wanted, schema, writer, on_conflict)
    })
    .map_err(|error| refused_apply(&error))
}

fn with_writer<T>(
    target: &Target<'_>,
    manager: &str,
    now: &str,
    write: impl FnOnce(&Writer<'_>) -> T,
) -> T {
    let subresource = target.subresource.map_or("", Subresource::name);
    let has_status = target.resource.has(Subresource::Status);
    write(&Writer {
        manager,
        is_custom: target.resource.custom.is_some(),
        api_version: &target.resource.api_version(),
        subresource,
        time: now,
        ignored: &apply::ignored_fields(has_status, subresource),
    })
}

fn refused_apply(error: &ApplyError) -> Status {
    match error {
        ApplyError::ManagedFields => Status::bad_request(error.to_string()),
        ApplyError::Mismatch { .. } => Status::new(500, Reason::Unknown, error.to_string()),
        ApplyError::Conflicts(conflicts) => {
            let causes = conflicts.iter().map(apply::Conflict::cause).collect();
            Status::apply_conflict(error.to_string(), causes)
        }
    }
}

/// Carries out the operations of a JSON patch, one after the other.
fn apply_operations(object: &mut Value, patch: &Value) -> Result<(), Status> {
    let Value::Array(operations) = patch else {
        return Err(undecodable("object", "[]handlers.jsonPatchOp"));
    };
    for operation in operations {
        let mut operation = operation.clone();
        // What is not there is replaced all the same, in a mapping.
        if operation["op"] == "replace"
            && let Some((parent, key)) = fields::text(&operation, "/path").rsplit_once('/')
            && let Some(Value::Object(parent)) = object.pointer(parent)
            && !parent.contains_key(&key.replace("~1", "/").replace("~0", "~"))
        {
            operation["op"] = "add".into();
        }
        json_patch(object, &Value::Array(vec![operation])).map_err(|_| {
            let message = "the server rejected our request due to an error in our request";
            Status::new(422, Reason::Invalid, message).about("", "", "")
        })?;
    }
    Ok(())
}

fn undecodable(found: &str, wanted: &str) -> Status {
    Status::bad_request(format!(
        "error decoding patch: json: cannot unmarshal {found} into Go value of type {wanted}"
    ))
}

/// Returns the live object with a patch.
pub(crate) fn patch(
    target: &Target<'_>,
    live: &Value,
    patch: &Value,
    kind: PatchType,
) -> Result<Value, Status> {
    let mut object = live.clone();
    match kind {
        PatchType::Json => apply_operations(&mut object, patch)?,
        PatchType::Merge => {
            if let Value::Array(_) = patch {
                return Err(undecodable("array", "map[string]interface {}"));
            }
            merge_patch(&mut object, patch);
        }
        PatchType::Strategic => strategic_merge_patch(&mut object, patch, schema(target.resource))
            .map_err(|error| Status::bad_request(error.to_string()))?,
    }
    Ok(object)
}
