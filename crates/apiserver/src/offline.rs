//! Server-side apply without a server: what the API server would answer to a dry run, as a function.

use serde_json::Value;
use windlass_object::Gvk;
use windlass_object::schema::{Schema, facts};

use crate::apply::{self, ApplyError, OnConflict, Writer};
use crate::managed_fields::equal_but_times;
use crate::status::Cause;
use crate::{defaults, structural, validation};

/// How to apply without a server.
#[derive(Clone, Copy, Debug)]
pub struct OfflineApply<'a> {
    /// The field manager's name.
    pub manager: &'a str,
    /// Whether fields that other managers own are taken from them.
    pub force: bool,
    /// Now, in RFC 3339 with seconds and `Z`: it goes into `managedFields` where something changes.
    pub time: &'a str,
    /// The schema of a custom resource, from its CRD; `None` for built-in kinds.
    pub schema: Option<&'a Schema>,
}

/// Why an apply would be refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfflineError {
    /// The kind is not built in, and no schema was given.
    #[error("no matches for kind {:?} in version {:?}; give the schema of its CRD", .0.kind, .0.api_version())]
    UnknownKind(Gvk),
    /// The configuration does not fit the kind (400 or 500 of a server).
    #[error("{0}")]
    Malformed(String),
    /// Other managers own fields that would change (409).
    #[error("{0}")]
    Conflict(String),
    /// The object would break rules of its kind (422): field and message of each.
    #[error("{}", join(.0))]
    Invalid(Vec<(String, String)>),
}

impl OfflineApply<'_> {
    /// Returns the object as it would be stored: `live` with `configuration` merged into it, with defaults
    /// and owners. It is equal to `live` when the apply would change nothing.
    ///
    /// Addresses and identities that a server allots are not in a new object. Admission policies,
    /// webhooks and CEL rules are not evaluated.
    ///
    /// ```
    /// use serde_json::json;
    /// use windlass_apiserver::OfflineApply;
    ///
    /// let apply = OfflineApply { manager: "ci", force: false, time: "2026-01-01T00:00:00Z", schema: None };
    /// let configuration = json!({"apiVersion": "v1", "kind": "ConfigMap",
    ///     "metadata": {"name": "settings", "namespace": "shop"}, "data": {"colour": "blue"}});
    /// let live = apply.apply(None, &configuration)?;
    /// assert_eq!(apply.apply(Some(&live), &configuration)?, live);
    /// # Ok::<(), windlass_apiserver::OfflineError>(())
    /// ```
    pub fn apply(
        &self,
        live: Option<&Value>,
        configuration: &Value,
    ) -> Result<Value, OfflineError> {
        let text = |key: &str| {
            configuration
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let gvk = Gvk::new(text("apiVersion"), text("kind"));
        let schema = self.schema.or_else(|| facts().schema(&gvk));
        let schema = schema.ok_or_else(|| OfflineError::UnknownKind(gvk.clone()))?;
        let mut object = self.merge(live, configuration, schema)?;
        if live == Some(&object) {
            return Ok(object);
        }
        let malformed = OfflineError::Malformed;
        let causes = if self.schema.is_some() {
            structural::prune(&mut object, schema, &gvk.kind).map_err(malformed)?;
            structural::fill(&mut object, schema);
            structural::validate(&object, live, schema)
        } else {
            validation::decode(&mut object, schema, &gvk.kind).map_err(malformed)?;
            defaults::fill(&mut object, &gvk, schema);
            validation::validate(&gvk, live, &object)
        };
        if !causes.is_empty() {
            let pair = |cause: Cause| (cause.field, cause.message);
            return Err(OfflineError::Invalid(
                causes.into_iter().map(pair).collect(),
            ));
        }
        Ok(match live {
            Some(live) if equal_but_times(live, &object) => live.clone(),
            _ => object,
        })
    }

    fn merge(
        &self,
        live: Option<&Value>,
        configuration: &Value,
        schema: &Schema,
    ) -> Result<Value, OfflineError> {
        let on_conflict = if self.force {
            OnConflict::TakeOver
        } else {
            OnConflict::Fail
        };
        let api_version = configuration.get("apiVersion").and_then(Value::as_str);
        let writer = Writer {
            manager: self.manager,
            api_version: api_version.unwrap_or_default(),
            is_custom: self.schema.is_some(),
            subresource: "",
            time: self.time,
            ignored: &apply::ignored_fields(schema.property("status").is_some(), ""),
        };
        let live = live.unwrap_or(&Value::Null);
        apply::apply(live, configuration, schema, &writer, on_conflict).map_err(|error| {
            let message = error.to_string();
            match error {
                ApplyError::Conflicts(_) => OfflineError::Conflict(message),
                ApplyError::ManagedFields | ApplyError::Mismatch { .. } => {
                    OfflineError::Malformed(message)
                }
            }
        })
    }
}

fn join(causes: &[(String, String)]) -> String {
    let lines: Vec<String> = causes
        .iter()
        .map(|(field, message)| format!("{field}: {message}"))
        .collect();
    lines.join("; ")
}
