//! Changing an object, or its status alone.

use std::sync::Arc;

use serde_json::Value;

use super::{Api, Target, WriteOptions, Written, generation, metadata, strategy};
use crate::adapt::{self, Tracking};
use crate::convert;
use crate::fields;
use crate::managed_fields::equal_but_times;
use crate::resource::{ResourceType, Subresource};
use crate::status::{Cause, Reason, Status};
use crate::store::{StoreError, version};

/// How often a change is tried again when others write the same object meanwhile.
const ATTEMPTS: usize = 64;

/// The function that makes the new object from the live one.
type Change<'a> = &'a mut dyn FnMut(&Value) -> Result<Value, Status>;

impl Api {
    /// Replaces an object, or its status; `metadata.resourceVersion`, when given, must be the live one.
    pub(crate) fn update(
        &self,
        target: Target<'_>,
        object: &Value,
        options: &WriteOptions,
    ) -> Result<Written, Status> {
        metadata::check_name(target.name, object)?;
        let given = fields::text(object, "/metadata/resourceVersion").to_owned();
        if given.is_empty() && target.resource.custom.is_some() {
            return Err(version_required(&target));
        }
        self.modify(target, options, &mut |live| {
            if !given.is_empty() && given != fields::text(live, "/metadata/resourceVersion") {
                return Err(Status::modified(target.resource, target.name));
            }
            metadata::check_uid(&target, live, object)?;
            Ok(object.clone())
        })
    }

    /// Changes an object, or its status, by a function of what is there; tries again when it changes
    /// meanwhile. The function may be called several times.
    pub(crate) fn modify(
        &self,
        target: Target<'_>,
        options: &WriteOptions,
        change: Change<'_>,
    ) -> Result<Written, Status> {
        self.modify_tracked(target, options, Tracking::Update, change)
    }

    /// The same, where it is nobody's: the replicas of a custom resource that is scaled.
    pub(crate) fn modify_untracked(
        &self,
        target: Target<'_>,
        options: &WriteOptions,
        change: Change<'_>,
    ) -> Result<Written, Status> {
        self.modify_tracked(target, options, Tracking::Applied, change)
    }

    pub(super) fn modify_tracked(
        &self,
        target: Target<'_>,
        options: &WriteOptions,
        tracking: Tracking,
        change: Change<'_>,
    ) -> Result<Written, Status> {
        for _ in 0..ATTEMPTS {
            if let Some(written) = self.try_modify(&target, options, tracking, change)? {
                return Ok(written);
            }
        }
        Err(Status::modified(target.resource, target.name))
    }

    /// Returns `None` when the object was changed by another between reading and writing.
    fn try_modify(
        &self,
        target: &Target<'_>,
        options: &WriteOptions,
        tracking: Tracking,
        change: Change<'_>,
    ) -> Result<Option<Written>, Status> {
        let live = self.get(*target)?;
        let mut object = change(&live)?;
        let name = fields::text(&object, "/metadata/name");
        if !name.is_empty() {
            metadata::check_name(target.name, &object)?;
        }
        if *live == object {
            let warnings = Vec::new();
            return Ok(Some(Written {
                object: live,
                warnings,
            }));
        }
        metadata::fit(target, &mut object)?;
        metadata::carry(target, &live, &mut object)?;
        let mut warnings =
            adapt::normalize(target.resource, &mut object, options.field_validation)?;
        strategy::prepare_update(target, &live, &mut object);
        if tracking == Tracking::Update {
            let now = self.now();
            adapt::track(
                target,
                Some(&live),
                &mut object,
                &options.field_manager,
                &now,
            );
        }
        strategy::complete_update(target, &live, &mut object);
        let _allocating = self.allocate(target, Some(&live), &mut object)?;
        generation::advance(target.resource, &live, &mut object);
        if live["metadata"]["generation"] != object["metadata"]["generation"] {
            warnings.extend(adapt::warnings(target.resource, &object));
        }
        let verdict = adapt::validate(target, Some(&live), &object);
        warnings.extend(verdict.warnings);
        if !verdict.causes.is_empty() {
            let mut status = Status::invalid(target.resource, target.name, verdict.causes);
            status.warnings = warnings;
            return Err(status);
        }
        if target.resource.plural == "persistentvolumeclaims" && !metadata::is_deleting(&live) {
            self.check_limits(target, &object)?;
        }
        if equal_but_times(&live, &object) {
            let object = live;
            return Ok(Some(Written { object, warnings }));
        }
        let object = self.store_change(target, &live, object, options)?;
        Ok(object.map(|object| Written { object, warnings }))
    }

    fn store_change(
        &self,
        target: &Target<'_>,
        live: &Value,
        object: Value,
        options: &WriteOptions,
    ) -> Result<Option<Arc<Value>>, Status> {
        let charge = self.charge(target, Some(live), &object)?;
        if options.dry_run {
            return Ok(Some(Arc::new(object)));
        }
        let stored = self.replace(target, live, object)?;
        if stored.is_some() {
            self.write_down(target, &charge);
        }
        Ok(stored)
    }

    fn replace(
        &self,
        target: &Target<'_>,
        live: &Value,
        object: Value,
    ) -> Result<Option<Arc<Value>>, Status> {
        let key = target.key();
        let is_released = is_released(target.resource, &object);
        let last = is_released.then(|| Arc::new(object.clone()));
        let result = if is_released {
            self.store.delete(&key, version(live))
        } else {
            let stored = convert::to_storage(target.resource, object);
            self.store.update(&key, version(live), stored)
        };
        match result {
            Err(StoreError::Modified) => Ok(None),
            Err(error) => Err(target.refused(&error)),
            Ok(stored) => {
                self.after_write(target.resource, &stored);
                let shown = last.unwrap_or_else(|| convert::from_storage(target.resource, stored));
                Ok(Some(shown))
            }
        }
    }
}

/// Whether nothing holds an object that is being deleted any longer.
fn is_released(resource: &ResourceType, object: &Value) -> bool {
    metadata::is_deleting(object)
        && metadata::finalizers(object).next().is_none()
        && !super::namespace::has_finalizers(resource, object)
}

fn version_required(target: &Target<'_>) -> Status {
    let why = "Invalid value: 0: must be specified for an update";
    let (qualified, name) = (target.resource.qualified(), target.name);
    let message = format!("{qualified} \"{name}\" is invalid: metadata.resourceVersion: {why}");
    // The plural stands here where other mistakes have the kind.
    let status = Status::new(422, Reason::Invalid, message);
    let mut status = status.about(&target.resource.plural, &target.resource.group, name);
    if let Some(details) = &mut status.details {
        details.causes = vec![Cause::new(
            "FieldValueInvalid",
            "metadata.resourceVersion",
            why,
        )];
    }
    status
}

/// Whether a request writes the status and nothing else.
pub(super) fn writes_status(target: &Target<'_>) -> bool {
    target.subresource == Some(Subresource::Status)
}
