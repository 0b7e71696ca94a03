//! A request's body against the schema: wrong types, unknown fields; in the words of
//! Go's decoder as kube-apiserver 1.37 uses it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use windlass_object::schema::{Definition, Property, Schema, Type};

use crate::quantity::{MALFORMED, Quantity};

/// Takes from `object` the fields that its schema does not have, and returns their paths
/// (`spec.containers[0].foo`), sorted. Amounts are written as Kubernetes writes them.
///
/// # Errors
///
/// The first value of a wrong type: `json: cannot unmarshal string into Go struct field
/// DeploymentSpec.spec.replicas of type int32`.
pub(crate) fn decode(
    object: &mut Value,
    schema: &Schema,
    kind: &str,
) -> Result<Vec<String>, String> {
    let mut walk = Walk::new(kind);
    walk.check(object, schema, None)?;
    Ok(walk.unknown)
}

/// As [`decode`], for the field `name` of an object alone.
pub(crate) fn decode_field(
    value: &mut Value,
    property: &Property,
    name: &str,
    kind: &str,
) -> Result<Vec<String>, String> {
    let mut walk = Walk::new(kind);
    name.clone_into(&mut walk.place);
    name.clone_into(&mut walk.fields);
    walk.check(value, property.schema(), property.definition())?;
    Ok(walk.unknown)
}

struct Walk<'a> {
    /// The path with positions, for unknown fields.
    place: String,
    /// The fields that lead here, which is what Go names.
    fields: String,
    /// The Go struct that holds the field.
    owner: &'a str,
    unknown: Vec<String>,
}

impl<'a> Walk<'a> {
    fn new(kind: &'a str) -> Self {
        Self {
            place: String::new(),
            fields: String::new(),
            owner: kind,
            unknown: Vec::new(),
        }
    }

    fn check(
        &mut self,
        value: &mut Value,
        schema: &Schema,
        definition: Option<&'static Definition>,
    ) -> Result<(), String> {
        match (schema.kind(), &mut *value) {
            (Type::String, Value::String(text)) if schema.format() == Some("byte") => base64(text),
            (Type::Any, _)
            | (_, Value::Null)
            | (Type::String, Value::String(_))
            | (Type::Boolean, Value::Bool(_))
            | (Type::Number, Value::Number(_))
            | (Type::IntOrString, Value::Number(_) | Value::String(_)) => Ok(()),
            (Type::Object, Value::Object(map)) => {
                let owner = definition.map_or(self.owner, |definition| short(definition));
                let outer = std::mem::replace(&mut self.owner, owner);
                let result = self.check_map(map, schema);
                self.owner = outer;
                result
            }
            (Type::Array, Value::Array(items)) => self.check_items(items, schema),
            (Type::Integer, Value::Number(number)) if number.is_i64() || number.is_u64() => {
                self.check_range(value, schema)
            }
            (Type::Integer, Value::Number(number)) => {
                let whole = number
                    .as_f64()
                    .filter(|float| float.fract() == 0.0 && float.abs() < 9e15);
                match whole {
                    #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
                    Some(float) => {
                        *value = Value::from(float as i64);
                        Ok(())
                    }
                    None => Err(self.mismatch(value, schema, definition)),
                }
            }
            (Type::Quantity, Value::Number(_) | Value::String(_)) => canonicalize(value),
            _ => Err(self.mismatch(value, schema, definition)),
        }
    }

    fn check_map(
        &mut self,
        map: &mut serde_json::Map<String, Value>,
        schema: &Schema,
    ) -> Result<(), String> {
        let mut strangers = Vec::new();
        let (place, fields) = (self.place.len(), self.fields.len());
        for (name, child) in map.iter_mut() {
            extend(&mut self.place, name);
            if let Some(property) = schema.property(name) {
                extend(&mut self.fields, name);
                self.check(child, property.schema(), property.definition())?;
            } else if let Some(below) = schema.field(name) {
                fill_null(child, below);
                self.check(child, below, schema.additional_definition())?;
            } else {
                self.unknown.push(self.place.clone());
                strangers.push(name.clone());
            }
            self.place.truncate(place);
            self.fields.truncate(fields);
        }
        for name in strangers {
            map.remove(&name);
        }
        Ok(())
    }

    fn check_items(&mut self, items: &mut [Value], schema: &Schema) -> Result<(), String> {
        for (index, item) in items.iter_mut().enumerate() {
            let length = self.place.len();
            self.place += "[";
            self.place += &index.to_string();
            self.place += "]";
            fill_null(item, schema.items());
            self.check(item, schema.items(), schema.items_definition())?;
            self.place.truncate(length);
        }
        Ok(())
    }

    fn check_range(&self, value: &Value, schema: &Schema) -> Result<(), String> {
        let fits = value.as_i64().is_some_and(|number| {
            schema.format() != Some("int32") || i32::try_from(number).is_ok()
        });
        if fits {
            return Ok(());
        }
        let (owner, path) = (self.owner, &self.fields);
        let go = go_type(schema, None);
        Err(format!(
            "json: cannot unmarshal number {value} into Go struct field {owner}.{path} of type {go}"
        ))
    }

    fn mismatch(
        &self,
        value: &Value,
        schema: &Schema,
        definition: Option<&'static Definition>,
    ) -> String {
        let found = match value {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let (owner, path) = (self.owner, &self.fields);
        let go = go_type(schema, definition);
        format!("json: cannot unmarshal {found} into Go struct field {owner}.{path} of type {go}")
    }
}

/// An entry that is null has the zero value of its type: a text is empty.
fn fill_null(value: &mut Value, schema: &Schema) {
    if value.is_null() && schema.kind() == Type::String {
        *value = Value::String(String::new());
    }
}

/// Checks bytes that are written as base64, in the words of Go's decoder.
fn base64(text: &str) -> Result<(), String> {
    if STANDARD.decode(text).is_ok() {
        return Ok(());
    }
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || b"+/".contains(&byte);
    let at = text.bytes().position(|byte| !is_digit(byte));
    let at = at.unwrap_or(text.len() / 4 * 4);
    Err(format!("illegal base64 data at input byte {at}"))
}

fn extend(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}

fn canonicalize(value: &mut Value) -> Result<(), String> {
    let text = match &*value {
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    };
    let quantity = Quantity::parse(&text).map_err(|why| match why {
        MALFORMED => MALFORMED.to_owned(),
        other => other.to_owned(),
    })?;
    *value = quantity.canonical().into();
    Ok(())
}

/// Returns `v1.PodSpec` of `io.k8s.api.core.v1.PodSpec`.
fn qualified(definition: &Definition) -> String {
    let mut parts = definition.name.rsplitn(3, '.');
    let (name, version) = (parts.next(), parts.next());
    format!(
        "{}.{}",
        version.unwrap_or_default(),
        name.unwrap_or_default()
    )
}

fn short(definition: &Definition) -> &str {
    let name = definition.name.rsplit('.').next();
    name.unwrap_or_default()
}

fn go_type(schema: &Schema, definition: Option<&'static Definition>) -> String {
    match (schema.kind(), definition) {
        (_, Some(definition)) => qualified(definition),
        (Type::String, _) => "string".to_owned(),
        (Type::Boolean, _) => "bool".to_owned(),
        (Type::Integer, _) => schema.format().unwrap_or("int64").to_owned(),
        (Type::Number, _) => "float64".to_owned(),
        (Type::Array, _) => format!("[]{}", go_type(schema.items(), schema.items_definition())),
        (Type::Object, _) => match schema.additional() {
            Some(below) => {
                let below = go_type(below, schema.additional_definition());
                format!("map[string]{below}")
            }
            None => "map[string]interface {}".to_owned(),
        },
        _ => "interface {}".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use windlass_object::Gvk;
    use windlass_object::schema::facts;

    use super::*;

    fn deployment() -> &'static Schema {
        facts().schema(&Gvk::new("apps/v1", "Deployment")).unwrap()
    }

    #[test]
    fn unknown_fields_are_taken_away_and_named_with_their_position() {
        let mut object = json!({"spec": {"foo": 1, "replicas": 2, "template": {"spec": {
            "containers": [{"name": "a"}, {"name": "b", "imagePolicy": "x"}]}}}});
        let unknown = decode(&mut object, deployment(), "Deployment").unwrap();
        assert_eq!(
            unknown,
            ["spec.foo", "spec.template.spec.containers[1].imagePolicy"]
        );
        assert_eq!(
            object,
            json!({"spec": {"replicas": 2, "template": {"spec": {
                "containers": [{"name": "a"}, {"name": "b"}]}}}})
        );
    }

    #[test]
    fn a_wrong_type_is_named_as_go_names_it() {
        for (spec, message) in [
            (
                json!({"replicas": "two"}),
                "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
            ),
            (
                json!({"template": {"spec": {"containers": [{"env": [{"name": "A", "value": 1}]}]}}}),
                "json: cannot unmarshal number into Go struct field EnvVar.spec.template.spec.containers.env.value of type string",
            ),
            (
                json!({"template": {"spec": {"containers": {}}}}),
                "json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container",
            ),
            (
                json!({"template": []}),
                "json: cannot unmarshal array into Go struct field DeploymentSpec.spec.template of type v1.PodTemplateSpec",
            ),
            (
                json!({"replicas": 3_000_000_000_u64}),
                "json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32",
            ),
        ] {
            let mut object = json!({"spec": spec});
            let error = decode(&mut object, deployment(), "Deployment").unwrap_err();
            assert_eq!(error, message);
        }
    }

    #[test]
    fn amounts_are_canonical_and_bad_ones_refused() {
        let limits = |limit: &str| {
            json!({"spec": {"template": {"spec": {"containers": [
            {"resources": {"limits": {"cpu": limit}}}]}}}})
        };
        let mut object = limits("1000m");
        decode(&mut object, deployment(), "Deployment").unwrap();
        assert_eq!(object, limits("1"));
        let mut object = limits("lots");
        let error = decode(&mut object, deployment(), "Deployment").unwrap_err();
        assert_eq!(error, MALFORMED);
    }
}
