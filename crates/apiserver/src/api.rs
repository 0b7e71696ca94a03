//! The verbs of the API on the store, without HTTP: what a handler calls, and a controller.
//!
//! Everything here is synchronous. A write follows kube-apiserver's order: namespace and scope, defaults,
//! generation and identity, managed fields, validation, then compare-and-swap; a dry run does all of it
//! but the last.

mod allocation;
mod apply;
mod create;
mod delete;
mod furniture;
mod generation;
mod limits;
mod metadata;
mod namespace;
mod pod;
mod quota;
mod service;
mod strategy;
mod update;

use std::sync::Arc;

use serde_json::Value;

use crate::clock::Clock;
use crate::convert;
use crate::registry::Registry;
use crate::resource::{ResourceType, Subresource};
use crate::status::Status;
use crate::store::{Key, Store, StoreError};

pub(crate) use allocation::Allocations;
pub(crate) use delete::{FOREGROUND, ORPHAN};
pub(crate) use furniture::is_furniture;
pub(crate) use metadata::{check_name, finalizers, is_deleting};
pub(crate) use namespace::{create_system_objects, waiting};
pub(crate) use quota::affects_quotas;
pub(crate) use strategy::protection;

/// The API.
pub(crate) struct Api {
    /// The objects.
    pub(crate) store: Arc<Store>,
    /// The types.
    pub(crate) registry: Registry,
    /// The time, for timestamps.
    pub(crate) clock: Arc<dyn Clock>,
    /// The certificate authority that clients of this server trust, in PEM.
    pub(crate) authority: String,
    /// Locked while an address or port of a Service is chosen and stored.
    pub(crate) allocations: std::sync::Mutex<Allocations>,
    /// Locked while an object is stored that takes of a quota.
    pub(crate) quotas: std::sync::Mutex<()>,
}

/// Which object a request is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    /// The type, in the version of the request.
    pub(crate) resource: &'a ResourceType,
    /// The namespace; empty for an object of the cluster.
    pub(crate) namespace: &'a str,
    /// The name; empty where it is yet to be generated.
    pub(crate) name: &'a str,
    /// The subresource that the request is for: `status` writes the status only.
    pub(crate) subresource: Option<Subresource>,
}

/// How to write.
#[derive(Clone, Debug, Default)]
pub(crate) struct WriteOptions {
    /// Do everything but store.
    pub(crate) dry_run: bool,
    /// Who writes, for `metadata.managedFields`.
    pub(crate) field_manager: String,
    /// What to do with unknown and duplicate fields.
    pub(crate) field_validation: FieldValidation,
}

/// `fieldValidation` of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum FieldValidation {
    /// Drop unknown fields silently.
    Ignore,
    /// Drop them and warn; the default.
    #[default]
    Warn,
    /// Refuse them.
    Strict,
}

/// How to delete.
#[derive(Clone, Debug, Default)]
pub(crate) struct DeleteOptions {
    /// Do everything but delete.
    pub(crate) dry_run: bool,
    /// What happens to dependents.
    pub(crate) propagation: Propagation,
    /// Only if the object has this uid.
    pub(crate) uid: Option<String>,
    /// Only if the object has this version.
    pub(crate) resource_version: Option<String>,
}

/// `propagationPolicy` of a deletion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Propagation {
    /// Delete the object now and its dependents later; the default.
    #[default]
    Background,
    /// Delete the dependents first.
    Foreground,
    /// Leave the dependents alone.
    Orphan,
}

/// What a write has done.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    /// The object as stored, or as it would be stored in a dry run.
    pub(crate) object: Arc<Value>,
    /// Texts for the `Warning` header.
    pub(crate) warnings: Vec<String>,
}

/// What a deletion has done.
#[derive(Clone, Debug)]
pub(crate) enum Deleted {
    /// The object is gone; this is what it was.
    Gone(Arc<Value>),
    /// The object waits for its finalizers.
    Waiting(Arc<Value>),
}

impl Api {
    /// Returns the object as the type's version shows it.
    pub(crate) fn get(&self, target: Target<'_>) -> Result<Arc<Value>, Status> {
        let object = self.store.get(&target.key());
        let object = object.ok_or_else(|| Status::not_found(target.resource, target.name))?;
        Ok(convert::from_storage(target.resource, object))
    }

    /// Returns the time as it stands in timestamps.
    pub(crate) fn now(&self) -> String {
        crate::clock::rfc3339(self.clock.now())
    }
}

impl Target<'_> {
    /// Returns where the object is stored.
    pub(crate) fn key(&self) -> Key {
        Key {
            resource: self.resource.storage.clone(),
            namespace: self.namespace.to_owned(),
            name: self.name.to_owned(),
        }
    }

    /// Returns the status for a write that the store refused.
    fn refused(&self, error: &StoreError) -> Status {
        match error {
            StoreError::Exists => Status::already_exists(self.resource, self.name),
            StoreError::NotFound => Status::not_found(self.resource, self.name),
            StoreError::Modified => Status::modified(self.resource, self.name),
            StoreError::Journal(source) => Status::internal(format!("{error}: {source}")),
        }
    }
}
