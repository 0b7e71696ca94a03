//! Server-side apply: creates the object or merges into the live one.

use serde_json::Value;

use super::{Api, Target, WriteOptions, Written};
use crate::adapt::{self, Tracking};
use crate::apply::OnConflict;
use crate::fields;
use crate::status::Status;

impl Api {
    /// Applies what `options.field_manager` wants of an object; returns whether it was created.
    pub(crate) fn apply(
        &self,
        target: Target<'_>,
        wanted: &Value,
        on_conflict: OnConflict,
        options: &WriteOptions,
    ) -> Result<(Written, bool), Status> {
        if self.store.get(&target.key()).is_none() {
            match self.apply_new(target, wanted, options) {
                Err(status) if is_race(&status) => {}
                result => return result.map(|written| (written, true)),
            }
        }
        let written = self.modify_tracked(target, options, Tracking::Applied, &mut |live| {
            let given = fields::text(wanted, "/metadata/resourceVersion");
            if !given.is_empty() && given != fields::text(live, "/metadata/resourceVersion") {
                return Err(Status::modified(target.resource, target.name));
            }
            adapt::apply(
                &target,
                Some(live),
                wanted,
                on_conflict,
                options,
                &self.now(),
            )
        })?;
        Ok((written, false))
    }

    fn apply_new(
        &self,
        target: Target<'_>,
        wanted: &Value,
        options: &WriteOptions,
    ) -> Result<Written, Status> {
        if target.subresource.is_some() {
            return Err(Status::not_found(target.resource, target.name));
        }
        let uid = fields::text(wanted, "/metadata/uid");
        if !uid.is_empty() {
            let why = format!(
                "uid mismatch: the provided object specified uid {uid}, and no existing object was found"
            );
            return Err(Status::conflict(target.resource, target.name, why));
        }
        let object = adapt::apply(
            &target,
            None,
            wanted,
            OnConflict::Fail,
            options,
            &self.now(),
        )?;
        self.create_tracked(target, object, options, Tracking::Applied)
    }
}

/// Whether another has created the object meanwhile.
fn is_race(status: &Status) -> bool {
    status.reason == crate::status::Reason::AlreadyExists
}
