//! The API in the process of its only caller: what a server would answer to server-side applies, as a function.

use std::sync::Arc;

use serde_json::{Value, json};
use windlass_object::Gvk;

use crate::api::{Api, FieldValidation, Target, WriteOptions};
use crate::apply::OnConflict;
use crate::clock::Clock;
use crate::status::{Cause, Status};
use crate::store::Store;
use crate::{builtin, fields};

/// A server without connections, disk and controllers. It forgets everything when it is dropped.
///
/// What it says of an object is what [`Server`](crate::Server) says: defaults, validation, immutable fields, rules in
/// CEL, addresses, quotas. Definitions of kinds are applied like other objects, and their kinds are known at once.
///
/// ```
/// use std::sync::Arc;
///
/// use serde_json::json;
/// use windlass_apiserver::{OfflineServer, SystemClock};
///
/// let server = OfflineServer::new("ci", Arc::new(SystemClock));
/// let settings = json!({"apiVersion": "v1", "kind": "ConfigMap",
///     "metadata": {"name": "settings", "namespace": "shop"}, "data": {"colour": "blue"}, "immutable": true});
/// server.apply(&settings)?;
/// let mut other = settings.clone();
/// other["data"]["colour"] = json!("red");
/// assert!(server.try_apply(&settings).is_ok() && server.try_apply(&other).is_err());
/// # Ok::<(), windlass_apiserver::OfflineError>(())
/// ```
pub struct OfflineServer {
    api: Api,
    manager: String,
}

/// Why an apply would be refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfflineError {
    /// The kind is neither built in nor defined.
    #[error("no matches for kind {:?} in version {:?}; apply its definition first", .0.kind, .0.api_version())]
    UnknownKind(Gvk),
    /// The server refuses it.
    #[error("{message}")]
    Refused {
        /// The code of the answer: 422 where the object breaks the rules of its kind, 400 or 500 where it does not
        /// fit the kind, 403 where admission refuses.
        code: u16,
        /// The `reason` of the Status, such as `Invalid`.
        reason: String,
        /// The `message` of the Status. It may quote values.
        message: String,
        /// Field and message of each single thing that is wrong.
        causes: Vec<(String, String)>,
    },
}

impl OfflineServer {
    /// Returns an empty server, to which `manager` applies.
    #[must_use]
    pub fn new(manager: &str, clock: Arc<dyn Clock>) -> Self {
        Self {
            api: Api {
                store: Arc::new(Store::new()),
                registry: builtin::resource_types().collect(),
                clock,
                authority: String::new(),
                allocations: std::sync::Mutex::default(),
                quotas: std::sync::Mutex::default(),
            },
            manager: manager.to_owned(),
        }
    }

    /// Applies an object, and takes fields of other managers over. Returns the object as it is stored.
    ///
    /// A namespace that is not there is made. An object that should name one and does not is put into `default`.
    pub fn apply(&self, object: &Value) -> Result<Arc<Value>, OfflineError> {
        self.write(object, false)
    }

    /// The same as a dry run.
    pub fn try_apply(&self, object: &Value) -> Result<Arc<Value>, OfflineError> {
        self.write(object, true)
    }

    fn write(&self, object: &Value, dry_run: bool) -> Result<Arc<Value>, OfflineError> {
        let gvk = Gvk::new(
            fields::text(object, "/apiVersion"),
            fields::text(object, "/kind"),
        );
        let types = self.api.registry.types();
        let Some(resource) = types.kind(&gvk) else {
            return Err(OfflineError::UnknownKind(gvk));
        };
        let namespace = match fields::text(object, "/metadata/namespace") {
            _ if !resource.namespaced => "",
            "" => "default",
            namespace => namespace,
        };
        if resource.namespaced {
            let made = json!({"metadata": {"name": namespace}});
            self.api.ensure("", "v1", "namespaces", "", made);
        }
        let target = Target {
            resource,
            namespace,
            name: fields::name(object),
            subresource: None,
        };
        let options = WriteOptions {
            dry_run,
            field_manager: self.manager.clone(),
            field_validation: FieldValidation::Strict,
        };
        let written = self
            .api
            .apply(target, object, OnConflict::TakeOver, &options);
        match written {
            Ok((written, _)) => Ok(written.object),
            Err(status) => Err(refused(status)),
        }
    }
}

fn refused(status: Status) -> OfflineError {
    let causes = status
        .details
        .map_or_else(Vec::new, |details| details.causes);
    let pair = |cause: Cause| (cause.field, cause.message);
    OfflineError::Refused {
        code: status.code,
        reason: format!("{:?}", status.reason),
        message: status.message,
        causes: causes.into_iter().map(pair).collect(),
    }
}

#[cfg(test)]
mod tests;
