//! Values that are owned as a whole, and the defaults that the API server fills into them.
//!
//! Where fields have owners of their own, a default is a field that we do not own. Inside of an atomic value it is a
//! difference, and only the rules of Kubernetes tell that it is none.

use serde_json::{Map, Value, json};
use windlass_object::schema::Schema;

const RBAC: &str = "rbac.authorization.k8s.io";

/// A value by what is known of it.
#[derive(Clone, Copy, Default)]
pub(super) struct Known<'a> {
    pub(super) schema: Option<&'a Schema>,
    /// The name of its definition in Kubernetes' OpenAPI documents.
    pub(super) definition: Option<&'a str>,
}

impl Known<'_> {
    pub(super) fn field(self, name: &str) -> Self {
        let property = self.schema.and_then(|schema| schema.property(name));
        match property {
            Some(property) => Self {
                schema: Some(property.schema()),
                definition: property.definition().map(|found| found.name.as_str()),
            },
            None => Self {
                schema: self.schema.and_then(|schema| schema.field(name)),
                definition: None,
            },
        }
    }

    pub(super) fn items(self) -> Self {
        let definition = self.schema.and_then(Schema::items_definition);
        Self {
            schema: self.schema.map(Schema::items),
            definition: definition.map(|found| found.name.as_str()),
        }
    }
}

/// Returns whether the server makes `live` of `wanted`, by filling in what is missing.
pub(super) fn fills(wanted: &Value, live: &Value, known: Known<'_>) -> bool {
    match (wanted, live) {
        (Value::Object(fields), Value::Object(filled)) => {
            let is_kept = |(name, value): (&String, &Value)| {
                let live = filled.get(name);
                live.is_some_and(|live| fills(value, live, known.field(name)))
            };
            let is_default = |(name, value): (&String, &Value)| {
                fields.contains_key(name)
                    || default(known.definition, name, fields).as_ref() == Some(value)
            };
            fields.iter().all(is_kept) && filled.iter().all(is_default)
        }
        (Value::Array(items), Value::Array(filled)) => {
            let mut pairs = items.iter().zip(filled);
            items.len() == filled.len()
                && pairs.all(|(item, live)| fills(item, live, known.items()))
        }
        _ => wanted == live,
    }
}

/// Returns what Kubernetes 1.37 sets the missing field of an atomic value to.
fn default(definition: Option<&str>, field: &str, fields: &Map<String, Value>) -> Option<Value> {
    let definition = definition?.strip_prefix("io.k8s.api.")?;
    let is_person = || {
        let kind = fields.get("kind").and_then(Value::as_str);
        matches!(kind, Some("User" | "Group"))
    };
    Some(match (definition, field) {
        ("core.v1.ResourceFieldSelector", "divisor") => "0".into(),
        ("networking.v1.NetworkPolicyPort", "protocol") => "TCP".into(),
        ("rbac.v1.RoleRef", "apiGroup") => RBAC.into(),
        ("rbac.v1.Subject", "apiGroup") if is_person() => RBAC.into(),
        ("admissionregistration.v1.RuleWithOperations", "scope") => "*".into(),
        // A claim here is a template of a StatefulSet.
        ("core.v1.ObjectFieldSelector" | "core.v1.PersistentVolumeClaim", "apiVersion") => {
            "v1".into()
        }
        ("core.v1.PersistentVolumeClaim", "kind") => "PersistentVolumeClaim".into(),
        ("core.v1.PersistentVolumeClaim", "status") => json!({"phase": "Pending"}),
        ("core.v1.PersistentVolumeClaimSpec", "volumeMode") => "Filesystem".into(),
        _ => return None,
    })
}
