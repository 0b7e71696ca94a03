//! Creating an object.

use std::sync::Arc;

use serde_json::Value;

use super::{Api, Target, WriteOptions, Written, generation, metadata, namespace, pod, strategy};
use crate::adapt::{self, Tracking};
use crate::convert;
use crate::fields;
use crate::resource::ResourceType;
use crate::status::{Reason, Status};
use crate::store::StoreError;

/// How many names are generated before a clash is reported.
const NAME_ATTEMPTS: usize = 8;

impl Api {
    /// Creates an object.
    pub(crate) fn create(
        &self,
        target: Target<'_>,
        object: Value,
        options: &WriteOptions,
    ) -> Result<Written, Status> {
        let is_named = !target.name.is_empty() || !fields::name(&object).is_empty();
        if is_named || fields::text(&object, "/metadata/generateName").is_empty() {
            return self.create_tracked(target, object, options, Tracking::Update);
        }
        // A generated name may be taken: another one is generated then.
        for _ in 1..NAME_ATTEMPTS {
            match self.create_tracked(target, object.clone(), options, Tracking::Update) {
                Err(status) if status.reason == Reason::AlreadyExists => {}
                result => return result,
            }
        }
        self.create_tracked(target, object, options, Tracking::Update)
    }

    pub(super) fn create_tracked(
        &self,
        target: Target<'_>,
        mut object: Value,
        options: &WriteOptions,
        tracking: Tracking,
    ) -> Result<Written, Status> {
        metadata::fit(&target, &mut object)?;
        let name = metadata::new_name(&target, &object)?;
        let target = Target {
            name: &name,
            ..target
        };
        let has_version = !fields::text(&object, "/metadata/resourceVersion").is_empty();
        if has_version && tracking == Tracking::Update {
            let message = "resourceVersion should not be set on objects to be created";
            return Err(Status::new(500, Reason::Unknown, message));
        }
        self.check_namespace(&target)?;
        let mut warnings =
            adapt::normalize(target.resource, &mut object, options.field_validation)?;
        metadata::begin(&mut object, &name, &self.now());
        strategy::prepare_create(target.resource, &mut object);
        if tracking == Tracking::Update {
            adapt::track(
                &target,
                None,
                &mut object,
                &options.field_manager,
                &self.now(),
            );
        }
        strategy::complete_create(target.resource, &mut object);
        if pod::is_pod(target.resource) {
            self.admit_pod(&target, &mut object)?;
        }
        generation::begin(target.resource, &mut object);
        warnings.extend(adapt::warnings(target.resource, &object));
        let object = self.store_new(&target, object, options);
        let object = object.map_err(|status| warned(status, &warnings))?;
        Ok(Written { object, warnings })
    }

    fn store_new(
        &self,
        target: &Target<'_>,
        mut object: Value,
        options: &WriteOptions,
    ) -> Result<Arc<Value>, Status> {
        let _allocating = self.allocate(target, None, &mut object)?;
        let causes = adapt::validate(target, None, &object).causes;
        if !causes.is_empty() {
            return Err(Status::invalid(target.resource, target.name, causes));
        }
        self.check_limits(target, &object)?;
        let charge = self.charge(target, None, &object)?;
        if options.dry_run {
            return match self.store.get(&target.key()) {
                Some(_) => Err(Status::already_exists(target.resource, target.name)),
                None => Ok(Arc::new(object)),
            };
        }
        let stored = convert::to_storage(target.resource, object);
        let stored = self.store.create(&target.key(), stored);
        let stored = stored.map_err(|error| self.not_created(target, &error))?;
        self.write_down(target, &charge);
        drop(charge);
        self.after_create(target.resource, &stored);
        Ok(convert::from_storage(target.resource, stored))
    }

    fn not_created(&self, target: &Target<'_>, error: &StoreError) -> Status {
        let mut status = target.refused(error);
        let is_going = |live: Arc<Value>| metadata::is_deleting(&live);
        if status.reason == Reason::AlreadyExists && self.get(*target).is_ok_and(is_going) {
            status.message = format!("object is being deleted: {}", status.message);
        }
        status
    }

    fn after_create(&self, resource: &ResourceType, object: &Value) {
        if namespace::is_namespace(resource) {
            self.furnish_namespace(fields::text(object, "/metadata/name"));
        }
        self.after_write(resource, object);
    }
}

/// An object that is valid has its warnings, also where its name is taken.
fn warned(mut status: Status, warnings: &[String]) -> Status {
    if status.reason == Reason::AlreadyExists {
        status.warnings = warnings.to_vec();
    }
    status
}
