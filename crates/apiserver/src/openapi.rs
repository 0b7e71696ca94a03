//! Schemas of all types as OpenAPI v3, from the facts of the built-in kinds and from definitions; no
//! descriptions for the former. OpenAPI v2 is there in name only: current clients read v3.

use std::collections::BTreeSet;

use hyper::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use windlass_object::schema::{facts, publish_definition};

use crate::answer::{self, Answer};
use crate::registry::Types;
use crate::resource::{CustomType, ResourceType};

/// The definition of `metadata`.
const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// What references to schemas begin with.
const REFERENCE: &str = "#/components/schemas/";

/// Returns the list of documents, one for each group and version.
pub(crate) fn index(types: &Types) -> Value {
    let mut paths = Map::new();
    for (group, versions) in types.groups() {
        for version in versions {
            let path = match group {
                "" => format!("api/{version}"),
                group => format!("apis/{group}/{version}"),
            };
            let hash = fingerprint(types, group, version);
            let url = format!("/openapi/v3/{path}?hash={hash}");
            paths.insert(path, json!({"serverRelativeURL": url}));
        }
    }
    json!({"paths": paths})
}

/// Returns what changes when the document does: clients keep documents by it.
fn fingerprint(types: &Types, group: &str, version: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(crate::VERSION);
    for resource in types.version(group, version) {
        hash.update(&resource.plural);
        if let Some(custom) = &resource.custom {
            hash.update(custom.source.to_string());
        }
    }
    let digest = hash.finalize();
    crate::identity::hex(&digest[..16])
}

/// Returns the document of a group in a version.
pub(crate) fn document(types: &Types, group: &str, version: &str) -> Option<Value> {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    for resource in types.version(group, version) {
        add_paths(resource, &mut paths);
        add_schema(resource, &mut schemas);
    }
    if paths.is_empty() {
        return None;
    }
    Some(json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": crate::VERSION},
        "paths": paths,
        "components": {"schemas": schemas},
    }))
}

fn add_schema(resource: &ResourceType, schemas: &mut Map<String, Value>) {
    if let Some(custom) = &resource.custom {
        schemas.insert(component(resource), custom_schema(resource, custom));
        add_definition(OBJECT_META, schemas);
    } else if let Some(kind) = facts().kind(&resource.gvk()) {
        add_definition(&kind.definition().name, schemas);
    }
}

/// Adds a definition and all that it refers to.
fn add_definition(name: &str, schemas: &mut Map<String, Value>) {
    let mut waiting = vec![name.to_owned()];
    while let Some(name) = waiting.pop() {
        if schemas.contains_key(&name) {
            continue;
        }
        let Some(definition) = facts().definition(&name) else {
            continue;
        };
        let schema = publish_definition(definition);
        let mut references = BTreeSet::new();
        collect_references(&schema, &mut references);
        waiting.extend(references);
        schemas.insert(name, schema);
    }
}

fn collect_references(schema: &Value, references: &mut BTreeSet<String>) {
    match schema {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(text) if key == "$ref" => {
                        references.extend(text.strip_prefix(REFERENCE).map(str::to_owned));
                    }
                    value => collect_references(value, references),
                }
            }
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| collect_references(item, references)),
        _ => {}
    }
}

/// Returns the name of the schema of a type: `com.example.v1.Widget`.
fn component(resource: &ResourceType) -> String {
    let reversed: Vec<&str> = resource.group.rsplit('.').collect();
    format!(
        "{}.{}.{}",
        reversed.join("."),
        resource.version,
        resource.kind
    )
}

fn custom_schema(resource: &ResourceType, custom: &CustomType) -> Value {
    let mut schema = match &custom.source {
        Value::Object(source) => Value::Object(source.clone()),
        _ => json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true}),
    };
    if !schema["properties"].is_object() {
        schema["properties"] = json!({});
    }
    let properties = &mut schema["properties"];
    properties["apiVersion"] = json!({
        "type": "string",
        "description": "The versioned schema of this representation of an object.",
    });
    properties["kind"] = json!({
        "type": "string",
        "description": "The REST resource that this object represents.",
    });
    properties["metadata"] = json!({"allOf": [{"$ref": format!("{REFERENCE}{OBJECT_META}")}]});
    schema["x-kubernetes-group-version-kind"] = json!([gvk(resource)]);
    schema
}

fn gvk(resource: &ResourceType) -> Value {
    json!({"group": resource.group, "version": resource.version, "kind": resource.kind})
}

fn reference(resource: &ResourceType) -> Value {
    let name = match facts().kind(&resource.gvk()) {
        Some(kind) if resource.custom.is_none() => kind.definition().name.clone(),
        _ => component(resource),
    };
    json!({"$ref": format!("{REFERENCE}{name}")})
}

fn add_paths(resource: &ResourceType, paths: &mut Map<String, Value>) {
    let root = match resource.group.as_str() {
        "" => format!("/api/{}", resource.version),
        group => format!("/apis/{group}/{}", resource.version),
    };
    let collection = if resource.namespaced {
        format!("{root}/namespaces/{{namespace}}/{}", resource.plural)
    } else {
        format!("{root}/{}", resource.plural)
    };
    let verbs = resource.verbs.names();
    let all = [
        ("get", "list", "list", false),
        ("post", "post", "create", false),
        ("get", "get", "get", true),
        ("put", "put", "update", true),
        ("patch", "patch", "patch", true),
        ("delete", "delete", "delete", true),
    ];
    for (method, action, verb, named) in all {
        if verbs.contains(&verb) {
            let path = if named {
                format!("{collection}/{{name}}")
            } else {
                collection.clone()
            };
            let item = paths.entry(path).or_insert_with(|| json!({}));
            item[method] = operation(resource, method, action);
        }
    }
}

/// Returns an operation: what clients look up is its kind, whether it validates fields, and which patches
/// it takes.
fn operation(resource: &ResourceType, method: &str, action: &str) -> Value {
    let schema = reference(resource);
    let body = json!({"application/json": {"schema": schema}});
    let mut operation = json!({
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": gvk(resource),
        "responses": {"200": {"description": "OK", "content": body}},
    });
    let parameter = |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": true}});
    if matches!(method, "post" | "put" | "patch") {
        let names = ["dryRun", "fieldManager", "fieldValidation"];
        operation["parameters"] = names.iter().map(|name| parameter(name)).collect();
        operation["requestBody"] = json!({"content": body});
    }
    if method == "patch" {
        let patch = json!({"schema": {"type": "object"}});
        let mut content = json!({
            "application/apply-patch+yaml": patch,
            "application/json-patch+json": patch,
            "application/merge-patch+json": patch,
        });
        if resource.custom.is_none() {
            content["application/strategic-merge-patch+json"] = patch;
        }
        operation["requestBody"] = json!({"content": content});
    }
    operation
}

/// Returns an empty OpenAPI v2 document, in the encoding that Go's clients insist on or as JSON.
pub(crate) fn v2(accept: &str) -> Answer {
    if !accept.contains("protobuf") {
        return answer::json(
            200,
            &json!({
                "swagger": "2.0",
                "info": {"title": "Kubernetes", "version": crate::VERSION},
                "paths": {},
                "definitions": {},
            }),
        );
    }
    let mut answer = answer::json_bytes(200, empty_v2());
    let media_type = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
    answer::set(&mut answer, CONTENT_TYPE, media_type);
    answer
}

/// Returns `openapi.v2.Document` with `swagger`, `info` and empty `paths` as protocol buffers.
fn empty_v2() -> Vec<u8> {
    let field = |number: u8, bytes: &[u8]| {
        let mut field = vec![number << 3 | 2, bytes.len() as u8];
        field.extend_from_slice(bytes);
        field
    };
    let info = [field(1, b"Kubernetes"), field(2, crate::VERSION.as_bytes())].concat();
    [field(1, b"2.0"), field(2, &info), field(8, b"")].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Registry;

    #[test]
    fn a_document_holds_every_schema_that_it_refers_to() {
        let registry: Registry = crate::builtin::resource_types().collect();
        let types = registry.types();
        for (group, versions) in types.groups() {
            for version in versions {
                let document = document(&types, group, version).unwrap();
                let mut references = BTreeSet::new();
                collect_references(&document, &mut references);
                let missing: Vec<_> = references
                    .iter()
                    .filter(|name| document["components"]["schemas"].get(name).is_none())
                    .collect();
                assert!(missing.is_empty(), "{group}/{version}: {missing:?}");
            }
        }
    }
}
