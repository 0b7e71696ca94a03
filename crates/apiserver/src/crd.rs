//! CustomResourceDefinitions: a definition that is stored becomes types that are served, at once.

use std::sync::Arc;

use serde_json::{Value, json};
use windlass_object::schema::Schema;

use crate::api::{Api, Target, WriteOptions, is_deleting};
use crate::fields;
use crate::resource::{CustomType, GroupResource, ResourceType, Subresource, Verbs};
use crate::rules::{self, RuleTree};
use crate::status::{Cause, Status};
use crate::store::Range;
use crate::structural;

/// The finalizer that holds a definition until its objects are gone.
pub(crate) const FINALIZER: &str = "customresourcecleanup.apiextensions.k8s.io";

/// Returns whether the type is that of definitions.
pub(crate) fn is_definition(resource: &ResourceType) -> bool {
    resource.group == "apiextensions.k8s.io" && resource.plural == "customresourcedefinitions"
}

/// Fills in what a definition may leave out, as kube-apiserver defaults it.
pub(crate) fn prepare(object: &mut Value) {
    let kind = fields::text(object, "/spec/names/kind").to_owned();
    let Some(names) = object
        .pointer_mut("/spec/names")
        .filter(|it| it.is_object())
    else {
        return;
    };
    if fields::text(names, "/singular").is_empty() {
        names["singular"] = kind.to_lowercase().into();
    }
    if fields::text(names, "/listKind").is_empty() {
        names["listKind"] = format!("{kind}List").into();
    }
    if object["spec"].get("conversion").is_none() {
        object["spec"]["conversion"] = json!({"strategy": "None"});
    }
}

/// Gives a new definition the status that it has before its names are accepted.
pub(crate) fn begin(object: &mut Value) {
    let stored = versions(object).filter(|(_, version)| fields::flag(version, "/storage"));
    let stored: Vec<&str> = stored
        .map(|(_, version)| fields::text(version, "/name"))
        .collect();
    let status = json!({
        "acceptedNames": {"kind": "", "plural": ""},
        "conditions": null,
        "storedVersions": stored,
    });
    object["status"] = status;
}

/// Gives a definition that is deleted the finalizer that its objects need.
pub(crate) fn hold(object: &mut Value) {
    let metadata = &mut object["metadata"];
    match metadata.get_mut("finalizers").and_then(Value::as_array_mut) {
        Some(finalizers) if finalizers.iter().any(|it| it == FINALIZER) => {}
        Some(finalizers) => finalizers.push(FINALIZER.into()),
        None => metadata["finalizers"] = json!([FINALIZER]),
    }
}

/// Says of a definition that is deleted that its objects will be, too.
pub(crate) fn end(object: &mut Value, now: &str) {
    let condition = json!({
        "type": "Terminating",
        "status": "True",
        "reason": "InstanceDeletionPending",
        "message": "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
        "lastTransitionTime": now,
    });
    match object.pointer_mut("/status/conditions") {
        Some(Value::Array(conditions)) => conditions.push(condition),
        _ => object["status"]["conditions"] = json!([condition]),
    }
}

/// Returns what is wrong with a definition.
pub(crate) fn validate(object: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let required = |pointer: &str, field: &str, causes: &mut Vec<Cause>| {
        if fields::text(object, pointer).is_empty() {
            causes.push(Cause::new("FieldValueRequired", field, "Required value"));
        }
    };
    required("/spec/group", "spec.group", &mut causes);
    required("/spec/scope", "spec.scope", &mut causes);
    required("/spec/names/plural", "spec.names.plural", &mut causes);
    required("/spec/names/kind", "spec.names.kind", &mut causes);
    let wanted = format!(
        "{}.{}",
        fields::text(object, "/spec/names/plural"),
        fields::text(object, "/spec/group")
    );
    let name = fields::text(object, "/metadata/name");
    if causes.is_empty() && name != wanted {
        let message =
            format!("Invalid value: {name:?}: must be spec.names.plural+\".\"+spec.group");
        causes.push(Cause::new("FieldValueInvalid", "metadata.name", message));
    }
    let stored = fields::list(object, "/spec/versions").iter();
    if stored
        .filter(|version| fields::flag(version, "/storage"))
        .count()
        != 1
    {
        let versions = crate::validation::version_list(fields::list(object, "/spec/versions"));
        let message = format!(
            "Invalid value: {versions}: must have exactly one version marked as storage version"
        );
        causes.push(Cause::new("FieldValueInvalid", "spec.versions", message));
        let message = "Invalid value: null: must have at least one stored version";
        causes.push(Cause::new(
            "FieldValueInvalid",
            "status.storedVersions",
            message,
        ));
    }
    let scope = fields::text(object, "/spec/scope");
    if !["", "Cluster", "Namespaced"].contains(&scope) {
        let message =
            format!("Unsupported value: {scope:?}: supported values: \"Cluster\", \"Namespaced\"");
        causes.push(Cause::new("FieldValueNotSupported", "spec.scope", message));
    }
    let check = |(index, version)| validate_schema(object, index, version);
    causes.extend(versions(object).flat_map(check));
    causes
}

/// Returns the first thing that makes a schema one that is not structural.
fn unstructured(schema: &Value, path: &str, is_root: bool) -> Option<Cause> {
    let says = |field: &str| fields::flag(schema, &format!("/{field}"));
    let is_free =
        says("x-kubernetes-int-or-string") || says("x-kubernetes-preserve-unknown-fields");
    if fields::text(schema, "/type").is_empty() && (is_root || !is_free) {
        let what = if is_root {
            "at the root"
        } else {
            "for specified object fields"
        };
        let message = format!("Required value: must not be empty {what}");
        return Some(Cause::new(
            "FieldValueRequired",
            format!("{path}.type"),
            message,
        ));
    }
    let properties = fields::map(schema, "/properties");
    if properties.is_some() && schema["additionalProperties"].is_object() {
        let message = "Forbidden: additionalProperties and properties are mutual exclusive";
        let field = format!("{path}.additionalProperties");
        return Some(Cause::new("FieldValueForbidden", field, message));
    }
    let mut below = properties.into_iter().flatten();
    let found = below.find_map(|(name, schema)| {
        let is_metadata = is_root && name == "metadata";
        let path = format!("{path}.properties[{name}]");
        (!is_metadata)
            .then(|| unstructured(schema, &path, false))
            .flatten()
    });
    let within = |field: &str| {
        let schema = schema.get(field).filter(|schema| schema.is_object())?;
        unstructured(schema, &format!("{path}.{field}"), false)
    };
    found
        .or_else(|| within("items"))
        .or_else(|| within("additionalProperties"))
}

/// A default has to be a value of its schema.
fn check_defaults(schema: &Value, path: &str, causes: &mut Vec<Cause>) {
    if let Some(default) = schema.get("default")
        && let Ok(known) =
            Schema::from_crd(&json!({"type": "object", "properties": {"it": schema}}))
        && let Some(known) = known.property("it")
    {
        let path = format!("{path}.default");
        let wrong = structural::validate_default(default, known.schema(), &path);
        causes.extend(wrong);
    }
    for (name, below) in fields::map(schema, "/properties").into_iter().flatten() {
        check_defaults(below, &format!("{path}.properties[{name}]"), causes);
    }
    for key in ["items", "additionalProperties"] {
        if let Some(below) = schema.get(key).filter(|below| below.is_object()) {
            check_defaults(below, &format!("{path}.{key}"), causes);
        }
    }
}

fn validate_schema(definition: &Value, index: usize, version: &Value) -> Vec<Cause> {
    let field = format!("spec.versions[{index}].schema.openAPIV3Schema");
    let Some(schema) = version.pointer("/schema/openAPIV3Schema") else {
        return vec![Cause::new("FieldValueRequired", field, "Required value")];
    };
    let only = fields::list(definition, "/spec/versions").len() == 1;
    let place = if only {
        "spec.validation.openAPIV3Schema"
    } else {
        field.as_str()
    };
    let mut causes = Vec::from_iter(unstructured(schema, place, true));
    check_defaults(schema, place, &mut causes);
    if !causes.is_empty() {
        return causes;
    }
    match Schema::from_crd(schema) {
        Ok(_) => rules::check(schema, place),
        Err(error) => {
            let message = format!("Invalid value: {error}");
            vec![Cause::new("FieldValueInvalid", field, message)]
        }
    }
}

fn versions(definition: &Value) -> impl Iterator<Item = (usize, &Value)> {
    fields::list(definition, "/spec/versions")
        .iter()
        .enumerate()
}

/// Returns the types that a definition brings: one for each version that is served.
fn resource_types(definition: &Value) -> Vec<ResourceType> {
    let stored = versions(definition).find(|(_, version)| fields::flag(version, "/storage"));
    let stored = stored.map_or("", |(_, version)| fields::text(version, "/name"));
    versions(definition)
        .filter(|(_, version)| fields::flag(version, "/served"))
        .map(|(_, version)| resource_type(definition, version, stored))
        .collect()
}

fn resource_type(definition: &Value, version: &Value, stored: &str) -> ResourceType {
    let text = |pointer: &str| fields::text(definition, pointer).to_owned();
    let group = text("/spec/group");
    let plural = text("/spec/names/plural");
    let mut subresources = Vec::new();
    if version.pointer("/subresources/scale").is_some() {
        subresources.push(Subresource::Scale);
    }
    if version.pointer("/subresources/status").is_some() {
        subresources.push(Subresource::Status);
    }
    ResourceType {
        storage: GroupResource::new(group.clone(), plural.clone()),
        group,
        version: fields::text(version, "/name").to_owned(),
        kind: text("/spec/names/kind"),
        list_kind: text("/spec/names/listKind"),
        plural,
        singular: text("/spec/names/singular"),
        short_names: texts(definition, "/spec/names/shortNames"),
        categories: texts(definition, "/spec/names/categories"),
        namespaced: fields::text(definition, "/spec/scope") == "Namespaced",
        verbs: Verbs::All,
        subresources,
        custom: Some(Arc::new(custom_type(definition, version, stored))),
    }
}

fn custom_type(definition: &Value, version: &Value, stored: &str) -> CustomType {
    let source = version
        .pointer("/schema/openAPIV3Schema")
        .cloned()
        .unwrap_or_default();
    CustomType {
        definition: fields::text(definition, "/metadata/name").to_owned(),
        storage_version: stored.to_owned(),
        rules: RuleTree::of(&source),
        schema: Schema::from_crd(&source).unwrap_or_else(|_| Schema::schemaless()),
        source,
        printer_columns: fields::list(version, "/additionalPrinterColumns").to_vec(),
        scale: version.pointer("/subresources/scale").cloned(),
        deprecation: deprecation(definition, version),
        selectable_fields: fields::list(version, "/selectableFields")
            .iter()
            .map(|field| {
                fields::text(field, "/jsonPath")
                    .trim_start_matches('.')
                    .to_owned()
            })
            .collect(),
    }
}

/// Returns what to say to who uses a deprecated version: what its author says, or what to use instead.
fn deprecation(definition: &Value, version: &Value) -> Option<String> {
    if !fields::flag(version, "/deprecated") {
        return None;
    }
    if let Some(said) = fields::optional_text(version, "/deprecationWarning") {
        return Some(said.to_owned());
    }
    let group = fields::text(definition, "/spec/group");
    let kind = fields::text(definition, "/spec/names/kind");
    let called = |version: &Value| format!("{group}/{} {kind}", fields::text(version, "/name"));
    let is_better =
        |other: &Value| fields::flag(other, "/served") && !fields::flag(other, "/deprecated");
    let better = versions(definition).find(|(_, other)| is_better(other));
    let instead = better.map(|(_, other)| format!("; use {}", called(other)));
    Some(format!(
        "{} is deprecated{}",
        called(version),
        instead.unwrap_or_default()
    ))
}

fn texts(object: &Value, pointer: &str) -> Vec<String> {
    let items = fields::list(object, pointer).iter();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

impl Api {
    /// Serves the types of all definitions in the store: for the start of the server. A server that was killed
    /// may have stored one and not yet said that it is established.
    pub(crate) fn define_stored(&self) {
        let types = self.registry.types();
        let Some(resource) = types.iter().find(|resource| is_definition(resource)) else {
            return;
        };
        for definition in self.store.list(&resource.storage, &Range::default()).items {
            let definition = definition.value();
            self.define(&definition);
            if !is_deleting(&definition) {
                self.establish(Target {
                    resource,
                    namespace: "",
                    name: fields::text(&definition, "/metadata/name"),
                    subresource: Some(Subresource::Status),
                });
            }
        }
    }

    /// Follows a write: a definition that was stored is served, one that is gone is not.
    pub(crate) fn after_write(&self, resource: &ResourceType, object: &Value) {
        if !is_definition(resource) {
            return;
        }
        let name = fields::text(object, "/metadata/name");
        let target = Target {
            resource,
            namespace: "",
            name,
            subresource: Some(Subresource::Status),
        };
        match self.get(target) {
            Err(_) => self.registry.define(name, Vec::new()),
            Ok(definition) => {
                self.define(&definition);
                if !is_deleting(&definition) {
                    self.establish(target);
                }
            }
        }
    }

    fn define(&self, definition: &Value) {
        let name = fields::text(definition, "/metadata/name");
        self.registry.define(name, resource_types(definition));
    }

    fn establish(&self, target: Target<'_>) {
        let options = WriteOptions {
            field_manager: "kube-apiserver".to_owned(),
            ..WriteOptions::default()
        };
        let now = self.now();
        // Only a deletion in between makes this fail, and then there is nothing to establish.
        let _: Result<_, Status> = self.modify(target, &options, &mut |live| {
            let mut definition = live.clone();
            definition["status"] = established(live, &now);
            Ok(definition)
        });
    }
}

/// Returns the status of a definition that is served.
fn established(definition: &Value, now: &str) -> Value {
    let mut stored = texts(definition, "/status/storedVersions");
    for (_, version) in versions(definition) {
        let name = fields::text(version, "/name");
        if fields::flag(version, "/storage") && !stored.iter().any(|it| it == name) {
            stored.push(name.to_owned());
        }
    }
    let conditions = fields::list(definition, "/status/conditions");
    let condition = |kind: &str, reason: &str, message: &str| {
        let known = conditions
            .iter()
            .find(|it| fields::text(it, "/type") == kind);
        known.cloned().unwrap_or_else(|| {
            json!({
                "type": kind, "status": "True", "reason": reason, "message": message,
                "lastTransitionTime": now,
            })
        })
    };
    json!({
        "acceptedNames": definition["spec"]["names"],
        "conditions": [
            condition("NamesAccepted", "NoConflicts", "no conflicts found"),
            condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        ],
        "storedVersions": stored,
    })
}
