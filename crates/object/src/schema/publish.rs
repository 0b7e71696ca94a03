//! Schemas as OpenAPI v3, which is how an API server publishes them.

use serde_json::{Map, Value, json};

use super::{Definition, ListType, MapType, Property, Schema, Target, Type};

/// Returns the definition as a schema of OpenAPI v3: references are `#/components/schemas/NAME`, and the
/// Kubernetes extensions (list types, merge keys, kinds) are there; descriptions are not.
#[must_use]
pub fn publish_definition(definition: &Definition) -> Value {
    let mut node = schema_node(&definition.schema);
    let kinds: Vec<Value> = definition
        .kinds
        .iter()
        .map(|gvk| json!({"group": gvk.group, "kind": gvk.kind, "version": gvk.version}))
        .collect();
    if !kinds.is_empty() {
        node.insert("x-kubernetes-group-version-kind".to_owned(), kinds.into());
    }
    Value::Object(node)
}

/// Returns a schema, such as that of a CRD, as OpenAPI v3. The rules beside the types are left out.
#[must_use]
pub fn publish_schema(schema: &Schema) -> Value {
    Value::Object(schema_node(schema))
}

fn schema_node(schema: &Schema) -> Map<String, Value> {
    let mut node = Map::new();
    let mut set = |key: &str, value: Value| {
        node.insert(key.to_owned(), value);
    };
    match schema.kind {
        Type::Object => set("type", "object".into()),
        Type::Array => set("type", "array".into()),
        Type::String => set("type", "string".into()),
        Type::Integer => set("type", "integer".into()),
        Type::Number => set("type", "number".into()),
        Type::Boolean => set("type", "boolean".into()),
        Type::IntOrString => {
            set("format", "int-or-string".into());
            set("oneOf", json!([{"type": "integer"}, {"type": "string"}]));
        }
        Type::Quantity => set("oneOf", json!([{"type": "string"}, {"type": "number"}])),
        Type::Any => {}
    }
    if let Some(format) = &schema.format {
        set("format", (**format).into());
    }
    if !schema.properties.is_empty() {
        let fields = schema.properties.iter();
        let fields = fields.map(|(name, property)| (name.to_string(), property_node(property)));
        set("properties", Value::Object(fields.collect()));
    }
    if let Some(items) = &schema.items {
        set("items", target_node(items));
    }
    if let Some(additional) = &schema.additional {
        set("additionalProperties", target_node(additional));
    }
    if !schema.required.is_empty() {
        set("required", texts(&schema.required));
    }
    if !schema.enumeration.is_empty() {
        set("enum", schema.enumeration.clone().into());
    }
    if let Some(default) = &schema.default {
        set("default", default.clone());
    }
    set_extensions(schema, &mut set);
    node
}

fn set_extensions(schema: &Schema, set: &mut impl FnMut(&str, Value)) {
    match schema.list {
        ListType::Set => set("x-kubernetes-list-type", "set".into()),
        ListType::Map => {
            set("x-kubernetes-list-type", "map".into());
            set("x-kubernetes-list-map-keys", texts(&schema.keys));
        }
        ListType::Atomic if schema.kind == Type::Array => {
            set("x-kubernetes-list-type", "atomic".into());
        }
        ListType::Atomic => {}
    }
    if schema.map == MapType::Atomic {
        set("x-kubernetes-map-type", "atomic".into());
    }
    for (holds, key) in [
        (
            schema.preserves_unknown && schema.kind != Type::Any,
            "x-kubernetes-preserve-unknown-fields",
        ),
        (schema.embedded, "x-kubernetes-embedded-resource"),
        (schema.nullable, "nullable"),
    ] {
        if holds {
            set(key, true.into());
        }
    }
}

/// A reference with something beside it stands in `allOf`, as in the documents of Kubernetes.
fn property_node(property: &Property) -> Value {
    let mut extras = Map::new();
    let strategy = property.strategy;
    let words = [
        (strategy.merge, "merge"),
        (strategy.retain_keys, "retainKeys"),
        (strategy.replace, "replace"),
    ];
    let words: Vec<_> = words.iter().filter(|(on, _)| *on).map(|w| w.1).collect();
    if !words.is_empty() {
        extras.insert(
            "x-kubernetes-patch-strategy".to_owned(),
            words.join(",").into(),
        );
    }
    if let Some(key) = &property.merge_key {
        extras.insert("x-kubernetes-patch-merge-key".to_owned(), (**key).into());
    }
    match target_node(&property.target) {
        Value::Object(node) if node.contains_key("$ref") && !extras.is_empty() => {
            extras.insert("allOf".to_owned(), json!([node]));
            Value::Object(extras)
        }
        Value::Object(mut node) => {
            node.append(&mut extras);
            Value::Object(node)
        }
        other => other,
    }
}

fn target_node(target: &Target) -> Value {
    match target {
        Target::Inline(schema) => Value::Object(schema_node(schema)),
        Target::Definition(_) => {
            let name = target.definition().map_or("", |found| found.name.as_str());
            json!({"$ref": format!("#/components/schemas/{name}")})
        }
    }
}

fn texts(texts: &[Box<str>]) -> Value {
    texts.iter().map(|text| Value::from(&**text)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::facts;
    use super::*;

    #[test]
    fn a_published_definition_has_references_extensions_and_kinds() {
        let name = "io.k8s.api.apps.v1.Deployment";
        let node = publish_definition(facts().definition(name).unwrap());
        assert_eq!(
            node.pointer("/properties/spec/$ref").unwrap(),
            "#/components/schemas/io.k8s.api.apps.v1.DeploymentSpec"
        );
        assert_eq!(
            node.pointer("/x-kubernetes-group-version-kind/0/kind")
                .unwrap(),
            "Deployment"
        );
        let pod = publish_definition(facts().definition("io.k8s.api.core.v1.PodSpec").unwrap());
        let containers = pod.pointer("/properties/containers").unwrap();
        assert_eq!(containers["x-kubernetes-patch-merge-key"], "name");
        assert_eq!(containers["x-kubernetes-list-type"], "map");
    }

    #[test]
    fn every_published_reference_has_a_definition() {
        for definition in facts().definitions() {
            let text = publish_definition(definition).to_string();
            for part in text.split("#/components/schemas/").skip(1) {
                let name = part.split('"').next().unwrap();
                assert!(
                    facts().definition(name).is_some(),
                    "{}: {name}",
                    definition.name
                );
            }
        }
    }
}
