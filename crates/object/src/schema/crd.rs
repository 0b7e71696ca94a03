//! The `openAPIV3Schema` of a CRD as a [`Schema`].

use serde_json::{Map, Value};

use super::{
    DEDUCED, ListType, MapType, PatchStrategy, Presence, Property, Rules, Schema, Target, Type,
    facts,
};

/// The deepest nesting of a CRD's schema.
pub const MAX_SCHEMA_DEPTH: usize = 100;

const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// Why the schema of a CRD cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// The schema is nested too deeply.
    #[error("{path}: the schema is nested more than {MAX_SCHEMA_DEPTH} levels deep")]
    TooDeep {
        /// The field path.
        path: String,
    },
    /// A schema is not a mapping.
    #[error("{path}: a schema is a mapping; this is not one")]
    NotMapping {
        /// The field path.
        path: String,
    },
    /// The type is none of JSON Schema's.
    #[error("{path}: unknown type {kind:?}; use object, array, string, integer, number or boolean")]
    UnknownType {
        /// The field path.
        path: String,
        /// What stands there.
        kind: String,
    },
}

impl Schema {
    /// Returns the schema of a custom resource from the `openAPIV3Schema` of its CRD. `apiVersion`,
    /// `kind` and `metadata` are those of every object, whatever the CRD says about them. CEL rules
    /// (`x-kubernetes-validations`) are not read.
    pub fn from_crd(open_api_v3: &Value) -> Result<Self, SchemaError> {
        let mut schema = convert(open_api_v3, "", 0)?;
        schema.kind = Type::Object;
        schema.nullable = false;
        add_object_fields(&mut schema);
        Ok(schema)
    }

    /// Returns the schema of a custom resource whose CRD has none: all its fields are kept.
    #[must_use]
    pub fn schemaless() -> Self {
        let mut schema = Self {
            kind: Type::Object,
            preserves_unknown: true,
            ..Self::default()
        };
        add_object_fields(&mut schema);
        schema
    }
}

/// Declares the fields of every object, in place of what the CRD says about them.
fn add_object_fields(schema: &mut Schema) {
    let text = || {
        Target::Inline(Box::new(Schema {
            kind: Type::String,
            ..Schema::default()
        }))
    };
    let metadata = facts().definition_index(OBJECT_META);
    let metadata = metadata.map_or_else(text, Target::Definition);
    for (name, target) in [
        ("apiVersion", text()),
        ("kind", text()),
        ("metadata", metadata),
    ] {
        schema.properties.retain(|(other, _)| &**other != name);
        schema.properties.push((Box::from(name), property(target)));
    }
    schema.properties.sort_by(|a, b| a.0.cmp(&b.0));
}

fn property(target: Target) -> Property {
    Property {
        target,
        presence: Presence::Set,
        strategy: PatchStrategy::default(),
        merge_key: None,
    }
}

fn convert(value: &Value, path: &str, depth: usize) -> Result<Schema, SchemaError> {
    if depth > MAX_SCHEMA_DEPTH {
        let path = path.to_owned();
        return Err(SchemaError::TooDeep { path });
    }
    let Value::Object(node) = value else {
        let path = path.to_owned();
        return Err(SchemaError::NotMapping { path });
    };
    let is = |key: &str| node.get(key) == Some(&Value::Bool(true));
    let mut schema = Schema {
        kind: kind(node, path)?,
        format: text(node, "format").map(Box::from),
        properties: properties(node, path, depth)?,
        items: target(node.get("items"), &format!("{path}.items"), depth)?,
        additional: additional(node, path, depth)?,
        required: texts(node, "required"),
        list: list_type(node),
        keys: texts(node, "x-kubernetes-list-map-keys"),
        map: map_type(node),
        enumeration: list(node, "enum").to_vec(),
        preserves_unknown: is("x-kubernetes-preserve-unknown-fields"),
        embedded: is("x-kubernetes-embedded-resource"),
        nullable: is("nullable"),
        default: node.get("default").cloned(),
        rules: rules(node, path, depth)?.map(Box::new),
    };
    if schema.embedded {
        add_object_fields(&mut schema);
    }
    Ok(schema)
}

fn kind(node: &Map<String, Value>, path: &str) -> Result<Type, SchemaError> {
    if node.get("x-kubernetes-int-or-string") == Some(&Value::Bool(true)) {
        return Ok(Type::IntOrString);
    }
    Ok(match text(node, "type").unwrap_or_default() {
        "object" => Type::Object,
        "array" => Type::Array,
        "string" => Type::String,
        "integer" => Type::Integer,
        "number" => Type::Number,
        "boolean" => Type::Boolean,
        "" => Type::Any,
        other => {
            return Err(SchemaError::UnknownType {
                path: path.to_owned(),
                kind: other.to_owned(),
            });
        }
    })
}

fn properties(
    node: &Map<String, Value>,
    path: &str,
    depth: usize,
) -> Result<Vec<(Box<str>, Property)>, SchemaError> {
    let Some(Value::Object(fields)) = node.get("properties") else {
        return Ok(Vec::new());
    };
    let convert = |(name, value): (&String, &Value)| {
        let schema = convert(value, &format!("{path}.properties[{name}]"), depth + 1)?;
        let target = Target::Inline(Box::new(schema));
        Ok((Box::from(name.as_str()), property(target)))
    };
    let mut properties: Vec<(Box<str>, Property)> =
        fields.iter().map(convert).collect::<Result<_, _>>()?;
    properties.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(properties)
}

fn target(value: Option<&Value>, path: &str, depth: usize) -> Result<Option<Target>, SchemaError> {
    value
        .map(|value| convert(value, path, depth + 1).map(|schema| Target::Inline(Box::new(schema))))
        .transpose()
}

/// `additionalProperties: true` means anything, `false` nothing.
fn additional(
    node: &Map<String, Value>,
    path: &str,
    depth: usize,
) -> Result<Option<Target>, SchemaError> {
    match node.get("additionalProperties") {
        Some(Value::Bool(true)) => Ok(Some(Target::Inline(Box::new(Schema {
            preserves_unknown: DEDUCED.preserves_unknown,
            nullable: true,
            ..Schema::default()
        })))),
        Some(Value::Bool(false)) => Ok(None),
        other => target(other, &format!("{path}.additionalProperties"), depth),
    }
}

fn list_type(node: &Map<String, Value>) -> ListType {
    match text(node, "x-kubernetes-list-type") {
        Some("set") => ListType::Set,
        Some("map") => ListType::Map,
        _ => ListType::Atomic,
    }
}

fn map_type(node: &Map<String, Value>) -> MapType {
    match text(node, "x-kubernetes-map-type") {
        Some("atomic") => MapType::Atomic,
        _ => MapType::Granular,
    }
}

fn rules(
    node: &Map<String, Value>,
    path: &str,
    depth: usize,
) -> Result<Option<Rules>, SchemaError> {
    let is = |key: &str| node.get(key) == Some(&Value::Bool(true));
    let bound = |key: &str, exclusive: &str| {
        let bound = node.get(key).and_then(Value::as_f64);
        bound.map(|bound| (bound, is(exclusive)))
    };
    let count = |key: &str| node.get(key).and_then(Value::as_u64);
    let schemas = |key: &str| -> Result<Vec<Schema>, SchemaError> {
        let convert = |(index, value)| convert(value, &format!("{path}.{key}[{index}]"), depth + 1);
        list(node, key).iter().enumerate().map(convert).collect()
    };
    let not = node
        .get("not")
        .map(|value| convert(value, &format!("{path}.not"), depth + 1));
    let rules = Rules {
        pattern: text(node, "pattern").map(str::to_owned),
        minimum: bound("minimum", "exclusiveMinimum"),
        maximum: bound("maximum", "exclusiveMaximum"),
        multiple_of: node.get("multipleOf").and_then(Value::as_f64),
        length: (count("minLength"), count("maxLength")),
        items: (count("minItems"), count("maxItems")),
        properties: (count("minProperties"), count("maxProperties")),
        unique_items: is("uniqueItems"),
        all_of: schemas("allOf")?,
        any_of: schemas("anyOf")?,
        one_of: schemas("oneOf")?,
        not: not.transpose()?,
    };
    Ok((rules != Rules::default()).then_some(rules))
}

fn text<'a>(node: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    node.get(key).and_then(Value::as_str)
}

fn list<'a>(node: &'a Map<String, Value>, key: &str) -> &'a [Value] {
    node.get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn texts(node: &Map<String, Value>, key: &str) -> Vec<Box<str>> {
    let texts = list(node, key).iter().filter_map(Value::as_str);
    texts.map(Box::from).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_crd_brings_its_list_and_map_types() {
        let schema = Schema::from_crd(&json!({"type": "object", "properties": {
            "spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {
                "ports": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                    "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
                "size": {"x-kubernetes-int-or-string": true},
            }},
        }}))
        .unwrap();
        let spec = schema.field("spec").unwrap();
        assert_eq!(spec.field("ports").unwrap().list_type(), ListType::Map);
        assert_eq!(spec.field("size").unwrap().kind(), Type::IntOrString);
        assert!(spec.field("other").unwrap().preserves_unknown());
        assert!(schema.field("other").is_none());
        let metadata = schema.field("metadata").unwrap();
        assert_eq!(
            metadata.field("finalizers").unwrap().list_type(),
            ListType::Set
        );
    }

    #[test]
    fn a_schema_nested_without_end_is_refused() {
        let mut value = json!({"type": "string"});
        for _ in 0..=MAX_SCHEMA_DEPTH {
            value = json!({"type": "array", "items": value});
        }
        let error = Schema::from_crd(&value).unwrap_err();
        assert!(matches!(error, SchemaError::TooDeep { .. }), "{error}");
    }
}
